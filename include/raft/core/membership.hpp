// SPDX-License-Identifier: BSL-1.0
//
// Changes of membership as values (§6): which configuration follows which. From any configuration
// to any other in one request: new voters join as learners first and catch up (thesis §4.2.1), then
// both sets of voters decide together (joint consensus), then the new ones alone. A change of one
// voter needs no joint phase, as any two majorities then meet (thesis §4.1).
#pragma once

#include <optional>
#include <vector>

#include <raft/core/configuration.hpp>
#include <raft/core/effects.hpp>

namespace raft {

/// What a member is to be.
enum class member_part : std::uint8_t {
    voter,    ///< Votes, holds the data, can lead.
    learner,  ///< Receives the log and counts in no majority (thesis §4.2.1).
    witness,  ///< Votes, and holds no commands (see `configuration`).
};

struct member {
    member_id id{};
    member_part part = member_part::voter;
    friend constexpr bool operator==(const member&, const member&) = default;
};

[[nodiscard]] constexpr member_part part_of(const configuration& c, slot who) {
    if (c.witnesses.contains(who)) return member_part::witness;
    return c.all_voters().contains(who) ? member_part::voter : member_part::learner;
}

/// The members and their parts once every change under way is complete.
[[nodiscard]] constexpr std::vector<member> membership_of(const configuration& c) {
    std::vector<member> all;
    for (const auto who : c.final_members()) {
        const auto part = !c.final_voters().contains(who) ? member_part::learner
                          : c.witnesses.contains(who)     ? member_part::witness
                                                          : member_part::voter;
        all.push_back({c.id_of(who), part});
    }
    return all;
}

namespace detail {

/// The same configuration with the change to `wanted` begun: newcomers are learners yet.
[[nodiscard]] constexpr configuration with_change_begun(const configuration& current,
                                                        const std::vector<member>& wanted) {
    auto begun = current;
    for (const auto& each : wanted) {
        auto who = begun.slot_of(each.id);
        if (!who) {
            who = slot{static_cast<std::uint8_t>(begun.members.size())};
            begun.members.push_back(each.id);
            begun.newcomers.insert(*who);
        }
        if (each.part == member_part::witness) begun.witnesses.insert(*who);
        auto& part = each.part == member_part::learner ? begun.next_learners : begun.next_voters;
        part.insert(*who);
    }
    return begun;
}

/// Those that are to vote and do not yet.
[[nodiscard]] constexpr member_set joining(const configuration& c) {
    return c.next_voters.without(c.all_voters());
}

/// The configuration with `kept` of the members, in new slots.
[[nodiscard]] constexpr configuration restricted_to(const configuration& c, member_set kept,
                                                    member_set voters) {
    configuration result;
    for (const auto who : kept) {
        const slot place{static_cast<std::uint8_t>(result.members.size())};
        result.members.push_back(c.id_of(who));
        if (voters.contains(who)) result.voters.insert(place);
        if (c.witnesses.contains(who)) result.witnesses.insert(place);
    }
    return result;
}

/// What follows once every joining member has caught up, or the joint phase is committed.
[[nodiscard]] constexpr configuration with_change_advanced(const configuration& c) {
    const auto next_voters = c.final_voters();
    const auto differing = next_voters.without(c.voters) | c.voters.without(next_voters);
    if (differing.size() > 1) {
        auto joint = c;
        joint.voters = next_voters;
        joint.outgoing_voters = c.voters;
        joint.next_voters = {};
        return joint;
    }
    return restricted_to(c, c.final_members(), next_voters);
}

/// What it was before the change, which has not become joint.
[[nodiscard]] constexpr configuration with_change_given_up(const configuration& c) {
    return restricted_to(c, c.everyone().without(c.newcomers), c.voters);
}

/// Why `wanted` cannot be the membership, whatever it is now.
[[nodiscard]] constexpr std::optional<refusal_reason> fault_of(const std::vector<member>& wanted) {
    std::size_t voters = 0;
    std::size_t witnesses = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        voters += wanted[i].part != member_part::learner;
        witnesses += wanted[i].part == member_part::witness;
        for (std::size_t j = 0; j < i; ++j)
            if (wanted[i].id == wanted[j].id) return refusal_reason::invalid_configuration;
    }
    if (voters == 0 || witnesses * 2 >= voters) return refusal_reason::invalid_configuration;
    return std::nullopt;
}

/// Why `current` cannot be changed to `wanted`.
[[nodiscard]] constexpr std::optional<refusal_reason>
fault_of_change(const configuration& current, const std::vector<member>& wanted) {
    if (const auto fault = fault_of(wanted)) return fault;
    auto count = current.members.size();
    bool differs = wanted.size() != count;
    for (const auto& each : wanted) {
        const auto who = current.slot_of(each.id);
        if (!who) ++count;
        differs = differs || !who || part_of(current, *who) != each.part;
        // Its log has no commands, or is about to lose them: only a new server can take that part.
        if (who &&
            (part_of(current, *who) == member_part::witness) != (each.part == member_part::witness))
            return refusal_reason::invalid_configuration;
    }
    if (!differs) return refusal_reason::nothing_to_do;
    if (count > members_max) return refusal_reason::too_many_members;
    return std::nullopt;
}

}  // namespace detail
}  // namespace raft
