// SPDX-License-Identifier: BSL-1.0
//
// A log without commands must be recognized. A witness receives only the indexes and terms of the
// entries (see `configuration`). By these its log matches the leader's, so no leader would send the
// entries again if the same server became a voter or a learner: it could lead, and serve reads,
// from a state with a gap. So every server knows from which entry on its log lacks commands, and
// its storage keeps that. While any are missing
//
// * the server starts no election, and no leader makes it start one (§5.4.1: a leader has the
//   committed entries, and not only their terms);
// * it applies nothing from there on, serves no reads, forwards no proposals, and takes no snapshot
//   but a witness's, which is a position in the log without a state.
//
// A leader says with each message whether it withholds commands. The first message that does not
// withhold them shows that this server is to have them: the part of the log that lacks them is
// removed, as if the disk had lost it (lost_entries.hpp). So the promises stand, and the leader
// sends what is missing.
#pragma once

#include <algorithm>

#include <raft/core/lost_entries.hpp>
#include <raft/core/role.hpp>

namespace raft::core {

/// Whether `sender`, when it leads, withholds commands and the bytes of snapshots from this member.
[[nodiscard]] constexpr bool withholds_commands(const state& sender, member_id to) {
    const bool stays = sender.members().slot_of(to).has_value();
    return (stays ? sender.members() : sender.members_before()).is_witness(to);
}

/// Whether any of the commands up to and including `last` is missing.
[[nodiscard]] constexpr bool lacks_commands(const state& s, log_index last) {
    return s.tasks->lacks_from && *s.tasks->lacks_from <= last;
}

/// Committed entries can be applied up to here: their commands are here.
[[nodiscard]] constexpr log_index applicable_index(const state& s) {
    if (!s.tasks.is_changed()) return s.commit_index;
    return lacks_commands(s, s.commit_index) ? previous(*s.tasks->lacks_from) : s.commit_index;
}

/// Whether the snapshot that this server has is a witness's: a position in the log without a state.
[[nodiscard]] constexpr bool lacks_snapshot_state(const state& s) {
    return lacks_commands(s, s.snapshot.last_included.index);
}

/// Entries from `first` on came without their commands. A caller that waits here for one of them to
/// be applied would wait for ever.
constexpr void note_missing_commands(turn& t, log_index first) {
    auto& tasks = t.s.tasks.change();
    if (tasks.lacks_from) {
        tasks.lacks_from = std::min(*tasks.lacks_from, first);
        return;
    }
    tasks.lacks_from = first;
    forget(tasks.reads);
    t.out.rare.change().reads_lost = true;
    if (!tasks.forwarding) return;
    tasks.forwarding->count = 0;
    t.out.rare.change().forwarding_lost = true;
}

/// The log begins at index 1 again: neither its entries nor the snapshot are of use.
constexpr void begin_log_anew(state& s) {
    s.log = log_terms{};
    s.snapshot = {};
    s.configurations.assign(1, indexed_configuration{});
    s.disk.durable_index = {};
}

/// The leader sends this server the commands: the part of the log that lacks them is removed.
constexpr void drop_entries_without_commands(turn& t, follower_state& follower) {
    const auto lost_through = log_for_votes(t.s);
    const auto last_whole = previous(*t.s.tasks->lacks_from);
    auto& tasks = t.s.tasks.change();
    tasks.lost_through = lost_through;
    forget(tasks.lacks_from);
    if (last_whole < t.s.snapshot.last_included.index)
        begin_log_anew(t.s);
    else
        cut_off_log(t.s, last_whole);
    const auto last_kept = t.s.log.last();
    t.s.commit_index = std::min(t.s.commit_index, last_kept.index);
    follower.matched_index = std::min(follower.matched_index, last_kept.index);
    t.out.rare.change().cut = log_cut{begin_other_write(t.s), last_kept, lost_through};
}

/// `withheld`: the leader sends this server no commands.
constexpr void expect_commands(turn& t, follower_state& follower, bool withheld) {
    if (!withheld && t.s.tasks->lacks_from) drop_entries_without_commands(t, follower);
}
}  // namespace raft::core
