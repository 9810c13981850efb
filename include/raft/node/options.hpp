// SPDX-License-Identifier: BSL-1.0
//
// What a node is told: limits when it is compiled, options when it is made.
#pragma once

#include <cstddef>
#include <cstdint>

#include <raft/core/configuration.hpp>
#include <raft/core/state.hpp>

namespace raft {

/// What is fixed when a node is compiled.
struct limits {
    /// The bytes of entries that one message carries; a larger command is refused.
    std::size_t message_bytes = 1U << 20U;
    /// The size of the callables given to `propose` and `read`.
    std::size_t callback_bytes = 64;
    /// How many entries are applied between two looks at whether they are still wanted in one go.
    std::size_t apply_batch = 256;
};

/// What a server is told when it starts.
struct node_options {
    member_id id{};
    /// The cluster as it first was, the same on every server that it names. Used only while the
    /// storage keeps no other.
    configuration initial{};
    settings config{};
    /// Of the random election timeouts; a different one on every server.
    std::uint64_t seed = 0;
};

}  // namespace raft
