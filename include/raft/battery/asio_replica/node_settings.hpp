// SPDX-License-Identifier: BSL-1.0
//
// What a replica tells its node.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include <raft/battery/asio_replica/options.hpp>
#include <raft/node/options.hpp>
#include <raft/policy/state_machine.hpp>

namespace raft::detail {

template <class StateMachine>
[[nodiscard]] node_options settings_of_node(const replica_options& options, history_id history,
                                            std::uint64_t seed) {
    node_options all{
        .id = options.id, .initial = {}, .birth = history, .config = options.config, .seed = seed};
    all.digest_interval = options.digest_interval;
    std::vector<member_id> founders;
    for (const auto& each : options.members) founders.push_back(each.id);
    if (!options.joins) all.initial = voters_only(std::move(founders));
    if constexpr (snapshotting_state_machine<StateMachine>)
        all.snapshot_after_bytes = options.snapshot_after_bytes;
    return all;
}

}  // namespace raft::detail
