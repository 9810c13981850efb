// SPDX-License-Identifier: BSL-1.0
//
// The observer of a node: a policy that sees the inputs of the step, its effects and the state
// after it, as values. Without an observer nothing is done for it.
#pragma once

#include <raft/core/step.hpp>

namespace raft::policy {

/// Observes nothing, and costs nothing. An observer has any of the members below; each is called if
/// it is there. It must not call the node.
///
/// * `on_start(const state&)`: the state with which the server begins, before `started`.
/// * `on_input(instant now, const Input&)`: the step gets an alternative of `input`. Commands and
///   chunks are not in it.
/// * `on_message(const destination&, const message&)`: the step sends a message.
/// * `on_write(const log_write&)`: the step begins a write.
/// * `on_state(const state&)`: the state after the step.
struct no_observer {};

}  // namespace raft::policy

namespace raft::detail {

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
template <class Observer>
constexpr void observe_message(Observer& observer, const destination& to, const message& body) {
    if constexpr (requires { observer.on_message(to, body); }) observer.on_message(to, body);
}
template <class Observer>
constexpr void observe_write(Observer& observer, const log_write& write) {
    if constexpr (requires { observer.on_write(write); }) observer.on_write(write);
}
/// A message is an input that few observers need, and that must be put together for them.
template <class Observer>
constexpr void observe_received(Observer& observer, instant now, member_id from,
                                const message& body, const indexed_configuration* members,
                                bool withheld) {
    if constexpr (requires { observer.on_input(now, received{}); }) {
        received in{from, body, std::nullopt, withheld};
        if (members != nullptr) in.members = *members;
        observer.on_input(now, in);
    }
}

}  // namespace raft::detail
