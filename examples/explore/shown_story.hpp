// SPDX-License-Identifier: BSL-1.0
//
// A story that was lived through, as a run that can be shown. It has no time, but steps. Of the
// messages those are seen that may still arrive.
#pragma once

#include <cstddef>
#include <vector>

#include <page/run.hpp>

#include <proof/cluster_model/retelling.hpp>

namespace raft_explore {

[[nodiscard]] raft_page::run shown_story(const raft::proof::retold_story& told,
                                         std::size_t servers);

}  // namespace raft_explore
