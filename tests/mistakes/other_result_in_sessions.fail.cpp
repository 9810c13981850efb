// SPDX-License-Identifier: BSL-1.0
// error: raft: a StateMachine needs .result apply\(log_index, const command&\).
#include <raft/battery/sessions.hpp>

struct counter {
    using command = int;
    using result = bool;
    int value = 0;
    int apply(raft::log_index, const int& amount) { return value += amount; }
};

raft::sessions<counter>* chosen = nullptr;
