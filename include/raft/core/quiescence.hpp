// SPDX-License-Identifier: BSL-1.0
//
// Groups that sleep. Where nothing is to be done a leader lets its followers sleep: it sends no
// heartbeats, they wait for none, and nobody has a timer. Whoever is asked for something wakes all.
// A leader that died meanwhile is missed then: its followers give it an election timeout from their
// waking to show itself, all at the same time, so that none keeps another from being elected.
#pragma once

#include <raft/core/forwarding.hpp>
#include <raft/core/read.hpp>
#include <raft/core/role.hpp>
#include <raft/core/sending.hpp>

namespace raft::detail {

[[nodiscard]] constexpr bool is_asleep(const state& s) {
    if (const auto* leading = std::get_if<leader>(&s.role)) return leading->asleep;
    const auto* following = std::get_if<follower>(&s.role);
    return following != nullptr && following->asleep;
}

// ------------------------------------------------------------------------------------------ leader

/// Whether this member has all that there is, or is gone: it wakes the others when it comes back.
[[nodiscard]] constexpr bool may_sleep(const state& s, const progress& peer, instant now) {
    return peer.match_index == s.log.last_index() ||
           now - peer.heard_at >= s.config.election_timeout * 2;
}

/// Whether nothing is under way, and nobody waits for anything.
[[nodiscard]] constexpr bool is_idle(const state& s, const leader& leading, instant now) {
    const bool waiting = leading.changing || leading.next_round_wanted || s.tasks->transfer ||
                         s.tasks->awaited || leading.round != leading.confirmed;
    if (waiting || s.commit_index != s.log.last_index() || s.disk.durable != s.disk.begun)
        return false;
    for (const auto member : leading.others)
        if (!may_sleep(s, s.peers[member.value], now)) return false;
    return true;
}

constexpr void let_sleep(const state& s, leader& leading, auto& out) {
    leading.asleep = true;
    if (!leading.others.empty())
        out.send(leading.others, fall_asleep{s.current_term, s.log.last()});
    out.cancel(timer::heartbeat);
}

/// Means to send heartbeats again. Nobody was expected to answer meanwhile.
constexpr void rouse_leader(state& s, instant now, auto& out) {
    std::get_if<leader>(&s.role)->asleep = false;
    for (auto& peer : s.peers) {
        peer.heard_at = now;
        peer.silent = true;
    }
    out.set(timer::heartbeat, now + s.config.heartbeat_interval);
}

// ---------------------------------------------------------------------------------------- follower

constexpr void on(state& s, member_id from, const fall_asleep& m, instant now, auto& out) {
    observe_term(s, m.term, now, out);
    auto* following = std::get_if<follower>(&s.role);
    if (following == nullptr || m.term != s.current_term || following->leader != from) return;
    const bool has_all = s.log.last() == m.last_log && s.disk.durable == s.disk.begun;
    if (!has_all) return;  // Its patience goes on, and ends by waking the leader.
    // What is still asked for wakes the leader.
    if (awaits_place(s)) return send_forwarded(s, *following, now, out);
    if (awaits_reads(s)) return forward_reads(s, *following, out);
    if (m.last_log.index > s.commit_index) commit_through(s, m.last_log.index, out);
    following->heard_at = now;
    following->is_informed = true;
    following->asleep = true;
    out.cancel(timer::election);
}

/// Waits for the leader from now on, as if it had just been heard; but it was not.
constexpr void wake_follower(state& s, follower& following, instant now, auto& out) {
    following.asleep = false;
    following.is_informed = false;
    following.heard_at = now;
    draw_election_timeout(s);
    restart_election_timer(s, now, out);
}

// ------------------------------------------------------------------------------------------ waking

/// This server, which sleeps, hears that the group is needed.
constexpr void wake(state& s, instant now, auto& out) {
    if (!s.is_leader()) return wake_follower(s, *std::get_if<follower>(&s.role), now, out);
    rouse_leader(s, now, out);
    send_heartbeats(s, *std::get_if<leader>(&s.role), out);
}

/// This server is asked for something: it wakes, and wakes the others. A leader does so by its
/// heartbeats.
[[gnu::noinline, gnu::cold]] constexpr void rouse_all(state& s, instant now, auto& out) {
    const auto others = other_members(s);
    if (s.is_follower() && !others.empty()) out.send(others, wake_up{s.current_term});
    wake(s, now, out);
}

constexpr void wake_all(state& s, instant now, auto& out) {
    if (is_asleep(s)) return rouse_all(s, now, out);
    look_for_leader(s, out);
}

/// This server hears from `from` that the group is needed. The leader may not have heard it: not
/// all links need work. Left asleep, it would be missed, and deposed by those who are awake. A
/// server that was removed, and does not know it, must not keep the group awake.
constexpr void wake_by(state& s, member_id from, instant now, auto& out) {
    if (!is_asleep(s) || !s.members().slot_of(from)) return;
    const auto leader = s.current_leader();
    if (s.is_follower() && leader && leader != from) out.send(*leader, wake_up{s.current_term});
    wake(s, now, out);
}

constexpr void on(state& s, member_id /*from*/, const wake_up& m, instant now, auto& out) {
    observe_term(s, m.term, now, out);
}

}  // namespace raft::detail
