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
/// for more.
[[nodiscard]] constexpr forwarder* find_forwarder(state& s, member_id id, std::uint64_t run) {
    auto& known = s.tasks.change().forwarders;
    for (auto& each : known)
        if (each.id == id && each.last.run == run) return &each;
    if (known.size() >= forwarders_max) return nullptr;
    known.push_back({.id = id, .last = {.run = run}});
    return &known.back();
}

constexpr void answer_forwarder(const state& s, const forwarder& known, auto& out) {
    if (const auto* first = std::get_if<log_index>(&known.answer))
        out.send(known.id, forward_proposal_reply{s.current_term, known.last, *first});
    else
        out.send(known.id, forward_proposal_refusal{s.current_term, known.last,
                                                    *std::get_if<refusal_reason>(&known.answer)});
}

/// Takes or refuses a request that has not come before. The answer goes ahead of the entries, so
/// that the follower knows them for its own when they come.
constexpr void decide_request(state& s, leader& leading, forwarder& known,
                              const forward_proposal& m, std::optional<refusal_reason> obstacle,
                              auto& out) {
    if (!s.members().slot_of(known.id)) obstacle = refusal_reason::unknown_member;
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
    if (known == nullptr) {
        const forwarder stranger{from, m.request, refusal_reason::too_many_pending};
        return answer_forwarder(s, stranger, out);
    }
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
