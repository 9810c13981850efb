// SPDX-License-Identifier: BSL-1.0
//
// The protocol, whole: a state, an input and the time give the next state and what is to be done.
// `step` is its pure face, on values; `advance` is the same code in place, for those who keep one
// state and reuse one `effects`. Both run at compile time. All that a server ever decides is
// decided below this file, and nothing in it knows a disk, a socket or a clock.
#pragma once

#include <utility>
#include <variant>

#include <raft/core/durable.hpp>
#include <raft/core/election.hpp>
#include <raft/core/forwarders.hpp>
#include <raft/core/replication.hpp>
#include <raft/core/snapshot.hpp>

namespace raft {

// ------------------------------------------------------------------------------------------ inputs

/// A message came from another server. `members` is the configuration that travels with it, if one
/// does: for `append_entries` the one that an entry of it is, for `install_snapshot` the one at the
/// snapshot's last entry. `withheld`: the sender leads, and sends this server neither commands nor
/// snapshots' bytes, as it takes it for a witness (`withholds_commands`).
struct received {
    member_id from{};
    message body{};
    std::optional<indexed_configuration> members{};
    bool withheld = false;
    friend constexpr bool operator==(const received&, const received&) = default;
};

/// The server begins to run, with what its storage held (`initial_state`).
struct started {
    friend constexpr bool operator==(const started&, const started&) = default;
};

/// A timer's deadline has come.
struct timer_fired {
    timer which{};
    friend constexpr bool operator==(const timer_fired&, const timer_fired&) = default;
};

/// Commands are to go into the log, one entry each.
struct proposed {
    std::uint32_t count = 1;
    friend constexpr bool operator==(const proposed&, const proposed&) = default;
};

/// Commands are to go into the log of whoever leads, one entry each: a follower hands them to its
/// leader. It does so with one request at a time.
struct forward_requested {
    std::uint32_t count = 1;
    friend constexpr bool operator==(const forward_requested&, const forward_requested&) = default;
};

/// Proposals came that a follower hands to this leader, and there is no room for the commands. They
/// are not an input.
struct forward_obstructed {
    member_id from{};
    forward_proposal body{};
    refusal_reason reason{};
    friend constexpr bool operator==(const forward_obstructed&,
                                     const forward_obstructed&) = default;
};

/// A read is wanted. `bound`: for a stale read, how long ago the leader may have been heard.
struct read_requested {
    read_consistency consistency = read_consistency::linearizable;
    duration bound{};
    friend constexpr bool operator==(const read_requested&, const read_requested&) = default;
};

/// This write and all before it are durable.
struct written {
    write_sequence sequence{};
    friend constexpr bool operator==(const written&, const written&) = default;
};

/// A snapshot that this server took of its own state machine is durable.
struct snapshot_saved {
    snapshot_description description{};
    friend constexpr bool operator==(const snapshot_saved&, const snapshot_saved&) = default;
};

/// The snapshot that is being received would be complete with what came, and its bytes are not
/// those that its description speaks of. What came is not an input.
struct snapshot_damaged {
    friend constexpr bool operator==(const snapshot_damaged&, const snapshot_damaged&) = default;
};

/// Leadership is to go to `target`, or to whoever has the most complete log (thesis §3.10).
struct transfer_requested {
    std::optional<member_id> target{};
    friend constexpr bool operator==(const transfer_requested&,
                                     const transfer_requested&) = default;
};

/// This server is to lead no longer, whoever follows.
struct step_down_requested {
    friend constexpr bool operator==(const step_down_requested&,
                                     const step_down_requested&) = default;
};

/// The membership is to become `members`. `based_on`: the index of the configuration that whoever
/// asks has seen; if there is a newer one, the request is refused. While new voters catch up no
/// other change can begin, but this one can be taken back, by asking for the members of before.
/// If too few of the voters to be answer, the change would leave the cluster without a leader: it
/// is refused, unless it is `forced`.
struct change_requested {
    log_index based_on{};
    std::vector<member> members{};
    bool forced = false;
    friend constexpr bool operator==(const change_requested&, const change_requested&) = default;
};

/// Somebody is going to need the group: it is to be awake, and to have a leader.
struct wake_requested {
    friend constexpr bool operator==(const wake_requested&, const wake_requested&) = default;
};

/// This server would rather have a snapshot than the log, newer than what it has.
struct snapshot_requested {
    friend constexpr bool operator==(const snapshot_requested&,
                                     const snapshot_requested&) = default;
};

/// The storage has run out of room for entries, or has room again.
struct room_changed {
    bool full = false;
    friend constexpr bool operator==(const room_changed&, const room_changed&) = default;
};

/// A write was lost. From now on this server acknowledges nothing and takes part in nothing.
struct storage_failed {
    friend constexpr bool operator==(const storage_failed&, const storage_failed&) = default;
};

using input =
    std::variant<started, received, timer_fired, proposed, read_requested, written, snapshot_saved,
                 snapshot_damaged, transfer_requested, step_down_requested, change_requested,
                 room_changed, wake_requested, storage_failed, snapshot_requested,
                 forward_requested, forward_obstructed>;

struct transition {
    state next{};
    effects out{};
    friend constexpr bool operator==(const transition&, const transition&) = default;
};

// ------------------------------------------------------------------------------------- first state

/// What a server knows when it starts: what its storage kept, or, on an empty disk, the
/// configuration that the cluster begins with (the same on every server that it names; none for a
/// server that is to be added later).
struct recovered_state {
    hard_state vote{};
    snapshot_description snapshot{};
    log_shape log{};
    std::vector<indexed_configuration>
        configurations{};  ///< Oldest first, the first one in force at the log's base.
    std::optional<incoming_snapshot> incoming{};  ///< What it has of one that was being received.
    std::optional<log_position> lost_through{};   ///< Where the log ended before it lost entries
                                                  ///< that are not here again yet.
    std::optional<log_index> lacks_from{};        ///< The log has no commands from here on, nor the
                                                  ///< snapshot a state if it reaches so far.
    bool born = true;  ///< The storage was used before, or it is certain that no other was by this
                       ///< server: else all that it knows could be what another one forgot.
    friend constexpr bool operator==(const recovered_state&, const recovered_state&) = default;
};

[[nodiscard]] constexpr state initial_state(member_id self, const settings& config,
                                            recovered_state kept, std::uint64_t seed) {
    state s;
    s.self = self;
    s.config = config;
    s.current_term = kept.vote.current_term;
    s.voted_for = kept.vote.voted_for;
    s.log = std::move(kept.log);
    s.snapshot = kept.snapshot;
    // A snapshot can be durable before the term of its last entry is. No promise was made in that
    // term then, since none is made before the term is durable.
    if (s.log.last_term() > s.current_term) {
        s.current_term = s.log.last_term();
        detail::forget(s.voted_for);
    }
    s.configurations = std::move(kept.configurations);
    if (s.configurations.empty()) s.configurations.emplace_back();
    s.commit_index = s.snapshot.last_included.index;
    s.disk.durable_index = s.log.last_index();
    s.disk.stretch_index = s.log.last_index();
    s.seed = seed;
    if (kept.incoming && kept.incoming->description.last_included.index > s.commit_index)
        s.tasks.change().incoming = *kept.incoming;
    if (kept.lost_through) s.tasks.change().lost_through = kept.lost_through;
    // Without a snapshot that has one there is no state of anything before it either.
    if (kept.lacks_from)
        s.tasks.change().lacks_from =
            *kept.lacks_from <= s.snapshot.last_included.index ? log_index{1} : *kept.lacks_from;
    s.role = role{follower{.verified_index = s.commit_index}};
    if (!kept.born) s.role = role{halted{halt_reason::not_born}};
    return s;
}

// ----------------------------------------------------------------------------------------- advance

namespace detail {
[[gnu::always_inline]] constexpr void on_message(state& s, member_id from, const append_entries& m,
                                                 const indexed_configuration* members,
                                                 bool withheld, instant now, auto& out) {
    on(s, from, m, members, withheld, now, out);
}

[[gnu::always_inline]] constexpr void on_message(state& s, member_id from,
                                                 const append_entries_reply& m,
                                                 const indexed_configuration*, bool, instant now,
                                                 auto& out) {
    on(s, from, m, now, out);
}

/// A busy cluster sends hardly anything but the two above.
constexpr void on_message(state& s, member_id from, const auto& m,
                          const indexed_configuration* members, bool withheld, instant now,
                          auto& out) {
    using type = std::remove_cvref_t<decltype(m)>;
    // Who follows wakes; and heartbeats must not go out in a step that changes the members.
    constexpr bool from_leader =
        std::is_same_v<type, fall_asleep> || std::is_same_v<type, install_snapshot>;
    if constexpr (!from_leader) wake_by(s, from, now, out);
    if constexpr (std::is_same_v<type, install_snapshot>)
        on(s, from, m, members != nullptr ? &members->value : nullptr, withheld, now, out);
    else
        on(s, from, m, now, out);
}

constexpr void on_message(state& s, member_id from, const message& body,
                          const indexed_configuration* members, bool withheld, instant now,
                          auto& out) {
    std::visit([&](const auto& m) { on_message(s, from, m, members, withheld, now, out); }, body);
}

/// Every message has its sender's term.
[[nodiscard]] constexpr term_number term_of(const auto& body) { return body.term; }
[[nodiscard]] constexpr term_number term_of(const message& body) {
    return std::visit([](const auto& m) { return m.term; }, body);
}

/// The completion of a snapshot's chunk is an input in any case.
[[nodiscard]] constexpr bool has_chunk(const auto&) { return false; }
[[nodiscard]] constexpr bool has_chunk(const message& body) {
    return std::holds_alternative<install_snapshot>(body);
}
}  // namespace detail

/// A message that came, for those who have its parts at hand (`received`). `body` is a `message`,
/// or one of those of replication.
[[gnu::always_inline]] constexpr void advance(state& s, member_id from, const auto& body,
                                              const indexed_configuration* members, bool withheld,
                                              instant now, auto& out) {
    if (s.is_halted() || from == s.self) return;
    if (const auto term = detail::term_of(body); !detail::is_plausible(s, term)) [[unlikely]] {
        out.occasionally().implausible = implausible_term{from, term};
        return;
    }
    detail::on_message(s, from, body, members, withheld, now, out);
    if (s.disk.durable != s.disk.begun && !detail::has_chunk(body))
        detail::complete_writes(s, now, out);
}

constexpr void advance(state& s, const received& in, instant now, auto& out) {
    advance(s, in.from, in.body, in.members ? &*in.members : nullptr, in.withheld, now, out);
}

constexpr void advance(state& s, const started&, instant now, auto& out) {
    if (!s.is_halted()) detail::on_started(s, now, out);
}

constexpr void advance(state& s, const timer_fired& in, instant now, auto& out) {
    if (s.is_halted()) return;
    switch (in.which) {
    case timer::election: detail::on_election_timer(s, now, out); break;
    case timer::heartbeat:
        detail::step_down_without_quorum(s, now, out);
        detail::step_aside_if_disk_stalls(s, now, out);
        detail::on_heartbeat_timer(s, now, out);
        break;
    }
    detail::complete_writes(s, now, out);
}

/// Why a server that takes part in nothing refuses every request.
[[nodiscard]] constexpr refusal_reason reason_of(const halted& why) {
    return why.reason == halt_reason::not_born ? refusal_reason::not_born
                                               : refusal_reason::storage_failed;
}

[[nodiscard]] constexpr bool takes_requests(const state& s, auto& out) {
    const auto* why = std::get_if<halted>(&s.role);
    if (why != nullptr) out.occasionally().refused = refusal{reason_of(*why), std::nullopt};
    return why == nullptr;
}

/// One that sleeps wakes for them.
[[nodiscard]] constexpr bool wakes_for_requests(state& s, instant now, auto& out) {
    const bool takes = takes_requests(s, out);
    if (takes) detail::wake_all(s, now, out);
    return takes;
}

constexpr void advance(state& s, const proposed& in, instant now, auto& out) {
    if (!wakes_for_requests(s, now, out)) return;
    detail::on_propose(s, in.count, out);
    detail::complete_writes(s, now, out);
}

constexpr void advance(state& s, const forward_requested& in, instant now, auto& out) {
    if (!wakes_for_requests(s, now, out)) return;
    if (!s.is_leader()) return detail::on_forward(s, in.count, now, out);
    detail::on_propose(s, in.count, out);
    detail::complete_writes(s, now, out);
}

constexpr void advance(state& s, const forward_obstructed& in, instant now, auto& out) {
    if (s.is_halted() || in.from == s.self) return;
    detail::wake_by(s, in.from, now, out);
    detail::on_forwarded(s, in.from, in.body, in.reason, now, out);
    detail::complete_writes(s, now, out);
}

constexpr void advance(state& s, const read_requested& in, instant now, auto& out) {
    if (!takes_requests(s, out)) return;
    const bool needs_nobody =
        in.consistency == read_consistency::stale && detail::is_fresh(s, in.bound, now);
    if (!needs_nobody) detail::wake_all(s, now, out);
    detail::on_read(s, in.consistency, in.bound, now, out);
}

constexpr void advance(state& s, const transfer_requested& in, instant now, auto& out) {
    if (wakes_for_requests(s, now, out)) detail::on_transfer(s, in.target, now, out);
}

constexpr void advance(state& s, const step_down_requested&, instant now, auto& out) {
    if (wakes_for_requests(s, now, out)) detail::on_step_down(s, now, out);
}

constexpr void advance(state& s, const change_requested& in, instant now, auto& out) {
    // A leader wakes by the configuration that it appends: heartbeats before would go to members by
    // the slots that they have no more.
    if (!(s.is_leader() ? takes_requests(s, out) : wakes_for_requests(s, now, out))) return;
    detail::on_change(s, in.based_on, in.members, in.forced, now, out);
    detail::complete_writes(s, now, out);
}

constexpr void advance(state& s, const wake_requested&, instant now, auto& out) {
    static_cast<void>(wakes_for_requests(s, now, out));
}

constexpr void advance(state& s, const snapshot_requested&, instant now, auto& out) {
    if (wakes_for_requests(s, now, out)) detail::on_request(s, out);
}

constexpr void advance(state& s, const room_changed& in, instant, auto&) { s.disk.full = in.full; }

constexpr void advance(state& s, const snapshot_saved& in, instant now, auto& out) {
    if (!s.is_halted()) detail::on_snapshot_saved(s, in.description, now, out);
}

constexpr void advance(state& s, const snapshot_damaged&, instant, auto&) {
    if (!s.is_halted()) detail::on_snapshot_damaged(s);
}

constexpr void advance(state& s, const written& in, instant now, auto& out) {
    const auto& disk = s.disk;
    if (s.is_halted() || in.sequence <= disk.durable || in.sequence > disk.begun) return;
    detail::on_written(s, in.sequence, now, out);
    detail::complete_writes(s, now, out);
}

constexpr void advance(state& s, const storage_failed&, instant, auto& out) {
    if (s.is_halted()) return;
    detail::leave_role(s, out);
    s.role = role{halted{}};
    out.cancel(timer::election);
}

constexpr void advance(state& s, const input& in, instant now, auto& out) {
    std::visit([&](const auto& each) { advance(s, each, now, out); }, in);
}

/// The definition of the protocol. `in` is an `input` or any one of its alternatives.
template <class Input>
[[nodiscard]] constexpr transition step(state s, const Input& in, instant now) {
    transition result{.next = std::move(s), .out = {}};
    advance(result.next, in, now, result.out);
    return result;
}

}  // namespace raft
