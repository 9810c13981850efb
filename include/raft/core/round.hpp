// SPDX-License-Identifier: BSL-1.0
//
// Rounds of heartbeats (thesis §6.4). Once a quorum has acknowledged a round, this server was still
// the leader after the round began, so nothing that it does not know can have been committed by
// then. Reads that come while a round is in progress share the next one.
#pragma once

#include <algorithm>

#include <raft/core/sending.hpp>

namespace raft::core {

constexpr void begin_round(turn& t, leader_state& leader) {
    ++leader.round.value;
    leader.round_began = t.now;
    leader.next_round_wanted = false;
    send_heartbeats(t, leader);
}

/// Confirms the reads of every round that a quorum has acknowledged, and begins the next round if
/// reads wait for it.
constexpr void confirm_rounds(turn& t, leader_state& leader) {
    const auto reached = quorum_reached(t.s.members(), [&](slot member) {
        return member == leader.own ? leader.round : t.s.peers[member.value].round;
    });
    if (reached <= leader.confirmed) return;
    leader.confirmed = reached;
    leader.has_lease = true;
    leader.lease_from = leader.round_began;
    t.out.rare.change().confirmed = confirmed_reads{reached, {}};
    if (!leader.readers.empty())
        t.out.send(leader.readers, round_confirmed{t.s.current_term, reached});
    // Some of the readers may wait for the round that begins now.
    if (leader.next_round_wanted)
        begin_round(t, leader);
    else
        leader.readers = {};
}

constexpr void on_round_acknowledged(turn& t, leader_state& leader, progress& peer,
                                     read_round round) {
    if (round <= peer.round || round > leader.round) return;
    peer.round = round;
    if (round > leader.confirmed) confirm_rounds(t, leader);
}

/// The round that confirms a read that comes now.
[[nodiscard]] constexpr read_round next_round(const leader_state& leader) {
    return {leader.round.value + 1};
}

/// Begins that round, now or when the one in progress is confirmed.
constexpr void want_round(turn& t, leader_state& leader) {
    if (leader.round != leader.confirmed) {
        leader.next_round_wanted = true;
        return;
    }
    begin_round(t, leader);
    confirm_rounds(t, leader);
}

/// Before this leader's first entry is committed it cannot know what is committed; reads wait for
/// that entry.
[[nodiscard]] constexpr log_index read_index(const state& s, const leader_state& leader) {
    return std::max(s.commit_index, leader.term_start);
}

}  // namespace raft::core
