// SPDX-License-Identifier: BSL-1.0
//
// What a server tells its node.
#pragma once

#include <random>
#include <utility>
#include <vector>

#include "birth.hpp"
#include "server_options.hpp"

#include <raft/node/options.hpp>

namespace raft_kv {

[[nodiscard]] inline raft::node_options node_settings(const server_options& options,
                                                      const birth_record& birth) {
    raft::node_options all{.id = {options.id},
                           .initial = {},
                           .birth = birth.history,
                           .config = options.config,
                           .seed = std::random_device{}()};
    all.digest_interval = options.compare_entries;
    if (options.joins) return all;
    std::vector<raft::member_id> founders;
    for (const auto& each : options.layout.servers) founders.push_back({each.id});
    all.initial = raft::core::voters_only(std::move(founders));
    return all;
}

}  // namespace raft_kv
