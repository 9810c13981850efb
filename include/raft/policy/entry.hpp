// SPDX-License-Identifier: BSL-1.0
//
// What the log holds, and what travels beside a message: the bytes of the protocol, which the core
// never sees.
#pragma once

#include <cstddef>
#include <cstring>
#include <optional>
#include <span>
#include <type_traits>

#include <raft/core/configuration.hpp>
#include <raft/core/types.hpp>

namespace raft {

/// An entry of the log. One without a command is the protocol's own: a leader's no-op, or a
/// configuration, which is kept and sent beside the entries as an `indexed_configuration`.
template <class Command>
struct entry {
    term_number term{};
    std::optional<Command> command{};
    friend constexpr bool operator==(const entry&, const entry&) = default;
};

/// Copies an entry that is no base and no member of anything else: with its padding, if that is all
/// that there is to copy, so that it is read in the words in which it was written.
template <class Command>
void copy_whole(entry<Command>& to, const entry<Command>& from) {
    if constexpr (std::is_trivially_copyable_v<entry<Command>>)
        std::memcpy(&to, &from, sizeof to);
    else
        to = from;
}

/// What travels beside a message. Views: valid only during the call that they are given to.
template <class Command>
struct attachment {
    /// `append_entries`: the entries in (prev.index, last_index], in order. `forward_proposal`: the
    /// commands, as entries of its term.
    std::span<const entry<Command>> entries{};
    /// `append_entries`: the configuration that one of the entries is, at most one.
    /// `install_snapshot`: the one in force at the snapshot's last entry. Null where there is none.
    const indexed_configuration* configuration = nullptr;
    /// `install_snapshot`: the bytes [offset, offset + length) of the snapshot.
    std::span<const std::byte> chunk{};
};

}  // namespace raft
