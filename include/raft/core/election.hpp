// SPDX-License-Identifier: BSL-1.0
//
// Leader election (§5.2) with the restriction on who can win (§5.4.1), pre-votes (thesis §9.6), and
// the protection of a leader that is heard from elections that nobody needs (thesis §4.2.3).
#pragma once

#include <raft/core/lost_entries.hpp>
#include <raft/core/removal.hpp>
#include <raft/core/role.hpp>
#include <raft/core/sending.hpp>

namespace raft::detail {

// ------------------------------------------------------------------------------------------- voter

/// Thesis §4.2.3: a server that hears its leader takes no part in elections. Without it, a server
/// that cannot hear the leader, or was removed, could depose it again and again.
[[nodiscard]] constexpr bool hears_leader(const state& s, instant now) {
    if (!s.config.check_quorum) return false;
    if (s.is_leader()) return true;
    const auto* following = std::get_if<follower>(&s.role);
    return following != nullptr && (following->leader || following->keeps_promise) &&
           now - following->heard_at < s.config.election_timeout;
}

/// A pre-vote changes nothing here: neither term, nor vote, nor timer.
constexpr void on(state& s, member_id from, const request_pre_vote& m, instant now, auto& out) {
    if (knows_removed(s, from, m.last_log)) return tell_removed(s, from, out);
    if (hears_leader(s, now) && m.term > s.current_term) return;
    const bool granted =
        m.term > s.current_term && at_least_as_up_to_date(m.last_log, log_to_vote_by(s));
    if (!granted && !may_speak(s)) return;
    out.send(from, pre_vote_reply{granted ? m.term : s.current_term, granted});
}

/// Tells the candidate that it has the vote, once that cannot be forgotten.
constexpr void answer_vote(const state& s, follower& following, auto& out) {
    following.owed.vote = false;
    out.send(*s.voted_for, request_vote_reply{s.current_term, true});
}

constexpr void on(state& s, member_id from, const request_vote& m, instant now, auto& out) {
    if (knows_removed(s, from, m.last_log)) return tell_removed(s, from, out);
    const bool protects = !m.leadership_transfer && hears_leader(s, now);
    if (m.term > s.current_term && protects) return;
    observe_term(s, m.term, now, out);
    auto* following = std::get_if<follower>(&s.role);
    if (following == nullptr || m.term < s.current_term) {
        if (may_speak(s)) out.send(from, request_vote_reply{s.current_term, false});
        return;
    }
    const bool free = !s.voted_for && !following->leader && !protects;
    if (free && at_least_as_up_to_date(m.last_log, log_to_vote_by(s))) {
        s.voted_for = from;
        persist_vote(s, out);
        restart_election_timer(s, now, out);
    }
    if (s.voted_for != from) {
        if (may_speak(s)) out.send(from, request_vote_reply{s.current_term, false});
        return;
    }
    following->owed.vote = true;
    if (may_speak(s)) answer_vote(s, *following, out);
}

// --------------------------------------------------------------------------------------- candidate

/// The first thing that a leader does is to append an entry of its term: it commits what came
/// before it (§5.4.2), and lets it find out what is committed (§8).
constexpr void become_leader(state& s, instant now, auto& out) {
    const auto first = next(s.log.last_index());
    const auto own = s.members().slot_of(s.self);
    const bool changing =
        s.members().is_changing() || s.configurations.back().index > s.commit_index;
    s.role = role{
        leader{.own = own, .others = other_members(s), .changing = changing, .term_start = first}};
    s.peers.assign(s.members().members.size(), progress{.next_index = first, .heard_at = now});
    append_to_log(s, s.log.last_index(), first, s.current_term, entry_source::no_op, nullptr, out);
    if (own) {
        auto& mine = s.peers[own->value];
        mine.match_index = s.disk.durable_index;
        mine.next_index = next(s.log.last_index());
        mine.mode = replication_mode::replicate;
    }
    send_news(s, *std::get_if<leader>(&s.role), out);
    out.cancel(timer::election);
    out.set(timer::heartbeat, now + s.config.heartbeat_interval);
}

constexpr void ask_for_votes(state& s, const candidate& standing, auto& out) {
    const auto others = other_members(s) & s.members().all_voters();
    if (others.empty()) return;
    if (standing.pre_vote)
        out.send(others, request_pre_vote{next(s.current_term), s.log.last()});
    else
        out.send(others, request_vote{s.current_term, s.log.last(), standing.leadership_transfer});
}

/// §5.2: raises the term and votes for itself; the others are asked once that, and the log that it
/// boasts of, is durable.
constexpr void stand_for_election(state& s, candidate standing, auto& out) {
    leave_role(s, out);
    s.current_term = next(s.current_term);
    s.voted_for = s.self;
    s.role = role{standing};
    persist_vote(s, out);
}

/// After so many elections in vain a candidate waits no longer than after the last one: eight times
/// the timeout.
inline constexpr std::uint8_t failed_elections_max = 3;

/// How many elections in a row this server stood for and did not win.
[[nodiscard]] constexpr std::uint8_t failed_elections(const state& s) {
    const auto* standing = std::get_if<candidate>(&s.role);
    if (standing == nullptr) return 0;
    const auto failed = standing->failed + (standing->pre_vote ? 0 : 1);
    return static_cast<std::uint8_t>(least<int>(failed, failed_elections_max));
}

/// §5.6: votes take the time of a round trip and of the voters' disks, which nobody knows before.
/// If an election that could have been won was not, the next one is given twice the time.
constexpr void await_votes(const state& s, const candidate& standing, instant now, auto& out) {
    out.set(timer::election, now + election_timeout(s) * (std::int64_t{1} << standing.failed));
}

constexpr void count_vote(state& s, candidate& standing, slot voter, instant now, auto& out) {
    standing.granted.insert(voter);
    if (!s.members().has_quorum(standing.granted)) return;
    if (standing.pre_vote)
        stand_for_election(s, {.failed = standing.failed}, out);
    else
        become_leader(s, now, out);
}

/// Asks the others, and gives itself its vote if it has one.
constexpr void gather_votes(state& s, candidate& standing, instant now, auto& out) {
    standing.asked = true;
    ask_for_votes(s, standing, out);
    const auto own = s.members().slot_of(s.self);
    if (own && s.members().all_voters().contains(*own)) count_vote(s, standing, *own, now, out);
}

/// Thesis §4.2.2: a server that its own newest configuration leaves out still stands as long as it
/// does not know that to be committed: it may hold what the others need. One that has lost entries,
/// or has them without their commands, lacks what they need; one that was told that it was removed
/// is needed by nobody.
[[nodiscard]] constexpr bool may_stand(const state& s) {
    if (s.tasks->lost_through || s.tasks->lacks_from || s.tasks->removed_at) return false;
    for (auto each = s.configurations.rbegin(); each != s.configurations.rend(); ++each) {
        if (each->value.can_lead(s.self)) return true;
        if (each->index <= s.commit_index) return false;
    }
    return false;
}

/// A server that cannot lead has no leader any more: reads must not wait for it for ever. If the
/// group only sleeps it is to wake.
constexpr void miss_leader(state& s, instant now, auto& out) {
    if (s.current_leader()) become_follower(s, s.current_term, std::nullopt, now, out);
    look_for_leader(s, out);
}

constexpr void on_election_timer(state& s, instant now, auto& out) {
    if (s.is_leader()) return;
    draw_election_timeout(s);
    restart_election_timer(s, now, out);
    if (!may_stand(s)) return miss_leader(s, now, out);
    // Its disk holds up what it said last: another term would only add to that.
    if (!may_speak(s)) return;
    const auto failed = failed_elections(s);
    if (!s.config.pre_vote) return stand_for_election(s, {.failed = failed}, out);
    leave_role(s, out);
    s.role = role{candidate{.pre_vote = true, .failed = failed}};
    auto& standing = *std::get_if<candidate>(&s.role);
    gather_votes(s, standing, now, out);
}

/// The candidate's own vote is durable: now it counts, and the others may be asked. The time that
/// they have begins now.
constexpr void on_own_vote_durable(state& s, candidate& standing, instant now, auto& out) {
    if (standing.asked) return;
    await_votes(s, standing, now, out);
    gather_votes(s, standing, now, out);
}

/// The voter that a reply comes from, if it is one whose vote counts here.
[[nodiscard]] constexpr std::optional<slot> voter_of(const state& s, member_id from) {
    const auto member = s.members().slot_of(from);
    return member && s.members().all_voters().contains(*member) ? member : std::nullopt;
}

constexpr void on(state& s, member_id from, const pre_vote_reply& m, instant now, auto& out) {
    if (!m.granted) return observe_term(s, m.term, now, out);
    auto* standing = std::get_if<candidate>(&s.role);
    if (standing == nullptr || !standing->pre_vote || m.term != next(s.current_term)) return;
    if (const auto voter = voter_of(s, from)) count_vote(s, *standing, *voter, now, out);
}

constexpr void on(state& s, member_id from, const request_vote_reply& m, instant now, auto& out) {
    observe_term(s, m.term, now, out);
    auto* standing = std::get_if<candidate>(&s.role);
    if (standing == nullptr || standing->pre_vote || m.term != s.current_term || !m.granted ||
        !may_speak(s))
        return;
    if (const auto voter = voter_of(s, from)) count_vote(s, *standing, *voter, now, out);
}

/// Thesis §3.10: the leader wants this server to lead. Void unless the log still ends where the
/// leader said.
constexpr void on(state& s, member_id from, const timeout_now& m, instant now, auto& out) {
    observe_term(s, m.term, now, out);
    const auto* following = std::get_if<follower>(&s.role);
    if (following == nullptr || m.term != s.current_term || following->leader != from) return;
    if (m.last_index != s.log.last_index() || !may_stand(s)) return;
    draw_election_timeout(s);
    restart_election_timer(s, now, out);
    stand_for_election(s, {.leadership_transfer = true}, out);
}

/// A server that might have heard a leader before it started keeps from electing another as if it
/// still did: a lease may rest on that (thesis §6.4.1).
constexpr void on_started(state& s, instant now, auto& out) {
    draw_election_timeout(s);
    regain_lost_entries(s, s.commit_index, out);
    const bool never_led = s.current_term == term_number{} && s.log.last_index() == log_index{};
    auto& following = *std::get_if<follower>(&s.role);
    following.heard_at = now;
    following.keeps_promise = s.config.clock_drift_ppm && !never_led;
    const auto& members = s.members().members;
    if (s.config.first_election_at_once && never_led && !members.empty() &&
        members.front() == s.self)
        out.set(timer::election, now);
    else
        restart_election_timer(s, now, out);
}

// ------------------------------------------------------------------------------------------ leader

/// Thesis §6.2: a leader that has not heard from a quorum for an election timeout steps down, so
/// that clients look elsewhere.
constexpr void step_down_without_quorum(state& s, instant now, auto& out) {
    if (!s.config.check_quorum || !s.is_leader()) return;
    const auto own = s.members().slot_of(s.self);
    member_set heard;
    for (const auto member : s.members().everyone())
        if (member == own || now - s.peers[member.value].heard_at < s.config.election_timeout)
            heard.insert(member);
    if (!s.members().has_quorum(heard)) become_follower(s, s.current_term, std::nullopt, now, out);
}

}  // namespace raft::detail
