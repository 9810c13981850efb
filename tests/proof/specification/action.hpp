// SPDX-License-Identifier: BSL-1.0
//
// The names of what can happen: the actions of the published specification's `Next`, and then our
// relaxations of them, which relaxed_raft.hpp argues for.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include <proof/specification/raft_tla.hpp>

namespace raft::proof::tla {

enum class action : number {
    Restart,
    Timeout,
    RequestVote,
    AppendEntries,
    BecomeLeader,
    ClientRequest,
    AdvanceCommitIndex,
    Receive,
    DuplicateMessage,
    DropMessage,
    AppendEntriesFrom,
    AdvanceCommitTo,
    CommitVerified,
    Acknowledge,
    Refuse,
    AnswerVote,
    StepDown,
    LoseUnwritten,
};

inline constexpr std::array<std::string_view, 18> action_names{
    "Restart",
    "Timeout",
    "RequestVote",
    "AppendEntries",
    "BecomeLeader",
    "ClientRequest",
    "AdvanceCommitIndex",
    "Receive",
    "DuplicateMessage",
    "DropMessage",
    "AppendEntriesFrom",
    "AdvanceCommitTo",
    "CommitVerified",
    "Acknowledge",
    "Refuse",
    "AnswerVote",
    "StepDown",
    "LoseUnwritten",
};

[[nodiscard]] constexpr std::string_view name_of(action which) {
    return action_names[static_cast<std::size_t>(which)];
}

/// Whether it is one of the published specification.
[[nodiscard]] constexpr bool is_published(action which) { return which <= action::DropMessage; }

/// An action of one server, with what its message was, if it took or made one.
struct taken_action {
    action what{};
    std::optional<message> about{};
    number index = 0;  ///< Of a commit.
    friend bool operator==(const taken_action&, const taken_action&) = default;
};

}  // namespace raft::proof::tla
