// SPDX-License-Identifier: BSL-1.0
// error: raft: a Transport needs .size_t room\(member_id\).
#include <raft/policy.hpp>

struct deaf {
    void send(std::span<const raft::member_id>, const raft::message&, const raft::attachment<int>&);
};

int main() { raft::check_transport<deaf, int>(); }
