// SPDX-License-Identifier: BSL-1.0
//
// Linearizable reads without writing to the log (§8, thesis §6.4). A read notes the commit index
// and a round of heartbeats that begins after the read came; once a quorum has acknowledged that
// round, this server was still the leader after the read came, so nothing newer than the noted
// index can have been committed elsewhere by then. Reads that come while a round is under way share
// the next one.
#pragma once

#include <raft/core/sending.hpp>
#include <raft/core/state.hpp>

namespace raft::detail {

constexpr void begin_round(state& s, leader& leading, auto& out) {
    ++leading.round.value;
    leading.next_round_wanted = false;
    send_heartbeats(s, leading, out);
}

/// Frees the reads of every round that a quorum has acknowledged, and begins the next if reads wait
/// for it.
constexpr void confirm_rounds(state& s, leader& leading, auto& out) {
    const auto reached = quorum_reached(s.members(), [&](slot member) {
        return member == leading.own ? leading.round : s.peers[member.value].round;
    });
    if (reached <= leading.confirmed) return;
    leading.confirmed = reached;
    out.occasionally().confirmed = reached;
    if (!leading.next_round_wanted) return;
    begin_round(s, leading, out);
}

constexpr void on_round_acknowledged(state& s, leader& leading, progress& peer, read_round round,
                                     auto& out) {
    if (round <= peer.round || round > leading.round) return;
    peer.round = round;
    if (round > leading.confirmed) confirm_rounds(s, leading, out);
}

/// A read was asked for. Before this leader's first entry is committed it cannot know what is; the
/// read waits for that entry.
constexpr void on_read(state& s, auto& out) {
    auto* leading = std::get_if<leader>(&s.role);
    if (leading == nullptr) {
        out.occasionally().refused = refusal{refusal_reason::not_leader, s.current_leader()};
        return;
    }
    const auto index = greatest(s.commit_index, leading->term_start);
    if (leading->round == leading->confirmed) {
        begin_round(s, *leading, out);
        out.occasionally().read = accepted_read{leading->round, index};
        confirm_rounds(s, *leading, out);
    } else {
        leading->next_round_wanted = true;
        out.occasionally().read = accepted_read{{leading->round.value + 1}, index};
    }
}

}  // namespace raft::detail
