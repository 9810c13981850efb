// SPDX-License-Identifier: BSL-1.0
//
// A server that was removed while it was away does not know it: the entry that removed it is never
// sent to it. It would stand for election for ever, to no avail (thesis §4.2.3), and nobody would
// tell those who run it. So whoever it asks for a vote, and knows better, says so; and then it
// stands no more, until a leader sends it something.
#pragma once

#include <raft/core/role.hpp>

namespace raft::detail {

/// Whether this server knows that `from`, whose log ends at `last_log`, was removed: the newest
/// configuration is committed and leaves it out. Who has a log as good as this one may know a
/// configuration that this server lacks, in which it is a member again.
[[nodiscard]] constexpr bool knows_removed(const state& s, member_id from, log_position last_log) {
    const auto& newest = s.configurations.back();
    return newest.index > log_index{} && newest.index <= s.commit_index &&
           !newest.value.slot_of(from) && !at_least_as_up_to_date(last_log, s.log.last());
}

constexpr void tell_removed(const state& s, member_id from, auto& out) {
    if (may_speak(s)) out.send(from, removal_notice{s.current_term, s.configurations.back().index});
}

/// Believed from a member that this server knows, of a configuration that it does not know.
constexpr void on(state& s, member_id from, const removal_notice& m, instant now, auto& out) {
    const bool is_news =
        m.configuration > s.configurations.back().index && s.tasks->removed_at < m.configuration;
    if (s.is_leader() || !is_news || !s.members().slot_of(from)) return;
    s.tasks.change().removed_at = m.configuration;
    out.occasionally().removed = m.configuration;
    if (s.is_candidate()) become_follower(s, s.current_term, std::nullopt, now, out);
}

/// A leader sends this server something: it is a member, or about to be one.
constexpr void forget_removal(state& s) {
    if (s.tasks->removed_at) forget(s.tasks.change().removed_at);
}

}  // namespace raft::detail
