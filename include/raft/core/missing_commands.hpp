// SPDX-License-Identifier: BSL-1.0
//
// A log without commands is known for what it is. A witness gets the entries' indexes and terms
// alone (see `configuration`). By them its log matches the leader's, so nobody would ever send the
// entries again if the same server came to be a voter or a learner: it would lead, and answer, out
// of a state with a hole in it. So every server knows from which entry on its log lacks commands,
// and its storage keeps that. While any are missing
//
// * it does not stand for election, and nobody makes it (§5.4.1: who leads has what is committed,
//   and not only its terms);
// * it applies nothing from there on, serves no reads, hands no proposals on, and takes no snapshot
//   but a witness's, which is a place in the log and has no state.
//
// A leader says with each message whether it withholds commands. The first one that does not is the
// sign that this server is to have them: the part of the log that lacks them goes, as if the disk
// had lost it (lost_entries.hpp). So the promises stand, and the leader sends what is missing.
#pragma once

#include <raft/core/lost_entries.hpp>
#include <raft/core/role.hpp>

namespace raft {

/// Whether `sender`, when it leads, keeps commands and snapshots' bytes from this member.
[[nodiscard]] constexpr bool withholds_commands(const state& sender, member_id to) {
    return sender.members().is_witness(to);
}

/// Whether any of the commands up to and including `last` is missing.
[[nodiscard]] constexpr bool lacks_commands(const state& s, log_index last) {
    return s.tasks->lacks_from && *s.tasks->lacks_from <= last;
}

/// Up to here what is committed can be applied: the commands are here.
[[nodiscard, gnu::always_inline]] constexpr log_index applicable_index(const state& s) {
    if (!s.tasks.is_changed()) [[likely]]
        return s.commit_index;
    return lacks_commands(s, s.commit_index) ? previous(*s.tasks->lacks_from) : s.commit_index;
}

/// Whether the snapshot that this server has is a witness's: a place in the log without a state.
[[nodiscard]] constexpr bool lacks_snapshot_state(const state& s) {
    return lacks_commands(s, s.snapshot.last_included.index);
}

namespace detail {

/// Entries from `first` on came without their commands. Who waits here for one of them to be
/// applied would wait for ever.
[[gnu::noinline, gnu::cold]] constexpr void note_missing_commands(state& s, log_index first,
                                                                  auto& out) {
    auto& tasks = s.tasks.change();
    if (tasks.lacks_from) {
        tasks.lacks_from = least(*tasks.lacks_from, first);
        return;
    }
    tasks.lacks_from = first;
    forget(tasks.reads);
    out.occasionally().reads_lost = true;
    if (!tasks.forwarding) return;
    tasks.forwarding->count = 0;
    out.occasionally().forwarding_lost = true;
}

/// The log begins anew: nothing of it, and nothing of the snapshot, is of use.
constexpr void begin_log_anew(state& s) {
    s.log = log_shape{};
    s.snapshot = {};
    s.configurations.assign(1, indexed_configuration{});
    s.disk.durable_index = {};
}

/// The leader sends this server the commands: the part of the log that lacks them goes.
[[gnu::noinline, gnu::cold]] constexpr void drop_what_lacks_commands(state& s, follower& following,
                                                                     auto& out) {
    const auto lost_through = log_to_vote_by(s);
    const auto last_whole = previous(*s.tasks->lacks_from);
    auto& tasks = s.tasks.change();
    tasks.lost_through = lost_through;
    forget(tasks.lacks_from);
    if (last_whole < s.snapshot.last_included.index)
        begin_log_anew(s);
    else
        cut_off_log(s, last_whole);
    const auto last_kept = s.log.last();
    s.commit_index = least(s.commit_index, last_kept.index);
    following.verified_index = least(following.verified_index, last_kept.index);
    out.cut_log(log_cut{begin_other_write(s), last_kept, lost_through});
}

/// `withheld`: the leader sends this server no commands.
constexpr void expect_commands(state& s, follower& following, bool withheld, auto& out) {
    if (!withheld && s.tasks->lacks_from) drop_what_lacks_commands(s, following, out);
}

}  // namespace detail
}  // namespace raft
