// SPDX-License-Identifier: BSL-1.0
//
// Linearizable reads without writing to the log (§8, thesis §6.4). A read notes the commit index
// and a round of heartbeats that begins after the read came; once a quorum has acknowledged that
// round, this server was still the leader after the read came, so nothing newer than the noted
// index can have been committed elsewhere by then. Reads that come while a round is under way share
// the next one.
#pragma once

#include <raft/core/sending.hpp>
#include <raft/core/transfer.hpp>

namespace raft {

/// What a read may be answered from.
enum class read_consistency : std::uint8_t {
    linearizable,  ///< Everything that was committed when the read was asked for.
    lease,  ///< The same, as long as the clocks keep the stated bound; without a message while the
            ///< leader's lease holds (thesis §6.4.1).
    stale,  ///< Everything that was committed when the leader was last heard, which was at most the
            ///< stated time ago.
};

namespace detail {

constexpr void begin_round(state& s, leader& leading, instant now, auto& out) {
    ++leading.round.value;
    leading.round_began = now;
    leading.next_round_wanted = false;
    send_heartbeats(s, leading, out);
}

/// Frees the reads of every round that a quorum has acknowledged, and begins the next if reads wait
/// for it.
constexpr void confirm_rounds(state& s, leader& leading, instant now, auto& out) {
    const auto reached = quorum_reached(s.members(), [&](slot member) {
        return member == leading.own ? leading.round : s.peers[member.value].round;
    });
    if (reached <= leading.confirmed) return;
    leading.confirmed = reached;
    leading.has_lease = true;
    leading.lease_from = leading.round_began;
    out.occasionally().confirmed = confirmed_reads{reached, {}};
    if (!leading.readers.empty())
        out.send(leading.readers, round_confirmed{s.current_term, reached});
    // Some of them may wait for the round that begins now.
    if (leading.next_round_wanted)
        begin_round(s, leading, now, out);
    else
        leading.readers = {};
}

constexpr void on_round_acknowledged(state& s, leader& leading, progress& peer, read_round round,
                                     instant now, auto& out) {
    if (round <= peer.round || round > leading.round) [[likely]]
        return;
    peer.round = round;
    if (round > leading.confirmed) confirm_rounds(s, leading, now, out);
}

/// The round that settles a read that comes now.
[[nodiscard]] constexpr read_round next_round(const leader& leading) {
    return {leading.round.value + 1};
}

/// Begins that round, now or when the one under way is confirmed.
constexpr void want_round(state& s, leader& leading, instant now, auto& out) {
    if (leading.round != leading.confirmed) {
        leading.next_round_wanted = true;
        return;
    }
    begin_round(s, leading, now, out);
    confirm_rounds(s, leading, now, out);
}

/// Before this leader's first entry is committed it cannot know what is; reads wait for that entry.
[[nodiscard]] constexpr log_index read_index(const state& s, const leader& leading) {
    return greatest(s.commit_index, leading.term_start);
}

// ------------------------------------------------------------------------------------------ leases

[[nodiscard]] constexpr bool allows_leases(const state& s) {
    return s.config.clock_drift_ppm && s.config.check_quorum;
}

/// How long after a round began no other server can have been elected: those who acknowledged it
/// keep from electing one for an election timeout, by clocks that may run ahead of ours by the
/// drift of both.
[[nodiscard]] constexpr duration lease_length(const state& s) {
    constexpr std::int64_t million = 1'000'000;
    const auto timeout = s.config.election_timeout.nanoseconds;
    const auto apart = 2 * std::int64_t{*s.config.clock_drift_ppm};
    // Rounded up, and in two parts, that the product does not overflow.
    const auto drift =
        timeout / million * apart + (timeout % million * apart + million - 1) / million;
    return {timeout - drift - 1};
}

/// Whether a member may yet stand for election because this leader told it to: nobody keeps it from
/// that. It cannot once its log has grown, as it has acknowledged.
[[nodiscard]] constexpr bool may_be_deposed(const state& s) {
    if (s.tasks->transfer) return true;
    for (const auto& each : s.tasks->told) {
        const auto target = s.members().slot_of(each.target);
        if (!target || s.peers[target->value].match_index <= each.last_index) return true;
    }
    return false;
}

/// Whether the leader's own disk keeps up: one that stands still must not hold on to leadership by
/// answering reads.
[[nodiscard]] constexpr bool disk_keeps_up(const state& s, const leader& leading, instant now) {
    return s.disk.durable == s.disk.begun || !leading.own ||
           now - s.peers[leading.own->value].heard_at < s.config.election_timeout;
}

[[nodiscard]] constexpr bool holds_lease(const state& s, const leader& leading, instant now) {
    return allows_leases(s) && leading.has_lease && now - leading.lease_from < lease_length(s) &&
           !may_be_deposed(s) && disk_keeps_up(s, leading, now);
}

/// A lease lasts as long as rounds follow one another.
constexpr void renew_lease(const state& s, leader& leading, instant now) {
    if (!allows_leases(s) || leading.round != leading.confirmed) return;
    ++leading.round.value;
    leading.round_began = now;
}

// ---------------------------------------------------------------------------------- who was asked

/// Whether the leader was heard in the last `bound`, or this leader heard a quorum, and all that
/// was committed by then is known to be. To hear it is not enough: the log may be hours behind.
[[nodiscard]] constexpr bool is_fresh(const state& s, duration bound, instant now) {
    if (const auto* following = std::get_if<follower>(&s.role))
        return following->leader && following->is_informed && now - following->heard_at <= bound;
    const auto* leading = std::get_if<leader>(&s.role);
    return leading != nullptr && s.commit_index >= leading->term_start &&
           quorum_agrees(s.members(), [&](slot member) {
               return member == leading->own || (!s.peers[member.value].silent &&
                                                 now - s.peers[member.value].heard_at <= bound);
           });
}

constexpr void on_stale_read(const state& s, duration bound, instant now, auto& out) {
    if (is_fresh(s, bound, now))
        out.occasionally().read = accepted_read{{}, s.commit_index};
    else
        refuse(s, refusal_reason::too_stale, out);
}

[[nodiscard]] constexpr bool awaits_reads(const state& s) {
    return s.tasks->reads && s.tasks->reads->asked != s.tasks->reads->confirmed;
}

/// A follower asks its leader, for all reads that wait.
constexpr void forward_reads(const state& s, const follower& following, auto& out) {
    out.send(*following.leader, request_read_index{s.current_term, s.tasks->reads->asked});
}

constexpr void begin_forwarding(state& s, const follower& following, forwarded_reads& reads,
                                auto& out) {
    reads.asked = {++s.tasks.change().last_request->value};
    reads.answered = false;
    reads.wanted = false;
    reads.overdue = false;
    if (may_speak(s)) forward_reads(s, following, out);
}

constexpr void read_as_follower(state& s, const follower& following, instant now, auto& out) {
    if (!following.leader) return refuse(s, refusal_reason::not_leader, out);
    auto& tasks = s.tasks.change();
    // An answer to what an earlier run of this server asked for must not be taken for one to this.
    if (!tasks.last_request) tasks.last_request = read_round{name_of_run(s, now)};
    if (!tasks.reads)
        tasks.reads =
            forwarded_reads{.asked = *tasks.last_request, .confirmed = *tasks.last_request};
    auto& reads = *tasks.reads;
    if (reads.asked == reads.confirmed) {
        begin_forwarding(s, following, reads, out);
        out.occasionally().read = accepted_read{reads.asked, {}};
    } else {
        reads.wanted = true;
        out.occasionally().read = accepted_read{{reads.asked.value + 1}, {}};
    }
}

constexpr void on_read(state& s, read_consistency consistency, duration bound, instant now,
                       auto& out) {
    // A witness has no data to read from; whoever leads has.
    if (s.members().is_witness(s.self) || s.tasks->lacks_from)
        return refuse(s, refusal_reason::not_leader, out);
    if (consistency == read_consistency::stale) return on_stale_read(s, bound, now, out);
    if (consistency == read_consistency::lease && !allows_leases(s))
        return refuse(s, refusal_reason::no_lease, out);
    if (auto* following = std::get_if<follower>(&s.role))
        return read_as_follower(s, *following, now, out);
    auto* leading = leading_or_refuse(s, out);
    if (leading == nullptr) return;
    const auto index = read_index(s, *leading);
    const bool at_once = consistency == read_consistency::lease && holds_lease(s, *leading, now);
    out.occasionally().read = accepted_read{at_once ? read_round{} : next_round(*leading), index};
    if (!at_once) want_round(s, *leading, now, out);
}

// ------------------------------------------------------------------------------ leader to follower

constexpr void on(state& s, member_id from, const request_read_index& m, instant now, auto& out) {
    observe_term(s, m.term, now, out);
    auto* leading = std::get_if<leader>(&s.role);
    const auto reader = s.members().slot_of(from);
    if (leading == nullptr || m.term != s.current_term || !reader || from == s.self) return;
    leading->readers.insert(*reader);
    // The answer goes ahead of the round, whose heartbeat would else be taken for a sign that it is
    // lost.
    out.send(
        member_set::of(*reader),
        read_index_reply{s.current_term, m.request, next_round(*leading), read_index(s, *leading)});
    want_round(s, *leading, now, out);
}

/// The leader's `round` is confirmed: the reads that wait for it are safe.
constexpr void settle_forwarded(state& s, const follower& following, read_round round, auto& out) {
    auto& reads = *s.tasks.change().reads;
    if (!reads.answered || round < reads.round || reads.confirmed == reads.asked) return;
    reads.confirmed = reads.asked;
    out.occasionally().confirmed = confirmed_reads{reads.asked, reads.index};
    if (reads.wanted) begin_forwarding(s, following, reads, out);
}

/// A heartbeat of the leader came, in its `round`. A leader begins a round only when the one before
/// it is confirmed. What was asked begins a round, whose heartbeat may come before the answer; if
/// another comes the question, or its answer, may be lost: asks again.
constexpr void follow_forwarded(state& s, const follower& following, read_round round, auto& out) {
    if (!awaits_reads(s)) return;
    auto& reads = *s.tasks.change().reads;
    if (reads.answered && round > reads.round)
        return settle_forwarded(s, following, reads.round, out);
    if (reads.overdue && may_speak(s)) forward_reads(s, following, out);
    reads.overdue = !reads.overdue;
}

/// The follower whose reads `from` answers as its leader in this term; null if there is none.
[[nodiscard]] constexpr follower* reader_of(state& s, member_id from, term_number term, instant now,
                                            auto& out) {
    observe_term(s, term, now, out);
    auto* following = std::get_if<follower>(&s.role);
    const bool is_its = following != nullptr && term == s.current_term &&
                        following->leader == from && s.tasks->reads;
    return is_its ? following : nullptr;
}

constexpr void on(state& s, member_id from, const read_index_reply& m, instant now, auto& out) {
    auto* following = reader_of(s, from, m.term, now, out);
    if (following == nullptr) return;
    auto& reads = *s.tasks.change().reads;
    if (reads.asked != m.request || reads.answered) return;
    reads.answered = true;
    reads.round = m.round;
    reads.index = m.index;
}

constexpr void on(state& s, member_id from, const round_confirmed& m, instant now, auto& out) {
    if (auto* following = reader_of(s, from, m.term, now, out))
        settle_forwarded(s, *following, m.round, out);
}

}  // namespace detail
}  // namespace raft
