// SPDX-License-Identifier: BSL-1.0
//
// Where a server sends clients that it does not serve.
#pragma once

#include <cstddef>
#include <optional>
#include <variant>
#include <vector>

#include "cluster_file.hpp"

#include <raft/core/effects.hpp>
#include <raft/core/state.hpp>
#include <raft/core/step.hpp>

namespace raft_kv {

class signpost {
public:
    /// `layout`: who can be asked, and where.
    [[nodiscard]] raft::refusal away_from(const raft::core::state& state,
                                          const cluster_layout& layout) {
        const auto leader = state.current_leader();
        // A server that is about to stop sends nobody to itself.
        if (leader && leader != state.self)
            return raft::refusal{raft::refusal_reason::not_leader, leader};
        // One that was removed knows who was to remain, and they know who leads.
        if (state.tasks->removed_at || !state.members().slot_of(state.self))
            return raft::refusal{raft::refusal_reason::not_leader, next_remaining(state, layout)};
        const auto* halted = std::get_if<raft::core::halted>(&state.role);
        return raft::refusal{halted != nullptr ? raft::core::reason_of(*halted)
                                               : raft::refusal_reason::not_leader,
                             std::nullopt};
    }

private:
    /// By turns: any of them may be down, or know no more than this server.
    [[nodiscard]] std::optional<raft::member_id> next_remaining(const raft::core::state& state,
                                                                const cluster_layout& layout) {
        const auto& members = state.members();
        std::vector<raft::member_id> remaining;
        for (const auto member : members.final_members()) {
            const auto id = members.id_of(member);
            if (id != state.self && layout.find(id.value) != nullptr) remaining.push_back(id);
        }
        if (remaining.empty()) return std::nullopt;
        return remaining[sent_on_++ % remaining.size()];
    }

    std::size_t sent_on_ = 0;  ///< Clients, since this server was removed.
};

}  // namespace raft_kv
