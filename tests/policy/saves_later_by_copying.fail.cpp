// SPDX-License-Identifier: BSL-1.0
// error: raft: a Storage's .save_later. takes a log_position, a configuration and a
#include <raft/policy.hpp>

struct forgetful : raft::policy::storage_archetype<int> {
    template <class Fill>
    void save_later(raft::core::log_position, Fill) {}
};

int main() { raft::policy::check_storage<forgetful, int>(); }
