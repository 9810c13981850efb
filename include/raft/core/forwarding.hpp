// SPDX-License-Identifier: BSL-1.0
//
// A follower hands proposals to its leader (thesis §6.2), so that a client need not look for it.
// The follower has one request under way: it knows by the answer where the entries are, and learns
// what became of them as everybody does, by applying them. A request that is not answered in time
// is made again under the same number, by which the leader knows it (forwarders.hpp). It ends with
// the leader's term here: whether it was ever taken is unknown then, and the client's session tells
// (§8).
#pragma once

#include <raft/core/transfer.hpp>

namespace raft::detail {

/// Whether a request is under way: the place of its entries is not known yet.
[[nodiscard]] constexpr bool awaits_place(const state& s) {
    return s.tasks->forwarding && s.tasks->forwarding->count > 0;
}

/// Makes the request, or makes it again.
constexpr void send_forwarded(state& s, const follower& following, instant now, auto& out) {
    if (!may_speak(s)) return;
    auto& mine = *s.tasks.change().forwarding;
    mine.asked_at = now;
    out.send(*following.leader, forward_proposal{s.current_term, mine.last, mine.count});
}

/// A word of the leader came. If it has had the time to answer, the request or the answer may be
/// lost. Time is what counts here: a busy leader's words follow close upon one another.
constexpr void follow_forwarding(state& s, const follower& following, instant now, auto& out) {
    if (!awaits_place(s)) return;
    const auto asked_at = s.tasks->forwarding->asked_at;
    if (!asked_at || now - *asked_at >= s.config.heartbeat_interval * 2)
        send_forwarded(s, following, now, out);
}

/// Commands are to go to the leader. A witness hands none on: it applies nothing, and could not say
/// what came of them.
constexpr void on_forward(state& s, std::uint32_t count, instant now, auto& out) {
    const auto* following = std::get_if<follower>(&s.role);
    if (following == nullptr || !following->leader || s.members().is_witness(s.self) ||
        s.tasks->lacks_from)
        return refuse(s, refusal_reason::not_leader, out);
    if (count == 0) return refuse(s, refusal_reason::nothing_to_do, out);
    if (awaits_place(s)) return refuse(s, refusal_reason::too_many_pending, out);
    auto& mine = s.tasks.change().forwarding;
    if (!mine) mine = forwarded_proposals{.last = {.run = name_of_run(s, now)}};
    ++mine->last.number;
    mine->count = count;
    forget(mine->asked_at);
    send_forwarded(s, *following, now, out);
}

/// Whether this is the leader's answer to the request under way, which then is none any more.
[[nodiscard]] constexpr bool ends_request(state& s, member_id from, const auto& answer, instant now,
                                          auto& out) {
    observe_term(s, answer.term, now, out);
    const auto* following = std::get_if<follower>(&s.role);
    if (following == nullptr || answer.term != s.current_term || following->leader != from ||
        !awaits_place(s) || s.tasks->forwarding->last != answer.request)
        return false;
    s.tasks.change().forwarding->count = 0;
    return true;
}

constexpr void on(state& s, member_id from, const forward_proposal_reply& m, instant now,
                  auto& out) {
    if (ends_request(s, from, m, now, out))
        out.occasionally().forwarded = accepted_proposal{m.first, m.term};
}

constexpr void on(state& s, member_id from, const forward_proposal_refusal& m, instant now,
                  auto& out) {
    if (ends_request(s, from, m, now, out))
        out.occasionally().forward_refused = refusal{m.reason, from};
}

}  // namespace raft::detail
