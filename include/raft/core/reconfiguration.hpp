// SPDX-License-Identifier: BSL-1.0
//
// A leader's conduct of a change of membership (§6, thesis §4): each configuration on the way is an
// entry of the log, in force from the moment it is in it, and the next follows when it is
// committed. Whoever leads goes on with what it finds unfinished, so a change needs no further
// request, and survives its leader.
#pragma once

#include <utility>

#include <raft/core/membership.hpp>
#include <raft/core/quiescence.hpp>
#include <raft/core/read.hpp>
#include <raft/core/transfer.hpp>

namespace raft::detail {

/// What this leader knows of its peers, by their slots in `members`.
[[nodiscard]] constexpr std::vector<progress>
progress_in(const state& s, const configuration& members, instant now) {
    std::vector<progress> peers;
    for (const auto id : members.members) {
        const auto before = s.members().slot_of(id);
        peers.push_back(before ? s.peers[before->value]
                               : progress{.next_index = next(s.log.last_index()), .heard_at = now});
    }
    return peers;
}

/// Appends the configuration, and takes it for the one in force from now on.
constexpr void append_configuration(state& s, leader& leading, configuration members, instant now,
                                    auto& out) {
    const auto last = s.log.last_index();
    const indexed_configuration carried{next(last), std::move(members)};
    if (!leading.changing) out.occasionally().change = carried.index;
    s.peers = progress_in(s, carried.value, now);
    // Who waits, and who is full, is known by slots that are others now; they say so again.
    leading.readers = {};
    leading.full = {};
    if (!s.tasks->awaiting_snapshot.empty()) s.tasks.change().awaiting_snapshot = {};
    append_to_log(s, last, next(last), s.current_term, entry_source::configuration, &carried, out);
    leading.own = s.members().slot_of(s.self);
    leading.others = other_members(s);
    leading.changing = true;
    if (s.tasks->catch_up) forget(s.tasks.change().catch_up);
    confirm_rounds(s, leading, now, out);
    send_news(s, leading, out);
}

/// How far the new voters have come.
enum class catching_up : std::uint8_t { under_way, done, failed };

/// Whether every new voter has answered of late, and has room. One that is gone, or full, cannot
/// hold the change up for ever.
[[nodiscard]] constexpr bool can_catch_up(const state& s, const leader& leading,
                                          member_set joining_members, instant now) {
    constexpr std::int64_t patience = 10;
    for (const auto who : joining_members)
        if (now - s.peers[who.value].heard_at >= s.config.election_timeout * patience ||
            leading.full.contains(who))
            return false;
    return true;
}

/// Thesis §4.2.1: new voters are up to date once a round of theirs, that brings what there was at
/// its beginning, took less than an election timeout: what has come since is less still.
[[nodiscard]] constexpr catching_up follow_catch_up(state& s, const leader& leading, instant now) {
    const auto joining_members = joining(s.members());
    if (joining_members.empty()) return catching_up::done;
    if (!can_catch_up(s, leading, joining_members, now)) return catching_up::failed;
    auto& round = s.tasks.change().catch_up;
    if (!round) round = catch_up{s.log.last_index(), now};
    for (const auto who : joining_members)
        if (s.peers[who.value].match_index < round->goal) return catching_up::under_way;
    if (now - round->began_at < s.config.election_timeout) return catching_up::done;
    if (round->number >= s.config.catch_up_rounds) return catching_up::failed;
    const auto following = static_cast<std::uint8_t>(round->number + 1);
    round = catch_up{s.log.last_index(), now, following};
    return catching_up::under_way;
}

/// The change is over, and committed. A leader that it removed, or made a learner, has done its
/// last duty (§6).
constexpr void finish_change(state& s, leader& leading, instant now, auto& out) {
    leading.changing = false;
    leading.forced = false;
    out.occasionally().change_ended =
        leading.gave_up ? change_result::given_up : change_result::completed;
    leading.gave_up = false;
    if (!s.members().can_lead(s.self)) step_aside(s, leading, now, out);
}

/// The members are to be what they were before the change, which has not become joint.
constexpr void give_change_up(state& s, leader& leading, instant now, auto& out) {
    leading.gave_up = true;
    append_configuration(s, leading, with_change_given_up(s.members()), now, out);
}

/// Whether a majority of those who would vote by `next`, in both halves while it is joint, has
/// answered `round`. Only members can be asked; who is yet to join has just caught up.
[[nodiscard]] constexpr bool majority_answers(const state& s, const leader& leading,
                                              const configuration& next, read_round round) {
    return quorum_agrees(next, [&](slot voter) {
        const auto member = s.members().slot_of(next.id_of(voter));
        return member && (member == leading.own || s.peers[member->value].round >= round);
    });
}

/// Begins to wait for that: what was heard before proves nothing. A server can have died since.
constexpr void await_majority(state& s, leader& leading, configuration next, instant now,
                              auto& out) {
    s.tasks.change().awaited = awaited_majority{.next = std::move(next),
                                                .round = next_round(leading),
                                                .give_up_at = now + s.config.election_timeout};
    want_round(s, leading, now, out);
}

/// A configuration with other voters than now: it takes force at once where that is asked for, or
/// where this leader is a majority alone; else once a majority of its voters answers.
constexpr void propose_configuration(state& s, leader& leading, configuration next, instant now,
                                     auto& out) {
    if (leading.forced || majority_answers(s, leading, next, next_round(leading)))
        return append_configuration(s, leading, std::move(next), now, out);
    await_majority(s, leading, std::move(next), now, out);
}

/// The majority has answered, or has had the time to. A change that would leave the cluster
/// without a leader does not begin; one that has begun leads back.
constexpr void follow_awaited(state& s, leader& leading, instant now, auto& out) {
    const auto awaited = *s.tasks->awaited;
    const bool answers = majority_answers(s, leading, awaited.next, awaited.round);
    if (!answers && now < awaited.give_up_at) return;
    forget(s.tasks.change().awaited);
    if (answers && !s.tasks->transfer)
        return append_configuration(s, leading, awaited.next, now, out);
    if (leading.changing) return give_change_up(s, leading, now, out);
    const auto reason =
        answers ? refusal_reason::transfer_in_progress : refusal_reason::no_live_majority;
    out.occasionally().change_refused = refusal{reason, s.self};
}

/// Takes the next step of the change under way, if what it waits for has come: the configuration in
/// force is committed, and with it an entry of this leader's term (Ongaro's correction of 2015: two
/// leaders could otherwise change the same configuration in two ways). Only at the beginning of a
/// heartbeat: destinations already named in a step would be other members afterwards.
constexpr void advance_change(state& s, leader& leading, instant now, auto& out) {
    if (s.tasks->awaited) return follow_awaited(s, leading, now, out);
    if (s.configurations.back().index > s.commit_index || s.commit_index < leading.term_start ||
        s.tasks->transfer)
        return;
    const auto& members = s.members();
    if (!members.is_changing()) return finish_change(s, leading, now, out);
    switch (follow_catch_up(s, leading, now)) {
    case catching_up::under_way: return;
    case catching_up::done: {
        auto next = with_change_advanced(members);
        // Who decides after the joint phase decides in it already: nothing is to be asked.
        if (members.is_joint()) return append_configuration(s, leading, std::move(next), now, out);
        return propose_configuration(s, leading, std::move(next), now, out);
    }
    case catching_up::failed: return give_change_up(s, leading, now, out);
    }
}

/// Something was committed: the change may go on, and need not wait for the next heartbeat.
constexpr void hasten_change(instant now, auto& out) { out.set(timer::heartbeat, now); }

/// A member has answered: perhaps it was the last that a change waited for.
constexpr void look_at_awaited(const state& s, const leader& leading, instant now, auto& out) {
    if (s.tasks->awaited &&
        majority_answers(s, leading, s.tasks->awaited->next, s.tasks->awaited->round))
        hasten_change(now, out);
}

/// Whether `wanted` is what the members were before the change under way, whose newcomers do not
/// vote yet: so it can be taken back, if they answer and yet never come to the end of the log.
[[nodiscard]] constexpr bool takes_change_back(const state& s, const std::vector<member>& wanted) {
    const auto& newest = s.configurations.back();
    return newest.index <= s.commit_index && !joining(newest.value).empty() &&
           fault_of_change(with_change_given_up(newest.value), wanted) ==
               refusal_reason::nothing_to_do;
}

/// Why the membership cannot be changed to `wanted` now.
[[nodiscard]] constexpr std::optional<refusal_reason>
obstacle_to_change(const state& s, const leader& leading, log_index based_on,
                   const std::vector<member>& wanted) {
    if (s.tasks->transfer) return refusal_reason::transfer_in_progress;
    if (s.commit_index < leading.term_start) return refusal_reason::leader_not_ready;
    if (leading.changing ? !takes_change_back(s, wanted) : s.tasks->awaited.has_value())
        return refusal_reason::change_in_progress;
    if (based_on != s.configurations.back().index) return refusal_reason::configuration_changed;
    if (leading.changing) return std::nullopt;
    return fault_of_change(s.members(), wanted);
}

constexpr void take_change_back(state& s, leader& leading, instant now, auto& out) {
    if (s.tasks->awaited) forget(s.tasks.change().awaited);
    out.occasionally().change = next(s.log.last_index());
    give_change_up(s, leading, now, out);
}

/// Begins to change the membership to `wanted`, or takes back the change that led away from it.
/// `based_on` is the index of the configuration that whoever asks has seen: if there is a newer
/// one, the request was made in ignorance of it.
constexpr void on_change(state& s, log_index based_on, const std::vector<member>& wanted,
                         bool forced, instant now, auto& out) {
    auto* leading = leading_or_refuse(s, out);
    if (leading == nullptr) return;
    if (const auto obstacle = obstacle_to_change(s, *leading, based_on, wanted))
        return refuse(s, *obstacle, out);
    if (leading->asleep) rouse_leader(s, now, out);
    if (leading->changing) return take_change_back(s, *leading, now, out);
    leading->forced = forced;
    auto begun = with_change_begun(s.members(), wanted);
    if (!joining(begun).empty())
        return append_configuration(s, *leading, std::move(begun), now, out);
    propose_configuration(s, *leading, with_change_advanced(begun), now, out);
}

}  // namespace raft::detail
