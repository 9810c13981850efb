// SPDX-License-Identifier: BSL-1.0
//
// The four concepts that a program plugs into `raft::node`: what each must do, in prose and in C++,
// and the least type that does it. `check_state_machine<T>()` and its siblings tell which member a
// type lacks.
#pragma once

#include <concepts>
#include <type_traits>

#include <raft/policy/clock.hpp>
#include <raft/policy/entry.hpp>
#include <raft/policy/state_machine.hpp>
#include <raft/policy/storage.hpp>
#include <raft/policy/transport.hpp>

namespace raft::policy {

/// The commands of a state machine, which may be given as a reference to one.
template <class StateMachine>
using command_of = typename std::remove_reference_t<StateMachine>::command;

/// How a node holds a policy: it owns a `T`, which it is given by a move, or borrows a `T&`.
template <class T>
concept owned_or_borrowed = std::is_reference_v<T> || std::move_constructible<T>;

/// The parts of a node: each a policy, or a reference to one.
template <class StateMachine, class Transport, class Storage, class Clock>
concept node_parts = state_machine<std::remove_reference_t<StateMachine>> &&
    transport_for<std::remove_reference_t<Transport>, command_of<StateMachine>> &&
    storage_for<std::remove_reference_t<Storage>, command_of<StateMachine>> &&
    clock<std::remove_reference_t<Clock>> && owned_or_borrowed<StateMachine> &&
    owned_or_borrowed<Transport> && owned_or_borrowed<Storage> && owned_or_borrowed<Clock>;

/// Fails to compile with the name of what one of the parts lacks to be that of a node.
template <class StateMachine, class Transport, class Storage, class Clock>
[[nodiscard]] constexpr bool check_node_parts() {
    check_state_machine<std::remove_reference_t<StateMachine>>();
    if constexpr (state_machine<std::remove_reference_t<StateMachine>>) {
        check_transport<std::remove_reference_t<Transport>, command_of<StateMachine>>();
        check_storage<std::remove_reference_t<Storage>, command_of<StateMachine>>();
        check_clock<std::remove_reference_t<Clock>>();
    }
    static_assert(owned_or_borrowed<StateMachine> && owned_or_borrowed<Transport> &&
                      owned_or_borrowed<Storage> && owned_or_borrowed<Clock>,
                  "raft: a node cannot own what cannot be moved: name the type of that part `T&`, "
                  "and the node borrows it");
    return node_parts<StateMachine, Transport, Storage, Clock>;
}

/// As `node_parts`, but what is none is an error that says why.
template <class StateMachine, class Transport, class Storage, class Clock>
concept checked_node_parts = node_parts<StateMachine, Transport, Storage, Clock> ||
    check_node_parts<StateMachine, Transport, Storage, Clock>();

}  // namespace raft::policy
