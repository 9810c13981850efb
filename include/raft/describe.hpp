// SPDX-License-Identifier: BSL-1.0
//
// Words for whatever a server can be asked: each function gives a phrase in plain English, for a
// log or an error message, without a full stop. The texts may change in any version: programs act
// upon the values, not upon the words.
//
// An enumeration that belongs to a battery or to the codec has its words beside it. The switches
// have no default, so that the compiler (-Wswitch) names an enumerator that has none.
#pragma once

#include <string_view>
#include <variant>

#include <raft/core/step.hpp>
#include <raft/node/outcome.hpp>
#include <raft/policy/entry.hpp>

namespace raft::core {

/// Why a request was refused.
[[nodiscard]] constexpr std::string_view describe(refusal_reason reason) {
    switch (reason) {
    case refusal_reason::not_leader: return "this server does not lead";
    case refusal_reason::leadership_lost: return "the leader was lost before it could answer";
    case refusal_reason::too_many_pending: return "too many entries wait to be committed";
    case refusal_reason::too_large: return "the command is larger than a message may be";
    case refusal_reason::no_space: return "the disks of too many servers are full";
    case refusal_reason::storage_failed: return "the storage of this server has failed";
    case refusal_reason::nothing_to_do: return "there is nothing to do";
    case refusal_reason::transfer_in_progress: return "leadership is being handed over";
    case refusal_reason::change_in_progress: return "the membership is being changed";
    case refusal_reason::leader_not_ready: return "the leader has committed nothing yet";
    case refusal_reason::configuration_changed: return "the configuration has changed since";
    case refusal_reason::invalid_configuration: return "no cluster can be configured so";
    case refusal_reason::too_many_members: return "there would be too many members";
    case refusal_reason::unknown_member: return "no such member belongs to the cluster";
    case refusal_reason::cannot_lead: return "a learner or a witness cannot lead";
    case refusal_reason::no_candidate: return "no other server could lead";
    case refusal_reason::no_lease: return "reads under a lease are not enabled";
    case refusal_reason::snapshot_in_use: return "a member is receiving the last snapshot";
    case refusal_reason::too_stale: return "the leader was last heard too long ago";
    case refusal_reason::no_live_majority:
        return "too few of those who would vote after the change answer";
    case refusal_reason::member_unreachable: return "that member has not answered of late";
    case refusal_reason::not_born: return "this server's storage is empty, and it is not born";
    case refusal_reason::commands_missing: return "this server was a witness and lacks commands";
    case refusal_reason::state_differs: return "this server's state is not that of the others";
    case refusal_reason::members_too_old:
        return "a member cannot read this command, or has not said that it can";
    case refusal_reason::version_too_old:
        return "this server's program is too old for a command of the log";
    }
    return "unknown reason";
}

/// The reason of a refusal. Who leads instead, if known, is its `leader`.
[[nodiscard]] constexpr std::string_view describe(const refusal& refused) {
    return describe(refused.reason);
}

/// Why a server takes part in nothing.
[[nodiscard]] constexpr std::string_view describe(halt_reason reason) {
    switch (reason) {
    case halt_reason::storage_failed: return "its storage has failed";
    case halt_reason::not_born: return "its storage is empty, and nobody said that it is new";
    case halt_reason::state_differs: return "its state is not that of the others";
    case halt_reason::version_too_old: return "its program is too old for a command of the log";
    }
    return "unknown reason";
}

/// How a change of membership has ended.
[[nodiscard]] constexpr std::string_view describe(change_result result) {
    switch (result) {
    case change_result::completed: return "the change is complete";
    case change_result::aborted: return "the change was given up";
    }
    return "unknown result";
}

/// What a read may be answered from.
[[nodiscard]] constexpr std::string_view describe(read_consistency consistency) {
    switch (consistency) {
    case read_consistency::linearizable: return "linearizable";
    case read_consistency::lease: return "linearizable under a lease";
    case read_consistency::stale: return "stale within a bound";
    }
    return "unknown consistency";
}

/// What a member is.
[[nodiscard]] constexpr std::string_view describe(member_part part) {
    switch (part) {
    case member_part::voter: return "voter";
    case member_part::learner: return "learner";
    case member_part::witness: return "witness";
    }
    return "unknown part";
}

/// What a leader does for a member that is behind.
[[nodiscard]] constexpr std::string_view describe(replication_mode mode) {
    switch (mode) {
    case replication_mode::probe: return "probing";
    case replication_mode::replicate: return "replicating";
    case replication_mode::snapshot: return "receiving a snapshot";
    }
    return "unknown mode";
}

/// What a timer waits for.
[[nodiscard]] constexpr std::string_view describe(timer which) {
    switch (which) {
    case timer::election: return "election";
    case timer::heartbeat: return "heartbeat";
    }
    return "unknown timer";
}

/// Where the entries of a write come from.
[[nodiscard]] constexpr std::string_view describe(entry_source source) {
    switch (source) {
    case entry_source::no_op: return "the first entry of a leader";
    case entry_source::configuration: return "a configuration";
    case entry_source::proposed: return "proposed here";
    case entry_source::received: return "received from the leader";
    case entry_source::withheld: return "received from the leader, without commands";
    }
    return "unknown source";
}

/// The role of a server, in the words of `node_status::role`.
[[nodiscard]] constexpr std::string_view describe(const follower_state&) { return "follower"; }
[[nodiscard]] constexpr std::string_view describe(const candidate_state&) { return "candidate"; }
[[nodiscard]] constexpr std::string_view describe(const leader_state&) { return "leader"; }
[[nodiscard]] constexpr std::string_view describe(const halted&) { return "halted"; }

/// Whichever it is: a `role`, an `outcome`, a `read_outcome`, a `change_outcome`.
template <class... Alternatives>
requires requires(const Alternatives&... each) { (describe(each), ...); }
[[nodiscard]] constexpr std::string_view describe(const std::variant<Alternatives...>& value) {
    return std::visit([](const auto& one) { return describe(one); }, value);
}

}  // namespace raft::core

namespace raft {

using core::describe;

/// What a change of membership is held up by.
[[nodiscard]] constexpr std::string_view describe(change_check check) {
    switch (check) {
    case change_check::live_majority: return "a majority of the voters to be has to answer";
    case change_check::forced: return "nothing";
    }
    return "unknown check";
}

/// Whether a leader sends a server commands, and snapshots' bytes.
[[nodiscard]] constexpr std::string_view describe(command_access access) {
    switch (access) {
    case command_access::given: return "it sends commands";
    case command_access::withheld: return "it withholds commands, as from a witness";
    case command_access::unsaid: return "it did not say whether it sends commands";
    }
    return "unknown access";
}

/// What became of a request.
template <class Result>
[[nodiscard]] constexpr std::string_view describe(const applied<Result>&) {
    return "applied";
}
[[nodiscard]] constexpr std::string_view describe(lost) { return "never to be applied"; }
[[nodiscard]] constexpr std::string_view describe(unknown) { return "applied or not, unknown yet"; }
[[nodiscard]] constexpr std::string_view describe(read_ready) { return "ready to be read"; }

}  // namespace raft
