// SPDX-License-Identifier: BSL-1.0
//
// The means by which all rules change a state: writes that are begun, timers that are set, terms
// that are adopted, and the one rule of Figure 2 for "All servers". Nothing here decides when.
#pragma once

#include <utility>

#include <raft/core/effects.hpp>
#include <raft/core/state.hpp>

namespace raft::detail {

/// §5.2: timeouts are random so that few elections are split. Each is a number between one and two
/// times the least, and as many times more as the rank says; the seed itself is that number, and
/// stays until the next is drawn.
[[nodiscard]] constexpr duration election_timeout(const state& s) {
    constexpr int precision = 20;  // A millionth of the span, and no division.
    const auto span = s.config.election_timeout.nanoseconds;
    const auto part = static_cast<std::int64_t>(s.seed >> (64 - precision));
    return s.config.election_timeout * (1 + s.config.election_rank) +
           duration{(span * part) >> precision};
}

/// A number that looks random, by the mixing of splitmix64.
[[nodiscard]] constexpr std::uint64_t mixed(std::uint64_t number) {
    auto z = number + 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
}

/// A number that no earlier run of this server had, most likely: it depends on the time too, as
/// whoever runs the server may give it the same seed each time. Below 2^63, as all numbers are.
[[nodiscard]] constexpr std::uint64_t name_of_run(const state& s, instant now) {
    return mixed(s.seed ^ static_cast<std::uint64_t>(now.nanoseconds)) >> 1U;
}

constexpr void draw_election_timeout(state& s) { s.seed = mixed(s.seed); }

constexpr void restart_election_timer(const state& s, instant now, auto& out) {
    out.set(timer::election, now + election_timeout(s));
}

/// Begins a write of term and vote; what else this step writes goes with it.
constexpr void persist_vote(state& s, auto& out) {
    ++s.disk.begun.value;
    s.disk.vote = s.disk.begun;
    s.disk.stretch_sequence = s.disk.begun;
    s.disk.stretch_index = s.log.last_index();
    out.persist(s.disk.begun, hard_state{s.current_term, s.voted_for});
}

/// Takes back what the log holds after `last_kept`.
[[gnu::noinline, gnu::cold]] constexpr void cut_off_log(state& s, log_index last_kept) {
    s.log.truncate_after(last_kept);
    while (s.configurations.back().index > last_kept) s.configurations.pop_back();
    if (s.tasks->lacks_from > last_kept) forget(s.tasks.change().lacks_from);
    if (s.disk.durable_index > last_kept) s.disk.durable_index = last_kept;
    s.disk.stretch_sequence = s.disk.begun;
    s.disk.stretch_index = last_kept;
}

/// Appends entries of one term to the log, after `last_kept` and up to `last`, and begins their
/// write. One of them may be the configuration `carried`.
[[gnu::always_inline]] constexpr void append_to_log(state& s, log_index last_kept, log_index last,
                                                    term_number term, entry_source source,
                                                    const indexed_configuration* carried,
                                                    auto& out) {
    if (last_kept < s.log.last_index()) cut_off_log(s, last_kept);
    const auto count = last - last_kept;
    s.log.append(term, count);
    s.disk.begun.value += count;
    if (carried != nullptr && carried->index > last_kept && carried->index <= last) [[unlikely]]
        s.configurations.push_back(*carried);
    out.append(s.disk.begun, append{next(last_kept), last, term, source});
}

/// Begins a write that is neither vote nor entries, and gives its place.
constexpr write_sequence begin_other_write(state& s) {
    ++s.disk.begun.value;
    s.disk.stretch_sequence = s.disk.begun;
    s.disk.stretch_index = s.log.last_index();
    return s.disk.begun;
}

/// Whether the entries just appended, since the write `before`, are durable already: the storage is
/// durable at once, and nothing else was on its way. Then nothing need wait for a completion.
[[nodiscard]] constexpr bool durable_already(state& s, write_sequence before) {
    if (!s.config.durable_at_once || s.disk.durable != before) return false;
    s.disk.durable = s.disk.begun;
    s.disk.durable_index = s.log.last_index();
    return true;
}

/// A server says nothing in a term that it could forget (§5.1: a term, once seen, is never left for
/// an older one).
[[nodiscard]] constexpr bool may_speak(const state& s) { return s.disk.vote <= s.disk.durable; }

/// What is under way ends with the role, but for the snapshot that is being received: the next
/// leader may have the same. Requests are counted on: a late answer is then known for what it is.
/// And what the disk has lost, or never had, is missing whoever leads.
constexpr void end_tasks(state& s) {
    if (!s.tasks.is_changed()) return;
    const auto& before = *s.tasks;
    role_tasks kept{.incoming = before.incoming,
                    .last_request = before.last_request,
                    .lost_through = before.lost_through,
                    .lacks_from = before.lacks_from,
                    .removed_at = before.removed_at};
    if (before.forwarding) kept.forwarding = forwarded_proposals{.last = before.forwarding->last};
    if (kept == role_tasks{}) return s.tasks.reset();
    s.tasks.change() = std::move(kept);
}

/// Ends what only a leader, or who has one, has and does.
constexpr void leave_role(state& s, auto& out) {
    if (s.tasks->reads) out.occasionally().reads_lost = true;
    if (s.tasks->forwarding) out.occasionally().forwarding_lost = true;
    if (s.tasks->awaited)
        out.occasionally().change_refused = refusal{refusal_reason::leadership_lost, std::nullopt};
    end_tasks(s);
    if (!s.is_leader()) return;
    out.occasionally().leadership_lost = true;
    s.peers.clear();
    out.cancel(timer::heartbeat);
}

/// Becomes a follower, in this term or in a later one. The vote stays with its term: a server that
/// steps down within a term must not vote again in it. Its patience ends when it would have: only a
/// leader's word or a vote given puts that off (§5.2), or servers whose logs are behind could keep
/// those that can win from trying. Who led, or slept, had no deadline and gets one. What it
/// has promised to the leader that it followed holds as long as it would have, however it hears of
/// a later term.
[[gnu::noinline, gnu::cold]] constexpr void become_follower(state& s, term_number term,
                                                            std::optional<member_id> leader_id,
                                                            instant now, auto& out) {
    const auto* const before = std::get_if<follower>(&s.role);
    const bool asleep = before != nullptr && before->asleep;
    const bool waits_already = !s.is_leader() && !leader_id && !asleep;
    leave_role(s, out);
    follower following{.leader = leader_id, .heard_at = now, .verified_index = s.commit_index};
    if (before != nullptr && !leader_id) {
        following.heard_at = before->heard_at;
        following.keeps_promise = before->leader || before->keeps_promise;
    }
    s.role = role{following};
    if (term > s.current_term) {
        s.current_term = term;
        forget(s.voted_for);
        persist_vote(s, out);
    }
    if (waits_already) return;
    draw_election_timeout(s);
    restart_election_timer(s, now, out);
}

[[nodiscard]] constexpr member_set other_members(const state& s) {
    const auto own = s.members().slot_of(s.self);
    return own ? s.members().everyone().without(*own) : s.members().everyone();
}

/// A member that knows no leader may be the only one that is awake: it has just started, or its
/// leader is gone. Who can stand for election wakes the others by that, the rest by this.
constexpr void look_for_leader(const state& s, auto& out) {
    if (!s.config.quiescence || !s.is_follower() || s.current_leader()) return;
    const auto others = other_members(s);
    if (s.members().slot_of(s.self) && !others.empty()) out.send(others, wake_up{s.current_term});
}

/// One message moves the term no further than this. Terms go up by one for each election, and an
/// election takes a millisecond at least: no server of an honest cluster is so far behind another
/// before 49 days of nothing but elections are over. A message that claims more is damaged or
/// forged; believed, it could use up all the terms there are, and no leader could ever be elected.
inline constexpr std::uint64_t term_step_max = std::uint64_t{1} << 32U;

/// Whether a server that keeps the rules could be in `term`.
[[nodiscard]] constexpr bool is_plausible(const state& s, term_number term) {
    return term <= s.current_term || term.value - s.current_term.value <= term_step_max;
}

/// Figure 2, "All servers": a later term in any request or reply ends what this server was.
constexpr void observe_term(state& s, term_number term, instant now, auto& out) {
    if (term > s.current_term) become_follower(s, term, std::nullopt, now, out);
}

/// Commits up to `index`, which the rules have found safe.
constexpr void commit_through(state& s, log_index index, auto& out) {
    s.commit_index = index;
    out.commit_through(index);
}

}  // namespace raft::detail
