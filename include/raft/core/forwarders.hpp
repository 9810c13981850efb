// SPDX-License-Identifier: BSL-1.0
//
// What a leader does with the proposals that followers hand to it: the same as with its own, but at
// most once for each request, however often that comes. For that it remembers the last request of
// each server and what became of it. What it remembers ends with its leadership, and so do the
// requests: they are good for one term, in which there is no other leader (§5.2).
#pragma once

#include <raft/core/replication.hpp>

namespace raft {

/// Of so many servers, and runs of them, a leader takes proposals in its term. To forget one could
/// be to take a late request again.
inline constexpr std::size_t forwarders_max = 4 * members_max;

namespace detail {

/// What this leader remembers of a run of `id`; null if it remembers nothing, and there is no room
/// for more. Strangers take the room of as many only as could be members.
[[nodiscard]] constexpr forwarder* find_forwarder(state& s, member_id id, std::uint64_t run) {
    auto& known = s.tasks.change().forwarders;
    for (auto& each : known)
        if (each.id == id && each.last.run == run) return &each;
    const auto room = s.members().slot_of(id) ? forwarders_max : members_max;
    if (known.size() >= room) return nullptr;
    known.push_back({.id = id, .last = {.run = run}});
    return &known.back();
}

/// A request for which there is no room. A stranger hears nothing: if it became a member the same
/// request could come again, and be taken, after it was refused.
constexpr void turn_away(const state& s, member_id from, request_id request, auto& out) {
    if (s.members().slot_of(from))
        out.send(from, forward_proposal_refusal{s.current_term, request,
                                                refusal_reason::too_many_pending});
}

constexpr void answer_forwarder(const state& s, const forwarder& known, auto& out) {
    if (const auto* first = std::get_if<log_index>(&known.answer))
        out.send(known.id, forward_proposal_reply{s.current_term, known.last, *first});
    else
        out.send(known.id, forward_proposal_refusal{s.current_term, known.last,
                                                    *std::get_if<refusal_reason>(&known.answer)});
}

/// Why the commands of `id` are not taken from it. A witness has nothing of them in its log, and
/// could not say what came of them; a new one may not know yet that it is one.
[[nodiscard]] constexpr std::optional<refusal_reason> obstacle_to_forwarder(const state& s,
                                                                            member_id id) {
    if (!s.members().slot_of(id)) return refusal_reason::unknown_member;
    if (s.members().is_witness(id)) return refusal_reason::not_leader;
    return std::nullopt;
}

/// Takes or refuses a request that has not come before. The answer goes ahead of the entries, so
/// that the follower knows them for its own when they come.
constexpr void decide_request(state& s, leader& leading, forwarder& known,
                              const forward_proposal& m, std::optional<refusal_reason> obstacle,
                              auto& out) {
    if (const auto of_sender = obstacle_to_forwarder(s, known.id)) obstacle = of_sender;
    if (!obstacle) obstacle = obstacle_to_proposal(s, leading, m.count);
    known.last = m.request;
    if (obstacle)
        known.answer = *obstacle;
    else
        known.answer = next(s.log.last_index());
    answer_forwarder(s, known, out);
    if (!obstacle) append_commands(s, leading, m.count, entry_source::received, out);
}

/// `obstacle`: why the commands cannot be taken, beyond what the protocol knows of. An earlier
/// request than the last was answered before the last was made, or is not waited for.
constexpr void on_forwarded(state& s, member_id from, const forward_proposal& m,
                            std::optional<refusal_reason> obstacle, instant now, auto& out) {
    observe_term(s, m.term, now, out);
    auto* leading = std::get_if<leader>(&s.role);
    if (leading == nullptr || m.term != s.current_term || m.request.number == 0) return;
    auto* known = find_forwarder(s, from, m.request.run);
    if (known == nullptr) return turn_away(s, from, m.request, out);
    if (m.request.number > known->last.number)
        decide_request(s, *leading, *known, m, obstacle, out);
    else if (m.request == known->last)
        answer_forwarder(s, *known, out);
}

constexpr void on(state& s, member_id from, const forward_proposal& m, instant now, auto& out) {
    on_forwarded(s, from, m, std::nullopt, now, out);
}

}  // namespace detail
}  // namespace raft
