// SPDX-License-Identifier: BSL-1.0
//
// What a client is told when its request was not, or not surely, carried out. The first word is for
// programs; the sentence behind it says what to do.
//
//     MOVED         another server leads: ask there                  nothing happened
//     CLUSTERDOWN   no leader is known: try again                    nothing happened
//     TRYAGAIN      too much waits already: try again                nothing happened
//     NOSPACE       no room on the leader's disk; reads go on        nothing happened
//     TOOLARGE      no log entry can hold the write                  nothing happened
//     IOERR         this server's storage failed: ask another        nothing happened
//     LOST          the write will never take effect: try again      nothing happened
//     UNKNOWN       leadership was lost under way: it may have taken effect, or may yet
//
// and, of what is asked of the cluster (nothing happened, whichever it is):
//
//     BUSY          something else is under way
//     NOCHANGE      all is as it was asked for already
//     CHANGED       the members are others than those that the request knew
//     BADMEMBERS    no cluster can have this membership
//     TOOMANY       more members, or addresses, than there may be
//     NOMEMBER      there is no such member
//     ISMEMBER      it is a member already, or still
//     TAKEN         another member is at this address
//     NOADDRESS     nobody knows where the server is
//     CANNOTLEAD    nobody could lead, or not that member
//     NOLEASE       there are no leases
//     STALE         nothing as fresh as the bound
//     NOTYET        a server's program is too old for that command
//     TOOOLD        so is that of this server
//     GIVENUP       the change or the transfer came to nothing
#pragma once

#include <string>
#include <string_view>

#include "cluster_file.hpp"

#include <raft/core/effects.hpp>

namespace raft_kv {

inline constexpr std::string_view lost_text =
    "LOST the write was replaced by another leader's and never takes effect; it is safe to retry";
inline constexpr std::string_view unknown_text =
    "UNKNOWN the outcome is not known: leadership was lost before the write was committed";
inline constexpr std::string_view no_majority_text =
    "UNKNOWN the outcome is not known: no majority of the servers has taken the write so far";
inline constexpr std::string_view given_up_text =
    "TRYAGAIN no majority of the servers takes writes; nothing was written";
inline constexpr std::string_view no_leader_text = "CLUSTERDOWN no leader is known; try again";
inline constexpr std::string_view differs_text =
    "DIFFERS the state of this server is not that of the others; ask another server, and let it "
    "come back as its next incarnation";
inline constexpr std::string_view too_old_text =
    "TOOOLD this server's raft-kv is too old for a command of the log; ask another server, and "
    "start the newer raft-kv in its place";
/// In the words of Redis, which clients know.
inline constexpr std::string_view full_text =
    "ERR max number of clients reached; RAFT, CLUSTER and INFO are answered, or try again later";
inline constexpr std::string_view overloaded_text =
    "TRYAGAIN too many writes wait to be committed; nothing was written";

/// Where the leader answers clients; null if none is known.
[[nodiscard]] inline const server_address* leader_address(const raft::refusal& refused,
                                                          const cluster_layout& layout) {
    return refused.leader ? layout.find(refused.leader->value) : nullptr;
}

/// `by_tls`: the client speaks TLS, and is sent where others do.
[[nodiscard]] inline std::string refusal_text(const raft::refusal& refused, unsigned slot,
                                              const cluster_layout& layout, bool by_tls = false) {
    switch (refused.reason) {
    case raft::refusal_reason::not_leader:
    case raft::refusal_reason::leadership_lost: break;
    case raft::refusal_reason::too_many_pending: return std::string{overloaded_text};
    case raft::refusal_reason::too_large:
        return "TOOLARGE the write is larger than a log entry may be; write it in parts";
    case raft::refusal_reason::no_space:
        return "NOSPACE the disk of the leader, or of too many others, is full; reads go on";
    case raft::refusal_reason::storage_failed:
        return "IOERR the storage of this server has failed; ask another server";
    case raft::refusal_reason::nothing_to_do:
        return "NOCHANGE there is nothing to do: it is so already";
    case raft::refusal_reason::transfer_in_progress:
        return "TRYAGAIN leadership is being handed over; nothing was done";
    case raft::refusal_reason::change_in_progress:
        return "BUSY the membership is being changed; RAFT CHANGE to the members of before takes "
               "it back";
    case raft::refusal_reason::leader_not_ready:
        return "TRYAGAIN the leader has just begun; nothing was done";
    case raft::refusal_reason::configuration_changed:
        return "CHANGED the members were changed meanwhile; look at RAFT STATUS and ask again";
    case raft::refusal_reason::invalid_configuration:
        return "BADMEMBERS no cluster can have this membership: it needs a voter, each id once, "
               "and "
               "fewer witnesses than other voters; and what was a witness, or is to be one, comes "
               "as "
               "a new server";
    case raft::refusal_reason::too_many_members:
        return "TOOMANY there would be more than 32 members; RAFT REMOVE makes room";
    case raft::refusal_reason::unknown_member:
        return "NOMEMBER there is no such member; RAFT STATUS lists them";
    case raft::refusal_reason::cannot_lead:
        return "CANNOTLEAD a learner or a witness cannot lead; RAFT PROMOTE makes a learner a "
               "voter";
    case raft::refusal_reason::no_candidate:
        return "CANNOTLEAD no other server could lead: there is no other voter that holds data";
    case raft::refusal_reason::no_lease:
        return "NOLEASE there are no leases here: start the servers with --clock-drift-ppm";
    case raft::refusal_reason::snapshot_in_use:
        return "BUSY a member is receiving the last snapshot; try again when it has it";
    case raft::refusal_reason::no_live_majority:
        return "NOMAJORITY too few of those who would vote after the change answer now: the "
               "cluster would have no leader; start them first, or append FORCE";
    case raft::refusal_reason::member_unreachable:
        return "UNREACHABLE that server has not answered the leader of late; choose another";
    case raft::refusal_reason::state_differs: return std::string{differs_text};
    case raft::refusal_reason::members_too_old:
        return "NOTYET a server cannot read this command yet, or has not said that it can; it is "
               "taken when all of them run the newer raft-kv; nothing was written";
    case raft::refusal_reason::version_too_old: return std::string{too_old_text};
    case raft::refusal_reason::not_born:
        return "CLUSTERDOWN this server's directory was empty; raft-kv init lets a cluster begin";
    case raft::refusal_reason::commands_missing:
        return "NODATA this server was a witness, and has not all of the data yet; try again later";
    case raft::refusal_reason::too_stale:
        return "STALE the leader was last heard too long ago; ask another server, or allow more";
    }
    const auto* leader = leader_address(refused, layout);
    if (leader == nullptr) return std::string{no_leader_text};
    // Clients split at the last colon, so that an IPv6 address stands without brackets.
    return "MOVED " + std::to_string(slot) + " " + leader->host + ":" +
           std::to_string(layout.port_for_client(*leader, by_tls));
}

}  // namespace raft_kv
