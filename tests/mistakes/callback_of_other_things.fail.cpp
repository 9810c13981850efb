// SPDX-License-Identifier: BSL-1.0
// error: raft: .on_outcome. is called with a .const outcome<result>&.
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

void propose(server& one) {
    one.propose(1, [](int) {});
}
