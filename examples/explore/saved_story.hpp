// SPDX-License-Identifier: BSL-1.0
//
// Counter-examples in files: the arguments of the exploration in which one was found, and its
// story.
#pragma once

#include <cstdio>
#include <optional>
#include <string>

#include "options.hpp"

#include <proof/cluster_model/story.hpp>

namespace raft_explore {

/// The model with its bounds; none, with a word on stderr, if the start is unknown or too large.
[[nodiscard]] std::optional<raft::proof::cluster_model> model_of(exploration_options chosen);

/// False, with a word on stderr, if the file cannot be written.
bool save_story(const std::string& path, const exploration_options& asked,
                const std::string& story);

/// Tells of what an exploration found, if it did, and saves that if it was asked to.
template <class Model>
void tell_violation(const Model& model, const raft::proof::exploration& found,
                    const exploration_options& asked, const options& all) {
    if (!found.first) return;
    const auto story = raft::proof::tell(model, *found.first);
    std::printf("%s", story.c_str());
    if (!all.save_file.empty()) save_story(all.save_file, asked, story);
}

/// Lives through a saved story and says what became of it: 0 if it breaks no rule (any more), 1 if
/// it does, 2 if the file is none, 3 if not all of it happens (any more). Writes a page of it if
/// one is wanted; 2 if that cannot be written.
[[nodiscard]] int replay_story(const std::string& path, const std::string& html_file);

}  // namespace raft_explore
