// SPDX-License-Identifier: BSL-1.0
//
// Changes of membership as values (§6): which configuration follows which. One request leads from
// any configuration to any other. New voters first join as learners and catch up (thesis §4.2.1),
// then both sets of voters decide together (joint consensus), then the new voters decide alone. A
// change of one voter needs no joint phase, because any two majorities then overlap (thesis §4.1).
#pragma once

#include <optional>
#include <vector>

#include <raft/core/configuration.hpp>
#include <raft/core/effects.hpp>

namespace raft::core {

/// The part of a member in the cluster.
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

[[nodiscard]] constexpr member_part part_of(const configuration& c, slot place) {
    if (c.witnesses.contains(place)) return member_part::witness;
    return c.all_voters().contains(place) ? member_part::voter : member_part::learner;
}

/// The members and their parts once every change in progress is complete.
[[nodiscard]] constexpr std::vector<member> membership_of(const configuration& c) {
    std::vector<member> all;
    for (const auto place : c.final_members()) {
        const auto part = !c.final_voters().contains(place) ? member_part::learner
                          : c.witnesses.contains(place)     ? member_part::witness
                                                            : member_part::voter;
        all.push_back({c.id_of(place), part});
    }
    return all;
}

/// The same configuration with the change to `wanted` begun: newcomers are still learners.
[[nodiscard]] constexpr configuration with_change_begun(const configuration& current,
                                                        const std::vector<member>& wanted) {
    auto begun = current;
    for (const auto& each : wanted) {
        auto place = begun.slot_of(each.id);
        if (!place) {
            place = begun.members.add(each.id);
            begun.newcomers.insert(*place);
        }
        if (each.part == member_part::witness) begun.witnesses.insert(*place);
        auto& part = each.part == member_part::learner ? begun.next_learners : begun.next_voters;
        part.insert(*place);
    }
    return begun;
}

/// The members that are going to vote and do not yet.
[[nodiscard]] constexpr member_set joining(const configuration& c) {
    return c.next_voters.without(c.all_voters());
}

/// The configuration with `kept` of the members, each at its place.
[[nodiscard]] constexpr configuration restricted_to(const configuration& c, member_set kept,
                                                    member_set voters) {
    configuration result{
        .members = c.members, .voters = voters & kept, .witnesses = c.witnesses & kept};
    result.members.keep_only(kept);
    return result;
}

/// The configuration that follows once every joining member has caught up, or the joint phase is
/// committed.
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

/// The configuration before the change, which has not become joint.
[[nodiscard]] constexpr configuration with_change_aborted(const configuration& c) {
    return restricted_to(c, c.everyone().without(c.newcomers), c.voters);
}

/// Why `wanted` cannot be the membership, whatever the current one is.
[[nodiscard]] constexpr std::optional<refusal_reason>
check_membership(const std::vector<member>& wanted) {
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
check_membership_change(const configuration& current, const std::vector<member>& wanted) {
    if (const auto fault = check_membership(wanted)) return fault;
    auto count = current.members.size();
    bool differs = wanted.size() != count;
    for (const auto& each : wanted) {
        const auto place = current.slot_of(each.id);
        if (!place) ++count;
        differs = differs || !place || part_of(current, *place) != each.part;
        // Its log has no commands, or is to lose them: only a new server can take that part.
        if (place && (part_of(current, *place) == member_part::witness) !=
                         (each.part == member_part::witness))
            return refusal_reason::invalid_configuration;
    }
    if (!differs) return refusal_reason::nothing_to_do;
    if (count > members_max) return refusal_reason::too_many_members;
    return std::nullopt;
}
}  // namespace raft::core

namespace raft {
using core::member;
using core::member_part;
}  // namespace raft
