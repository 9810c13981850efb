// SPDX-License-Identifier: BSL-1.0
//
// Why a server does not do what it is asked for: a reason for each case, that the caller can act
// upon.
#pragma once

#include <cstdint>
#include <optional>

#include <raft/core/types.hpp>

namespace raft {

/// Why a request was not taken. Nothing has changed, and trying again elsewhere or later is safe.
enum class refusal_reason : std::uint8_t {
    not_leader,       ///< Another server leads, or none is known to.
    leadership_lost,  ///< This server stopped leading, or lost its leader, before it could answer a
                      ///< read, or hand a command to the leader.
    too_many_pending,       ///< The limit of entries not yet committed is reached.
    too_large,              ///< The command is larger than a message may be.
    no_space,               ///< The storages of too many servers have no room for it.
    storage_failed,         ///< The storage has failed: this server takes part in nothing any more.
    nothing_to_do,          ///< What was asked for is so already, or asks for nothing.
    transfer_in_progress,   ///< Leadership is being handed over.
    change_in_progress,     ///< The membership is being changed.
    leader_not_ready,       ///< No entry of the leader's term is committed yet (§5.4.2).
    configuration_changed,  ///< The request is based on a configuration that is not the newest.
    invalid_configuration,  ///< No voters, a member twice, too many witnesses among the voters, or
                            ///< data asked of a server that was a witness.
    too_many_members,       ///< More than `members_max`, old and new together.
    unknown_member,         ///< No such server belongs to the cluster.
    cannot_lead,            ///< A learner or a witness cannot lead.
    no_candidate,           ///< No other server could lead.
    no_lease,               ///< Leases need `settings::clock_drift_ppm` and `check_quorum`.
    snapshot_in_use,        ///< A member is receiving the last one, which a newer one would end.
    too_stale,              ///< The leader, or its quorum, was last heard too long ago.
    no_live_majority,       ///< Too few of those who would vote after the change answer now: it
                            ///< would leave the cluster without a leader. It can be forced.
    member_not_heard,       ///< That member has not answered for an election timeout.
    not_born,               ///< The storage is empty, and nobody said that the cluster begins here.
    commands_missing,       ///< This server's log lacks commands: it was a witness.
};
inline constexpr auto last_refusal_reason = refusal_reason::commands_missing;

struct refusal {
    refusal_reason reason{};
    std::optional<member_id> leader{};  ///< Who leads, as far as this server knows.
    friend constexpr bool operator==(const refusal&, const refusal&) = default;
};

}  // namespace raft
