// SPDX-License-Identifier: BSL-1.0
//
// What the operators of a cluster can choose.
#pragma once

#include <cstdint>
#include <optional>

#include <raft/core/types.hpp>

namespace raft::core {

/// The constants of a deployment. They are the same on every server, except during a rolling
/// change.
struct settings {
    /// A server that receives no message from a leader starts an election after a random time in
    /// [election_timeout, 2 election_timeout) (§5.2). The value must be well above the heartbeat
    /// interval, the time of a round trip with its disk writes (§5.6), the slowest flush of a disk,
    /// and the longest time that the process gets no processor; and it must be at most two hours.
    duration election_timeout = milliseconds(1000);
    /// A leader sends a message to each member at least this often.
    duration heartbeat_interval = milliseconds(100);
    /// The most entries that one message carries.
    std::uint32_t entries_per_message = 1024;
    /// The most entries that a leader holds uncommitted; it refuses proposals beyond that.
    std::uint32_t pending_entries = 1U << 16;
    /// How many entries before the last snapshot are kept, so that a slow follower does not need
    /// the snapshot.
    std::uint32_t retained_entries = 1024;
    /// While a reachable member receives the leader's snapshot, or the log after it, the leader
    /// keeps up to this many entries after the snapshot, and takes no newer one. A newer snapshot
    /// would restart the transfer, perhaps for ever.
    std::uint32_t entries_kept_for_transfer = 1U << 18;
    /// The most bytes of a snapshot that one message carries.
    std::uint32_t snapshot_chunk_bytes = 256 * 1024;
    /// The bound on clock drift: how far, at most, any server's clock runs ahead of or behind true
    /// time, in millionths. Reads under a lease rely on it (thesis §6.4.1). None: there are no
    /// leases.
    std::optional<std::uint16_t> clock_drift_ppm{};
    /// How many messages with entries may be in flight to one follower. Later proposals wait, and
    /// go in one message when the first of these is acknowledged. Deeper pipelines raise latency on
    /// a local network. So the window grows, up to 16 times this number, only where messages are
    /// full and more of them wait: over a long distance, or while a follower catches up.
    std::uint8_t messages_in_flight = 4;
    /// Whether a server first asks if it could win an election, before it disturbs the cluster with
    /// a new term (thesis §9.6).
    bool pre_vote = true;
    /// A leader that receives nothing from a majority for an election timeout steps down, and a
    /// follower in contact with its leader takes no part in other servers' elections (thesis
    /// §4.2.3, §6.2).
    bool check_quorum = true;
    /// A write is durable as soon as it is issued: a step does not wait for the completion of its
    /// own log write, and `effects` says in which order it is carried out. This is a property of
    /// one server, not of the cluster: the node sets it from the type of its storage.
    bool durable_at_once = false;
    /// A server waits this many election timeouts longer than one of rank 0 before it starts an
    /// election. The rank may differ between servers: those of low rank then lead.
    std::uint8_t election_rank = 0;
    /// In a cluster that has never had a leader, the first of its members starts an election at
    /// once.
    bool first_election_at_once = false;
    /// A group with nothing to do sleeps: it has no heartbeats and no timers until it is needed.
    /// For programs with many groups, most of which are idle.
    bool quiescence = false;
    /// The rounds in which new voters may catch up. If the last one still took longer than an
    /// election timeout, the change is aborted (thesis §4.2.1).
    std::uint8_t catch_up_rounds = 10;

    friend constexpr bool operator==(const settings&, const settings&) = default;
};

}  // namespace raft::core

namespace raft {
using core::settings;
}  // namespace raft
