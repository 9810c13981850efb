// SPDX-License-Identifier: BSL-1.0
//
// A server whose disk has lost entries that it may have acknowledged. The storage knows where its
// log ended, and nothing else is in doubt: neither term nor vote. Until the entries are here again
// the server keeps three rules, and so no committed entry is lost:
//
// * It votes by the log that it had (§5.4.1). It grants no vote or pre-vote that it would not have
//   granted if nothing had been lost. So an entry that was or will be committed because this server
//   once acknowledged it is in the log of every leader that this server helps to elect: Leader
//   Completeness (§5.4.3) requires of a voter that it had acknowledged the entry, and voted by a
//   log that held it. A leader may even continue to count the old acknowledgement.
// * It starts no election: its own vote would go to a log that ends before the one that it had. So
//   it counts no quorum, and the configuration that it regards as the one in force, which may be
//   older than one that was lost, elects no leader and commits nothing.
// * It acknowledges only what is on its disk now. To a leader that assumes more, it sends
//   rejections that say that entries are lost.
//
// This ends when its log is durable and, up to an entry at least as up to date as the last lost
// one, known to be the current leader's. That leader's log holds all entries that this server
// helped to commit, at indexes and in terms up to those of the last lost one. Terms never decrease
// along a log, so these entries come before an entry that is as up to date as that one.
#pragma once

#include <raft/core/role.hpp>

namespace raft::core {

/// The end of the log by which this server votes.
[[nodiscard]] constexpr log_position log_for_votes(const state& s) {
    const auto own = s.log.last();
    const auto& lost = s.tasks->lost_through;
    return lost && !at_least_as_up_to_date(own, *lost) ? *lost : own;
}

/// Whether all lost entries are here again: the log is the leader's up to `verified`, and durable,
/// or the snapshot covers them. What a snapshot holds is committed, and so is everything that this
/// server ever helped to commit at those indexes (§7).
[[nodiscard]] constexpr bool has_regained(const state& s, log_position lost, log_index verified) {
    const auto covered = s.snapshot.last_included.index;
    if (lost.index <= covered && covered <= verified) return true;
    const auto term = s.log.term_at(verified);
    return term && at_least_as_up_to_date({verified, *term}, lost);
}

/// The log is the leader's up to `verified`, and durable. If entries were lost, all of them may be
/// here again.
constexpr void regain_lost_entries(turn& t, log_index verified) {
    const auto& lost = t.s.tasks->lost_through;
    if (!lost || !has_regained(t.s, *lost, verified)) return;
    forget(t.s.tasks.change().lost_through);
    t.out.rare.change().lost_regained = true;
}

}  // namespace raft::core
