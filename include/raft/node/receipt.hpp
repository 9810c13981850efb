// SPDX-License-Identifier: BSL-1.0
//
// Every message is checked before it is accepted: a transport may lose a part of it, and the disk
// may be full.
#pragma once

#include <cstddef>
#include <cstdint>
#include <variant>

#include <raft/core/message.hpp>
#include <raft/core/state.hpp>
#include <raft/policy/entry.hpp>

namespace raft::detail {

/// Whether everything that the message refers to came with it, and no other entries.
template <class Command>
[[nodiscard]] bool has_all_parts(const append_entries& m, const attachment<Command>& beside) {
    if (beside.entries.size() != m.last_index - m.prev.index) return false;
    const auto* const carried = beside.configuration;
    if (carried == nullptr) return true;
    return carried->index > m.prev.index && carried->index <= m.last_index &&
           is_valid(carried->value);
}

/// Whether an entry lacks a command that it must have: it is neither the first of its term, a
/// leader's no-op, nor a configuration.
template <class Command>
[[nodiscard]] bool shows_missing_commands(const append_entries& m,
                                          const attachment<Command>& beside) {
    auto index = m.prev.index;
    for (const auto& each : beside.entries) {
        index = next(index);
        if (each.command) continue;
        const bool is_no_op = index == next(m.prev.index) && m.prev.term != m.entries_term;
        const auto* const carried = beside.configuration;
        if (!is_no_op && !(carried != nullptr && carried->index == index)) return true;
    }
    return false;
}

/// Whether a leader whose version does not say so regards `s` as a witness.
template <class Command>
[[nodiscard]] bool seems_withheld(const state& s, const append_entries& m,
                                  const attachment<Command>& beside) {
    return shows_missing_commands(m, beside) || s.tasks->lacks_from ||
           s.members().is_witness(s.self);
}

template <class Command>
[[nodiscard]] bool seems_withheld(const state& s, const message& body,
                                  const attachment<Command>& beside) {
    const auto* chunk = std::get_if<install_snapshot>(&body);
    const bool names_this_witness =
        beside.configuration != nullptr && beside.configuration->value.is_witness(s.self);
    return chunk != nullptr && chunk->size == 0 &&
           (names_this_witness || s.members().is_witness(s.self));
}

/// No commands travel with a reply.
template <class Command>
[[nodiscard]] constexpr bool is_withheld(const state&, const append_entries_reply&,
                                         const attachment<Command>&) {
    return false;
}

/// Whether commands are withheld from this server.
template <class Body, class Command>
[[nodiscard]] bool is_withheld(const state& s, const Body& body,
                               const attachment<Command>& beside) {
    if (beside.commands == command_access::given) return false;
    return beside.commands == command_access::withheld || seems_withheld(s, body, beside);
}

template <class Command>
[[nodiscard]] bool has_all_parts(const append_entries_reply&, const attachment<Command>& beside) {
    return beside.entries.empty();
}

/// All commands must have come, each as an entry of the sender's term.
template <class Command>
[[nodiscard]] bool has_all_parts(const forward_proposal& m, const attachment<Command>& beside) {
    for (const auto& each : beside.entries)
        if (each.term != m.term || !each.command) return false;
    return beside.entries.size() == m.count;
}

/// A state machine without snapshots cannot accept a chunk.
template <bool TakesSnapshots, class Command>
[[nodiscard]] bool has_all_parts(const message& body, const attachment<Command>& beside) {
    if (const auto* forwarded = std::get_if<forward_proposal>(&body))
        return has_all_parts(*forwarded, beside);
    if (!beside.entries.empty()) return false;
    const auto* chunk = std::get_if<install_snapshot>(&body);
    return chunk == nullptr || (TakesSnapshots && beside.chunk.size() == chunk->length);
}

/// The same message with its first entries alone. With none it is a heartbeat, which can be
/// answered.
[[nodiscard]] constexpr append_entries shortened(append_entries m, std::size_t count) {
    m.last_index = m.prev.index + count;
    if (count == 0) m.entries_term = {};
    return m;
}

/// What comes with it then.
template <class Command>
[[nodiscard]] attachment<Command> shortened(const append_entries& m, attachment<Command> beside,
                                            std::size_t count) {
    beside.entries = beside.entries.first(count);
    if (beside.configuration != nullptr && beside.configuration->index > m.prev.index + count)
        beside.configuration = nullptr;
    return beside;
}

/// The same message without its chunk: it asks for the offset that the receiver has reached.
[[nodiscard]] constexpr install_snapshot without_chunk(install_snapshot m) {
    m.length = 0;
    return m;
}

}  // namespace raft::detail
