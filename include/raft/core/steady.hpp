// SPDX-License-Identifier: BSL-1.0
//
// The fast path. Nearly every step of a busy cluster is one of three: a leader accepts commands, a
// follower appends what its leader sends at the end of its log, or a leader counts an
// acknowledgement. While nothing else is in progress, each of them is a few assignments, and asks
// for one write and one message at most. These functions take such a step. Each first checks the
// state. If something else is in progress it changes nothing, and `advance` takes the step.
// Otherwise state and message are those that `advance` would give: the proofs compare both on every
// state that they reach.
#pragma once

#include <algorithm>
#include <optional>

#include <raft/core/replication.hpp>

namespace raft::core {

/// How the fast path took a step: not at all, without a message, or with one.
enum class short_step : std::uint8_t { not_taken, silent, sends };

/// The write of the last `count` entries, which the fast path appended.
[[nodiscard]] constexpr log_write write_of_last(const state& s, std::uint64_t count,
                                                entry_source source) {
    const auto last = s.log.last_index();
    return {s.disk.issued, std::nullopt,
            append{next(last - count), last, s.log.last_term(), source}};
}

/// Whether the fast path may append entries. Where the storage is durable at once, a write is so
/// only if no other write is in progress.
[[nodiscard]] constexpr bool may_append(const disk_progress& disk, const settings& config) {
    return config.durable_at_once ? disk.is_idle() : disk.vote <= disk.durable;
}

/// Appends `count` entries of the last entry's term.
constexpr void append_at_end(state& s, std::uint64_t count) {
    s.log.extend(count);
    const auto before = s.disk.issued;
    s.disk.issue_entries(count);
    static_cast<void>(durable_already(s, before));
}

// ---------------------------------------------------------------------------------------- follower

/// Whether the message extends, in this term, the log that is known to match the leader's.
[[nodiscard]] constexpr bool continues(const state& s, const follower_state& follower,
                                       const append_entries& m) {
    const bool brings_entries = m.last_index > m.prev.index;
    return m.term == s.current_term && m.round == follower.round && m.prev.term == m.term &&
           m.prev == s.log.last() && m.last_index >= m.prev.index &&
           (!brings_entries || m.entries_term == m.term) && m.commit_index <= m.last_index;
}

/// A follower handles a message of its leader that came without a configuration, and with nothing
/// withheld. It writes the entries, if there are any (`write_of_last`), and may send the leader
/// `acknowledgement`.
[[nodiscard, gnu::always_inline]] constexpr short_step
take_short(state& s, member_id from, const append_entries& m, instant now) {
    auto* follower = std::get_if<follower_state>(&s.role);
    if (follower == nullptr || follower->leader != from || follower->asleep ||
        s.tasks.is_changed() || !may_append(s.disk, s.config) || !continues(s, *follower, m))
        return short_step::not_taken;
    follower->last_contact = now;
    s.timers.election = now + election_timeout(s);
    const auto known = follower->matched_index;
    const auto count = m.last_index - m.prev.index;
    if (count > 0) append_at_end(s, count);
    follower->matched_index = m.last_index;
    const bool advances = m.commit_index > s.commit_index;
    if (advances) s.commit_index = m.commit_index;
    follower->commit_index_is_current = knows_what_is_committed(s, m);
    if (count > 0 && !s.config.durable_at_once) {
        follower->deferred.append = true;
        return short_step::silent;
    }
    if (count == 0 && advances && m.last_index <= known && !follower->deferred.append)
        return short_step::silent;
    follower->deferred.append = s.disk.durable_index < m.last_index;
    return short_step::sends;
}

// ------------------------------------------------------------------------------------------ leader

/// Whether all entries have been sent to a member.
[[nodiscard]] constexpr bool has_been_sent_all(const state& s, const progress& peer) {
    return peer.next_index == next(s.log.last_index()) && peer.mode == replication_mode::replicate;
}

/// Whether that holds for all other members, and there are some.
[[nodiscard]] constexpr bool all_have_been_sent_all(const state& s, const leader_state& leader) {
    for (const auto member : leader.others)
        if (!has_been_sent_all(s, s.peers[member.value])) return false;
    return !leader.others.empty();
}

/// Whether all of them can receive the next entries at once.
[[nodiscard]] constexpr bool all_can_take_next(const state& s, const leader_state& leader) {
    for (const auto member : leader.others) {
        const auto& peer = s.peers[member.value];
        if (!has_been_sent_all(s, peer) || peer.in_flight >= peer.window) return false;
    }
    return !leader.others.empty();
}

/// The message to members that have been sent everything up to `prev`, an entry of this leader's
/// term.
[[nodiscard]] constexpr append_entries append_after_own(const state& s, const leader_state& leader,
                                                        log_index prev) {
    const auto last = s.log.last_index();
    return {.term = s.current_term,
            .prev = {prev, s.current_term},
            .last_index = last,
            .entries_term = last == prev ? term_number{} : s.current_term,
            .commit_index = s.commit_index,
            .round = leader.round};
}

/// Whether a leader has no task but replication.
[[nodiscard]] constexpr bool only_replicates(const state& s, const leader_state& leader) {
    return !s.tasks.is_changed() && !leader.changing && leader.full.empty();
}

/// A leader accepts `count` commands. It writes them (`write_of_last`), and sends the others what
/// follows the previous end of the log (`append_after_own`).
[[nodiscard, gnu::always_inline]] constexpr short_step propose_short(state& s,
                                                                     std::uint32_t count) {
    auto* leader = std::get_if<leader_state>(&s.role);
    if (leader == nullptr || leader->asleep || !leader->own || s.disk.full || count == 0 ||
        count > s.config.entries_per_message || !may_append(s.disk, s.config) ||
        !only_replicates(s, *leader) || !all_can_take_next(s, *leader) || !has_room_for(s, count) ||
        s.members().all_voters() == member_set::of(*leader->own))
        return short_step::not_taken;
    append_at_end(s, count);
    const auto last = s.log.last_index();
    if (s.config.durable_at_once) s.peers[leader->own->value].match_index = last;
    for (const auto member : leader->others) s.peers[member.value].sent_entries(last);
    return short_step::sends;
}

/// A leader counts the acknowledgement of a member. If the commit index advances by it, the leader
/// sends it to the others (`append_after_own`).
[[nodiscard, gnu::always_inline]] constexpr short_step
take_short(state& s, member_id from, const append_entries_reply& m, instant now) {
    auto* leader = std::get_if<leader_state>(&s.role);
    if (leader == nullptr || m.term != s.current_term || m.full ||
        m.match_index > s.log.last_index() || !only_replicates(s, *leader) ||
        (s.config.durable_at_once && !s.disk.is_idle()))
        return short_step::not_taken;
    const auto member = s.members().slot_of(from);
    if (!member || member == leader->own) return short_step::not_taken;
    auto& peer = s.peers[member->value];
    const bool may_commit = m.match_index > s.commit_index;
    if (m.round > peer.round || !has_been_sent_all(s, peer) ||
        (may_commit && !all_have_been_sent_all(s, *leader)))
        return short_step::not_taken;
    peer.last_contact = now;
    peer.silent = false;
    peer.acknowledged(m.match_index, s.log.last_index(), s.config);
    const auto committed = committed_with(s, *leader, m.match_index);
    if (committed == s.commit_index) return short_step::silent;
    s.commit_index = committed;
    return short_step::sends;
}

}  // namespace raft::core
