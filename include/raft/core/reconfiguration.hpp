// SPDX-License-Identifier: BSL-1.0
//
// How a leader carries out a change of membership (§6, thesis §4). Each configuration on the way is
// an entry of the log. It is in force from the moment it is in the log, and the next one follows
// when it is committed. A new leader continues a change that it finds unfinished, so a change needs
// no further request, and survives its leader.
#pragma once

#include <utility>

#include <raft/core/membership.hpp>
#include <raft/core/quiescence.hpp>
#include <raft/core/read.hpp>
#include <raft/core/transfer.hpp>

namespace raft::core {

/// Forgets the progress of the members that leave, and begins that of the newcomers.
constexpr void keep_progress_of(turn& t, leader_state& leader, const configuration& members) {
    const auto before = t.s.members().everyone();
    const auto staying = members.everyone() & before;
    const auto last = t.s.log.last_index();
    t.s.peers.resize(members.members.places());
    for (const auto newcomer : members.everyone().without(before))
        t.s.peers[newcomer.value] = progress{.next_index = next(last), .last_contact = t.now};
    leader.readers = leader.readers & staying;
    leader.full = leader.full & staying;
    if (!t.s.tasks->awaiting_snapshot.empty())
        t.s.tasks.change().awaiting_snapshot = t.s.tasks->awaiting_snapshot & staying;
}

/// Appends the configuration, which is in force from now on.
constexpr void append_configuration(turn& t, leader_state& leader, configuration members) {
    const auto last = t.s.log.last_index();
    const indexed_configuration carried{next(last), std::move(members)};
    if (!leader.changing) t.out.rare.change().change = carried.index;
    keep_progress_of(t, leader, carried.value);
    append_to_log(t, last, next(last), t.s.current_term, entry_source::configuration, &carried);
    leader.own = t.s.members().slot_of(t.s.self);
    leader.others = other_members(t.s);
    leader.changing = true;
    if (t.s.tasks->catch_up) forget(t.s.tasks.change().catch_up);
    confirm_rounds(t, leader);
    send_appends(t, leader);
}

/// How far the new voters have caught up.
enum class catching_up : std::uint8_t { under_way, done, failed };

/// How many election timeouts a new voter may stay silent, or stay where it is. One that is down,
/// or stuck, cannot hold up the change for ever.
inline constexpr std::int64_t catch_up_patience = 10;

/// Whether every new voter has replied recently, and has room.
[[nodiscard]] constexpr bool can_catch_up(const state& s, const leader_state& leader,
                                          member_set joining_members, instant now) {
    for (const auto newcomer : joining_members)
        if (now - s.peers[newcomer.value].last_contact >=
                s.config.election_timeout * catch_up_patience ||
            leader.full.contains(newcomer))
            return false;
    return true;
}

[[nodiscard]] constexpr catch_up_progress slowest_of(const state& s, member_set newcomers) {
    std::optional<catch_up_progress> slowest{};
    for (const auto newcomer : newcomers) {
        const auto& peer = s.peers[newcomer.value];
        const catch_up_progress reached{peer.match_index, peer.snapshot_offset};
        if (!slowest || reached < *slowest) slowest = reached;
    }
    return slowest.value_or(catch_up_progress{});
}

/// Whether the slowest newcomer goes on. What it has may also become less: a newcomer that restarts
/// gets the snapshot anew.
[[nodiscard]] constexpr bool goes_on(catch_up& round, catch_up_progress slowest, duration patience,
                                     instant now) {
    if (slowest != round.slowest) {
        round.slowest = slowest;
        round.slowest_since = now;
    }
    return now - round.slowest_since < patience;
}

/// Thesis §4.2.1: new voters are up to date once a round of theirs took less than an election
/// timeout. A round sends what the log held at its beginning; what was appended since is less
/// still.
[[nodiscard]] constexpr catching_up follow_catch_up(state& s, const leader_state& leader,
                                                    instant now) {
    const auto joining_members = joining(s.members());
    if (joining_members.empty()) return catching_up::done;
    if (!can_catch_up(s, leader, joining_members, now)) return catching_up::failed;
    const auto patience = s.config.election_timeout * catch_up_patience;
    const auto slowest = slowest_of(s, joining_members);
    auto& round = s.tasks.change().catch_up;
    if (!round) round = catch_up{s.log.last_index(), now, slowest, now};
    if (slowest.match_index < round->goal)
        return goes_on(*round, slowest, patience, now) ? catching_up::under_way
                                                       : catching_up::failed;
    if (now - round->began_at < s.config.election_timeout) return catching_up::done;
    if (round->number >= s.config.catch_up_rounds) return catching_up::failed;
    const auto number = static_cast<std::uint8_t>(round->number + 1);
    round = catch_up{s.log.last_index(), now, slowest, now, number};
    return catching_up::under_way;
}

/// The change is complete, and committed. A leader that it removed, or made a learner, now steps
/// down (§6).
constexpr void finish_change(turn& t, leader_state& leader) {
    leader.changing = false;
    leader.forced = false;
    t.out.rare.change().change_ended =
        leader.aborted ? change_result::aborted : change_result::completed;
    leader.aborted = false;
    if (!t.s.members().can_lead(t.s.self)) step_aside(t, leader);
}

/// Leads back to the configuration before the change, which has not become joint.
constexpr void abort_change(turn& t, leader_state& leader) {
    leader.aborted = true;
    append_configuration(t, leader, with_change_aborted(t.s.members()));
}

/// Whether a majority of the voters of `next`, in both halves while it is joint, has acknowledged
/// `round`. Only members acknowledge rounds; new voters are members by now, since they have just
/// caught up.
[[nodiscard]] constexpr bool majority_answers(const state& s, const leader_state& leader,
                                              const configuration& next, read_round round) {
    return quorum_agrees(next, [&](slot voter) {
        const auto member = s.members().slot_of(next.id_of(voter));
        return member && (member == leader.own || s.peers[member->value].round >= round);
    });
}

/// Begins to wait for that majority. Earlier acknowledgements prove nothing: a server can have died
/// since.
constexpr void await_majority(turn& t, leader_state& leader, configuration next) {
    t.s.tasks.change().awaited =
        awaited_majority{.next = std::move(next),
                         .round = next_round(leader),
                         .give_up_at = t.now + t.s.config.election_timeout};
    want_round(t, leader);
}

/// Proposes a configuration with other voters than now. It is appended at once if the change is
/// forced, or if this leader alone is a majority; else once a majority of its voters has answered.
constexpr void propose_configuration(turn& t, leader_state& leader, configuration next) {
    if (leader.forced || majority_answers(t.s, leader, next, next_round(leader)))
        return append_configuration(t, leader, std::move(next));
    await_majority(t, leader, std::move(next));
}

/// The majority has answered, or its time is over. A change that would leave the cluster without a
/// leader does not begin; one that has begun is aborted.
constexpr void follow_awaited(turn& t, leader_state& leader) {
    const auto awaited = *t.s.tasks->awaited;
    const bool answers = majority_answers(t.s, leader, awaited.next, awaited.round);
    if (!answers && t.now < awaited.give_up_at) return;
    forget(t.s.tasks.change().awaited);
    if (answers && !t.s.tasks->transfer) return append_configuration(t, leader, awaited.next);
    if (leader.changing) return abort_change(t, leader);
    const auto reason =
        answers ? refusal_reason::transfer_in_progress : refusal_reason::no_live_majority;
    t.out.rare.change().change_refused = refusal{reason, t.s.self};
}

/// Takes the next step of the change in progress, if its condition holds: the configuration in
/// force is committed, and with it an entry of this leader's term (Ongaro's correction of 2015: two
/// leaders could otherwise change the same configuration in two ways). One step appends once. If it
/// has done so already, as a leader that is a quorum by itself may have, the next step continues.
constexpr void advance_change(turn& t, leader_state& leader) {
    if (t.out.write && t.out.write->entries) {
        t.s.timers.heartbeat = t.now;
        return;
    }
    if (t.s.tasks->awaited) return follow_awaited(t, leader);
    if (t.s.configurations.back().index > t.s.commit_index ||
        t.s.commit_index < leader.term_start || t.s.tasks->transfer)
        return;
    const auto& members = t.s.members();
    if (!members.is_changing()) return finish_change(t, leader);
    switch (follow_catch_up(t.s, leader, t.now)) {
    case catching_up::under_way: return;
    case catching_up::done: {
        auto next = with_change_advanced(members);
        // The voters after the joint phase decide in it already, so there is nothing to wait for.
        if (members.is_joint()) return append_configuration(t, leader, std::move(next));
        return propose_configuration(t, leader, std::move(next));
    }
    case catching_up::failed: return abort_change(t, leader);
    }
}

/// Whether `wanted` is the membership before the change in progress, whose newcomers do not vote
/// yet. So a change can be taken back if the newcomers reply and yet never catch up.
[[nodiscard]] constexpr bool takes_change_back(const state& s, const std::vector<member>& wanted) {
    const auto& newest = s.configurations.back();
    return newest.index <= s.commit_index && !joining(newest.value).empty() &&
           check_membership_change(with_change_aborted(newest.value), wanted) ==
               refusal_reason::nothing_to_do;
}

/// Why the membership cannot be changed to `wanted` now.
[[nodiscard]] constexpr std::optional<refusal_reason>
check_change(const state& s, const leader_state& leader, log_index based_on,
             const std::vector<member>& wanted) {
    if (s.tasks->transfer) return refusal_reason::transfer_in_progress;
    if (s.commit_index < leader.term_start) return refusal_reason::leader_not_ready;
    if (leader.changing ? !takes_change_back(s, wanted) : s.tasks->awaited.has_value())
        return refusal_reason::change_in_progress;
    if (based_on != s.configurations.back().index) return refusal_reason::configuration_changed;
    if (leader.changing) return std::nullopt;
    return check_membership_change(s.members(), wanted);
}

constexpr void take_change_back(turn& t, leader_state& leader) {
    if (t.s.tasks->awaited) forget(t.s.tasks.change().awaited);
    t.out.rare.change().change = next(t.s.log.last_index());
    abort_change(t, leader);
}

/// Begins to change the membership to `wanted`, or takes back the change that led away from it.
/// `based_on` is the index of the configuration that the caller has seen: if there is a newer one,
/// the caller did not know of it.
constexpr void on_change(turn& t, log_index based_on, const std::vector<member>& wanted,
                         bool forced) {
    auto* leader = leading_or_refuse(t);
    if (leader == nullptr) return;
    if (const auto obstacle = check_change(t.s, *leader, based_on, wanted))
        return refuse(t, *obstacle);
    if (leader->changing) return take_change_back(t, *leader);
    leader->forced = forced;
    auto begun = with_change_begun(t.s.members(), wanted);
    if (!joining(begun).empty()) return append_configuration(t, *leader, std::move(begun));
    propose_configuration(t, *leader, with_change_advanced(begun));
}

}  // namespace raft::core
