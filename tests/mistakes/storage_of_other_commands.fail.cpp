// SPDX-License-Identifier: BSL-1.0
// error: raft: a Storage needs .write.*where Command is the .command. of the state machine
#include <raft/battery/manual_clock.hpp>
#include <raft/battery/memory_network.hpp>
#include <raft/battery/memory_storage.hpp>
#include <raft/raft.hpp>

struct counter {
    using command = int;
    using result = int;
    int value = 0;
    int apply(raft::log_index, const int& amount) { return value += amount; }
};

using wires = raft::memory_network<int>;
using server = raft::node<counter, wires::port, raft::memory_storage<long>, raft::manual_clock>;

server* chosen = nullptr;
