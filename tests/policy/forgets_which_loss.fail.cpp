// SPDX-License-Identifier: BSL-1.0
// error: raft: a Storage's .forget_loss. takes nothing
#include <raft/policy.hpp>

struct doubtful : raft::storage_archetype<int> {
    void forget_loss(raft::log_position) {}
};

int main() { raft::check_storage<doubtful, int>(); }
