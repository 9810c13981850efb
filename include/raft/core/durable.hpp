// SPDX-License-Identifier: BSL-1.0
//
// What may be said once a write is durable: votes, acknowledgements, and a leader's own part in the
// majority (Figure 2: "updated on stable storage before responding to RPCs").
#pragma once

#include <raft/core/election.hpp>
#include <raft/core/replication.hpp>
#include <raft/core/snapshot.hpp>

namespace raft::detail {

constexpr void answer_what_is_owed(state& s, follower& following, auto& out) {
    if (!may_speak(s)) return;
    if (following.owed.vote) answer_vote(s, following, out);
    if (following.owed.rejection) {
        following.owed.rejection = false;
        const auto prev = following.owed.rejected_prev;
        if (prev.index > following.verified_index) reject(s, following, prev, out);
    }
    if (following.owed.append) acknowledge(s, following, out);
    if (following.owed.chunk && s.disk.durable == s.disk.begun) {
        following.owed.chunk = false;
        if (!s.tasks->incoming) return;
        auto& incoming = *s.tasks.change().incoming;
        incoming.durable = incoming.received;
        answer_chunk(s, following, incoming, out);
    }
}

constexpr void on_durable(state& s, instant now, auto& out) {
    if (auto* following = std::get_if<follower>(&s.role))
        return answer_what_is_owed(s, *following, out);
    if (auto* standing = std::get_if<candidate>(&s.role)) {
        if (!standing->pre_vote && may_speak(s)) on_own_vote_durable(s, *standing, now, out);
        return;
    }
    auto& leading = *std::get_if<leader>(&s.role);
    if (!leading.own) return;
    auto& mine = s.peers[leading.own->value];
    mine.match_index = s.disk.durable_index;
    mine.heard_at = now;
    if (!advance_commit(s, leading, s.disk.durable_index, out)) return;
    spread_commit(s, leading, out);
    if (leading.changing) hasten_change(now, out);
}

/// This write and all before it, not all of which were durable before, are durable.
constexpr void on_written(state& s, write_sequence sequence, instant now, auto& out) {
    auto& disk = s.disk;
    disk.durable = sequence;
    if (disk.durable >= disk.stretch_sequence) {
        const auto steps = disk.durable.value - disk.stretch_sequence.value;
        disk.durable_index = greatest(disk.durable_index, disk.stretch_index + steps);
    }
    on_durable(s, now, out);
}

/// To be able to say something may be a reason to write more: a single server that votes for itself
/// leads.
[[gnu::noinline, gnu::cold]] constexpr void complete_all_writes(state& s, instant now, auto& out) {
    while (s.disk.durable != s.disk.begun) on_written(s, s.disk.begun, now, out);
}

/// What this step wrote needs no completion if the storage is durable at once.
constexpr void complete_writes(state& s, instant now, auto& out) {
    if (s.disk.durable != s.disk.begun && s.config.durable_at_once)
        complete_all_writes(s, now, out);
}

}  // namespace raft::detail
