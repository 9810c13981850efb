// SPDX-License-Identifier: BSL-1.0
//
// The cluster as clients are shown it: one server that takes everything, and those that follow it.
#pragma once

#include <optional>
#include <vector>

#include "cluster_file.hpp"
#include "service.hpp"

namespace raft_kv {

struct cluster_view {
    server_report report{};
    server_address leader{};
    std::vector<server_address> replicas{};  ///< The other members, in the order of their ids.
};

/// None while no leader is known, or nobody knows where it is.
[[nodiscard]] std::optional<cluster_view> view_of(const service& server);

}  // namespace raft_kv
