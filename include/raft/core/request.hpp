// SPDX-License-Identifier: BSL-1.0
//
// How a request is refused: with its reason, and with the leader, as far as this server knows it.
#pragma once

#include <raft/core/turn.hpp>

namespace raft::core {

/// Refuses the request that is this step's input.
constexpr void refuse(turn& t, refusal_reason reason) {
    t.out.rare.change().refused = refusal{reason, t.s.current_leader()};
}

/// The leader's state; null, and a refusal, if this server is not the leader.
[[nodiscard]] constexpr leader_state* leading_or_refuse(turn& t) {
    auto* leader = std::get_if<leader_state>(&t.s.role);
    if (leader == nullptr) refuse(t, refusal_reason::not_leader);
    return leader;
}

}  // namespace raft::core
