// SPDX-License-Identifier: BSL-1.0
// error: raft: a StateMachine needs .result apply\(log_index, const command&\).
#include <raft/policy.hpp>

struct idle {
    using command = int;
    using result = int;
};

int main() { raft::policy::check_state_machine<idle>(); }
