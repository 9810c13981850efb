// SPDX-License-Identifier: BSL-1.0
//
// A server that was removed while it was offline does not know it: the entry that removed it is
// never sent to it. It would start elections for ever, in vain (thesis §4.2.3), and its operators
// would not see why. So a server that receives its request for a vote, and knows of the removal,
// replies with a notice. After this notice the removed server starts no election until a leader
// sends it something.
#pragma once

#include <raft/core/role.hpp>

namespace raft::core {

/// Whether this server knows that `from`, whose log ends at `last_log`, was removed: the newest
/// configuration is committed and leaves it out. A server with a log as good as this one may know a
/// configuration that this server lacks, and in which it is a member again.
[[nodiscard]] constexpr bool knows_removed(const state& s, member_id from, log_position last_log) {
    const auto& newest = s.configurations.back();
    return newest.index > log_index{} && newest.index <= s.commit_index &&
           !newest.value.slot_of(from) && !at_least_as_up_to_date(last_log, s.log.last());
}

constexpr void send_removal_notice(turn& t, member_id from) {
    if (hard_state_is_durable(t.s))
        t.out.send(from, removal_notice{t.s.current_term, t.s.configurations.back().index});
}

/// A notice counts if a member that this server knows sent it, and if its configuration is newer
/// than those that this server has.
constexpr void on(turn& t, member_id from, const removal_notice& m) {
    const bool is_new = m.configuration > t.s.configurations.back().index &&
                        t.s.tasks->removed_at < m.configuration;
    if (t.s.is_leader() || !is_new || !t.s.members().slot_of(from)) return;
    t.s.tasks.change().removed_at = m.configuration;
    t.out.rare.change().removed = m.configuration;
    if (t.s.is_candidate()) become_follower(t, t.s.current_term, std::nullopt);
}

/// A leader sends messages to this server: it is a member, or is about to be one.
constexpr void forget_removal(state& s) {
    if (s.tasks->removed_at) forget(s.tasks.change().removed_at);
}

}  // namespace raft::core
