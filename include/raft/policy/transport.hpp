// SPDX-License-Identifier: BSL-1.0
//
// Where messages leave a server: the concept of a transport.
#pragma once

#include <concepts>
#include <cstddef>
#include <span>

#include <raft/core/message.hpp>
#include <raft/policy/entry.hpp>

namespace raft {

/// Where messages leave a server. What arrives is given to `node::receive`.
///
/// * `send(to, message, attachment)` may drop, delay, duplicate and reorder; it must not corrupt,
///   nor deliver to another server, nor block, nor call the node. It takes what it needs from the
///   views during the call. All of `to` get the same, so that it can be encoded once.
///   The node gives the message by its own type, which converts into `message`: a transport whose
///   `send` is a template of it can write it where it will be read.
/// * `room(to)`: how many bytes of entries the transport would take for `to` now. With 0, messages
///   without entries still go out. The node hands over no more entries than there is room for, but
///   one, which may be larger, if there is any.
template <class T, class Command>
concept transport_for = requires(T& transport, std::span<const member_id> to,
                                 const core::message& body, const attachment<Command>& beside,
                                 member_id member) {
    transport.send(to, body, beside);
    { transport.room(member) } -> std::convertible_to<std::size_t>;
};

}  // namespace raft

namespace raft::policy {

/// The least transport.
template <class Command>
struct transport_archetype {
    constexpr void send(std::span<const member_id>, const core::message&,
                        const attachment<Command>&) {}
    [[nodiscard]] constexpr std::size_t room(member_id) { return 0; }
};

/// Fails to compile with the name of what `T` lacks to be a transport.
template <class T, class Command>
constexpr void check_transport() {
    static_assert(
        requires(T & transport, std::span<const member_id> to, const core::message& body,
                 const attachment<Command>& beside) { transport.send(to, body, beside); },
        "raft: a Transport needs `send(std::span<const member_id>, const message&, const "
        "attachment<Command>&)`, where Command is the `command` of the state machine");
    static_assert(
        requires(T & transport, member_id member) {
            { transport.room(member) } -> std::convertible_to<std::size_t>;
        },
        "raft: a Transport needs `size_t room(member_id)`");
}

}  // namespace raft::policy
