// SPDX-License-Identifier: BSL-1.0
//
// Three nodes over memory batteries, each with a clock of its own, which may be minutes ahead of
// the others', and a log whose time they keep. All on virtual time.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include <doctest/doctest.h>

#include <raft/battery/log_time.hpp>
#include <raft/battery/manual_clock.hpp>
#include <raft/battery/memory_network.hpp>
#include <raft/battery/memory_storage.hpp>
#include <raft/raft.hpp>

namespace raft::testing {

template <class Machine>
class cluster_of_clocks {
public:
    using wires_type = memory_network<typename Machine::command>;
    using disk_type = memory_storage<typename Machine::command>;
    using node_type = node<Machine, typename wires_type::port, disk_type&, manual_clock&>;

    /// What their clocks show at the beginning, in minutes.
    explicit cluster_of_clocks(std::array<int, 3> minutes, settings config = {}) {
        config.retained_entries = 1;
        for (std::uint64_t id = 1; id <= 3; ++id) {
            auto& one = all_[id];
            one.clock.advance_to(manual_clock::time_point{std::chrono::minutes{minutes[id - 1]}});
            one.options = {{id}, core::voters_only({{1}, {2}, {3}}), history_id{1}, config, id};
            start(id);
        }
    }

    void start(std::uint64_t id) {
        auto& one = all_[id];
        one.keeper.emplace(timing::log_clock{one.wall(), one.now()});
        one.node.emplace(one.options, Machine{}, wires_.port_of({id}), one.disk, one.clock);
        REQUIRE(one.node->start());
    }
    void kill(std::uint64_t id) { all_[id].node.reset(); }

    /// Virtual milliseconds.
    void pass(int milliseconds) {
        for (int i = 0; i < milliseconds; ++i) {
            for (auto& [id, one] : all_) {
                one.clock.advance_to(one.clock.now() + std::chrono::milliseconds{1});
                if (one.node) one.node->poll();
            }
            deliver();
        }
        passed_ += milliseconds;
    }

    /// How many milliseconds pass until it is so; none if that is not within `most`.
    template <class Condition>
    std::optional<int> time_until(Condition is_so, int most) {
        for (const auto before = passed_; passed_ - before < most; pass(1))
            if (is_so()) return passed_ - before;
        return std::nullopt;
    }

    std::uint64_t leader() {
        for (int i = 0; i < 100; ++i, pass(50))
            for (auto& [id, one] : all_)
                if (one.node && one.node->protocol_state().is_leader()) return id;
        FAIL("no leader");
        return 0;
    }

    void propose(std::uint64_t id, typename Machine::command asked) {
        bool done = false;
        all_[id].node->propose(std::move(asked), [&](const auto&) { done = true; });
        deliver();
        REQUIRE(done);
    }

    /// The log's time as that server reckons it, and what its wall clock shows.
    timing::log_time read_time(std::uint64_t id) { return all_[id].keeper->read(all_[id].now()); }
    timing::log_time wall_time(std::uint64_t id) { return all_[id].wall(); }

    const Machine& machine_of(std::uint64_t id) { return all_.at(id).node->state_machine(); }
    node_type& operator[](std::uint64_t id) { return *all_.at(id).node; }

private:
    struct server {
        manual_clock clock{};
        disk_type disk{};
        node_options options{};
        std::optional<timing::log_timekeeper> keeper{};
        std::optional<node_type> node{};

        [[nodiscard]] instant now() const { return {clock.now().time_since_epoch().count()}; }
        [[nodiscard]] timing::log_time wall() const {
            return {static_cast<std::uint64_t>(now().nanoseconds)};
        }
    };

    void deliver() {
        do {
            for (auto& [id, one] : all_)
                if (one.node) one.keeper->keep(*one.node, one.now());
            wires_.deliver_all(
                [&](member_id to, member_id from, const core::message& body, const auto& mail) {
                    if (all_[to.value].node) all_[to.value].node->receive(from, body, mail);
                });
        } while (!wires_.empty());
    }

    wires_type wires_{};
    std::map<std::uint64_t, server> all_{};
    int passed_ = 0;
};

}  // namespace raft::testing
