// SPDX-License-Identifier: BSL-1.0
//
// The four concepts that a program plugs into `raft::node`: what each must do, in prose and in C++,
// and the least type that does it. `check_state_machine<T>()` and its siblings tell which member a
// type lacks.
#pragma once

#include <type_traits>

#include <raft/policy/clock.hpp>
#include <raft/policy/entry.hpp>
#include <raft/policy/state_machine.hpp>
#include <raft/policy/storage.hpp>
#include <raft/policy/transport.hpp>

namespace raft {

/// The commands of a state machine, which may be given as a reference to one.
template <class StateMachine>
using command_of = typename std::remove_reference_t<StateMachine>::command;

/// The parts of a node: each a policy, or a reference to one.
template <class StateMachine, class Transport, class Storage, class Clock>
concept node_parts = state_machine<std::remove_reference_t<StateMachine>> &&
    transport_for<std::remove_reference_t<Transport>, command_of<StateMachine>> &&
    storage_for<std::remove_reference_t<Storage>, command_of<StateMachine>> &&
    clock<std::remove_reference_t<Clock>>;

}  // namespace raft
