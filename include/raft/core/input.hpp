// SPDX-License-Identifier: BSL-1.0
//
// All that can happen to a server, as plain data, one struct each. A step takes one of them.
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include <raft/core/configuration.hpp>
#include <raft/core/membership.hpp>
#include <raft/core/message.hpp>
#include <raft/core/read_consistency.hpp>
#include <raft/core/state.hpp>

namespace raft::core {

/// A message came from another server. `members` is the configuration that travels with it, if any:
/// for `append_entries` the configuration that one of its entries is, for `install_snapshot` the
/// configuration at the snapshot's last entry. `withheld`: the sender leads and regards this server
/// as a witness, so it sends neither commands nor the bytes of snapshots (`withholds_commands`).
struct received {
    member_id from{};
    message body{};
    std::optional<indexed_configuration> members{};
    bool withheld = false;
    friend constexpr bool operator==(const received&, const received&) = default;
};

/// The server begins to run, with what its storage held (`initial_state`).
struct started {
    friend constexpr bool operator==(const started&, const started&) = default;
};

/// A timer reached its deadline.
struct timer_fired {
    timer which{};
    friend constexpr bool operator==(const timer_fired&, const timer_fired&) = default;
};

/// Commands to append to the log, one entry each.
struct proposed {
    std::uint32_t count = 1;
    friend constexpr bool operator==(const proposed&, const proposed&) = default;
};

/// Commands to append to the leader's log, one entry each: a follower forwards them to its leader,
/// with one request at a time.
struct forward_requested {
    std::uint32_t count = 1;
    friend constexpr bool operator==(const forward_requested&, const forward_requested&) = default;
};

/// Proposals came that a follower forwards to this leader, and there is no room for the commands.
/// The commands are not part of the input.
struct forward_obstructed {
    member_id from{};
    forward_proposal body{};
    refusal_reason reason{};
    friend constexpr bool operator==(const forward_obstructed&,
                                     const forward_obstructed&) = default;
};

/// A read is requested. `bound`: for a stale read, how long ago the last contact with the leader
/// may be.
struct read_requested {
    read_consistency consistency = read_consistency::linearizable;
    duration bound{};
    friend constexpr bool operator==(const read_requested&, const read_requested&) = default;
};

/// This write and all before it are durable.
struct written {
    write_sequence sequence{};
    friend constexpr bool operator==(const written&, const written&) = default;
};

/// A snapshot that this server took of its own state machine is durable. `log_is_full`: the log has
/// no room for more entries, so that nobody can be waited for who still needs some.
struct snapshot_saved {
    snapshot_description description{};
    bool log_is_full = false;
    friend constexpr bool operator==(const snapshot_saved&, const snapshot_saved&) = default;
};

/// The snapshot that is being received would be complete with what came, but its bytes do not match
/// its description. What came is not an input.
struct snapshot_damaged {
    friend constexpr bool operator==(const snapshot_damaged&, const snapshot_damaged&) = default;
};

/// Leadership is to go to `target`, or, if none is given, to the member with the most complete log
/// (thesis §3.10).
struct transfer_requested {
    std::optional<member_id> target{};
    friend constexpr bool operator==(const transfer_requested&,
                                     const transfer_requested&) = default;
};

/// This server is to stop leading, whichever server leads next.
struct step_down_requested {
    friend constexpr bool operator==(const step_down_requested&,
                                     const step_down_requested&) = default;
};

/// The membership is to become `members`. `based_on` is the index of the configuration that the
/// caller has seen: if there is a newer one, the request is refused. While new voters catch up no
/// other change can begin. But this one can be taken back: the caller requests the members of
/// before. If too few of the next voters answer, the change would leave the cluster without a
/// leader: it is refused, unless it is `forced`.
struct change_requested {
    log_index based_on{};
    std::vector<member> members{};
    bool forced = false;
    friend constexpr bool operator==(const change_requested&, const change_requested&) = default;
};

/// The group will be needed: it is to wake, and to have a leader.
struct wake_requested {
    friend constexpr bool operator==(const wake_requested&, const wake_requested&) = default;
};

/// This server requests a snapshot in place of the log. The snapshot must be newer than what the
/// server has.
struct snapshot_requested {
    friend constexpr bool operator==(const snapshot_requested&,
                                     const snapshot_requested&) = default;
};

/// The storage has run out of room for entries, or has room again.
struct room_changed {
    bool full = false;
    friend constexpr bool operator==(const room_changed&, const room_changed&) = default;
};

/// A write was lost. From now on this server is halted: it acknowledges nothing and takes part in
/// nothing.
struct storage_failed {
    friend constexpr bool operator==(const storage_failed&, const storage_failed&) = default;
};

/// The state machine's state is not that of the others: this server is halted as long as it runs.
struct state_differs {
    friend constexpr bool operator==(const state_differs&, const state_differs&) = default;
};

/// A committed command is one that this server's program cannot read: it is halted until a newer
/// program takes its place.
struct command_unreadable {
    friend constexpr bool operator==(const command_unreadable&,
                                     const command_unreadable&) = default;
};

using input =
    std::variant<started, received, timer_fired, proposed, read_requested, written, snapshot_saved,
                 snapshot_damaged, transfer_requested, step_down_requested, change_requested,
                 room_changed, wake_requested, storage_failed, snapshot_requested,
                 forward_requested, forward_obstructed, state_differs, command_unreadable>;

}  // namespace raft::core
