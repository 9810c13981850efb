// SPDX-License-Identifier: BSL-1.0
// error: raft: a Transport needs .size_t room\(member_id\).
#include <raft/policy.hpp>

struct deaf {
    void send(std::span<const raft::member_id>, const raft::core::message&,
              const raft::attachment<int>&);
};

int main() { raft::policy::check_transport<deaf, int>(); }
