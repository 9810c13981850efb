// SPDX-License-Identifier: BSL-1.0
//
// Hosts of groups that talk over real sockets, through wires that can be broken, on a clock that
// the test moves: no time passes for them as long as anything is on its way, however long that
// takes.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "asio_relay.hpp"
#include "asio_transport.hpp"

#include <raft/battery/asio_host_transport.hpp>
#include <raft/battery/host.hpp>
#include <support/hosts.hpp>

namespace asio_test {

using link_type = asio_host_transport<int>;

/// `host_count` hosts from 1 on, with a member of every group on each. Which of them stands first
/// goes around from group to group.
class asio_hosts {
public:
    using group_node = node<testing::tally, outbox<int>::port, memory_storage<int>&, manual_clock&>;

    struct machine {
        explicit machine(std::uint64_t id) : groups{member_id{id}} {}
        host<group_node> groups;
        std::unique_ptr<link_type> links{};
        std::vector<memory_storage<int>> disks{};
        std::vector<told> events{};
        std::uint64_t batches_received = 0;
        std::uint64_t batches_kept = 0;  ///< They found too much waiting, and went later.
    };

    /// `links`: as all hosts have them, but for who they are.
    asio_hosts(std::uint64_t host_count, std::uint64_t group_count, const settings& config,
               const transport::options& links = options_for(0))
        : host_count_{host_count}, group_count_{group_count} {
        for (std::uint64_t id = 1; id <= host_count; ++id) start(id, config, links);
        for (std::uint64_t from = 1; from <= host_count; ++from)
            for (std::uint64_t to = 1; to <= host_count; ++to)
                if (from != to) connect(from, to);
        await_connections();
        settle();
    }

    [[nodiscard]] asio::io_context& io() { return io_; }
    [[nodiscard]] machine& operator[](std::uint64_t id) { return *machines_.at(id); }
    [[nodiscard]] relay& wire(std::uint64_t from, std::uint64_t to) {
        return *wires_.at({from, to});
    }
    [[nodiscard]] manual_clock::time_point now() const { return clock_.now(); }

    void await_connections() {
        REQUIRE(run_until(io_, [&] {
            return std::ranges::all_of(wires_, [&](const auto& wire) {
                const auto [from, to] = wire.first;
                return machines_.at(from)->links->is_connected({to});
            });
        }));
    }

    /// Ends a turn of each, and says whether all left that was to leave. Nothing arrives meanwhile.
    bool end_turns() {
        bool all_left = true;
        for (const auto& [id, each] : machines_) all_left = end_turn(id, *each) && all_left;
        return all_left;
    }

    /// Ends turns until nothing is on its way.
    void settle() {
        REQUIRE(run_until(io_, [&] {
            return end_turns() && std::ranges::all_of(under_way_, [](const auto& each) {
                       return each.second == 0;
                   });
        }));
    }

    /// The next time at which a host must be polled.
    [[nodiscard]] std::optional<manual_clock::time_point> deadline() const {
        std::optional<manual_clock::time_point> first;
        for (const auto& [id, each] : machines_)
            if (const auto due = each->groups.deadline(); due && (!first || *due < *first))
                first = due;
        return first;
    }

    /// Lets time go on, with a turn of each host whenever one is due.
    void run_for(duration length) {
        settle();
        const auto end = now() + std::chrono::nanoseconds{length.nanoseconds};
        for (auto next = deadline(); next && *next <= end; next = deadline()) {
            clock_.advance_to(*next);
            settle();
        }
        clock_.advance_to(end);
    }

    /// The host that leads the group in the latest term; 0 if none does.
    [[nodiscard]] std::uint64_t leader_of(std::uint64_t group) const {
        std::uint64_t leader = 0;
        term_number latest{};
        for (const auto& [id, each] : machines_) {
            const auto& known = each->groups.find({group})->protocol_state();
            if (!known.is_leader() || known.current_term < latest) continue;
            leader = id;
            latest = known.current_term;
        }
        return leader;
    }

    [[nodiscard]] int sum_of(std::uint64_t id, std::uint64_t group) const {
        return machines_.at(id)->groups.find({group})->state_machine().sum;
    }

    /// Proposes at a host; the place says what became of it, once that is known.
    std::shared_ptr<std::optional<outcome<int>>> propose(std::uint64_t id, std::uint64_t group,
                                                         int amount) {
        auto told_outcome = std::make_shared<std::optional<outcome<int>>>();
        machines_.at(id)->groups.use({group}, [&](group_node& used) {
            used.propose(amount, [told_outcome](const outcome<int>& given) {
                told_outcome->emplace(given);
            });
        });
        return told_outcome;
    }

    [[nodiscard]] std::uint64_t batches_received() const {
        std::uint64_t sum = 0;
        for (const auto& [id, each] : machines_) sum += each->batches_received;
        return sum;
    }

private:
    using way = std::pair<std::uint64_t, std::uint64_t>;  ///< From a host to another.

    void start(std::uint64_t id, const settings& config, transport::options options) {
        auto& one = *machines_.emplace(id, std::make_unique<machine>(id)).first->second;
        options.self = {id};
        options.on_event = [this, id](const transport::event& event) { note(id, event); };
        one.links = std::make_unique<link_type>(io_, options);
        REQUIRE_FALSE(one.links->start([this, id](member_id from, const batch<int>& arrived) {
            auto& own = *machines_.at(id);
            ++own.batches_received;
            if (auto& left = under_way_[{from.value, id}]; left != 0) --left;
            own.groups.deliver(from, arrived);
        }));
        one.disks.resize(group_count_ + 1);
        for (std::uint64_t group = 1; group <= group_count_; ++group)
            REQUIRE(one.groups.add(
                {group},
                {{id}, voters_only(members_of(group)), history_id{1}, config, 1'000 * group + id},
                testing::tally{}, one.disks[group], clock_));
    }

    void connect(std::uint64_t from, std::uint64_t to) {
        auto& wire = wires_[{from, to}];
        wire = std::make_unique<relay>(io_, machines_.at(to)->links->local_endpoint());
        machines_.at(from)->links->set_peer({{to}, "127.0.0.1", wire->port()});
    }

    /// Says whether all left that was to leave.
    bool end_turn(std::uint64_t id, machine& one) {
        const auto kept_before = one.batches_kept;
        one.groups.poll(clock_.now());
        one.groups.send_all([&](member_id to, const batch<int>& said) {
            const bool leaves = one.links->is_connected(to);
            const bool taken = one.links->send(to, said);
            if (leaves && taken) ++under_way_[{id, to.value}];
            if (!taken) ++one.batches_kept;
            return taken;
        });
        return one.batches_kept == kept_before;
    }

    /// What was on its way on a connection that has ended is lost.
    void note(std::uint64_t id, const transport::event& event) {
        machines_.at(id)->events.push_back({event.kind, event.peer, std::string(event.reason)});
        if (!event.peer) return;
        if (event.kind == transport::event_kind::disconnected)
            under_way_[{id, event.peer->value}] = 0;
        if (event.kind == transport::event_kind::closed ||
            event.kind == transport::event_kind::refused)
            under_way_[{event.peer->value, id}] = 0;
    }

    [[nodiscard]] std::vector<member_id> members_of(std::uint64_t group) const {
        std::vector<member_id> members;
        for (std::uint64_t i = 0; i < host_count_; ++i)
            members.push_back({(group + i) % host_count_ + 1});
        return members;
    }

    std::uint64_t host_count_;
    std::uint64_t group_count_;
    asio::io_context io_{};
    manual_clock clock_{};
    std::map<std::uint64_t, std::unique_ptr<machine>> machines_{};
    std::map<way, std::unique_ptr<relay>> wires_{};
    std::map<way, std::uint64_t> under_way_{};  ///< Batches.
};

}  // namespace asio_test
