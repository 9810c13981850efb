// SPDX-License-Identifier: BSL-1.0
//
// Why a server refuses a request: a reason for each case, so that the caller can act on it.
#pragma once

#include <cstdint>
#include <optional>

#include <raft/core/types.hpp>

namespace raft::core {

/// Why a request was not accepted. Nothing has changed, and it is safe to try again elsewhere or
/// later.
enum class refusal_reason : std::uint8_t {
    not_leader,       ///< Another server leads, or no leader is known.
    leadership_lost,  ///< This server stopped leading, or lost its leader, before it could answer a
                      ///< read or forward a command.
    too_many_pending,       ///< The limit of entries not yet committed is reached.
    too_large,              ///< The command is larger than a message may be.
    no_space,               ///< Too many servers have no room for it on their disks.
    storage_failed,         ///< The storage has failed: this server takes part in nothing any more.
    nothing_to_do,          ///< The requested state is there already, or the request is empty.
    transfer_in_progress,   ///< Leadership is being transferred.
    change_in_progress,     ///< The membership is being changed.
    leader_not_ready,       ///< No entry of the leader's term is committed yet (§5.4.2).
    configuration_changed,  ///< The request is based on a configuration that is not the newest.
    invalid_configuration,  ///< No voters, a member twice, too many witnesses among the voters, or
                            ///< a member that would become a witness, or stop being one.
    too_many_members,       ///< More than `members_max`, old and new together.
    unknown_member,         ///< No such server belongs to the cluster.
    cannot_lead,            ///< A learner or a witness cannot lead.
    no_candidate,           ///< No other server could lead.
    no_lease,               ///< Leases need `settings::clock_drift_ppm` and `check_quorum`.
    snapshot_in_use,        ///< A member is receiving the last one, which a newer one would end.
    too_stale,              ///< The last contact with the leader, or its quorum, was too long ago.
    no_live_majority,       ///< Too few of the voters after the change answer now: it would leave
                            ///< the cluster without a leader. It can be forced.
    member_unreachable,     ///< That member has not replied for an election timeout.
    not_born,               ///< The storage is empty, and its birth was not declared.
    commands_missing,       ///< This server's log lacks commands: it was a witness.
    state_differs,          ///< This server's state is not that of the others.
    members_too_old,        ///< A member cannot read the command, or has not said that it can.
    version_too_old,        ///< This server's program cannot read a command of the log.
};
inline constexpr auto last_refusal_reason = refusal_reason::version_too_old;

struct refusal {
    refusal_reason reason{};
    std::optional<member_id> leader{};  ///< The leader, as far as this server knows.
    friend constexpr bool operator==(const refusal&, const refusal&) = default;
};

}  // namespace raft::core

namespace raft {
using core::refusal;
using core::refusal_reason;
}  // namespace raft
