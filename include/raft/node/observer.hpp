// SPDX-License-Identifier: BSL-1.0
//
// Who watches a node: a policy that sees what goes into the step, what comes out of it and what the
// state is then, as values. Without one nothing is done for it.
#pragma once

#include <concepts>

#include <raft/core/step.hpp>

namespace raft {

/// Watches nothing, and costs nothing. An observer has any of the members below, and is told only
/// what it has a member for. It must not call the node.
///
/// * `on_start(const state&)`: the state with which the server begins, before `started`.
/// * `on_input(instant now, const Input&)`: an alternative of `input` is about to be given to the
///   step. Commands and chunks are not in it.
/// * `on_message(const auto& to, const Body&)`: the step sends a message to a `member_id` or to a
///   `member_set` of the current configuration.
/// * `on_write(write_sequence, const hard_state&)` and `on_write(write_sequence, const append&)`:
///   the step begins a write.
/// * `on_state(const state&)`: the state after the step.
struct no_observer {};

namespace detail {

template <class Observer, class Input>
constexpr void observe_input(Observer& observer, instant now, const Input& in) {
    if constexpr (requires { observer.on_input(now, in); }) observer.on_input(now, in);
}
template <class Observer>
constexpr void observe_start(Observer& observer, const state& s) {
    if constexpr (requires { observer.on_start(s); }) observer.on_start(s);
}
template <class Observer>
constexpr void observe_state(Observer& observer, const state& s) {
    if constexpr (requires { observer.on_state(s); }) observer.on_state(s);
}
template <class Observer, class Destination, class Body>
constexpr void observe_message(Observer& observer, const Destination& to, const Body& body) {
    if constexpr (requires { observer.on_message(to, body); }) observer.on_message(to, body);
}
template <class Observer, class Written>
constexpr void observe_write(Observer& observer, write_sequence sequence, const Written& what) {
    if constexpr (requires { observer.on_write(sequence, what); })
        observer.on_write(sequence, what);
}
template <class Observer>
inline constexpr bool observes_inputs = requires(Observer& observer, const received& in) {
    observer.on_input(instant{}, in);
};

}  // namespace detail
}  // namespace raft
