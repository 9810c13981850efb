// SPDX-License-Identifier: BSL-1.0
//
// What a node is told: limits when it is compiled, options when it is made.
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
    /// How many entries are given to the state machine between two looks at the storage …
    std::size_t apply_batch = 256;
    /// … and in one call of the node. `deadline()` is at once while more are due.
    std::size_t applied_per_call = 1U << 14U;
    /// The bytes of commands in the log that are not applied yet. A leader refuses proposals beyond
    /// it (`too_many_pending`), a follower lets entries wait with their leader.
    std::uint64_t unapplied_bytes = 256U << 20U;
    /// The commands that a follower holds for its leader take no more than `unapplied_bytes`
    /// either. While it waits to hear where they are, it keeps the results of so many entries: some
    /// of them may be theirs. Beyond it their outcome is `unknown`.
    std::size_t results_kept = 1U << 12U;
};

/// What a server is told when it starts.
struct node_options {
    member_id id{};
    /// The cluster as it first was, the same on every server that it names; none for a server that
    /// is to be added later. Used only while the storage keeps no other.
    configuration initial{};
    /// An empty storage takes part only with this: that of a server that has lost its disk looks
    /// the same, and whatever that had promised would be broken. To give it says that this server
    /// has never run, and that this is the history of its cluster: minted once, by whoever begins
    /// the cluster, and the same on all of its servers. If any of the first members may have run
    /// before, the cluster must not begin again: then a new one does, with other identities.
    ///
    /// A storage that knows its history keeps to that, and one of an older version, which has none
    /// yet, takes this one. Never a constant of the program: an emptied disk would find it again.
    std::optional<history_id> birth{};
    settings config{};
    /// Another one on every server and at every start, as `std::random_device` gives: the random
    /// election timeouts come of it, and by it, with the time, leaders tell what one run of a
    /// server asks for from what the next does. Where servers read as followers, or forward, and
    /// their clocks begin anew with them, the same seed could have the answer to one run's request
    /// taken for that to the next run's.
    std::uint64_t seed = 0;
    /// A snapshot is begun when so many entries, or so many bytes of commands, were applied since
    /// the last one; none: only when `take_snapshot` is called.
    std::optional<std::uint64_t> snapshot_after_entries{};
    std::optional<std::uint64_t> snapshot_after_bytes{};
};

}  // namespace raft
