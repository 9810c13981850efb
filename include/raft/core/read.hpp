// SPDX-License-Identifier: BSL-1.0
//
// Reads that write nothing to the log (§8, thesis §6.4). A linearizable read notes the commit index
// and a round of heartbeats that begins after the read came. A read under a lease needs no round
// while the lease holds. A stale read needs no other server if the last contact was recent enough.
#pragma once

#include <raft/core/follower_read.hpp>
#include <raft/core/lease.hpp>
#include <raft/core/read_consistency.hpp>
#include <raft/core/request.hpp>
#include <raft/core/round.hpp>

namespace raft::core {

/// Whether, in the last `bound`, a message of the leader came or, at the leader, replies of a
/// quorum did, and this server knows as committed everything that was committed by then. Contact
/// alone is not enough: the log may be hours behind.
[[nodiscard]] constexpr bool is_fresh(const state& s, duration bound, instant now) {
    if (const auto* follower = std::get_if<follower_state>(&s.role))
        return follower->leader && follower->commit_index_is_current &&
               now - follower->last_contact <= bound;
    const auto* leader = std::get_if<leader_state>(&s.role);
    return leader != nullptr && s.commit_index >= leader->term_start &&
           quorum_agrees(s.members(), [&](slot member) {
               return member == leader->own || (!s.peers[member.value].silent &&
                                                now - s.peers[member.value].last_contact <= bound);
           });
}

constexpr void on_stale_read(turn& t, duration bound) {
    if (is_fresh(t.s, bound, t.now))
        t.out.rare.change().read = accepted_read{{}, t.s.commit_index};
    else
        refuse(t, refusal_reason::too_stale);
}

constexpr void on_read(turn& t, read_consistency consistency, duration bound) {
    // A witness has no data to read from; the leader has.
    if (t.s.members().is_witness(t.s.self) || t.s.tasks->lacks_from)
        return refuse(t, refusal_reason::not_leader);
    if (consistency == read_consistency::stale) return on_stale_read(t, bound);
    if (consistency == read_consistency::lease && !allows_leases(t.s))
        return refuse(t, refusal_reason::no_lease);
    if (auto* follower = std::get_if<follower_state>(&t.s.role))
        return read_as_follower(t, *follower);
    auto* leader = leading_or_refuse(t);
    if (leader == nullptr) return;
    const auto index = read_index(t.s, *leader);
    const bool at_once = consistency == read_consistency::lease && holds_lease(t.s, *leader, t.now);
    t.out.rare.change().read = accepted_read{at_once ? read_round{} : next_round(*leader), index};
    if (!at_once) want_round(t, *leader);
}

}  // namespace raft::core
