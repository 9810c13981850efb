// SPDX-License-Identifier: BSL-1.0
//
// Every field of everything that a cluster consists of: what writes, reads, renames or compares
// states field by field goes through here. The fields are found as the codec finds them, so none
// can be forgotten; named are those structs of which a model leaves something out.
#pragma once

#include <concepts>
#include <type_traits>

#include <raft/codec/forms.hpp>
#include <raft/core/step.hpp>
#include <raft/testing/cluster.hpp>

namespace raft::proof {

using testing::in_flight;
using testing::simulated_disk;

/// All but what is the same in every state of a server: its identity, the settings, and the seed
/// and the timers, since any timer may fire at any time. The configurations come first: the places
/// in what follows are those of the last.
template <class State>
constexpr void visit_state(State& x, auto visit) {
    auto& [self, config, current_term, voted_for, log, snapshot, configurations, commit_index, role,
           peers, tasks, disk, timers, seed] = x;
    visit(configurations, current_term, voted_for, log, snapshot, commit_index, role, peers, tasks,
          disk);
}

/// How many elections it did not win decides nothing but deadlines.
template <class Candidate>
constexpr void visit_candidate(Candidate& x, auto visit) {
    auto& [pre_vote, leadership_transfer, asked, failed, granted] = x;
    visit(pre_vote, leadership_transfer, asked, granted);
}

/// Who sent a message is said once.
template <class Message>
constexpr void visit_message(Message& x, auto visit) {
    auto& [from, to, what] = x;
    visit(from, to, what.body, what.members, what.withheld);
}

template <class T>
concept has_fields = raft::detail::open_struct<std::remove_const_t<T>>;

template <has_fields T>
constexpr void visit_fields(T& x, auto visit) {
    using value = std::remove_const_t<T>;
    if constexpr (std::same_as<value, core::state>)
        visit_state(x, visit);
    else if constexpr (std::same_as<value, core::candidate_state>)
        visit_candidate(x, visit);
    else if constexpr (std::same_as<value, in_flight>)
        visit_message(x, visit);
    else
        raft::detail::with_fields(x, visit);
}

}  // namespace raft::proof
