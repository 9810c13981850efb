// SPDX-License-Identifier: BSL-1.0
//
// Explorations that ask whether a cluster can always go on.
#pragma once

#include "options.hpp"

#include <proof/cluster_model.hpp>

namespace raft_explore {

/// Explores, asks for dead ends and stuck leaders on the whole graph, and lets all faults end in a
/// sample of the states. What is lost or stuck counts as a violation, and is told as a story.
[[nodiscard]] raft::proof::exploration explore_liveness(const raft::proof::cluster_model& model,
                                                        const options& all);

}  // namespace raft_explore
