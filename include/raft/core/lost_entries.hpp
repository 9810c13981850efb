// SPDX-License-Identifier: BSL-1.0
//
// A server whose disk has lost entries that it may have acknowledged. The storage knows where its
// log ended, and nothing else is in doubt: neither term nor vote. Until the entries are here again
// it keeps to three rules, and no committed entry is ever missed:
//
// * It votes by the log that it had (§5.4.1): no candidate has its vote or pre-vote that would not
//   have had it if nothing had been lost. So an entry that was or will be committed because this
//   server once acknowledged it is in the log of whoever it helps to elect: Leader Completeness
//   (§5.4.3) asks of a voter that it had acknowledged the entry, and voted by a log that held it.
//   A leader may even go on counting on the old acknowledgement.
// * It does not stand itself: its own vote would go to a log that ends before the one that it had.
//   So it counts no quorum, and the configuration that it takes for the one in force, which may
//   be older than one that was lost, elects nobody and commits nothing.
// * What it acknowledges is what is on its disk now, and it tells a leader that assumes more.
//
// That ends when its log is durable and, up to an entry at least as up to date as the last that was
// lost, known to be the present leader's. That leader's log holds all that this server's part was
// in committing, at indexes and in terms up to those of the last one lost; and in a log whose terms
// never decrease these come before an entry that is as up to date as that one.
#pragma once

#include <raft/core/role.hpp>

namespace raft::detail {

/// The end of the log that this server votes by.
[[nodiscard]] constexpr log_position log_to_vote_by(const state& s) {
    const auto own = s.log.last();
    const auto& lost = s.tasks->lost_through;
    return lost && !at_least_as_up_to_date(own, *lost) ? *lost : own;
}

/// Whether all that was lost is here again: the log is the leader's up to `verified`, and durable,
/// or the snapshot covers it. What a snapshot holds is committed, and so is all that this server
/// ever helped to commit at its indexes (§7).
[[nodiscard]] constexpr bool has_regained(const state& s, log_position lost, log_index verified) {
    const auto covered = s.snapshot.last_included.index;
    if (lost.index <= covered && covered <= verified) return true;
    const auto term = s.log.term_at(verified);
    return term && at_least_as_up_to_date({verified, *term}, lost);
}

/// The log is the leader's up to `verified`, and durable: if anything was lost, perhaps all of it
/// is here.
[[gnu::noinline, gnu::cold]] constexpr void regain_lost_entries(state& s, log_index verified,
                                                                auto& out) {
    const auto& lost = s.tasks->lost_through;
    if (!lost || !has_regained(s, *lost, verified)) return;
    forget(s.tasks.change().lost_through);
    out.occasionally().lost_regained = true;
}

}  // namespace raft::detail
