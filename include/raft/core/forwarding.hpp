// SPDX-License-Identifier: BSL-1.0
//
// A follower forwards proposals to its leader (thesis §6.2), so that a client need not find the
// leader. The follower has one request in progress. The reply says at which index the entries are;
// the follower learns their outcome like every server, by applying them. A request without a timely
// reply is sent again under the same number, by which the leader recognizes it (forwarders.hpp).
// The request ends here with the leader's term: then it is unknown whether it was ever accepted,
// and the client's session decides (§8).
#pragma once

#include <raft/core/transfer.hpp>

namespace raft::core {

/// Whether a request is in progress: the index of its entries is not known yet.
[[nodiscard]] constexpr bool awaits_place(const state& s) {
    return s.tasks->forwarding && s.tasks->forwarding->count > 0;
}

/// Sends the request, for the first time or again.
constexpr void send_forwarded(turn& t, const follower_state& follower) {
    if (!hard_state_is_durable(t.s)) return;
    auto& mine = *t.s.tasks.change().forwarding;
    mine.sent_at = t.now;
    t.out.send(*follower.leader, forward_proposal{t.s.current_term, mine.last, mine.count});
}

/// A message of the leader came. If there was time for a reply, the request or the reply may be
/// lost. Time decides, not the number of messages: those of a busy leader follow each other
/// closely.
constexpr void follow_forwarding(turn& t, const follower_state& follower) {
    if (!awaits_place(t.s)) return;
    const auto sent_at = t.s.tasks->forwarding->sent_at;
    if (!sent_at || t.now - *sent_at >= t.s.config.heartbeat_interval * 2)
        send_forwarded(t, follower);
}

/// Forwards commands to the leader. A witness forwards none: it applies nothing, and could not
/// report their outcome.
constexpr void on_forward(turn& t, std::uint32_t count) {
    const auto* follower = std::get_if<follower_state>(&t.s.role);
    if (follower == nullptr || !follower->leader || t.s.members().is_witness(t.s.self) ||
        t.s.tasks->lacks_from)
        return refuse(t, refusal_reason::not_leader);
    if (count == 0) return refuse(t, refusal_reason::nothing_to_do);
    if (awaits_place(t.s)) return refuse(t, refusal_reason::too_many_pending);
    auto& mine = t.s.tasks.change().forwarding;
    if (!mine) mine = forwarded_proposals{.last = {.run = name_of_run(t.s, t.now)}};
    ++mine->last.number;
    mine->count = count;
    forget(mine->sent_at);
    send_forwarded(t, *follower);
}

/// Whether this is the leader's reply to the request in progress. If so, the request ends.
[[nodiscard]] constexpr bool ends_request(turn& t, member_id from, const auto& answer) {
    if (follower_of(t.s, from, answer.term) == nullptr || !awaits_place(t.s) ||
        t.s.tasks->forwarding->last != answer.request)
        return false;
    t.s.tasks.change().forwarding->count = 0;
    return true;
}

constexpr void on(turn& t, member_id from, const forward_proposal_reply& m) {
    if (ends_request(t, from, m))
        t.out.rare.change().forwarded = accepted_proposal{m.first, m.term};
}

constexpr void on(turn& t, member_id from, const forward_proposal_refusal& m) {
    if (ends_request(t, from, m)) t.out.rare.change().forward_refused = refusal{m.reason, from};
}

}  // namespace raft::core
