// SPDX-License-Identifier: BSL-1.0
//
// Leadership transfer (thesis §3.10): the leader takes no more proposals, brings the target's log
// up to its own, and tells it to stand for election at once. If that takes longer than an election
// timeout the leader goes on as before.
#pragma once

#include <raft/core/sending.hpp>

namespace raft::detail {

/// Tells the target to stand for election once it has the whole log.
constexpr void advance_transfer(state& s, leader& leading, auto& out) {
    if (!leading.transfer || leading.transfer->asked) return;
    const auto target = leading.transfer->target;
    if (s.peers[target.value].match_index < s.log.last_index()) return;
    leading.transfer->asked = true;
    out.send(member_set::of(target), timeout_now{s.current_term, s.log.last_index()});
}

constexpr void on_transfer(state& s, member_id target, instant now, auto& out) {
    auto* leading = std::get_if<leader>(&s.role);
    if (leading == nullptr) {
        out.occasionally().refused = refusal{refusal_reason::not_leader, s.current_leader()};
        return;
    }
    const auto member = s.members().slot_of(target);
    if (!member || target == s.self || !s.members().voters.contains(*member) || leading->transfer) {
        out.occasionally().refused = refusal{refusal_reason::nothing_to_do, s.self};
        return;
    }
    leading->transfer = leadership_transfer{*member, now + s.config.election_timeout, false};
    send_news(s, *leading, out);
    advance_transfer(s, *leading, out);
}

}  // namespace raft::detail
