// SPDX-License-Identifier: BSL-1.0
//
// Giving leadership up. Transfer (thesis §3.10): the leader takes no more proposals, brings the
// target's log up to its own, and tells it to stand for election at once; if that takes longer than
// an election timeout the leader goes on as before. A leader that must go, since it is no longer a
// member or its disk stands still, tells the best of the others to stand, and goes.
#pragma once

#include <raft/core/sending.hpp>

namespace raft::detail {

/// Refuses the request that is this step's input.
constexpr void refuse(const state& s, refusal_reason reason, auto& out) {
    out.occasionally().refused = refusal{reason, s.current_leader()};
}

/// The leader, or a refusal if this server is none.
[[nodiscard]] constexpr leader* leading_or_refuse(state& s, auto& out) {
    auto* leading = std::get_if<leader>(&s.role);
    if (leading == nullptr) refuse(s, refusal_reason::not_leader, out);
    return leading;
}

constexpr void tell_to_stand(state& s, slot target, auto& out) {
    auto& told = s.tasks.change().told;
    const auto id = s.members().id_of(target);
    std::erase_if(told, [=](const told_to_stand& before) { return before.target == id; });
    told.push_back({id, s.log.last_index()});
    out.send(member_set::of(target), timeout_now{s.current_term, s.log.last_index()});
}

/// Tells the target to stand for election once it has the whole log.
constexpr void advance_transfer(state& s, auto& out) {
    if (!s.tasks->transfer || s.tasks->transfer->asked) return;
    const auto target = s.members().slot_of(s.tasks->transfer->target);
    if (!target) return;
    if (s.peers[target->value].match_index < s.log.last_index()) return;
    s.tasks.change().transfer->asked = true;
    tell_to_stand(s, *target, out);
}

/// Whether this member has answered of late.
[[nodiscard]] constexpr bool is_heard(const state& s, const progress& peer, instant now) {
    return now - peer.heard_at < s.config.election_timeout;
}

/// Of the others that could lead the one whose log is the most complete, if possible one that can
/// still lead after a change under way.
[[nodiscard]] constexpr std::optional<slot> best_successor(const state& s, const leader& leading) {
    const auto& members = s.members();
    const auto able = members.all_voters().without(members.witnesses) & leading.others;
    const auto staying = able & members.final_voters();
    std::optional<slot> best;
    for (const auto other : staying.empty() ? able : staying)
        if (!best || s.peers[other.value].match_index > s.peers[best->value].match_index)
            best = other;
    return best;
}

/// Stops leading now; the best successor stands for election at once if it has the whole log.
constexpr void step_aside(state& s, leader& leading, instant now, auto& out) {
    const auto successor = best_successor(s, leading);
    if (successor && s.peers[successor->value].match_index == s.log.last_index())
        tell_to_stand(s, *successor, out);
    become_follower(s, s.current_term, std::nullopt, now, out);
}

/// `wanted`: who is to lead; none: whoever is the furthest.
constexpr void on_transfer(state& s, std::optional<member_id> wanted, instant now, auto& out) {
    auto* leading = leading_or_refuse(s, out);
    if (leading == nullptr) return;
    if (s.tasks->transfer) return refuse(s, refusal_reason::transfer_in_progress, out);
    if (wanted == s.self) return refuse(s, refusal_reason::nothing_to_do, out);
    const auto target = wanted ? s.members().slot_of(*wanted) : best_successor(s, *leading);
    if (!target)
        return refuse(s, wanted ? refusal_reason::unknown_member : refusal_reason::no_candidate,
                      out);
    if (!s.members().can_lead(*target)) return refuse(s, refusal_reason::cannot_lead, out);
    if (!is_heard(s, s.peers[target->value], now))
        return refuse(s, refusal_reason::member_not_heard, out);
    s.tasks.change().transfer =
        leadership_transfer{s.members().id_of(*target), now + s.config.election_timeout, false};
    send_news(s, *leading, out);
    advance_transfer(s, out);
}

constexpr void on_step_down(state& s, instant now, auto& out) {
    if (auto* leading = leading_or_refuse(s, out)) step_aside(s, *leading, now, out);
}

/// A leader whose own disk has not answered for so many election timeouts is of no use to anyone:
/// it takes entries, and could not serve them after a crash.
inline constexpr std::int64_t disk_patience = 4;

/// It steps aside where the disk of another is faster: that one has what this one waits for. Where
/// all are as slow it waits, since an election would be slower still.
constexpr void step_aside_if_disk_stalls(state& s, instant now, auto& out) {
    auto* leading = std::get_if<leader>(&s.role);
    if (leading == nullptr || !leading->own) return;
    auto& mine = s.peers[leading->own->value];
    if (s.disk.durable == s.disk.begun) mine.heard_at = now;
    if (now - mine.heard_at < s.config.election_timeout * disk_patience) return;
    const auto successor = best_successor(s, *leading);
    if (successor && s.peers[successor->value].match_index > s.disk.durable_index)
        step_aside(s, *leading, now, out);
}

}  // namespace raft::detail
