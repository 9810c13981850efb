// SPDX-License-Identifier: BSL-1.0
//
// Settings of clusters that are explored: as few different states as there can be.
#pragma once

#include <raft/core/state.hpp>

namespace raft::testing {

inline settings plain_settings() {
    settings config;
    config.pre_vote = false;
    config.check_quorum = false;
    config.entries_per_message = 1;
    config.messages_in_flight = 1;
    return config;
}

/// A snapshot lets the whole log before it go.
inline settings compacting_settings() {
    auto config = plain_settings();
    config.retained_entries = 0;
    return config;
}

/// Leaders are protected.
inline settings guarded_settings() {
    auto config = compacting_settings();
    config.pre_vote = true;
    config.check_quorum = true;
    return config;
}

}  // namespace raft::testing
