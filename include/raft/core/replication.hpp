// SPDX-License-Identifier: BSL-1.0
//
// Log replication (§5.3) and the commit rule (§5.4.2): what a follower does with AppendEntries,
// what a leader does with the answers, and what a leader does with a proposal.
#pragma once

#include <raft/core/lost_entries.hpp>
#include <raft/core/missing_commands.hpp>
#include <raft/core/quiescence.hpp>
#include <raft/core/read.hpp>
#include <raft/core/reconfiguration.hpp>
#include <raft/core/removal.hpp>
#include <raft/core/sending.hpp>
#include <raft/core/transfer.hpp>

namespace raft::detail {

// ---------------------------------------------------------------------------------------- follower

/// Whether a peer that keeps the rules could have sent this.
[[nodiscard]] constexpr bool is_well_formed(const append_entries& m) {
    if (m.last_index < m.prev.index || m.prev.term > m.term) return false;
    if ((m.prev.index == log_index{}) != (m.prev.term == term_number{})) return false;
    return m.last_index == m.prev.index ||
           (m.prev.term <= m.entries_term && m.entries_term <= m.term);
}

/// Takes the sender for the leader of this term, of which there is at most one (Election Safety,
/// §5.2). Null if that cannot be.
constexpr follower* follow(state& s, member_id from, instant now, auto& out) {
    if (s.is_leader()) return nullptr;
    auto* following = std::get_if<follower>(&s.role);
    if (following == nullptr || following->leader != from) [[unlikely]] {
        if (following != nullptr && following->leader) return nullptr;
        become_follower(s, s.current_term, from, now, out);
        return std::get_if<follower>(&s.role);
    }
    following->heard_at = now;
    if (following->asleep) [[unlikely]]
        following->asleep = false;
    restart_election_timer(s, now, out);
    return following;
}

/// What a follower can say of its log: as far as it is the leader's and on the disk, or known to be
/// committed.
[[nodiscard]] constexpr log_index acknowledged_index(const state& s, const follower& following) {
    return least(following.verified_index, s.disk.durable_index);
}

/// Answers the leader now if the answer rests on nothing that the disk does not have yet; the rest
/// follows when it does.
[[gnu::always_inline]] constexpr void acknowledge(state& s, follower& following, auto& out) {
    following.owed.append = !may_speak(s) || s.disk.durable_index < following.verified_index;
    if (!may_speak(s)) return;
    if (s.tasks.is_changed()) [[unlikely]]
        regain_lost_entries(s, acknowledged_index(s, following), out);
    out.send(*following.leader,
             append_entries_reply{s.current_term, acknowledged_index(s, following), following.round,
                                  s.disk.full});
}

[[gnu::noinline, gnu::cold]] constexpr void reject(state& s, follower& following, log_position prev,
                                                   auto& out) {
    following.is_informed = false;
    if (!may_speak(s)) {
        following.owed.rejection = true;
        following.owed.rejected_prev = prev;
        return;
    }
    const auto hint = s.log.last_not_after(previous(prev.index), prev.term);
    out.send(*following.leader,
             append_entries_rejection{s.current_term, prev.index, hint, following.round,
                                      s.tasks->lost_through.has_value()});
}

/// Figure 2, AppendEntries receiver, step 1.
[[gnu::noinline, gnu::cold]] constexpr void reject_deposed(const state& s, member_id from,
                                                           const append_entries& m, auto& out) {
    if (may_speak(s))
        out.send(from, append_entries_rejection{s.current_term, m.prev.index, {}, m.round});
}

/// Figure 2, AppendEntries receiver, steps 3 and 4: what is new of the entries in (from,
/// m.last_index] goes into the log, in place of what conflicts with it. Entries that are here
/// already stay, with all that follow them: the message may be old. False if a committed entry
/// would have to go, which no leader can ask for.
[[nodiscard, gnu::always_inline]] constexpr bool
append_received(state& s, const append_entries& m, log_index from,
                const indexed_configuration* carried, bool withheld, auto& out) {
    auto kept = from;
    if (kept < s.log.last_index() && s.log.term_at(next(kept)) == m.entries_term)
        kept = s.log.run_end(next(kept), m.last_index);
    if (kept >= m.last_index) return true;
    if (kept < s.commit_index || m.entries_term < s.log.known_term_at(kept)) return false;
    const auto source = withheld ? entry_source::withheld : entry_source::received;
    append_to_log(s, kept, m.last_index, m.entries_term, source, carried, out);
    if (withheld) [[unlikely]]
        note_missing_commands(s, next(kept), out);
    return true;
}

/// Whether all that was committed when the leader sent this is known to be. The leader itself knew
/// it if an entry of its own term was among it (§8).
[[nodiscard]] constexpr bool knows_what_is_committed(const state& s, const append_entries& m) {
    return s.commit_index >= m.commit_index && s.log.known_term_at(s.commit_index) == m.term;
}

/// The leader's word came, and perhaps not what this server asked it for.
[[gnu::noinline, gnu::cold]] constexpr void ask_again(state& s, const follower& following,
                                                      read_round round, instant now, auto& out) {
    if (s.tasks->reads) follow_forwarded(s, following, round, out);
    follow_forwarding(s, following, now, out);
}

[[gnu::always_inline]] constexpr void on(state& s, member_id from, const append_entries& m,
                                         const indexed_configuration* carried, bool withheld,
                                         instant now, auto& out) {
    if (!is_well_formed(m)) return;
    observe_term(s, m.term, now, out);
    if (m.term < s.current_term) return reject_deposed(s, from, m, out);
    auto* following = follow(s, from, now, out);
    if (following == nullptr) return;
    const bool new_round = m.round > following->round;
    if (new_round) [[unlikely]]
        following->round = m.round;
    if (s.tasks.is_changed()) [[unlikely]] {
        forget_removal(s);
        expect_commands(s, *following, withheld, out);
    }

    // What is compacted away is committed, so it is the leader's too, whatever prev says of it.
    const auto base = s.log.base().index;
    if (m.prev.index >= base && !s.log.matches(m.prev)) return reject(s, *following, m.prev, out);
    const auto start = greatest(m.prev.index, base);
    const auto begun = s.disk.begun;
    if (m.last_index > start && !append_received(s, m, start, carried, withheld, out)) return;

    const auto known = following->verified_index;
    following->verified_index = greatest(known, greatest(m.last_index, start));
    const auto safe = least(m.commit_index, following->verified_index);
    const bool news = safe > s.commit_index;
    if (news) commit_through(s, safe, out);
    following->is_informed = knows_what_is_committed(s, m);
    // All that this brought is how far the log is committed: the leader was told before what an
    // answer would say. If that was lost, its next heartbeat asks, and brings no news.
    const bool empty = m.last_index == m.prev.index;
    if (empty && s.tasks.is_changed()) ask_again(s, *following, m.round, now, out);
    if (news && empty && m.last_index <= known && !new_round && !following->owed.append) return;
    if (s.disk.begun != begun && !durable_already(s, begun)) {
        following->owed.append = true;
        return;
    }
    acknowledge(s, *following, out);
}

// ------------------------------------------------------------------------------------------ leader

/// §5.3, §5.4.2: an entry of this term that a quorum has on disk is committed, and with it all
/// before it. Entries of older terms are never committed by counting (Figure 8). `reached` is what
/// a member has come to have: as much is committed as a quorum has, but not more than that. True if
/// anything new is.
[[nodiscard, gnu::always_inline]] constexpr bool
commit_what_quorum_has(state& s, const leader& leading, log_index reached, auto& out) {
    const auto* const peers = s.peers.data();
    const auto match_of = [=](slot member) { return peers[member.value].match_index; };
    const auto quorum_has = [&](log_index index) {
        return quorum_agrees(s.members(), [=](slot member) { return match_of(member) >= index; });
    };
    if (quorum_has(reached)) {
        commit_through(s, reached, out);
        return true;
    }
    const auto first_new = greatest(next(s.commit_index), leading.term_start);
    if (reached == first_new || !quorum_has(first_new)) return false;
    commit_through(s, quorum_reached(s.members(), match_of), out);
    return true;
}

[[nodiscard, gnu::always_inline]] constexpr bool advance_commit(state& s, const leader& leading,
                                                                log_index reached, auto& out) {
    return reached > s.commit_index && reached >= leading.term_start &&
           commit_what_quorum_has(s, leading, reached, out);
}

/// More of the log is committed: sends what there is to send, and the members for whom that is
/// nothing learn at least how far.
[[gnu::always_inline]] constexpr void spread_commit(state& s, leader& leading, auto& out) {
    bool any_hungry = false;
    const auto uninformed = next_in_step(s, leading.others, [&](const progress& peer) {
        const bool hungry = wants_news(s, peer);
        any_hungry |= hungry;
        return !hungry && peer.mode == replication_mode::replicate;
    });
    if (any_hungry) send_news(s, leading, out);
    send_heartbeats_in_step(s, leading, uninformed, out);
}

/// The progress of a member that answers this leader in this term; null if the answer is not for
/// it.
[[nodiscard, gnu::always_inline]] constexpr progress* answered_by(state& s, member_id from,
                                                                  term_number term, instant now) {
    if (!s.is_leader() || term != s.current_term || from == s.self) return nullptr;
    const auto member = s.members().slot_of(from);
    if (!member) return nullptr;
    auto* peer = &s.peers[member->value];
    peer->heard_at = now;
    peer->silent = false;
    return peer;
}

/// An answer came while as many messages were on their way as may be. If full ones wait behind them
/// the window is what holds them up, else it need not be as wide.
[[gnu::noinline]] constexpr void adapt_window(const state& s, progress& peer) {
    constexpr unsigned times_wider = 16;
    const unsigned least_window = s.config.messages_in_flight;
    const unsigned most = least(least_window * times_wider, 255U);
    const auto waiting = next(s.log.last_index()) - peer.next_index;
    // Messages of one entry are always full.
    const auto full = s.config.entries_per_message;
    if (full > 1 && waiting >= full && peer.window < most)
        ++peer.window;
    else if (waiting < full && peer.window > least_window)
        --peer.window;
}

constexpr void advance_match(const state& s, progress& peer, log_index match) {
    if (match > peer.match_index) [[likely]] {
        peer.match_index = match;
        if (peer.next_index <= match) [[unlikely]]
            peer.next_index = next(match);
        if (peer.in_flight >= peer.window) adapt_window(s, peer);
        if (peer.in_flight > 0) --peer.in_flight;
    }
    if (next(peer.match_index) != peer.next_index || peer.mode == replication_mode::snapshot)
        return;
    peer.in_flight = 0;
    if (peer.mode == replication_mode::probe || match == s.log.last_index())
        peer.window = s.config.messages_in_flight;
    peer.mode = replication_mode::replicate;
}

constexpr void note_room(leader& leading, slot member, bool full) {
    if (full)
        leading.full.insert(member);
    else
        leading.full.erase(member);
}

/// Whether a member that gets the snapshot needs it no longer. Its log may have grown meanwhile so
/// far that it meets this one; who has asked for the snapshot needs what is in it.
[[nodiscard]] constexpr bool can_do_without_snapshot(const state& s, const progress& peer,
                                                     log_index match) {
    const bool has_asked = peer.next_index > s.log.base().index;
    return match >= (has_asked ? s.snapshot.last_included.index : s.log.base().index);
}

/// A member has answered: what waits for that may go on.
[[gnu::noinline, gnu::cold]] constexpr void follow_tasks(state& s, const leader& leading,
                                                         instant now, auto& out) {
    advance_transfer(s, out);
    look_at_awaited(s, leading, now, out);
}

[[gnu::always_inline]] constexpr void on(state& s, member_id from, const append_entries_reply& m,
                                         instant now, auto& out) {
    observe_term(s, m.term, now, out);
    auto* peer = answered_by(s, from, m.term, now);
    if (peer == nullptr || m.match_index > s.log.last_index()) return;
    auto& leading = *std::get_if<leader>(&s.role);

    if (peer->mode == replication_mode::snapshot &&
        can_do_without_snapshot(s, *peer, m.match_index)) {
        peer->mode = replication_mode::probe;
        peer->next_index = next(greatest(m.match_index, peer->match_index));
    }
    advance_match(s, *peer, m.match_index);
    const bool committed = advance_commit(s, leading, m.match_index, out);
    if (m.full || !leading.full.empty()) [[unlikely]]
        note_room(leading, *s.members().slot_of(from), m.full);
    on_round_acknowledged(s, leading, *peer, m.round, now, out);
    // Of the others nothing has changed but, perhaps, how far the log is committed.
    if (committed)
        spread_commit(s, leading, out);
    else if (wants_news(s, *peer))
        send_news(s, leading, out);
    if (s.tasks.is_changed()) [[unlikely]]
        follow_tasks(s, leading, now, out);
    if (committed && leading.changing) hasten_change(now, out);
}

/// §5.3: the logs do not meet at prev. They can only meet where this log's term is not above the
/// hint's.
constexpr void on(state& s, member_id from, const append_entries_rejection& m, instant now,
                  auto& out) {
    observe_term(s, m.term, now, out);
    auto* peer = answered_by(s, from, m.term, now);
    if (peer == nullptr) return;
    auto& leading = *std::get_if<leader>(&s.role);
    on_round_acknowledged(s, leading, *peer, m.round, now, out);

    // What was counted with it stays committed: the member votes as if it had it still. Of a late
    // rejection this is too low, but no less true.
    if (m.lost) peer->match_index = {};
    // A rejection of what was acknowledged since, or of a message that is no longer the last word,
    // is a late one.
    const bool late = m.prev_index <= peer->match_index || m.prev_index >= peer->next_index ||
                      peer->mode == replication_mode::snapshot;
    if (late ||
        (peer->mode == replication_mode::probe && m.prev_index != previous(peer->next_index)))
        return;
    const auto limit = least(m.hint.index, previous(m.prev_index));
    // Below its base this log cannot look: if the logs do not meet above, the member needs the
    // snapshot.
    const auto meeting =
        limit < s.log.base().index ? limit : s.log.last_not_after(limit, m.hint.term).index;
    peer->next_index = next(greatest(meeting, peer->match_index));
    peer->mode = replication_mode::probe;
    peer->in_flight = 0;
    begin_snapshot_mode(s, *peer);
    send_news(s, leading, out);
}

/// A leader's own entries, appended since the write `before`, are its part of the majority if they
/// are durable already. Where that part is all of it, what follows is more than this.
constexpr void count_own_entries(state& s, const leader& leading, write_sequence before) {
    if (!leading.own || s.members().all_voters() == member_set::of(*leading.own)) return;
    if (durable_already(s, before)) s.peers[leading.own->value].match_index = s.log.last_index();
}

/// Whether a quorum has room for more on its disks. The leader has. Entries that too many cannot
/// take would only pile up where they can.
[[nodiscard]] constexpr bool quorum_has_room(const state& s, const leader& leading) {
    return quorum_agrees(s.members(), [&](slot member) { return !leading.full.contains(member); });
}

/// Why these entries cannot be taken now.
[[nodiscard]] constexpr std::optional<refusal_reason>
obstacle_to_proposal(const state& s, const leader& leading, std::uint32_t count) {
    if (s.tasks->transfer) return refusal_reason::transfer_in_progress;
    if (count == 0) return refusal_reason::nothing_to_do;
    const auto pending = s.log.last_index() - s.commit_index;
    if (count > s.config.pending_entries || pending > s.config.pending_entries - count)
        return refusal_reason::too_many_pending;
    if (s.disk.full || (!leading.full.empty() && !quorum_has_room(s, leading)))
        return refusal_reason::no_space;
    return std::nullopt;
}

/// Appends the commands that came with this step's input, and sends them on their way.
[[gnu::always_inline]] constexpr void
append_commands(state& s, leader& leading, std::uint32_t count, entry_source source, auto& out) {
    const auto last = s.log.last_index();
    const auto begun = s.disk.begun;
    append_to_log(s, last, last + count, s.current_term, source, nullptr, out);
    count_own_entries(s, leading, begun);
    send_news_to(s, leading, leading.others, out);
}

[[gnu::always_inline]] constexpr void on_propose(state& s, std::uint32_t count, auto& out) {
    auto* leading = leading_or_refuse(s, out);
    if (leading == nullptr) return;
    if (const auto obstacle = obstacle_to_proposal(s, *leading, count))
        return refuse(s, *obstacle, out);
    out.accept(accepted_proposal{next(s.log.last_index()), s.current_term});
    append_commands(s, *leading, count, entry_source::proposed, out);
}

constexpr void on_heartbeat_timer(state& s, instant now, auto& out) {
    if (auto* leading = std::get_if<leader>(&s.role);
        leading && (leading->changing || s.tasks->awaited))
        advance_change(s, *leading, now, out);
    auto* leading = std::get_if<leader>(&s.role);
    if (leading == nullptr) return;
    if (s.tasks->transfer && now >= s.tasks->transfer->give_up_at)
        forget(s.tasks.change().transfer);
    if (s.config.quiescence && is_idle(s, *leading, now)) return let_sleep(s, *leading, out);
    renew_lease(s, *leading, now);
    send_heartbeats(s, *leading, out);
    out.set(timer::heartbeat, now + s.config.heartbeat_interval);
}

}  // namespace raft::detail
