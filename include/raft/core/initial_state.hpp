// SPDX-License-Identifier: BSL-1.0
//
// The state of a server when it starts.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include <raft/core/state.hpp>

namespace raft::core {

/// What a server knows when it starts: what its storage kept or, on an empty disk, the first
/// configuration of the cluster (the same on every server that it names; none for a server that is
/// added later).
struct recovered_state {
    hard_state vote{};
    snapshot_description snapshot{};
    log_terms log{};
    std::vector<indexed_configuration>
        configurations{};  ///< Oldest first, the first one in force at the log's base.
    std::optional<incoming_snapshot> incoming{};  ///< What it has of a snapshot that was being
                                                  ///< received.
    std::optional<log_position> lost_through{};   ///< Where the log ended before it lost entries
                                                  ///< that are not here again yet.
    std::optional<log_index> lacks_from{};        ///< The log has no commands from here on. If the
                                                  ///< snapshot reaches this far, it has no state.
    bool born = true;  ///< The storage was used before, or this server certainly never used another
                       ///< one. Otherwise an earlier one may have held promises that are unknown
                       ///< now.
    friend constexpr bool operator==(const recovered_state&, const recovered_state&) = default;
};

[[nodiscard]] constexpr state initial_state(member_id self, const settings& config,
                                            recovered_state kept, std::uint64_t seed) {
    state s;
    s.self = self;
    s.config = config;
    s.current_term = kept.vote.current_term;
    s.voted_for = kept.vote.voted_for;
    s.log = std::move(kept.log);
    s.snapshot = kept.snapshot;
    // A snapshot can be durable before the term of its last entry is. This server made no promise
    // in that term then, since it makes none before the term is durable.
    if (s.log.last_term() > s.current_term) {
        s.current_term = s.log.last_term();
        forget(s.voted_for);
    }
    s.configurations = std::move(kept.configurations);
    if (s.configurations.empty()) s.configurations.emplace_back();
    s.commit_index = s.snapshot.last_included.index;
    s.disk.durable_index = s.log.last_index();
    s.disk.run_index = s.log.last_index();
    s.seed = seed;
    if (kept.incoming && kept.incoming->description.last_included.index > s.commit_index)
        s.tasks.change().incoming = *kept.incoming;
    if (kept.lost_through) s.tasks.change().lost_through = kept.lost_through;
    // If the snapshot has no state, there is no state of anything before it either.
    if (kept.lacks_from)
        s.tasks.change().lacks_from =
            *kept.lacks_from <= s.snapshot.last_included.index ? log_index{1} : *kept.lacks_from;
    s.role = role{follower_state{.matched_index = s.commit_index}};
    if (!kept.born) s.role = role{halted{halt_reason::not_born}};
    return s;
}

}  // namespace raft::core
