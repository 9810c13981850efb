// SPDX-License-Identifier: BSL-1.0
//
// What a server may send once a write is durable: votes, acknowledgements, and a leader's own part
// in the majority (Figure 2: "updated on stable storage before responding to RPCs").
#pragma once

#include <raft/core/election.hpp>
#include <raft/core/replication.hpp>
#include <raft/core/snapshot.hpp>

namespace raft::core {

constexpr void send_deferred_replies(turn& t, follower_state& follower) {
    if (!hard_state_is_durable(t.s)) return;
    if (follower.deferred.vote) send_vote(t, follower);
    if (follower.deferred.rejection) {
        follower.deferred.rejection = false;
        const auto prev = follower.deferred.rejected_prev;
        if (prev.index > follower.matched_index) reject(t, follower, prev);
    }
    if (follower.deferred.append) acknowledge(t, follower);
    if (follower.deferred.chunk && t.s.disk.is_idle()) {
        follower.deferred.chunk = false;
        if (!t.s.tasks->incoming) return;
        auto& incoming = *t.s.tasks.change().incoming;
        incoming.durable = incoming.received;
        answer_chunk(t, follower, incoming);
    }
}

constexpr void on_durable(turn& t) {
    if (auto* follower = std::get_if<follower_state>(&t.s.role))
        return send_deferred_replies(t, *follower);
    if (auto* candidate = std::get_if<candidate_state>(&t.s.role)) {
        if (!candidate->pre_vote && hard_state_is_durable(t.s)) on_own_vote_durable(t, *candidate);
        return;
    }
    auto& leader = held<leader_state>(t.s.role);
    if (!leader.own) return;
    auto& mine = t.s.peers[held(leader.own).value];
    mine.match_index = t.s.disk.durable_index;
    mine.last_contact = t.now;
    if (!advance_commit(t, leader, t.s.disk.durable_index)) return;
    spread_commit(t, leader);
    if (leader.changing) advance_change(t, leader);
}

/// This write and all before it are durable; at least one of them was not before.
constexpr void on_written(turn& t, write_sequence sequence) {
    t.s.disk.complete(sequence);
    on_durable(t);
}

/// Completes writes until none is left. Completing one may issue another: a sole voter becomes
/// leader by its own vote.
constexpr void complete_all_writes(turn& t) {
    while (!t.s.disk.is_idle()) on_written(t, t.s.disk.issued);
}

/// If the storage is durable at once, the writes of this step are complete now: no completion
/// follows as an input.
constexpr void complete_writes(turn& t) {
    if (!t.s.disk.is_idle() && t.s.config.durable_at_once) complete_all_writes(t);
}

}  // namespace raft::core
