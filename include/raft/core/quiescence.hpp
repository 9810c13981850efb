// SPDX-License-Identifier: BSL-1.0
//
// Groups that sleep; other systems call them quiesced. Where there is nothing to do, a leader lets
// its followers sleep: it sends no heartbeats, they expect none, and no server has a timer. A
// server that gets a request wakes all. If the leader has died meanwhile, this shows only now:
// every follower waits an election timeout, from when it wakes, for a message of the leader. All of
// them do so at the same time, so no follower prevents the election of another.
#pragma once

#include <raft/core/forwarding.hpp>
#include <raft/core/read.hpp>
#include <raft/core/role.hpp>
#include <raft/core/sending.hpp>

namespace raft::core {

[[nodiscard]] constexpr bool is_asleep(const state& s) {
    if (const auto* leader = std::get_if<leader_state>(&s.role)) return leader->asleep;
    const auto* follower = std::get_if<follower_state>(&s.role);
    return follower != nullptr && follower->asleep;
}

// ------------------------------------------------------------------------------------------ leader

/// Whether this member has all entries, or is gone: it wakes the others when it comes back.
[[nodiscard]] constexpr bool may_sleep(const state& s, const progress& peer, instant now) {
    return peer.match_index == s.log.last_index() ||
           now - peer.last_contact >= s.config.election_timeout * 2;
}

/// Whether nothing is in progress, and no request waits.
[[nodiscard]] constexpr bool is_idle(const state& s, const leader_state& leader, instant now) {
    const bool waiting = leader.changing || leader.next_round_wanted || s.tasks->transfer ||
                         s.tasks->awaited || !s.tasks->suspected.empty() ||
                         leader.round != leader.confirmed;
    if (waiting || s.commit_index != s.log.last_index() || !s.disk.is_idle()) return false;
    for (const auto member : leader.others)
        if (!may_sleep(s, s.peers[member.value], now)) return false;
    return true;
}

constexpr void let_sleep(turn& t, leader_state& leader) {
    leader.asleep = true;
    if (!leader.others.empty())
        t.out.send(leader.others, fall_asleep{t.s.current_term, t.s.log.last()});
    forget(t.s.timers.heartbeat);
}

/// Starts the heartbeat timer again. No member was expected to reply while the group slept.
constexpr void rouse_leader(turn& t) {
    std::get_if<leader_state>(&t.s.role)->asleep = false;
    for (auto& peer : t.s.peers) {
        peer.last_contact = t.now;
        peer.silent = true;
    }
    t.s.timers.heartbeat = t.now + t.s.config.heartbeat_interval;
}

// ---------------------------------------------------------------------------------------- follower

constexpr void on(turn& t, member_id from, const fall_asleep& m) {
    auto* follower = follower_of(t.s, from, m.term);
    if (follower == nullptr) return;
    const bool has_all = t.s.log.last() == m.last_log && t.s.disk.is_idle();
    if (!has_all) return;  // Its election timer runs on, and wakes the leader when it expires.
    // A request in progress wakes the leader.
    if (awaits_place(t.s)) return send_forwarded(t, *follower);
    if (awaits_reads(t.s)) return forward_reads(t, *follower);
    if (m.last_log.index > t.s.commit_index) commit_through(t, m.last_log.index);
    follower->last_contact = t.now;
    follower->commit_index_is_current = true;
    follower->asleep = true;
    forget(t.s.timers.election);
}

/// Waits for the leader from now on, as if a message of it had just come; but none came.
constexpr void wake_follower(turn& t, follower_state& follower) {
    follower.asleep = false;
    follower.commit_index_is_current = false;
    follower.last_contact = t.now;
    draw_election_timeout(t.s);
    restart_election_timer(t);
}

// ------------------------------------------------------------------------------------------ waking

/// This server sleeps, and the group is needed.
constexpr void wake(turn& t) {
    if (!t.s.is_leader()) return wake_follower(t, held<follower_state>(t.s.role));
    rouse_leader(t);
    send_heartbeats(t, held<leader_state>(t.s.role));
}

/// This server got a request: it wakes, and wakes the others. A leader does so by its heartbeats.
constexpr void rouse_all(turn& t) {
    const auto others = other_members(t.s);
    if (t.s.is_follower() && !others.empty()) t.out.send(others, wake_up{t.s.current_term});
    wake(t);
}

constexpr void wake_all(turn& t) {
    if (is_asleep(t.s)) return rouse_all(t);
    look_for_leader(t);
}

/// A message of `from` shows that the group is needed. The leader may not have received one: not
/// all links need work. If it stayed asleep, the servers that are awake would depose it. A server
/// that was removed, and does not know it, must not keep the group awake.
constexpr void wake_by(turn& t, member_id from) {
    if (!is_asleep(t.s) || !t.s.members().slot_of(from)) return;
    const auto leader = t.s.current_leader();
    if (t.s.is_follower() && leader && leader != from)
        t.out.send(*leader, wake_up{t.s.current_term});
    wake(t);
}

constexpr void on(turn&, member_id, const wake_up&) {}

}  // namespace raft::core
