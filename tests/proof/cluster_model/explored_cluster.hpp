// SPDX-License-Identifier: BSL-1.0
//
// A cluster as the explorer sees it: production states, their disks, the messages that may still
// arrive, and what is remembered of the past so that the rules can be held against it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include <proof/cluster_model/renaming.hpp>
#include <proof/cluster_model/writer.hpp>
#include <raft/testing/simulated_disk.hpp>

namespace raft::proof {

/// What an exploration stays within.
struct model_bounds {
    std::size_t servers = 3;
    std::uint64_t term_max = 2;    ///< No server goes beyond this term, …
    std::uint64_t log_max = 2;     ///< … or this index.
    std::size_t messages_max = 2;  ///< So many messages may still arrive. See `cluster_model`.
    std::uint8_t crashes = 1;      ///< Of all servers together, …
    std::uint8_t damages = 0;  ///< … as are crashes in which a disk loses the end of its log, …
    std::uint8_t wipes = 0;    ///< … or all that it has, …
    std::uint8_t births = 0;  ///< … births, before which no voter takes part (0: they are born), …
    std::uint8_t reads = 0;      ///< … linearizable reads, and the rounds of a leader, …
    std::uint8_t snapshots = 0;  ///< … snapshots taken, …
    std::uint8_t transfers = 0;  ///< … leadership transfers and resignations, …
    std::uint8_t parts = 0;      ///< … changes of one server's part, whichever it is …
    std::uint8_t changes = 0;    ///< … and changes of the voters, …
    std::size_t voters = 0;      ///< … of which there are so many at first; 0: all servers.
    std::size_t witnesses = 0;   ///< So many of those, the last ones, are witnesses.
    bool symmetry = true;        ///< Clusters that differ in their servers' names are one.
    settings config{};
};

/// What may yet happen, of that which is counted.
struct events_left {
    std::uint8_t crashes = 0;
    std::uint8_t damages = 0;
    std::uint8_t wipes = 0;
    std::uint8_t births = 0;
    std::uint8_t reads = 0;
    std::uint8_t snapshots = 0;
    std::uint8_t transfers = 0;
    std::uint8_t parts = 0;
    std::uint8_t changes = 0;
    friend bool operator==(const events_left&, const events_left&) = default;
};

/// All of it.
[[nodiscard]] constexpr events_left events_within(const model_bounds& bounds) {
    return {bounds.crashes,   bounds.damages,   bounds.wipes, bounds.births, bounds.reads,
            bounds.snapshots, bounds.transfers, bounds.parts, bounds.changes};
}

/// The past, as far as a rule speaks of it.
struct explored_past {
    static constexpr std::size_t terms_max = 16;
    static constexpr std::size_t entries_max = 16;
    struct committed_entry {
        std::uint8_t term = 0;     ///< 0 if it is not known.
        std::uint8_t in_term = 0;  ///< Of the server that first committed it.
        friend bool operator==(const committed_entry&, const committed_entry&) = default;
    };
    std::array<std::uint8_t, terms_max> leaders{};  ///< Who led in each term; 0 for nobody.
    std::array<committed_entry, entries_max> committed{};
    std::uint8_t committed_count = 0;
    /// A read that waits, by the server that it was asked of, and how much was committed then.
    struct awaited_read {
        std::uint8_t round = 0;
        std::uint8_t index = 0;  ///< That the server gave it.
        std::uint8_t committed = 0;
        friend bool operator==(const awaited_read&, const awaited_read&) = default;
    };
    static constexpr std::size_t reads_max = 3;
    using awaited_reads = std::array<awaited_read, reads_max>;
    std::array<awaited_reads, explored_servers_max> reads{};
    std::array<bool, explored_servers_max> may_be_born{};  ///< The empty disk is one of those that
                                                           ///< were there when the cluster was
                                                           ///< born.
    events_left left{};
    friend bool operator==(const explored_past&, const explored_past&) = default;
};

struct explored_server {
    core::state now{};
    simulated_disk disk{};
};

struct explored_cluster {
    std::array<explored_server, explored_servers_max> servers{};
    std::vector<in_flight> network{};
    explored_past past{};

    [[nodiscard]] explored_server& at(std::size_t i) { return servers[i]; }
    [[nodiscard]] const explored_server& at(std::size_t i) const { return servers[i]; }
};

/// The requests for reads that a server makes of a leader count from here. The step begins with a
/// number that no earlier run had, most likely; here runs differ by the restarts that are left.
constexpr void number_requests(core::state& s, std::size_t restarts_left) {
    s.tasks.change().last_request =
        core::read_round{restarts_left * (explored_past::reads_max + 1)};
}

/// Without `check_quorum` time runs out for nothing but transfers, and a disk that stands still is
/// not explored: a leader that goes because of it goes as one that is asked to. There are no
/// leases, and no disk goes back without knowing it.
constexpr void forget_irrelevant_times(core::state& s, core::leader_state& leading) {
    leading.round_began = leading.lease_from = {};
    for (auto& peer : s.peers)
        if (!s.config.check_quorum) peer.last_contact = explored_lasting;
    if (leading.own) s.peers[leading.own->value].last_contact = explored_lasting;
    if (!s.tasks->timeouts_sent.empty()) s.tasks.change().timeouts_sent.clear();
    if (!s.tasks->suspected.empty()) s.tasks.change().suspected.clear();
    if (s.tasks->catch_up)
        s.tasks.change().catch_up->began_at = s.tasks.change().catch_up->slowest_since =
            explored_lasting;
    if (s.tasks->transfer && s.tasks->transfer->give_up_at <= explored_now)
        s.tasks.change().transfer->give_up_at = {};
}

/// Makes states equal that behave alike: sequence numbers of writes count from the last durable
/// one, and nothing is remembered that no rule asks for.
constexpr void normalise(explored_server& server) {
    auto& disk = server.now.disk;
    const auto passed = disk.durable.value;
    const auto from_now = [passed](core::write_sequence& sequence) {
        sequence.value -= std::min(passed, sequence.value);
    };
    if (disk.run_sequence < disk.durable) {
        disk.run_index = disk.run_index + (passed - disk.run_sequence.value);
        disk.run_sequence = disk.durable;
    }
    for (auto* each : {&disk.issued, &disk.durable, &disk.vote, &disk.run_sequence})
        from_now(*each);
    for (auto& each : server.disk.inside().waiting) {
        from_now(each.sequence);
        if (each.chunk) from_now(each.chunk->sequence);
        if (each.install) from_now(each.install->sequence);
    }

    auto& s = server.now;
    s.seed = 0;
    s.timers = {};
    if (*s.tasks == core::role_tasks{}) s.tasks.reset();
    if (auto* following = std::get_if<core::follower_state>(&s.role)) {
        const bool protects = following->leader || following->withholds_vote;
        if (!protects || !s.config.check_quorum) following->last_contact = {};
        if (!following->deferred.rejection) following->deferred.rejected_prev = {};
    } else if (auto* standing = std::get_if<core::candidate_state>(&s.role)) {
        standing->failed = 0;  // it decides nothing but deadlines
    } else if (auto* leading = std::get_if<core::leader_state>(&s.role)) {
        forget_irrelevant_times(s, *leading);
    }
}

/// Calls `visit` with every instant that a value holds.
template <class T>
void for_each_instant(T& x, auto visit) {
    if constexpr (std::same_as<std::remove_const_t<T>, instant>)
        visit(x);
    else if constexpr (detail::is_seldom<std::remove_const_t<T>>) {
        if constexpr (std::is_const_v<T>)
            for_each_instant(*x, visit);
        else if (x != T{})
            for_each_instant(x.change(), visit);
    } else if constexpr (detail::is_optional<std::remove_const_t<T>>) {
        if (x) for_each_instant(*x, visit);
    } else if constexpr (detail::is_variant<std::remove_const_t<T>>)
        std::visit([&](auto& each) { for_each_instant(each, visit); }, x);
    else if constexpr (detail::is_vector<std::remove_const_t<T>>)
        for (auto& each : x) for_each_instant(each, visit);
    else if constexpr (has_fields<T>)
        visit_fields(x, [&](auto&... each) { (for_each_instant(each, visit), ...); });
}

}  // namespace raft::proof
