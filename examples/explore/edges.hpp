// SPDX-License-Identifier: BSL-1.0
//
// Explorations whose transitions are written for a checker of the published specification.
#pragma once

#include <optional>

#include "options.hpp"

#include <proof/cluster_model.hpp>

namespace raft_explore {

using progress_report = void (*)(const raft::proof::exploration_progress&);

/// Explores, and writes transitions as `all.edges_file`; none, with a word on stderr, if it cannot
/// be. A transition that the specification does not have counts as a violation.
[[nodiscard]] std::optional<raft::proof::exploration>
explore_edges(const raft::proof::cluster_model& model, const options& all, progress_report report);

/// The same of the specification itself, within these bounds.
[[nodiscard]] std::optional<raft::proof::exploration>
explore_specification(const raft::proof::model_bounds& bounds, const options& all,
                      progress_report report);

}  // namespace raft_explore
