// SPDX-License-Identifier: BSL-1.0
//
// What a majority is (§5.2, §5.3), and what a quorum is while the members change: two majorities
// (§6). Every question of the protocol about a quorum is one of these functions, and all of them
// use the same count.
#pragma once

#include <raft/core/configuration.hpp>

namespace raft::core {

/// Whether a majority of `voters` agrees, by `agrees(slot)`.
template <class Agrees>
[[nodiscard]] constexpr bool majority_agrees(member_set voters, Agrees agrees) {
    int balance = 0;
    for (const auto voter : voters) balance += agrees(voter) ? 1 : -1;
    return balance > 0;
}

/// Whether a quorum of the configuration agrees: a majority of the voters and, while a change is
/// joint, also a majority of the old voters (§6).
template <class Agrees>
[[nodiscard]] constexpr bool quorum_agrees(const configuration& c, Agrees agrees) {
    return majority_agrees(c.voters, agrees) &&
           (!c.is_joint() || majority_agrees(c.outgoing_voters, agrees));
}

/// Whether these members are a quorum.
[[nodiscard]] constexpr bool is_quorum(const configuration& c, member_set agreeing) {
    return quorum_agrees(c, [=](slot voter) { return agreeing.contains(voter); });
}

/// The largest value that a quorum has reached, by `value_of(slot)`; the default value if there are
/// no voters.
template <class ValueOf>
[[nodiscard]] constexpr auto quorum_reached(const configuration& c, ValueOf value_of) {
    decltype(value_of(slot{})) reached{};
    for (const auto candidate : c.all_voters()) {
        const auto value = value_of(candidate);
        if (value <= reached) continue;
        if (quorum_agrees(c, [&](slot voter) { return value_of(voter) >= value; })) reached = value;
    }
    return reached;
}

}  // namespace raft::core
