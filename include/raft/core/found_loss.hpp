// SPDX-License-Identifier: BSL-1.0
//
// A leader finds that a member lacks what it had acknowledged. Its disk went back, as when an older
// copy is put in its place, and it does not know: what a storage knows to have lost is in
// lost_entries.hpp. Until the leader finds it, the member is one that forgot its promises (§5.1,
// Figure 2), and nothing that it could say would show it.
//
// A rejection of what was acknowledged can be late: the network may hold it back. So it only makes
// the leader begin a round of heartbeats. What answers that round was asked after the
// acknowledgement had come, and proves the loss. Then the member counts with what it has, gets the
// rest again, and is told where its log had ended, so that it votes by that until it is there.
#pragma once

#include <algorithm>

#include <raft/core/lost_entries.hpp>
#include <raft/core/role.hpp>
#include <raft/core/round.hpp>

namespace raft::core {

[[nodiscard]] constexpr bool contradicts(const append_entries_rejection& m, const progress& peer) {
    return m.prev_index <= peer.match_index && peer.mode != replication_mode::snapshot;
}

/// Whether a rejection that contradicts an acknowledgement came after it. If that is not certain,
/// the next round will show.
[[nodiscard]] constexpr bool proves_loss(state& s, const leader_state& leader, member_id from,
                                         const append_entries_rejection& m) {
    auto& suspected = s.tasks.change().suspected;
    const auto known = std::find_if(suspected.begin(), suspected.end(),
                                    [&](const auto& each) { return each.member == from; });
    if (known != suspected.end()) return m.round >= known->round;
    suspected.push_back({from, next_round(leader)});
    return false;
}

constexpr void forget_suspicion(state& s, member_id of) {
    if (!s.tasks->suspected.empty())
        std::erase_if(s.tasks.change().suspected,
                      [&](const auto& each) { return each.member == of; });
}

/// What is compacted away was committed, and its end is known by the base of the log.
[[nodiscard]] constexpr log_position acknowledged_position(const state& s, const progress& peer) {
    const auto term = s.log.term_at(peer.match_index);
    return term ? log_position{peer.match_index, *term} : s.log.base();
}

/// The loss is certain: the member counts with nothing until it has acknowledged it anew.
constexpr void note_loss(turn& t, member_id of, progress& peer) {
    const auto through = acknowledged_position(t.s, peer);
    forget_suspicion(t.s, of);
    t.s.tasks.change().found_loss = found_loss{of, through};
    t.out.send(of, loss_notice{t.s.current_term, through});
    peer.match_index = {};
}

/// The leader knows that this server's log had gone further. It keeps the rules of lost_entries.hpp
/// until it has.
constexpr void on(turn& t, member_id from, const loss_notice& m) {
    if (follower_of(t.s, from, m.term) == nullptr || m.through.term > m.term ||
        at_least_as_up_to_date(log_for_votes(t.s), m.through))
        return;
    t.s.tasks.change().lost_through = m.through;
}

}  // namespace raft::core
