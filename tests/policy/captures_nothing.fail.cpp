// SPDX-License-Identifier: BSL-1.0
// error: raft: a StateMachine's .capture\(\) const. needs .save. and .restore. beside it
#include <raft/policy.hpp>

struct absent : raft::policy::state_machine_archetype {
    void save(auto&) const {}
    bool restore(auto&) { return true; }
    void capture() const {}
};

int main() { raft::policy::check_state_machine<absent>(); }
