// SPDX-License-Identifier: BSL-1.0
//
// A program outside the project that uses it: three servers count to 42.
#include <raft/raft.hpp>

// The single header has the batteries in it.
#if __has_include(<raft/battery/memory_storage.hpp>)
#include <raft/battery/manual_clock.hpp>
#include <raft/battery/memory_network.hpp>
#include <raft/battery/memory_storage.hpp>
#endif

#include <cstdio>
#include <deque>

struct counter {
    using command = int;
    using result = int;
    int value = 0;
    int apply(raft::log_index, const int& amount) { return value += amount; }
};

using wires_type = raft::memory_network<int>;
using server =
    raft::node<counter, wires_type::port, raft::memory_storage<int>, raft::manual_clock&>;

int main() {
    wires_type wires;
    raft::manual_clock clock;
    std::deque<server> servers;
    for (std::uint64_t id = 1; id <= 3; ++id)
        servers.emplace_back(
            raft::node_options{
                {id}, raft::core::voters_only({{1}, {2}, {3}}), raft::history_id{1}, {}, id},
            counter{}, wires.port_of({id}), raft::memory_storage<int>{}, clock);
    for (auto& each : servers) each.start();
    const auto deliver = [&] {
        wires.deliver_all([&](auto to, auto... mail) { servers[to.value - 1].receive(mail...); });
    };

    int total = 0;
    for (int i = 0; i < 1000 && total == 0; ++i) {
        clock.advance_to(clock.now() + std::chrono::milliseconds{10});
        for (auto& each : servers) each.poll();
        deliver();
        for (auto& each : servers) {
            if (!each.protocol_state().is_leader()) continue;
            each.propose(42, [&](const raft::outcome<int>& outcome) {
                if (const auto* done = std::get_if<raft::applied<int>>(&outcome))
                    total = done->result;
            });
            deliver();
        }
    }
    std::printf("raft %d.%d.%d counts to %d\n", raft::version_major, raft::version_minor,
                raft::version_patch, total);
    return total == 42 ? 0 : 1;
}
