// SPDX-License-Identifier: BSL-1.0
//
// How leadership is given up. Transfer (thesis §3.10): the leader accepts no more proposals, brings
// the target's log up to its own, and sends it timeout_now, so that it starts an election at once.
// If that takes longer than an election timeout, the leader goes on as before. A leader that must
// step down, since it is no longer a member or its disk stalls, sends timeout_now to the best of
// the others, and steps down.
#pragma once

#include <optional>

#include <raft/core/request.hpp>
#include <raft/core/sending.hpp>

namespace raft::core {

constexpr void send_timeout_now(turn& t, slot target) {
    auto& sent = t.s.tasks.change().timeouts_sent;
    const auto id = t.s.members().id_of(target);
    std::erase_if(sent, [=](const timeout_now_sent& before) { return before.target == id; });
    sent.push_back({id, t.s.log.last_index()});
    t.out.send(member_set::of(target), timeout_now{t.s.current_term, t.s.log.last_index()});
}

/// Sends timeout_now to the target once it has the whole log.
constexpr void advance_transfer(turn& t) {
    if (!t.s.tasks->transfer || t.s.tasks->transfer->started) return;
    const auto target = t.s.members().slot_of(t.s.tasks->transfer->target);
    if (!target) return;
    if (t.s.peers[target->value].match_index < t.s.log.last_index()) return;
    t.s.tasks.change().transfer->started = true;
    send_timeout_now(t, *target);
}

/// Of the others that could lead, one that answers, with the most complete log, and of several the
/// one that answered last, or the first of those by its place; if possible one that can still lead
/// after a change in progress.
[[nodiscard]] constexpr std::optional<slot>
best_successor(const state& s, const leader_state& leader, instant now) {
    const auto& members = s.members();
    const auto able = members.all_voters().without(members.witnesses) & leader.others;
    const auto staying = able & members.final_voters();
    const auto is_better = [&](slot a, slot b) {
        const auto &one = s.peers[a.value], &other = s.peers[b.value];
        const bool answers = is_reachable(s, one, now);
        if (answers != is_reachable(s, other, now)) return answers;
        if (one.match_index != other.match_index) return one.match_index > other.match_index;
        return one.last_contact > other.last_contact;
    };
    std::optional<slot> best;
    for (const auto each : staying.empty() ? able : staying)
        if (!best || is_better(each, *best)) best = each;
    return best;
}

/// Steps down now; the best successor starts an election at once if it has the whole log.
constexpr void step_aside(turn& t, leader_state& leader) {
    const auto successor = best_successor(t.s, leader, t.now);
    if (successor && t.s.peers[successor->value].match_index == t.s.log.last_index())
        send_timeout_now(t, *successor);
    become_follower(t, t.s.current_term, std::nullopt);
}

/// `wanted`: the member that is to lead; none: the one with the most complete log.
constexpr void on_transfer(turn& t, std::optional<member_id> wanted) {
    auto* leader = leading_or_refuse(t);
    if (leader == nullptr) return;
    if (t.s.tasks->transfer) return refuse(t, refusal_reason::transfer_in_progress);
    if (wanted == t.s.self) return refuse(t, refusal_reason::nothing_to_do);
    const auto target =
        wanted ? t.s.members().slot_of(*wanted) : best_successor(t.s, *leader, t.now);
    if (!target)
        return refuse(t, wanted ? refusal_reason::unknown_member : refusal_reason::no_candidate);
    if (!t.s.members().can_lead(*target)) return refuse(t, refusal_reason::cannot_lead);
    if (!is_reachable(t.s, t.s.peers[target->value], t.now))
        return refuse(t, refusal_reason::member_unreachable);
    t.s.tasks.change().transfer = leadership_transfer{t.s.members().id_of(*target),
                                                      t.now + t.s.config.election_timeout, false};
    send_appends(t, *leader);
    advance_transfer(t);
}

constexpr void on_step_down(turn& t) {
    if (auto* leader = leading_or_refuse(t)) step_aside(t, *leader);
}

/// A leader whose own disk has not replied for this many election timeouts is of no use: it accepts
/// entries that it could not serve after a crash.
inline constexpr std::int64_t disk_patience = 4;

/// It steps down if the disk of another is faster: that member already has what this disk has not
/// yet written. If all are as slow it waits, since an election would be slower still.
constexpr void step_aside_if_disk_stalls(turn& t) {
    auto* leader = std::get_if<leader_state>(&t.s.role);
    if (leader == nullptr || !leader->own) return;
    auto& mine = t.s.peers[leader->own->value];
    if (t.s.disk.is_idle()) mine.last_contact = t.now;
    if (t.now - mine.last_contact < t.s.config.election_timeout * disk_patience) return;
    const auto successor = best_successor(t.s, *leader, t.now);
    if (successor && t.s.peers[successor->value].match_index > t.s.disk.durable_index)
        step_aside(t, *leader);
}

}  // namespace raft::core
