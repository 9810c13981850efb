// SPDX-License-Identifier: BSL-1.0
//
// Log replication (§5.3) and the commit rule (§5.4.2): how a follower handles AppendEntries, how a
// leader handles the replies, and how a leader handles a proposal.
#pragma once

#include <algorithm>

#include <raft/core/found_loss.hpp>
#include <raft/core/lost_entries.hpp>
#include <raft/core/missing_commands.hpp>
#include <raft/core/quiescence.hpp>
#include <raft/core/read.hpp>
#include <raft/core/reconfiguration.hpp>
#include <raft/core/removal.hpp>
#include <raft/core/sending.hpp>
#include <raft/core/transfer.hpp>

namespace raft::core {

// ---------------------------------------------------------------------------------------- follower

/// Whether a correct peer could have sent this.
[[nodiscard]] constexpr bool is_well_formed(const append_entries& m) {
    if (m.last_index < m.prev.index || m.prev.term > m.term) return false;
    if ((m.prev.index == log_index{}) != (m.prev.term == term_number{})) return false;
    return m.last_index == m.prev.index ||
           (m.prev.term <= m.entries_term && m.entries_term <= m.term);
}

/// Accepts the sender as the leader of this term, of which there is at most one (Election Safety,
/// §5.2). Null if it cannot be the leader.
constexpr follower_state* follow(turn& t, member_id from) {
    if (t.s.is_leader()) return nullptr;
    auto* follower = std::get_if<follower_state>(&t.s.role);
    if (follower == nullptr || follower->leader != from) {
        if (follower != nullptr && follower->leader) return nullptr;
        become_follower(t, t.s.current_term, from);
        return std::get_if<follower_state>(&t.s.role);
    }
    follower->last_contact = t.now;
    if (follower->asleep) follower->asleep = false;
    restart_election_timer(t);
    return follower;
}

/// The index that a follower can acknowledge: up to it the log is on the disk, and is the leader's
/// or known to be committed.
[[nodiscard]] constexpr log_index acknowledged_index(const state& s,
                                                     const follower_state& follower) {
    return std::min(follower.matched_index, s.disk.durable_index);
}

[[nodiscard]] constexpr append_entries_reply acknowledgement(const state& s,
                                                             const follower_state& follower) {
    return {s.current_term, acknowledged_index(s, follower), follower.round, s.disk.full};
}

/// Replies to the leader now if the reply relies only on what the disk has; the reply for the rest
/// is deferred until the disk has it.
constexpr void acknowledge(turn& t, follower_state& follower) {
    follower.deferred.append =
        !hard_state_is_durable(t.s) || t.s.disk.durable_index < follower.matched_index;
    if (!hard_state_is_durable(t.s)) return;
    if (t.s.tasks.is_changed()) regain_lost_entries(t, acknowledged_index(t.s, follower));
    t.out.send(*follower.leader, acknowledgement(t.s, follower));
}

constexpr void reject(turn& t, follower_state& follower, log_position prev) {
    follower.commit_index_is_current = false;
    if (!hard_state_is_durable(t.s)) {
        follower.deferred.rejection = true;
        follower.deferred.rejected_prev = prev;
        return;
    }
    const auto hint = t.s.log.find_conflict_by_term(previous(prev.index), prev.term);
    t.out.send(*follower.leader,
               append_entries_rejection{t.s.current_term, prev.index, hint, follower.round,
                                        t.s.tasks->lost_through.has_value()});
}

/// Figure 2, AppendEntries receiver, step 1.
constexpr void reject_deposed(turn& t, member_id from, const append_entries& m) {
    if (hard_state_is_durable(t.s))
        t.out.send(from, append_entries_rejection{t.s.current_term, m.prev.index, {}, m.round});
}

/// Figure 2, AppendEntries receiver, steps 3 and 4: appends those of the entries in (from,
/// m.last_index] that are new, in place of entries that conflict with them. Entries that are here
/// already stay, and so do all that follow them: the message may be old. False if an entry would
/// have to be removed that is committed, or up to `matched`, where the log is this leader's: no
/// leader removes entries of its own (Leader Append-Only, §5.3).
[[nodiscard]] constexpr bool append_received(turn& t, const append_entries& m, log_index from,
                                             log_index matched,
                                             const indexed_configuration* carried, bool withheld) {
    auto kept = from;
    if (kept < t.s.log.last_index() && t.s.log.term_at(next(kept)) == m.entries_term)
        kept = t.s.log.run_end(next(kept), m.last_index);
    if (kept >= m.last_index) return true;
    if (kept < std::max(t.s.commit_index, matched)) return false;
    if (m.entries_term < t.s.log.known_term_at(kept)) return false;
    const auto source = withheld ? entry_source::withheld : entry_source::received;
    append_to_log(t, kept, m.last_index, m.entries_term, source, carried);
    if (withheld) note_missing_commands(t, next(kept));
    return true;
}

/// Whether this server knows as committed everything that was committed when the leader sent this.
/// The leader itself knew that if an entry of its own term was among it (§8).
[[nodiscard]] constexpr bool knows_what_is_committed(const state& s, const append_entries& m) {
    return s.commit_index >= m.commit_index && s.log.known_term_at(s.commit_index) == m.term;
}

/// A message of the leader came, but perhaps not the reply to a request of this server.
constexpr void repeat_requests(turn& t, const follower_state& follower, read_round round) {
    if (t.s.tasks->reads) follow_forwarded(t, follower, round);
    follow_forwarding(t, follower);
}

constexpr void on(turn& t, member_id from, const append_entries& m,
                  const indexed_configuration* carried, bool withheld) {
    if (m.term < t.s.current_term) return reject_deposed(t, from, m);
    auto* follower = follow(t, from);
    if (follower == nullptr) return;
    const bool new_round = m.round > follower->round;
    if (new_round) follower->round = m.round;
    if (t.s.tasks.is_changed()) {
        forget_removal(t.s);
        expect_commands(t, *follower, withheld);
    }

    // Compacted entries are committed, so they are the leader's too, whatever prev says of them.
    const auto base = t.s.log.base().index;
    if (m.prev.index >= base && !t.s.log.matches(m.prev)) return reject(t, *follower, m.prev);
    const auto start = std::max(m.prev.index, base);
    const auto issued = t.s.disk.issued;
    const auto known = follower->matched_index;
    if (m.last_index > start && !append_received(t, m, start, known, carried, withheld)) return;

    follower->matched_index = std::max(known, std::max(m.last_index, start));
    const auto safe = std::min(m.commit_index, follower->matched_index);
    const bool advances = safe > t.s.commit_index;
    if (advances) commit_through(t, safe);
    follower->commit_index_is_current = knows_what_is_committed(t.s, m);
    // A message that only advanced the commit index needs no reply: an earlier reply said the same.
    // If that one was lost, the next heartbeat gets a reply.
    const bool empty = m.last_index == m.prev.index;
    if (empty && t.s.tasks.is_changed()) repeat_requests(t, *follower, m.round);
    if (advances && empty && m.last_index <= known && !new_round && !follower->deferred.append)
        return;
    if (t.s.disk.issued != issued && !durable_already(t.s, issued)) {
        follower->deferred.append = true;
        return;
    }
    acknowledge(t, *follower);
}

// ------------------------------------------------------------------------------------------ leader

/// §5.3, §5.4.2: an entry of this term that a quorum has on disk is committed, and with it all
/// entries before it. Entries of older terms are never committed by counting replicas (Figure 8).
/// `reached` is the match index just acknowledged. Returns the commit index that follows: `reached`
/// if a quorum has it, else the largest index that a quorum has, from this term's first entry on.
[[nodiscard]] constexpr log_index committed_with(const state& s, const leader_state& leader,
                                                 log_index reached) {
    if (reached <= s.commit_index || reached < leader.term_start) return s.commit_index;
    const auto match_of = [&](slot member) { return s.peers[member.value].match_index; };
    const auto quorum_has = [&](log_index index) {
        return quorum_agrees(s.members(), [&](slot member) { return match_of(member) >= index; });
    };
    if (quorum_has(reached)) return reached;
    const auto first_new = std::max(next(s.commit_index), leader.term_start);
    if (reached == first_new || !quorum_has(first_new)) return s.commit_index;
    return quorum_reached(s.members(), match_of);
}

/// Advances the commit index. Returns whether it moved.
[[nodiscard]] constexpr bool advance_commit(turn& t, const leader_state& leader,
                                            log_index reached) {
    const auto committed = committed_with(t.s, leader, reached);
    if (committed == t.s.commit_index) return false;
    commit_through(t, committed);
    return true;
}

/// The commit index has advanced. Sends the entries that there are to send; the members for which
/// there are none receive at least the commit index.
constexpr void spread_commit(turn& t, const leader_state& leader) {
    bool any = false;
    member_set uninformed;
    for (const auto member : leader.others) {
        const auto& peer = t.s.peers[member.value];
        if (next_for(t.s, peer) != next_message::none)
            any = true;
        else if (peer.mode == replication_mode::replicate)
            uninformed.insert(member);
    }
    if (any) send_appends(t, leader);
    send_heartbeats_to(t, leader, uninformed);
}

/// The progress of a member that replies to this leader in this term; null if the reply is not for
/// this leader.
[[nodiscard]] constexpr progress* answered_by(turn& t, member_id from, term_number term) {
    const auto member = member_of_leader(t.s, from, term);
    if (!member) return nullptr;
    auto& peer = t.s.peers[member->value];
    peer.last_contact = t.now;
    peer.silent = false;
    return &peer;
}

constexpr void note_room(leader_state& leader, slot member, bool full) {
    if (full)
        leader.full.insert(member);
    else
        leader.full.erase(member);
}

/// Whether a member that gets the snapshot no longer needs it. Its log may meanwhile have grown far
/// enough to match this one; a member that requested the snapshot needs what is in it.
[[nodiscard]] constexpr bool can_do_without_snapshot(const state& s, const progress& peer,
                                                     log_index match) {
    const bool has_asked = peer.next_index > s.log.base().index;
    return match >= (has_asked ? s.snapshot.last_included.index : s.log.base().index);
}

/// A member has acknowledged: a transfer, or a change of membership, may have waited for that.
constexpr void follow_tasks(turn& t, leader_state& leader, member_id from) {
    forget_suspicion(t.s, from);
    advance_transfer(t);
    if (t.s.tasks->awaited) follow_awaited(t, leader);
}

constexpr void on(turn& t, member_id from, const append_entries_reply& m) {
    auto* peer = answered_by(t, from, m.term);
    if (peer == nullptr || m.match_index > t.s.log.last_index()) return;
    auto& leader = held<leader_state>(t.s.role);

    if (peer->mode == replication_mode::snapshot &&
        can_do_without_snapshot(t.s, *peer, m.match_index))
        peer->end_snapshot(m.match_index);
    const bool says_nothing_new = m.match_index <= peer->match_index;
    peer->acknowledged(m.match_index, t.s.log.last_index(), t.s.config);
    const bool committed = advance_commit(t, leader, m.match_index);
    if (m.full || !leader.full.empty())
        note_room(leader, held(t.s.members().slot_of(from)), m.full);
    on_round_acknowledged(t, leader, *peer, m.round);
    // For the other members nothing has changed except, perhaps, the commit index. A member without
    // room would reply to the same entries with the same reply, as fast as the network can: it gets
    // them when it has room, or has acknowledged some.
    const bool takes_none = m.full && says_nothing_new;
    if (committed)
        spread_commit(t, leader);
    else if (!takes_none && next_for(t.s, *peer) != next_message::none)
        send_appends(t, leader);
    if (t.s.tasks.is_changed()) follow_tasks(t, leader, from);
    if (committed && leader.changing) advance_change(t, leader);
}

/// §5.3: the logs do not match at prev. They can only match where this log's term is not above the
/// hint's.
constexpr void on(turn& t, member_id from, const append_entries_rejection& m) {
    auto* peer = answered_by(t, from, m.term);
    if (peer == nullptr) return;
    auto& leader = held<leader_state>(t.s.role);
    on_round_acknowledged(t, leader, *peer, m.round);

    // Entries committed by its old acknowledgement stay committed: it votes as if it still had
    // them. For a late rejection this match index is too low, but not wrong.
    if (m.lost)
        peer->match_index = {};
    else if (contradicts(m, *peer) && proves_loss(t.s, leader, from, m))
        note_loss(t, from, *peer);
    // A rejection is late if the member has acknowledged this index since, or if its next index or
    // mode has changed since.
    const bool late = m.prev_index <= peer->match_index || m.prev_index >= peer->next_index ||
                      peer->mode == replication_mode::snapshot;
    if (late ||
        (peer->mode == replication_mode::probe && m.prev_index != previous(peer->next_index)))
        return;
    const auto limit = std::min(m.hint.index, previous(m.prev_index));
    // This log has no terms below its base: if the logs do not match above it, the member needs the
    // snapshot.
    const auto meeting = limit < t.s.log.base().index
                             ? limit
                             : t.s.log.find_conflict_by_term(limit, m.hint.term).index;
    peer->rejected(meeting);
    send_appends(t, leader);
}

/// A leader's own entries, appended since the write `before`, count towards the majority now if
/// they are durable already. A sole voter is left to `complete_writes`, which also commits.
constexpr void count_own_entries(state& s, const leader_state& leader, write_sequence before) {
    if (!leader.own || s.members().all_voters() == member_set::of(*leader.own)) return;
    if (durable_already(s, before))
        s.peers[held(leader.own).value].match_index = s.log.last_index();
}

/// Whether a quorum, with this leader, has room for more entries on its disks. Otherwise entries
/// that too many members cannot store would pile up on the others.
[[nodiscard]] constexpr bool quorum_has_room(const state& s, const leader_state& leader) {
    return quorum_agrees(s.members(), [&](slot member) { return !leader.full.contains(member); });
}

/// Whether this many more entries may be uncommitted.
[[nodiscard]] constexpr bool has_room_for(const state& s, std::uint32_t count) {
    const auto pending = s.log.last_index() - s.commit_index;
    return count <= s.config.pending_entries && pending <= s.config.pending_entries - count;
}

/// Why these entries cannot be accepted now.
[[nodiscard]] constexpr std::optional<refusal_reason>
check_proposal(const state& s, const leader_state& leader, std::uint32_t count) {
    if (s.tasks->transfer) return refusal_reason::transfer_in_progress;
    if (count == 0) return refusal_reason::nothing_to_do;
    if (!has_room_for(s, count)) return refusal_reason::too_many_pending;
    if (s.disk.full || (!leader.full.empty() && !quorum_has_room(s, leader)))
        return refusal_reason::no_space;
    return std::nullopt;
}

/// Appends the commands that came with this step's input, and sends them to the members.
constexpr void append_commands(turn& t, leader_state& leader, std::uint32_t count,
                               entry_source source) {
    const auto last = t.s.log.last_index();
    const auto issued = t.s.disk.issued;
    append_to_log(t, last, last + count, t.s.current_term, source, nullptr);
    count_own_entries(t.s, leader, issued);
    send_appends(t, leader);
}

constexpr void on_propose(turn& t, std::uint32_t count) {
    auto* leader = leading_or_refuse(t);
    if (leader == nullptr) return;
    if (const auto obstacle = check_proposal(t.s, *leader, count)) return refuse(t, *obstacle);
    t.out.proposal = accepted_proposal{next(t.s.log.last_index()), t.s.current_term};
    append_commands(t, *leader, count, entry_source::proposed);
}

}  // namespace raft::core
