// SPDX-License-Identifier: BSL-1.0
//
// Counter-examples in files: the arguments of the exploration in which one was found, and its
// story.
#pragma once

#include <optional>
#include <string>

#include "options.hpp"

#include <raft/testing/cluster_model.hpp>

namespace raft_explore {

/// The model with its bounds; none, with a word on stderr, if the start is unknown or too large.
[[nodiscard]] std::optional<raft::testing::cluster_model> model_of(exploration_options chosen);

/// False, with a word on stderr, if the file cannot be written.
bool save_story(const std::string& path, const exploration_options& asked,
                const std::string& story);

/// Lives through a saved story and says what became of it: 0 if it breaks no rule (any more), 1 if
/// it does, 2 if the file is none.
[[nodiscard]] int replay_story(const std::string& path);

}  // namespace raft_explore
