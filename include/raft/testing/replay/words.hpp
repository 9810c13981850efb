// SPDX-License-Identifier: BSL-1.0
//
// Inputs, messages, effects and states in words, for people who read what a server did.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include <raft/core/step.hpp>

namespace raft::testing {

namespace detail::words {

inline std::string of(std::uint64_t number) { return std::to_string(number); }
template <class T>
requires requires(T x) {
    { x.value } -> std::convertible_to<std::uint64_t>;
}
std::string of(T x) { return std::to_string(x.value); }
inline std::string of(core::log_position x) { return of(x.index) + "/" + of(x.term); }
inline std::string of(std::optional<member_id> x) { return x ? of(*x) : "nobody"; }
inline std::string yes_or_no(bool is) { return is ? "yes" : "no"; }

/// Both ends belong to it: "5", "5-9".
inline std::string range(log_index first, log_index last) {
    return first == last ? of(first) : of(first) + "-" + of(last);
}

inline std::string of(const configuration& c) {
    std::string all;
    for (const auto who : c.everyone()) {
        all += (all.empty() ? "" : " ") + of(c.id_of(who));
        if (c.witnesses.contains(who)) all += "(witness)";
        if (!c.all_voters().contains(who)) all += "(learner)";
        if (c.is_joint() && !c.voters.contains(who)) all += "(outgoing)";
        if (c.is_joint() && !c.outgoing_voters.contains(who)) all += "(incoming)";
        if (c.next_voters.contains(who) && !c.voters.contains(who)) all += "(to vote)";
    }
    return "{" + all + "}";
}

inline std::string of(const core::request_pre_vote& m) {
    return "request_pre_vote(term " + of(m.term) + ", last " + of(m.last_log) + ")";
}
inline std::string of(const core::pre_vote_reply& m) {
    return "pre_vote_reply(term " + of(m.term) + ", " + yes_or_no(m.granted) + ")";
}
inline std::string of(const core::request_vote& m) {
    return "request_vote(term " + of(m.term) + ", last " + of(m.last_log) +
           (m.leadership_transfer ? ", as the leader asked)" : ")");
}
inline std::string of(const core::request_vote_reply& m) {
    return "request_vote_reply(term " + of(m.term) + ", " + yes_or_no(m.granted) + ")";
}
inline std::string of(const core::append_entries& m) {
    const auto entries = m.last_index > m.prev.index
                             ? ", entries " + range(next(m.prev.index), m.last_index) +
                                   " of term " + of(m.entries_term)
                             : std::string{", no entries"};
    return "append_entries(term " + of(m.term) + ", prev " + of(m.prev) + entries + ", commit " +
           of(m.commit_index) + ", round " + of(m.round) + ")";
}
inline std::string of(const core::append_entries_reply& m) {
    return "append_entries_reply(term " + of(m.term) + ", match " + of(m.match_index) + ", round " +
           of(m.round) + (m.full ? ", full)" : ")");
}
inline std::string of(const core::append_entries_rejection& m) {
    return "append_entries_rejection(term " + of(m.term) + ", prev " + of(m.prev_index) +
           ", hint " + of(m.hint) + (m.lost ? ", lost)" : ")");
}
inline std::string of(const core::install_snapshot& m) {
    return "install_snapshot(term " + of(m.term) + ", up to " + of(m.last_included) + ", bytes " +
           of(m.offset) + "+" + of(m.length) + " of " + of(m.size) + ")";
}
inline std::string of(const core::install_snapshot_reply& m) {
    return "install_snapshot_reply(term " + of(m.term) + ", up to " + of(m.last_included_index) +
           ", has " + of(m.offset) + " bytes)";
}
inline std::string of(const core::timeout_now& m) {
    return "timeout_now(term " + of(m.term) + ", last " + of(m.last_index) + ")";
}
inline std::string of(const core::request_read_index& m) {
    return "request_read_index(term " + of(m.term) + ", request " + of(m.request) + ")";
}
inline std::string of(const core::read_index_reply& m) {
    return "read_index_reply(term " + of(m.term) + ", request " + of(m.request) + ", round " +
           of(m.round) + ", index " + of(m.index) + ")";
}
inline std::string of(const core::round_confirmed& m) {
    return "round_confirmed(term " + of(m.term) + ", round " + of(m.round) + ")";
}
inline std::string of(const core::fall_asleep& m) {
    return "fall_asleep(term " + of(m.term) + ", last " + of(m.last_log) + ")";
}
inline std::string of(const core::request_snapshot& m) {
    return "request_snapshot(term " + of(m.term) + ", after " + of(m.after) + ")";
}
inline std::string of(core::request_id x) { return of(x.number) + " of run " + of(x.run); }
inline std::string of(const core::forward_proposal& m) {
    return "forward_proposal(term " + of(m.term) + ", request " + of(m.request) + ", " +
           of(m.count) + " entries)";
}
inline std::string of(const core::forward_proposal_reply& m) {
    return "forward_proposal_reply(term " + of(m.term) + ", request " + of(m.request) + ", first " +
           of(m.first) + ")";
}
inline std::string of(const core::forward_proposal_refusal& m) {
    return "forward_proposal_refusal(term " + of(m.term) + ", request " + of(m.request) +
           ", reason " + of(static_cast<std::uint64_t>(m.reason)) + ")";
}
inline std::string of(const core::wake_up& m) { return "wake_up(term " + of(m.term) + ")"; }
inline std::string of(const core::loss_notice& m) {
    return "loss_notice(term " + of(m.term) + ", through " + of(m.through) + ")";
}
inline std::string of(const core::removal_notice& m) {
    return "removal_notice(term " + of(m.term) + ", configuration " + of(m.configuration) + ")";
}
inline std::string of(const core::message& body) {
    return std::visit([](const auto& m) { return of(m); }, body);
}

inline std::string of(core::timer which) {
    return which == core::timer::election ? "election" : "heartbeat";
}

inline std::string of(read_consistency wanted) {
    switch (wanted) {
    case read_consistency::linearizable: return "linearizable";
    case read_consistency::lease: return "lease";
    case read_consistency::stale: return "stale";
    }
    return "unknown";
}

inline std::string of(const core::started&) { return "it starts"; }
inline std::string of(const core::received& in) {
    const auto members = in.members ? " with the members " + of(in.members->value) : "";
    return "from " + of(in.from) + ": " + of(in.body) + members;
}
inline std::string of(const core::timer_fired& in) {
    return "the " + of(in.which) + " timer fires";
}
inline std::string of(const core::proposed& in) {
    return in.count == 1 ? "a command is proposed" : of(in.count) + " commands are proposed";
}
inline std::string of(const core::read_requested& in) {
    return "a " + of(in.consistency) + " read is asked for";
}
inline std::string of(const core::written& in) { return "durable up to write " + of(in.sequence); }
inline std::string of(const core::snapshot_saved& in) {
    return "a snapshot is saved, up to " + of(in.description.last_included) +
           (in.log_is_full ? ", and the log is full" : "");
}
inline std::string of(const core::snapshot_damaged&) { return "the snapshot received is damaged"; }
inline std::string of(const core::transfer_requested& in) {
    return "leadership is to go to " + (in.target ? of(*in.target) : "anyone");
}
inline std::string of(const core::step_down_requested&) { return "it is to lead no longer"; }
inline std::string of(const core::change_requested& in) {
    std::string all;
    for (const auto& each : in.members) {
        all += (all.empty() ? "" : " ") + of(each.id);
        if (each.part == member_part::learner) all += "(learner)";
        if (each.part == member_part::witness) all += "(witness)";
    }
    return "the members are to be {" + all + "}, based on entry " + of(in.based_on);
}
inline std::string of(const core::snapshot_requested&) { return "a snapshot is asked for"; }
inline std::string of(const core::forward_requested& in) {
    return in.count == 1 ? "a command is to be forwarded"
                         : of(in.count) + " commands are to be forwarded";
}
inline std::string of(const core::forward_obstructed& in) {
    return "from " + of(in.from) + ": " + of(in.body) + ", for which there is no room";
}
inline std::string of(const core::wake_requested&) { return "the group is needed"; }
inline std::string of(const core::room_changed& in) {
    return in.full ? "the storage has no room" : "the storage has room again";
}
inline std::string of(const core::storage_failed&) { return "the storage fails"; }
inline std::string of(const core::state_differs&) { return "the state is not that of the others"; }
inline std::string of(const core::command_unreadable&) { return "a command cannot be read"; }

inline std::string of(const core::role& r) {
    if (const auto* standing = std::get_if<core::candidate_state>(&r))
        return standing->pre_vote ? "pre-candidate" : "candidate";
    constexpr const char* names[] = {"follower", "candidate", "leader", "halted"};
    return names[r.index()];
}

inline std::string of(const core::destination& to, const core::state& sender) {
    if (const auto* one = std::get_if<member_id>(&to)) return of(*one);
    std::string all;
    for (const auto who : std::get<core::member_set>(to))
        all += (all.empty() ? "" : ",") + of(sender.identity_of(who));
    return all;
}

inline std::string of(core::entry_source source) {
    switch (source) {
    case core::entry_source::no_op: return "no-op";
    case core::entry_source::configuration: return "configuration";
    case core::entry_source::proposed: return "proposed";
    case core::entry_source::received: return "received";
    case core::entry_source::withheld: return "received without commands";
    }
    return {};
}

inline std::string of(const core::log_write& w) {
    std::string all = "write " + of(w.sequence) + ":";
    if (w.vote) all += " term " + of(w.vote->current_term) + ", vote for " + of(w.vote->voted_for);
    if (!w.entries) return all;
    return all + (w.vote ? "; " : " ") + "entries " + range(w.entries->first, w.entries->last) +
           " of term " + of(w.entries->term) + ", " + of(w.entries->source);
}

}  // namespace detail::words

/// A message in one line.
[[nodiscard]] inline std::string in_words(const core::message& body) {
    return detail::words::of(body);
}

/// An input in one line.
[[nodiscard]] inline std::string in_words(const core::input& in) {
    return std::visit([](const auto& each) { return detail::words::of(each); }, in);
}

/// A state in one line: what one wants to know first.
[[nodiscard]] inline std::string in_words(const core::state& s) {
    using detail::words::of;
    auto all = of(s.role) + " of term " + of(s.current_term) + ", voted for " + of(s.voted_for) +
               ", leader " + of(s.current_leader()) + ", log " + of(s.log.base()) + " to " +
               of(s.log.last()) + ", commit " + of(s.commit_index) + ", members " + of(s.members());
    if (s.disk.durable != s.disk.issued)
        all += ", " + of(s.disk.issued.value - s.disk.durable.value) + " writes not durable";
    return all;
}

}  // namespace raft::testing
