// SPDX-License-Identifier: BSL-1.0
#include <raft/raft.hpp>

#include <cstdio>

int main() {
    std::printf("raft %d.%d.%d\n", raft::version_major, raft::version_minor, raft::version_patch);
}
