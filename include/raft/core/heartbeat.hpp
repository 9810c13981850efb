// SPDX-License-Identifier: BSL-1.0
//
// What a leader does at each heartbeat (§5.2), besides sending it: it steps down if it has no
// contact with a quorum, and advances its tasks that take time.
#pragma once

#include <raft/core/election.hpp>
#include <raft/core/lease.hpp>
#include <raft/core/quiescence.hpp>
#include <raft/core/reconfiguration.hpp>
#include <raft/core/transfer.hpp>

namespace raft::core {

/// Thesis §6.2: a leader that has received nothing from a quorum for an election timeout steps
/// down, so that clients look for another leader.
constexpr void step_down_without_quorum(turn& t) {
    const auto* leader = std::get_if<leader_state>(&t.s.role);
    if (!t.s.config.check_quorum || leader == nullptr) return;
    const bool is_heard_by_quorum = quorum_agrees(t.s.members(), [&](slot member) {
        return member == leader->own || is_reachable(t.s, t.s.peers[member.value], t.now);
    });
    if (!is_heard_by_quorum) become_follower(t, t.s.current_term, std::nullopt);
}

constexpr void on_heartbeat_timer(turn& t) {
    step_down_without_quorum(t);
    step_aside_if_disk_stalls(t);
    if (auto* leader = std::get_if<leader_state>(&t.s.role);
        leader && (leader->changing || t.s.tasks->awaited))
        advance_change(t, *leader);
    auto* leader = std::get_if<leader_state>(&t.s.role);
    if (leader == nullptr) return;
    if (t.s.tasks->transfer && t.now >= t.s.tasks->transfer->give_up_at)
        forget(t.s.tasks.change().transfer);
    if (t.s.config.quiescence && is_idle(t.s, *leader, t.now)) return let_sleep(t, *leader);
    renew_lease(t.s, *leader, t.now);
    if (!t.s.tasks->suspected.empty()) want_round(t, *leader);
    send_heartbeats(t, *leader);
    t.s.timers.heartbeat = t.now + t.s.config.heartbeat_interval;
}

}  // namespace raft::core
