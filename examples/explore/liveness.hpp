// SPDX-License-Identifier: BSL-1.0
//
// Explorations that ask whether a cluster can always go on.
#pragma once

#include "options.hpp"

#include <raft/testing/cluster_model.hpp>

namespace raft_explore {

/// Explores, asks for dead ends and stuck leaders on the whole graph, and lets all faults end in a
/// sample of the states. What is lost or stuck counts as a violation, and is told as a story.
[[nodiscard]] raft::testing::exploration explore_liveness(const raft::testing::cluster_model& model,
                                                          const options& all);

}  // namespace raft_explore
