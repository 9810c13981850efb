// SPDX-License-Identifier: BSL-1.0
//
// The role of a server (§5.1): how it becomes a follower, what ends with its role, which senders it
// accepts, and the one rule of Figure 2 for "All servers".
#pragma once

#include <utility>

#include <raft/core/timing.hpp>
#include <raft/core/turn.hpp>
#include <raft/core/writing.hpp>

namespace raft::core {

/// Whether term and vote are durable. A server sends nothing in a term that it could forget (§5.1:
/// a term, once seen, is never left for an older one).
[[nodiscard]] constexpr bool hard_state_is_durable(const state& s) {
    return s.disk.vote <= s.disk.durable;
}

/// Tasks end with the role, except the snapshot that is being received: the next leader may have
/// the same one. The request counters go on, so that a late reply is recognized. And what the disk
/// has lost, or never had, is missing under every leader.
constexpr void end_tasks(state& s) {
    if (!s.tasks.is_changed()) return;
    const auto& before = *s.tasks;
    role_tasks kept{.incoming = before.incoming,
                    .last_request = before.last_request,
                    .lost_through = before.lost_through,
                    .lacks_from = before.lacks_from,
                    .removed_at = before.removed_at};
    if (before.forwarding) kept.forwarding = forwarded_proposals{.last = before.forwarding->last};
    if (kept == role_tasks{}) return s.tasks.reset();
    s.tasks.change() = std::move(kept);
}

/// Ends what only a leader, or a follower with a leader, has and does.
constexpr void leave_role(turn& t) {
    if (t.s.tasks->reads) t.out.rare.change().reads_lost = true;
    if (t.s.tasks->forwarding) t.out.rare.change().forwarding_lost = true;
    if (t.s.tasks->awaited)
        t.out.rare.change().change_refused = refusal{refusal_reason::leadership_lost, std::nullopt};
    end_tasks(t.s);
    if (!t.s.is_leader()) return;
    t.out.rare.change().leadership_lost = true;
    t.s.peers.clear();
    forget(t.s.timers.heartbeat);
}

/// Becomes a follower, in this term or in a later one. The vote stays with its term: a server that
/// steps down within a term must not vote again in it. The election timer runs on: only a message
/// of a leader or a granted vote restarts it (§5.2), or servers whose logs are behind could delay
/// those that can win. A leader or a sleeping follower had no timer, and starts one. A promise to
/// the leader that it followed (`withholds_vote`) keeps its expiry, however the server learns of a
/// later term.
constexpr void become_follower(turn& t, term_number term, std::optional<member_id> leader_id) {
    const auto* const before = std::get_if<follower_state>(&t.s.role);
    const bool asleep = before != nullptr && before->asleep;
    const bool waits_already = !t.s.is_leader() && !leader_id && !asleep;
    leave_role(t);
    follower_state follower{
        .leader = leader_id, .last_contact = t.now, .matched_index = t.s.commit_index};
    if (before != nullptr && !leader_id) {
        follower.last_contact = before->last_contact;
        follower.withholds_vote = before->leader || before->withholds_vote;
    }
    t.s.role = role{follower};
    if (term > t.s.current_term) {
        t.s.current_term = term;
        forget(t.s.voted_for);
        persist_vote(t);
    }
    if (waits_already) return;
    draw_election_timeout(t.s);
    restart_election_timer(t);
}

[[nodiscard]] constexpr member_set other_members(const state& s) {
    const auto own = s.members().slot_of(s.self);
    return own ? s.members().everyone().without(*own) : s.members().everyone();
}

/// A member that knows no leader may be the only one that is awake: it has just started, or its
/// leader is gone. A member that can start an election wakes the others by that; all other members
/// wake them by this.
constexpr void look_for_leader(turn& t) {
    if (!t.s.config.quiescence || !t.s.is_follower() || t.s.current_leader()) return;
    const auto others = other_members(t.s);
    if (t.s.members().slot_of(t.s.self) && !others.empty())
        t.out.send(others, wake_up{t.s.current_term});
}

/// One message raises the term by no more than this. Each election raises the term by one, and
/// takes a millisecond at least: no server of a correct cluster is so far behind another before 49
/// days of nothing but elections are over. A message that claims more is damaged or forged. If it
/// were accepted, it could use up all the terms there are, and no leader could ever be elected.
inline constexpr std::uint64_t term_step_max = std::uint64_t{1} << 32U;

/// Whether a correct server could be in `term`.
[[nodiscard]] constexpr bool is_plausible(const state& s, term_number term) {
    return term <= s.current_term || term.value - s.current_term.value <= term_step_max;
}

/// Figure 2, "All servers": a later term in any request or reply makes this server a follower.
constexpr void observe_term(turn& t, term_number term) {
    if (term > t.s.current_term) become_follower(t, term, std::nullopt);
}

/// Whether this member has replied within an election timeout.
[[nodiscard]] constexpr bool is_reachable(const state& s, const progress& peer, instant now) {
    return now - peer.last_contact < s.config.election_timeout;
}

/// The follower state, if this server follows `from` in this term; else null.
[[nodiscard]] constexpr follower_state* follower_of(state& s, member_id from, term_number term) {
    auto* follower = std::get_if<follower_state>(&s.role);
    const bool is_its = follower != nullptr && term == s.current_term && follower->leader == from;
    return is_its ? follower : nullptr;
}

/// The place of `from`, if it is a member and this server leads in this term.
[[nodiscard]] constexpr std::optional<slot> member_of_leader(const state& s, member_id from,
                                                             term_number term) {
    return s.is_leader() && term == s.current_term ? s.members().slot_of(from) : std::nullopt;
}

/// Commits the log up to `index`, which the rules have found safe.
constexpr void commit_through(turn& t, log_index index) {
    t.s.commit_index = index;
    t.out.commit = index;
}

}  // namespace raft::core
