// SPDX-License-Identifier: BSL-1.0
//
// How a leader handles the proposals that followers forward to it: like its own, but at most once
// for each request, however often the request comes. For that it remembers the last request of each
// server and its result. This memory ends with its leadership, and so do the requests: they are
// valid for one term, in which there is no other leader (§5.2).
#pragma once

#include <raft/core/replication.hpp>

namespace raft::core {

/// A leader remembers at most this many servers, and runs of them, in its term. If it forgot one it
/// could accept a late request again.
inline constexpr std::size_t forwarders_max = 4 * members_max;

/// What this leader remembers of a run of `id`; null if it remembers nothing, and there is no room
/// for more. Servers that are not members get no more room than the members could need.
[[nodiscard]] constexpr forwarder* find_forwarder(state& s, member_id id, std::uint64_t run) {
    auto& known = s.tasks.change().forwarders;
    for (auto& each : known)
        if (each.id == id && each.last.run == run) return &each;
    const auto room = s.members().slot_of(id) ? forwarders_max : members_max;
    if (known.size() >= room) return nullptr;
    known.push_back({.id = id, .last = {.run = run}});
    return &known.back();
}

/// A request for which there is no room. A server that is not a member gets no reply: if it became
/// a member the same request could come again, and be accepted, after it was refused.
constexpr void turn_away(turn& t, member_id from, request_id request) {
    if (t.s.members().slot_of(from))
        t.out.send(from, forward_proposal_refusal{t.s.current_term, request,
                                                  refusal_reason::too_many_pending});
}

constexpr void answer_forwarder(turn& t, const forwarder& known) {
    if (const auto* first = std::get_if<log_index>(&known.answer))
        t.out.send(known.id, forward_proposal_reply{t.s.current_term, known.last, *first});
    else
        t.out.send(known.id, forward_proposal_refusal{t.s.current_term, known.last,
                                                      held<refusal_reason>(known.answer)});
}

/// Why the commands of `id` are not accepted. A witness has no commands in its log, and could not
/// report their outcome; a new witness may not know yet that it is one.
[[nodiscard]] constexpr std::optional<refusal_reason> check_forwarder(const state& s,
                                                                      member_id id) {
    if (!s.members().slot_of(id)) return refusal_reason::unknown_member;
    if (s.members().is_witness(id)) return refusal_reason::not_leader;
    return std::nullopt;
}

/// Accepts or refuses a request that has not come before. The reply goes before the entries, so
/// that the follower recognizes them as its own when they come.
constexpr void decide_request(turn& t, leader_state& leader, forwarder& known,
                              const forward_proposal& m, std::optional<refusal_reason> obstacle) {
    if (const auto of_sender = check_forwarder(t.s, known.id)) obstacle = of_sender;
    if (!obstacle) obstacle = check_proposal(t.s, leader, m.count);
    known.last = m.request;
    if (obstacle)
        known.answer = *obstacle;
    else
        known.answer = next(t.s.log.last_index());
    answer_forwarder(t, known);
    if (!obstacle) append_commands(t, leader, m.count, entry_source::received);
}

/// `obstacle`: why the commands cannot be accepted, for a reason outside the protocol. A request
/// older than the last gets no reply: it was answered before the last was made, or no caller waits
/// for it.
constexpr void on_forwarded(turn& t, member_id from, const forward_proposal& m,
                            std::optional<refusal_reason> obstacle) {
    auto* leader = std::get_if<leader_state>(&t.s.role);
    if (leader == nullptr || m.term != t.s.current_term || m.request.number == 0) return;
    auto* known = find_forwarder(t.s, from, m.request.run);
    if (known == nullptr) return turn_away(t, from, m.request);
    if (m.request.number > known->last.number)
        decide_request(t, *leader, *known, m, obstacle);
    else if (m.request == known->last)
        answer_forwarder(t, *known);
}

constexpr void on(turn& t, member_id from, const forward_proposal& m) {
    on_forwarded(t, from, m, std::nullopt);
}
}  // namespace raft::core
