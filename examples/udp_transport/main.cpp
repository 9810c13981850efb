// SPDX-License-Identifier: BSL-1.0
//
// Three nodes of one process, over a transport of one's own.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <iostream>
#include <stdexcept>
#include <vector>

#include "transport.hpp"
#include <poll.h>

#include <raft/battery/memory_storage.hpp>
#include <raft/raft.hpp>

namespace {

struct counter {
    using command = std::int32_t;
    using result = std::int32_t;
    std::int32_t value = 0;
    std::int32_t apply(raft::log_index, const std::int32_t& amount) { return value += amount; }
};

using server = raft::node<counter, udp::transport&, raft::memory_storage<std::int32_t>,
                          std::chrono::steady_clock, udp::small>;

/// Waits until something arrives, or a timer is due, and has the nodes see to it.
void take_turn(std::deque<server>& servers, std::deque<udp::transport>& wires) {
    std::vector<pollfd> sockets;
    for (const auto& each : wires) sockets.push_back({each.handle(), POLLIN, 0});
    ::poll(sockets.data(), sockets.size(), 10);  // Timers are late by so many milliseconds at most.
    for (std::size_t i = 0; i < servers.size(); ++i) {
        wires[i].deliver_to(servers[i]);
        servers[i].poll();
    }
}

void run() {
    std::deque<udp::transport> wires(3);
    std::deque<server> servers;
    for (std::uint64_t id = 1; id <= 3; ++id) {
        for (std::uint64_t other = 1; other <= 3; ++other)
            if (other != id) wires[id - 1].know({other}, wires[other - 1]);
        servers.emplace_back(raft::node_options{.id = {id},
                                                .initial = raft::core::voters_only({{1}, {2}, {3}}),
                                                .birth = raft::history_id{1},  // None has run yet.
                                                .seed = id},
                             counter{}, wires[id - 1], raft::memory_storage<std::int32_t>{});
    }
    for (auto& each : servers) each.start();
    const auto lacks_it = [](const server& each) { return each.state_machine().value < 42; };
    bool asked = false;
    while (std::any_of(servers.begin(), servers.end(), lacks_it)) {
        take_turn(servers, wires);
        if (asked || !servers[0].protocol_state().current_leader()) continue;
        asked = true;
        servers[0].forward(42, [&](const raft::outcome<std::int32_t>& outcome) {
            std::cout << "the command is " << describe(outcome) << std::endl;
            asked = std::holds_alternative<raft::applied<std::int32_t>>(outcome);
        });
    }
    std::cout << "the counter is 42 on three servers" << std::endl;
}

}  // namespace

int main() try { run(); } catch (const std::exception& wrong) {
    std::cerr << wrong.what() << "\n";
    return 1;
}
