// SPDX-License-Identifier: BSL-1.0
//
// What a replica, or a group of a host, tells its node.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include <raft/core/configuration.hpp>
#include <raft/node/options.hpp>
#include <raft/policy/state_machine.hpp>

namespace raft::detail {

/// `options`: those of the replica, or of a group of a host.
template <class StateMachine, class Options>
[[nodiscard]] node_options settings_of_node(member_id self, std::vector<member_id> founders,
                                            const Options& options, history_id history,
                                            std::uint64_t seed) {
    node_options all{
        .id = self, .initial = {}, .birth = history, .config = options.config, .seed = seed};
    all.digest_interval = options.digest_interval;
    if (!options.joins) all.initial = voters_only(std::move(founders));
    if constexpr (snapshotting_state_machine<StateMachine>)
        all.snapshot_after_bytes = options.snapshot_after_bytes;
    return all;
}

}  // namespace raft::detail
