// SPDX-License-Identifier: BSL-1.0
//
// Reads of followers (thesis §6.4): a follower asks its leader up to which index it must apply the
// log before it serves the reads that wait. The leader replies with an index and a round. One
// request is in progress at a time; reads that come meanwhile share the next one.
#pragma once

#include <raft/core/request.hpp>
#include <raft/core/round.hpp>

namespace raft::core {

// ---------------------------------------------------------------------------------------- follower

[[nodiscard]] constexpr bool awaits_reads(const state& s) {
    return s.tasks->reads && s.tasks->reads->requested != s.tasks->reads->confirmed;
}

/// Sends the request to the leader, for all reads that wait.
constexpr void forward_reads(turn& t, const follower_state& follower) {
    t.out.send(*follower.leader, request_read_index{t.s.current_term, t.s.tasks->reads->requested});
}

constexpr void begin_forwarding(turn& t, const follower_state& follower, forwarded_reads& reads) {
    reads.requested = {++t.s.tasks.change().last_request->value};
    reads.answered = false;
    reads.wanted = false;
    reads.overdue = false;
    if (hard_state_is_durable(t.s)) forward_reads(t, follower);
}

constexpr void read_as_follower(turn& t, const follower_state& follower) {
    if (!follower.leader) return refuse(t, refusal_reason::not_leader);
    auto& tasks = t.s.tasks.change();
    // A reply to a request of an earlier run of this server must not be taken for one to this.
    if (!tasks.last_request) tasks.last_request = read_round{name_of_run(t.s, t.now)};
    if (!tasks.reads)
        tasks.reads =
            forwarded_reads{.requested = *tasks.last_request, .confirmed = *tasks.last_request};
    auto& reads = *tasks.reads;
    if (reads.requested == reads.confirmed) {
        begin_forwarding(t, follower, reads);
        t.out.rare.change().read = accepted_read{reads.requested, {}};
    } else {
        reads.wanted = true;
        t.out.rare.change().read = accepted_read{{reads.requested.value + 1}, {}};
    }
}

/// The leader's `round` is confirmed: the reads that wait for it are safe.
constexpr void settle_forwarded(turn& t, const follower_state& follower, read_round round) {
    auto& reads = *t.s.tasks.change().reads;
    if (!reads.answered || round < reads.round || reads.confirmed == reads.requested) return;
    reads.confirmed = reads.requested;
    t.out.rare.change().confirmed = confirmed_reads{reads.requested, reads.index};
    if (reads.wanted) begin_forwarding(t, follower, reads);
}

/// A heartbeat of the leader came, in its `round`. A leader begins a round only when the round
/// before it is confirmed. A request begins a round, whose heartbeat may come before the reply. If
/// another heartbeat comes first, the request or its reply may be lost: the follower sends the
/// request again.
constexpr void follow_forwarded(turn& t, const follower_state& follower, read_round round) {
    if (!awaits_reads(t.s)) return;
    auto& reads = *t.s.tasks.change().reads;
    if (reads.answered && round > reads.round) return settle_forwarded(t, follower, reads.round);
    if (reads.overdue && hard_state_is_durable(t.s)) forward_reads(t, follower);
    reads.overdue = !reads.overdue;
}

/// The follower to whose reads `from` replies as its leader in this term; null if there is none.
[[nodiscard]] constexpr follower_state* reader_of(turn& t, member_id from, term_number term) {
    return t.s.tasks->reads ? follower_of(t.s, from, term) : nullptr;
}

constexpr void on(turn& t, member_id from, const read_index_reply& m) {
    auto* follower = reader_of(t, from, m.term);
    if (follower == nullptr) return;
    auto& reads = *t.s.tasks.change().reads;
    if (reads.requested != m.request || reads.answered) return;
    reads.answered = true;
    reads.round = m.round;
    reads.index = m.index;
}

constexpr void on(turn& t, member_id from, const round_confirmed& m) {
    if (auto* follower = reader_of(t, from, m.term)) settle_forwarded(t, *follower, m.round);
}

// ------------------------------------------------------------------------------------------ leader

constexpr void on(turn& t, member_id from, const request_read_index& m) {
    const auto reader = member_of_leader(t.s, from, m.term);
    if (!reader) return;
    auto& leader = held<leader_state>(t.s.role);
    leader.readers.insert(*reader);
    // The reply goes before the heartbeats of the round: a follower that sees two heartbeats
    // without the reply sends its request again.
    t.out.send(
        member_set::of(*reader),
        read_index_reply{t.s.current_term, m.request, next_round(leader), read_index(t.s, leader)});
    want_round(t, leader);
}

}  // namespace raft::core
