// SPDX-License-Identifier: BSL-1.0
//
// The whole protocol: a state, an input and the time give the next state and the effects. `step` is
// its pure form, on values; `advance` is the same code in place, for callers that keep one state.
// Both run at compile time. The files included here make all decisions of a server, and none of
// them knows a disk, a socket or a clock.
#pragma once

#include <utility>
#include <variant>

#include <raft/core/durable.hpp>
#include <raft/core/election.hpp>
#include <raft/core/forwarders.hpp>
#include <raft/core/heartbeat.hpp>
#include <raft/core/initial_state.hpp>
#include <raft/core/input.hpp>
#include <raft/core/replication.hpp>
#include <raft/core/snapshot.hpp>

namespace raft::core {
// ---------------------------------------------------------------------------------------- messages

/// Figure 2, "All servers", holds for the term of a message, with these exceptions. A pre-vote has
/// the term of the election that its sender would start, and so has the reply that grants it. A
/// server in contact with its leader ignores a request for a vote, and its term too. A server that
/// was removed starts no more elections, in any term.
[[nodiscard]] constexpr bool moves_term(const auto&) { return true; }
[[nodiscard]] constexpr bool moves_term(const request_pre_vote&) { return false; }
[[nodiscard]] constexpr bool moves_term(const pre_vote_reply& m) { return !m.granted; }
[[nodiscard]] constexpr bool moves_term(const request_vote&) { return false; }
[[nodiscard]] constexpr bool moves_term(const removal_notice&) { return false; }

/// Whether this message wakes a sleeping server as a request does. A message of a leader wakes its
/// receiver as a follower; late replies do not wake a leader that sleeps.
[[nodiscard]] constexpr bool rouses(const auto&) { return true; }
[[nodiscard]] constexpr bool rouses(const append_entries&) { return false; }
[[nodiscard]] constexpr bool rouses(const append_entries_reply&) { return false; }
[[nodiscard]] constexpr bool rouses(const install_snapshot&) { return false; }
[[nodiscard]] constexpr bool rouses(const fall_asleep&) { return false; }
[[nodiscard]] constexpr bool rouses(const loss_notice&) { return false; }

/// What came beside a message: see `received`.
struct beside_message {
    const indexed_configuration* members = nullptr;
    bool withheld = false;
};

[[nodiscard]] constexpr bool is_well_formed(const auto&, beside_message) { return true; }
[[nodiscard]] constexpr bool is_well_formed(const append_entries& m, beside_message) {
    return is_well_formed(m);
}
[[nodiscard]] constexpr bool is_well_formed(const install_snapshot& m, beside_message beside) {
    return beside.members != nullptr && is_well_formed(m, beside.members->value, beside.withheld);
}

constexpr void hand_on(turn& t, member_id from, const auto& m, beside_message) { on(t, from, m); }
constexpr void hand_on(turn& t, member_id from, const append_entries& m, beside_message beside) {
    on(t, from, m, beside.members, beside.withheld);
}
constexpr void hand_on(turn& t, member_id from, const install_snapshot& m, beside_message beside) {
    on(t, from, m, beside.members->value, beside.withheld);
}

/// The completion of a snapshot's chunk is an input in every case.
template <class Body>
inline constexpr bool completes_writes = !std::is_same_v<Body, install_snapshot>;

/// Whether the term of a message from `from` is plausible; if not, an effect reports it to the
/// operator.
[[nodiscard]] constexpr bool is_believed(turn& t, member_id from, term_number term) {
    const bool plausible = is_plausible(t.s, term);
    if (!plausible) t.out.rare.change().implausible = implausible_term{from, term};
    return plausible;
}

template <class Body>
constexpr void on_message(turn& t, member_id from, const Body& m, beside_message beside) {
    if (!is_believed(t, from, m.term) || !is_well_formed(m, beside)) return;
    if (rouses(m)) wake_by(t, from);
    if (moves_term(m)) observe_term(t, m.term);
    hand_on(t, from, m, beside);
    if (completes_writes<Body>) complete_writes(t);
}
constexpr void on_message(turn& t, member_id from, const message& body, beside_message beside) {
    std::visit([&](const auto& m) { on_message(t, from, m, beside); }, body);
}

// ------------------------------------------------------------------------------------------ others

/// Why a halted server refuses every request.
[[nodiscard]] constexpr refusal_reason reason_of(const halted& why) {
    switch (why.reason) {
    case halt_reason::storage_failed: break;
    case halt_reason::not_born: return refusal_reason::not_born;
    case halt_reason::state_differs: return refusal_reason::state_differs;
    case halt_reason::version_too_old: return refusal_reason::version_too_old;
    }
    return refusal_reason::storage_failed;
}

[[nodiscard]] constexpr bool takes_requests(turn& t) {
    const auto* why = std::get_if<halted>(&t.s.role);
    if (why != nullptr) t.out.rare.change().refused = refusal{reason_of(*why), std::nullopt};
    return why == nullptr;
}

/// Whether requests are accepted; a sleeping server wakes for them.
[[nodiscard]] constexpr bool wakes_for_requests(turn& t) {
    const bool takes = takes_requests(t);
    if (takes) wake_all(t);
    return takes;
}

constexpr void take(turn& t, const received& in) {
    if (t.s.is_halted() || in.from == t.s.self) return;
    on_message(t, in.from, in.body, {in.members ? &*in.members : nullptr, in.withheld});
}

constexpr void take(turn& t, const started&) {
    if (!t.s.is_halted()) on_started(t);
}

constexpr void take(turn& t, const timer_fired& in) {
    if (t.s.is_halted()) return;
    switch (in.which) {
    case timer::election:
        forget(t.s.timers.election);
        on_election_timer(t);
        break;
    case timer::heartbeat:
        forget(t.s.timers.heartbeat);
        on_heartbeat_timer(t);
        break;
    }
    complete_writes(t);
}

constexpr void take(turn& t, const proposed& in) {
    if (!wakes_for_requests(t)) return;
    on_propose(t, in.count);
    complete_writes(t);
}

constexpr void take(turn& t, const forward_requested& in) {
    if (!wakes_for_requests(t)) return;
    if (!t.s.is_leader()) return on_forward(t, in.count);
    on_propose(t, in.count);
    complete_writes(t);
}

constexpr void take(turn& t, const forward_obstructed& in) {
    if (t.s.is_halted() || in.from == t.s.self || !is_believed(t, in.from, in.body.term)) return;
    wake_by(t, in.from);
    observe_term(t, in.body.term);
    on_forwarded(t, in.from, in.body, in.reason);
    complete_writes(t);
}

constexpr void take(turn& t, const read_requested& in) {
    if (!takes_requests(t)) return;
    const bool needs_nobody =
        in.consistency == read_consistency::stale && is_fresh(t.s, in.bound, t.now);
    if (!needs_nobody) wake_all(t);
    on_read(t, in.consistency, in.bound);
}

constexpr void take(turn& t, const transfer_requested& in) {
    if (wakes_for_requests(t)) on_transfer(t, in.target);
}

constexpr void take(turn& t, const step_down_requested&) {
    if (wakes_for_requests(t)) on_step_down(t);
}

constexpr void take(turn& t, const change_requested& in) {
    if (!wakes_for_requests(t)) return;
    on_change(t, in.based_on, in.members, in.forced);
    complete_writes(t);
}

constexpr void take(turn& t, const wake_requested&) { static_cast<void>(wakes_for_requests(t)); }

constexpr void take(turn& t, const snapshot_requested&) {
    if (wakes_for_requests(t)) on_request(t);
}

constexpr void take(turn& t, const room_changed& in) { t.s.disk.full = in.full; }

constexpr void take(turn& t, const snapshot_saved& in) {
    if (!t.s.is_halted()) on_snapshot_saved(t, in.description, in.log_is_full);
}

constexpr void take(turn& t, const snapshot_damaged&) {
    if (!t.s.is_halted()) on_snapshot_damaged(t.s);
}

constexpr void take(turn& t, const written& in) {
    const auto& disk = t.s.disk;
    if (t.s.is_halted() || in.sequence <= disk.durable || in.sequence > disk.issued) return;
    on_written(t, in.sequence);
    complete_writes(t);
}

constexpr void halt(turn& t, halt_reason reason) {
    if (t.s.is_halted()) return;
    leave_role(t);
    t.s.role = role{halted{reason}};
    forget(t.s.timers.election);
}

constexpr void take(turn& t, const storage_failed&) { halt(t, halt_reason::storage_failed); }
constexpr void take(turn& t, const state_differs&) { halt(t, halt_reason::state_differs); }
constexpr void take(turn& t, const command_unreadable&) { halt(t, halt_reason::version_too_old); }

constexpr void take(turn& t, const input& in) {
    std::visit([&](const auto& each) { take(t, each); }, in);
}

/// Takes a step in place. `in` is an `input` or one of its alternatives.
template <class Input>
constexpr void advance(state& s, const Input& in, instant now, effects& out) {
    turn t{s, now, out};
    take(t, in);
}

/// The same for a message, for callers that have its parts at hand (`received`). `body` is a
/// `message` or one of its alternatives.
template <class Body>
constexpr void advance(state& s, member_id from, const Body& body,
                       const indexed_configuration* members, bool withheld, instant now,
                       effects& out) {
    if (s.is_halted() || from == s.self) return;
    turn t{s, now, out};
    on_message(t, from, body, {members, withheld});
}

struct transition {
    state next{};
    effects out{};
    friend constexpr bool operator==(const transition&, const transition&) = default;
};

/// The definition of the protocol. `in` is an `input` or one of its alternatives.
template <class Input>
[[nodiscard]] constexpr transition step(state s, const Input& in, instant now) {
    transition result{.next = std::move(s), .out = {}};
    advance(result.next, in, now, result.out);
    return result;
}

}  // namespace raft::core
