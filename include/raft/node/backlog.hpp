// SPDX-License-Identifier: BSL-1.0
//
// How many bytes of commands are in the log and not applied yet: at a leader what it has accepted,
// at a follower what it has received. Both are bounded.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>

#include <raft/core/state.hpp>
#include <raft/node/options.hpp>
#include <raft/policy/entry.hpp>
#include <raft/policy/storage.hpp>

namespace raft::detail {

/// The bytes of the commands of `entries`, as `storage` counts them. Where all commands count the
/// same, an entry without a command counts as one.
template <class Command, class Storage>
[[nodiscard]] std::uint64_t bytes_of(std::span<const entry<Command>> entries,
                                     const Storage& storage) {
    if constexpr (policy::has_fixed_command_bytes<Storage>) {
        return entries.size() * Storage::command_bytes;
    } else {
        std::uint64_t bytes = 0;
        for (const auto& each : entries)
            if (each.command) bytes += storage.size_of(*each.command);
        return bytes;
    }
}

class backlog {
public:
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
    void add(std::uint64_t bytes) { bytes_ += bytes; }
    /// The entries from before this run of the server were never added.
    void remove(std::uint64_t bytes) { bytes_ -= std::min(bytes, bytes_); }
    void clear() { bytes_ = 0; }

private:
    std::uint64_t bytes_ = 0;
};

/// Why commands cannot be accepted: one is too large, or a leader has no room for all of them, or
/// has members that cannot read them.
template <limits Limits, class Command, class Storage>
[[nodiscard]] std::optional<refusal_reason>
check_commands(std::span<const entry<Command>> commands, const Storage& storage,
               const backlog& unapplied, const auto& versions, bool leads) {
    for (const auto& each : commands)
        if (storage.size_of(*each.command) > Limits.message_bytes) return refusal_reason::too_large;
    if (!leads) return std::nullopt;
    if (!versions.are_permitted(commands)) return refusal_reason::members_too_old;
    const auto bytes = bytes_of(commands, storage);
    if (bytes > storage.room()) return refusal_reason::no_space;
    const bool fits = unapplied.bytes() + bytes <= Limits.unapplied_bytes;
    return fits ? std::nullopt : std::optional{refusal_reason::too_many_pending};
}

/// When the next snapshot is due.
struct snapshot_schedule {
    std::uint64_t applied_bytes = 0;  ///< Of commands, since the last one was begun.
    bool wanted = false;              ///< A member has requested it.

    void begun() { *this = {}; }

    /// A log that has no room for the largest message must get shorter.
    [[nodiscard]] bool is_due(const node_options& options, log_index last_applied, const state& s,
                              const auto& saver) const {
        const auto entries = last_applied - s.snapshot.last_included.index;
        const bool takes_any = options.snapshot_after_entries || options.snapshot_after_bytes;
        return wanted ||
               (applied_bytes >= saver.message_bytes() && takes_any && saver.log_is_full()) ||
               (options.snapshot_after_entries && entries >= *options.snapshot_after_entries) ||
               (options.snapshot_after_bytes && applied_bytes >= *options.snapshot_after_bytes);
    }
};

}  // namespace raft::detail
