// SPDX-License-Identifier: BSL-1.0
//
// Leader election (§5.2) with the election restriction (§5.4.1), pre-votes (thesis §9.6), and the
// protection of a live leader from needless elections (thesis §4.2.3).
#pragma once

#include <algorithm>

#include <raft/core/lost_entries.hpp>
#include <raft/core/removal.hpp>
#include <raft/core/role.hpp>
#include <raft/core/sending.hpp>

namespace raft::core {

// ------------------------------------------------------------------------------------------- voter

/// Thesis §4.2.3: a server in contact with its leader takes no part in elections. Otherwise a
/// server that has no contact with the leader, or was removed, could depose it again and again.
[[nodiscard]] constexpr bool follows_live_leader(const state& s, instant now) {
    if (!s.config.check_quorum) return false;
    if (s.is_leader()) return true;
    const auto* follower = std::get_if<follower_state>(&s.role);
    return follower != nullptr && (follower->leader || follower->withholds_vote) &&
           now - follower->last_contact < s.config.election_timeout;
}

/// A pre-vote changes nothing here: neither term, nor vote, nor timer.
constexpr void on(turn& t, member_id from, const request_pre_vote& m) {
    if (knows_removed(t.s, from, m.last_log)) return send_removal_notice(t, from);
    if (follows_live_leader(t.s, t.now) && m.term > t.s.current_term) return;
    const bool granted =
        m.term > t.s.current_term && at_least_as_up_to_date(m.last_log, log_for_votes(t.s));
    if (!granted && !hard_state_is_durable(t.s)) return;
    t.out.send(from, pre_vote_reply{granted ? m.term : t.s.current_term, granted});
}

/// Sends the vote to the candidate, once the vote is durable.
constexpr void send_vote(turn& t, follower_state& follower) {
    follower.deferred.vote = false;
    t.out.send(held(t.s.voted_for), request_vote_reply{t.s.current_term, true});
}

constexpr void on(turn& t, member_id from, const request_vote& m) {
    if (knows_removed(t.s, from, m.last_log)) return send_removal_notice(t, from);
    const bool protects = !m.leadership_transfer && follows_live_leader(t.s, t.now);
    if (m.term > t.s.current_term && protects) return;
    observe_term(t, m.term);
    auto* follower = std::get_if<follower_state>(&t.s.role);
    if (follower == nullptr || m.term < t.s.current_term) {
        if (hard_state_is_durable(t.s))
            t.out.send(from, request_vote_reply{t.s.current_term, false});
        return;
    }
    const bool free = !t.s.voted_for && !follower->leader && !protects;
    if (free && at_least_as_up_to_date(m.last_log, log_for_votes(t.s))) {
        t.s.voted_for = from;
        persist_vote(t);
        restart_election_timer(t);
    }
    if (t.s.voted_for != from) {
        if (hard_state_is_durable(t.s))
            t.out.send(from, request_vote_reply{t.s.current_term, false});
        return;
    }
    follower->deferred.vote = true;
    if (hard_state_is_durable(t.s)) send_vote(t, *follower);
}

// --------------------------------------------------------------------------------------- candidate

/// A new leader first appends an entry of its own term. This entry commits the entries before it
/// (§5.4.2), and by it the leader learns what is committed (§8).
constexpr void become_leader(turn& t) {
    const auto first = next(t.s.log.last_index());
    const auto own = t.s.members().slot_of(t.s.self);
    const bool changing =
        t.s.members().is_changing() || t.s.configurations.back().index > t.s.commit_index;
    t.s.role = role{leader_state{
        .own = own, .others = other_members(t.s), .changing = changing, .term_start = first}};
    t.s.peers.assign(t.s.members().members.places(),
                     progress{.next_index = first, .last_contact = t.now});
    append_to_log(t, t.s.log.last_index(), first, t.s.current_term, entry_source::no_op, nullptr);
    if (own) {
        auto& mine = t.s.peers[own->value];
        mine.match_index = t.s.disk.durable_index;
        mine.next_index = next(t.s.log.last_index());
        mine.mode = replication_mode::replicate;
    }
    send_appends(t, held<leader_state>(t.s.role));
    forget(t.s.timers.election);
    t.s.timers.heartbeat = t.now + t.s.config.heartbeat_interval;
}

constexpr void request_votes(turn& t, const candidate_state& candidate) {
    const auto others = other_members(t.s) & t.s.members().all_voters();
    if (others.empty()) return;
    if (candidate.pre_vote)
        t.out.send(others, request_pre_vote{next(t.s.current_term), t.s.log.last()});
    else
        t.out.send(others,
                   request_vote{t.s.current_term, t.s.log.last(), candidate.leadership_transfer});
}

/// §5.2: raises the term and votes for itself. RequestVote is sent once this vote, and the log that
/// it refers to, are durable.
constexpr void stand_for_election(turn& t, candidate_state candidate) {
    leave_role(t);
    t.s.current_term = next(t.s.current_term);
    t.s.voted_for = t.s.self;
    t.s.role = role{candidate};
    persist_vote(t);
}

/// After this many failed elections in a row a candidate waits no longer than after the last one:
/// eight times the timeout.
inline constexpr std::uint8_t failed_elections_max = 3;

/// How many elections in a row this server started and did not win.
[[nodiscard]] constexpr std::uint8_t failed_elections(const state& s) {
    const auto* candidate = std::get_if<candidate_state>(&s.role);
    if (candidate == nullptr) return 0;
    const auto failed = candidate->failed + (candidate->pre_vote ? 0 : 1);
    return static_cast<std::uint8_t>(std::min<int>(failed, failed_elections_max));
}

/// §5.6: votes take the time of a round trip and of the voters' disks, which is not known
/// beforehand. If an election failed that could have been won, the next one gets twice the time.
constexpr void await_votes(turn& t, const candidate_state& candidate) {
    t.s.timers.election = t.now + election_timeout(t.s) * (std::int64_t{1} << candidate.failed);
}

constexpr void count_vote(turn& t, candidate_state& candidate, slot voter) {
    candidate.granted.insert(voter);
    if (!is_quorum(t.s.members(), candidate.granted)) return;
    if (candidate.pre_vote)
        stand_for_election(t, {.failed = candidate.failed});
    else
        become_leader(t);
}

/// Requests the votes of the others, and counts its own vote if it is a voter.
constexpr void gather_votes(turn& t, candidate_state& candidate) {
    candidate.votes_requested = true;
    request_votes(t, candidate);
    const auto own = t.s.members().slot_of(t.s.self);
    if (own && t.s.members().all_voters().contains(*own)) count_vote(t, candidate, *own);
}

/// Thesis §4.2.2: a server that its own newest configuration leaves out may still start an election
/// while it does not know that configuration to be committed: it may hold entries that the others
/// need. A server that has lost entries, or has them without their commands, lacks what the others
/// need. A server that received a removal notice is not needed at all.
[[nodiscard]] constexpr bool may_stand(const state& s) {
    if (s.tasks->lost_through || s.tasks->lacks_from || s.tasks->removed_at) return false;
    for (auto each = s.configurations.rbegin(); each != s.configurations.rend(); ++each) {
        if (each->value.can_lead(s.self)) return true;
        if (each->index <= s.commit_index) return false;
    }
    return false;
}

/// A server that cannot lead gives up its leader when the timer expires: reads must not wait for
/// that leader for ever. If the group only sleeps, this wakes it.
constexpr void lose_leader(turn& t) {
    if (t.s.current_leader()) become_follower(t, t.s.current_term, std::nullopt);
    look_for_leader(t);
}

constexpr void on_election_timer(turn& t) {
    if (t.s.is_leader()) return;
    draw_election_timeout(t.s);
    restart_election_timer(t);
    if (!may_stand(t.s)) return lose_leader(t);
    // The disk has not yet written the last term and vote: a further term would only add to its
    // work.
    if (!hard_state_is_durable(t.s)) return;
    const auto failed = failed_elections(t.s);
    if (!t.s.config.pre_vote) return stand_for_election(t, {.failed = failed});
    leave_role(t);
    t.s.role = role{candidate_state{.pre_vote = true, .failed = failed}};
    auto& candidate = held<candidate_state>(t.s.role);
    gather_votes(t, candidate);
}

/// The candidate's own vote is durable: it counts now, and RequestVote may be sent. The time for
/// the election begins now.
constexpr void on_own_vote_durable(turn& t, candidate_state& candidate) {
    if (candidate.votes_requested) return;
    await_votes(t, candidate);
    gather_votes(t, candidate);
}

/// The place of the sender of a reply, if it is a voter.
[[nodiscard]] constexpr std::optional<slot> voter_of(const state& s, member_id from) {
    const auto member = s.members().slot_of(from);
    return member && s.members().all_voters().contains(*member) ? member : std::nullopt;
}

constexpr void on(turn& t, member_id from, const pre_vote_reply& m) {
    auto* candidate = std::get_if<candidate_state>(&t.s.role);
    if (candidate == nullptr || !candidate->pre_vote || !m.granted ||
        m.term != next(t.s.current_term))
        return;
    if (const auto voter = voter_of(t.s, from)) count_vote(t, *candidate, *voter);
}

constexpr void on(turn& t, member_id from, const request_vote_reply& m) {
    auto* candidate = std::get_if<candidate_state>(&t.s.role);
    if (candidate == nullptr || candidate->pre_vote || m.term != t.s.current_term || !m.granted ||
        !hard_state_is_durable(t.s))
        return;
    if (const auto voter = voter_of(t.s, from)) count_vote(t, *candidate, *voter);
}

/// Thesis §3.10: the leader wants this server to lead. Ignored unless the log still ends at the
/// index in the message.
constexpr void on(turn& t, member_id from, const timeout_now& m) {
    if (follower_of(t.s, from, m.term) == nullptr) return;
    if (m.last_index != t.s.log.last_index() || !may_stand(t.s)) return;
    draw_election_timeout(t.s);
    restart_election_timer(t);
    stand_for_election(t, {.leadership_transfer = true});
}

/// A server that may have been in contact with a leader before it started elects no other for an
/// election timeout, as if it still followed that one: a lease may rely on that (thesis §6.4.1).
constexpr void on_started(turn& t) {
    draw_election_timeout(t.s);
    regain_lost_entries(t, t.s.commit_index);
    const bool never_led = t.s.current_term == term_number{} && t.s.log.last_index() == log_index{};
    auto& follower = held<follower_state>(t.s.role);
    follower.last_contact = t.now;
    follower.withholds_vote = t.s.config.clock_drift_ppm && !never_led;
    const auto& members = t.s.members().members;
    if (t.s.config.first_election_at_once && never_led && !members.empty() &&
        *members.begin() == t.s.self)
        t.s.timers.election = t.now;
    else
        restart_election_timer(t);
}

}  // namespace raft::core
