// SPDX-License-Identifier: BSL-1.0
// error: raft: the callable is larger than limits.callback_bytes
#include <string>

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
using server = raft::node<counter, wires::port, raft::memory_storage<int>, raft::manual_clock>;

void propose(server& one, std::string a, std::string b, std::string c) {
    one.propose(1, [a, b, c](const raft::outcome<int>&) {});
}
