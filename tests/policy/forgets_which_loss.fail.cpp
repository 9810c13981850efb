// SPDX-License-Identifier: BSL-1.0
// error: raft: a Storage's .forget_loss. takes nothing
#include <raft/policy.hpp>

struct doubtful : raft::policy::storage_archetype<int> {
    void forget_loss(raft::core::log_position) {}
};

int main() { raft::policy::check_storage<doubtful, int>(); }
