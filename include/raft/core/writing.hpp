// SPDX-License-Identifier: BSL-1.0
//
// How a step writes: each change of persistent state is issued together with its write (Figure 2,
// persistent state).
#pragma once

#include <raft/core/turn.hpp>

namespace raft::core {

/// Issues a write of term and vote; what else this step writes goes with it.
constexpr void persist_vote(turn& t) {
    const auto sequence = t.s.disk.issue_vote(t.s.log.last_index());
    t.out.persist(sequence, hard_state{t.s.current_term, t.s.voted_for});
}

/// Truncates the log after `last_kept`.
constexpr void cut_off_log(state& s, log_index last_kept) {
    s.log.truncate_after(last_kept);
    while (s.configurations.back().index > last_kept) s.configurations.pop_back();
    if (s.tasks->lacks_from > last_kept) forget(s.tasks.change().lacks_from);
    s.disk.cut_off(last_kept);
}

/// Appends entries of one term to the log, after `last_kept` and up to `last`, and issues their
/// write. One of them may be the configuration `carried`.
constexpr void append_to_log(turn& t, log_index last_kept, log_index last, term_number term,
                             entry_source source, const indexed_configuration* carried) {
    if (last_kept < t.s.log.last_index()) cut_off_log(t.s, last_kept);
    const auto count = last - last_kept;
    t.s.log.append(term, count);
    if (carried != nullptr && carried->index > last_kept && carried->index <= last)
        t.s.configurations.push_back(*carried);
    t.out.append(t.s.disk.issue_entries(count), append{next(last_kept), last, term, source});
}

/// Issues a write without vote or entries, and returns its sequence.
constexpr write_sequence begin_other_write(state& s) {
    return s.disk.issue_other(s.log.last_index());
}

/// Whether the entries just appended, since the write `before`, are durable already: the storage is
/// durable at once, and no other write was in progress. Then nothing waits for a completion.
[[nodiscard]] constexpr bool durable_already(state& s, write_sequence before) {
    if (!s.config.durable_at_once || s.disk.durable != before) return false;
    s.disk.durable = s.disk.issued;
    s.disk.durable_index = s.log.last_index();
    return true;
}

}  // namespace raft::core
