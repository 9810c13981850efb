// SPDX-License-Identifier: BSL-1.0
//
// Runs of the explorer as traces for etcd's specification.
#pragma once

#include <optional>

#include "options.hpp"

#include <proof/cluster_model.hpp>

namespace raft_explore {

/// Explores, and writes runs to states that are drawn from all that were found into files of
/// `all.traces_directory`; none, with a word on stderr, if they cannot be written.
[[nodiscard]] std::optional<raft::proof::exploration>
explore_traces(const raft::proof::cluster_model& model, const options& all,
               void (*report)(const raft::proof::exploration_progress&));

}  // namespace raft_explore
