// SPDX-License-Identifier: BSL-1.0
//
// What the log holds, and what travels beside a message: the bytes of the protocol, which the core
// never sees.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <type_traits>

#include <raft/core/configuration.hpp>
#include <raft/core/types.hpp>

namespace raft {

/// An entry of the log. One without a command is the protocol's own: a leader's no-op, which is the
/// first of its term, or a configuration, which is kept and sent beside the entries as an
/// `indexed_configuration`. In a witness's log any other may lack its command, too.
template <class Command>
struct entry {
    term_number term{};
    std::optional<Command> command{};
    friend constexpr bool operator==(const entry&, const entry&) = default;
};

}  // namespace raft

namespace raft::detail {

/// Copies an entry that is no base and no member of anything else: with its padding, if that is all
/// that there is to copy, so that it is read in the words in which it was written.
template <class Command>
void copy_whole(entry<Command>& to, const entry<Command>& from) {
    if constexpr (std::is_trivially_copyable_v<entry<Command>>)
        std::memcpy(&to, &from, sizeof to);
    else
        to = from;
}

}  // namespace raft::detail

namespace raft {

/// Whether a leader sends this server commands, and snapshots' bytes.
enum class command_access : std::uint8_t {
    given,
    withheld,  ///< Neither: it takes this server for a witness.
    unsaid,    ///< It is of a version that did not say.
};

/// What travels beside a message. Views: valid only during the call that they are given to.
template <class Command>
struct attachment {
    /// `append_entries`: the entries in (prev.index, last_index], in order. `forward_proposal`: the
    /// commands, as entries of its term.
    std::span<const entry<Command>> entries{};
    /// `append_entries`: the configuration that one of the entries is, at most one.
    /// `install_snapshot`: the one in force at the snapshot's last entry. Null where there is none.
    const core::indexed_configuration* configuration = nullptr;
    /// `install_snapshot`: the bytes [offset, offset + length) of the snapshot.
    std::span<const std::byte> chunk{};
    /// `append_entries` and `install_snapshot`.
    command_access commands = command_access::given;
};

}  // namespace raft
