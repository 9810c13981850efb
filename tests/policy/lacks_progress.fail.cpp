// SPDX-License-Identifier: BSL-1.0
// error: raft: a Storage needs .storage_progress progress\(\) const.
#include <raft/policy.hpp>

struct secretive : raft::policy::storage_archetype<int> {
    void progress() const;
};

int main() { raft::policy::check_storage<secretive, int>(); }
