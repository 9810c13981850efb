// SPDX-License-Identifier: BSL-1.0
//
// A server's part in its cluster, and how the log tells it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "incarnation.hpp"

#include <raft/core/state.hpp>

namespace raft_kv {

struct standing {
    enum class part : std::uint8_t { follower, candidate, leader, halted };

    raft::term_number term{};
    std::optional<raft::member_id> leader{};
    part role = part::candidate;
    std::optional<raft::log_index> removed_at{};  ///< It is no member any more, since this entry.
    std::optional<raft::core::halt_reason> halted_by{};
    std::optional<raft::core::found_loss> found_loss{};
    friend bool operator==(const standing&, const standing&) = default;
};

[[nodiscard]] inline standing standing_of(const raft::core::state& state) {
    const auto role = state.is_leader()      ? standing::part::leader
                      : state.is_follower()  ? standing::part::follower
                      : state.is_candidate() ? standing::part::candidate
                                             : standing::part::halted;
    const auto* why = std::get_if<raft::core::halted>(&state.role);
    return {state.current_term,
            state.current_leader(),
            role,
            state.tasks->removed_at,
            why != nullptr ? std::optional{why->reason} : std::nullopt,
            state.tasks->found_loss};
}

/// "follows server 2 in term 5". Empty for one that halts: the log says why it does instead.
[[nodiscard]] inline std::string text_of(const standing& now) {
    if (now.removed_at)
        return "is no member of this cluster any more, since the configuration at entry " +
               std::to_string(now.removed_at->value) + "; it can be stopped, or added again";
    if (now.halted_by == raft::core::halt_reason::version_too_old)
        return "takes part in nothing any more: this raft-kv is too old for a command of the log; "
               "start the newer one in its place";
    if (now.halted_by == raft::core::halt_reason::state_differs)
        return "takes part in nothing any more: its state is not that of the others; let it come "
               "back as its next incarnation";
    const auto term = " in term " + std::to_string(now.term.value);
    switch (now.role) {
    case standing::part::halted: return {};
    case standing::part::leader:
        if (!now.found_loss) return "leads" + term;
        return "leads" + term + "; server " + id_text(now.found_loss->member.value) +
               " lacks what it had acknowledged, up to entry " +
               std::to_string(now.found_loss->through.index.value) +
               ": its disk went back, as when an older copy of a directory is put in its place; it "
               "gets the rest again. Until it has, it is as if it had lost its disk";
    case standing::part::candidate: return "stands for election" + term;
    case standing::part::follower: break;
    }
    return (now.leader ? "follows server " + id_text(now.leader->value) : "knows no leader") + term;
}

}  // namespace raft_kv
