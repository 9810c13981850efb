// SPDX-License-Identifier: BSL-1.0
#include <cstdio>
#include <deque>

#include <raft/battery/manual_clock.hpp>
#include <raft/battery/memory_network.hpp>
#include <raft/battery/memory_storage.hpp>
#include <raft/raft.hpp>

struct counter {  // the state machine: deterministic, and all that you need to write
    using command = int;
    using result = int;
    int value = 0;
    int apply(raft::log_index, const int& amount) { return value += amount; }
};

using network = raft::memory_network<int>;
using server = raft::node<counter, network::port, raft::memory_storage<int>, raft::manual_clock&>;

int main() {
    network wires;
    raft::manual_clock clock;
    std::deque<server> servers;
    for (std::uint64_t id = 1; id <= 3; ++id)
        servers.emplace_back(raft::node_options{.id = {id},
                                                .initial = raft::core::voters_only({{1}, {2}, {3}}),
                                                .birth = raft::history_id{1},  // none has run yet
                                                .seed = id},
                             counter{}, wires.port_of({id}), raft::memory_storage<int>{}, clock);
    for (auto& each : servers) each.start();

    server* leader = nullptr;
    while (leader == nullptr) {  // let time pass until one of them is elected
        clock.advance_to(clock.now() + std::chrono::milliseconds{10});
        for (auto& each : servers) each.poll();
        wires.deliver_all([&](auto to, auto... mail) { servers[to.value - 1].receive(mail...); });
        for (auto& each : servers) leader = each.protocol_state().is_leader() ? &each : leader;
    }
    leader->propose(42, [](const raft::outcome<int>& outcome) {
        if (const auto* done = std::get_if<raft::applied<int>>(&outcome))
            std::printf("the counter is %d on a majority of three\n", done->result);
    });
    wires.deliver_all([&](auto to, auto... mail) { servers[to.value - 1].receive(mail...); });
}
