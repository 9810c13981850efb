// SPDX-License-Identifier: BSL-1.0
//
// The parameters of a node: limits when it is compiled, options when it is made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <raft/core/configuration.hpp>
#include <raft/core/state.hpp>
#include <raft/policy/identity.hpp>

namespace raft {

/// What is fixed when a node is compiled.
struct limits {
    /// The bytes of entries that one message carries; a larger command is refused.
    std::size_t message_bytes = 1U << 20U;
    /// The size of the callables given to `propose` and `read`.
    std::size_t callback_bytes = 64;
    /// How many entries are given to the state machine between two checks of the storage …
    std::size_t apply_batch = 256;
    /// … and in one call of the node. While more entries are due, `deadline()` is at once.
    std::size_t applied_per_call = 1U << 14U;
    /// The bytes of commands in the log that are not applied yet. Beyond it a leader refuses
    /// proposals (`too_many_pending`), and a follower accepts no entries, so that they wait at the
    /// leader.
    std::uint64_t unapplied_bytes = 256U << 20U;
    /// The commands that a follower holds for its leader take no more than `unapplied_bytes`
    /// either. While it waits for the reply that says where their entries are, it keeps the results
    /// of up to this many applied entries: some of them may be theirs. Beyond it their outcome is
    /// `unknown`.
    std::size_t results_kept = 1U << 12U;
};

/// What a server is given when it starts.
struct node_options {
    member_id id{};
    /// The first configuration of the cluster, the same on every server that it names; none for a
    /// server that is added later. Used only while the storage has no other.
    configuration initial{};
    /// A server with an empty storage takes part only if this is given: the storage of a server
    /// that has lost its disk looks the same, and such a server could break the promises that it
    /// made before. This option declares that the server has never run, and that this is the
    /// history of its cluster. The id is minted once, by the program that starts the cluster, and
    /// is the same on all of its servers. If any of the first members may have run before, the
    /// cluster must not start again: a new one must start, with other identities.
    ///
    /// A storage that knows its history keeps that one, and a storage of an older version, which
    /// has none yet, takes this one. It must never be a constant of the program: a server with an
    /// emptied disk would find it again.
    std::optional<history_id> birth{};
    settings config{};
    /// It must differ on every server and at every start, as `std::random_device` gives it. The
    /// random election timeouts come from it; and by it, with the time, leaders distinguish the
    /// requests of one run of a server from those of the next. Where servers read as followers, or
    /// forward, and their clocks begin at the same time in each run, an equal seed could make a
    /// reply to one run's request look like a reply to the next run's.
    std::uint64_t seed = 0;
    /// A snapshot begins when this many entries, or this many bytes of commands, were applied since
    /// the last one; none: only when `take_snapshot` is called.
    std::optional<std::uint64_t> snapshot_after_entries{};
    std::optional<std::uint64_t> snapshot_after_bytes{};
    /// The servers' states are compared after so many entries each, the same everywhere; 0: never.
    std::uint64_t digest_interval = 4096;
};

}  // namespace raft
