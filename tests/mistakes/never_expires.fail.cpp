// SPDX-License-Identifier: BSL-1.0
// error: raft: a StateMachine with the log's time needs .expire\(log_index, log_time\). and
#include <raft/battery/log_time.hpp>

struct counter {
    using command = int;
    using result = int;
    int value = 0;
    int apply(raft::log_index, const int& amount) { return value += amount; }
};

raft::timing::timed<counter>* chosen = nullptr;
std::size_t size = sizeof(*chosen);
