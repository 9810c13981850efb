// SPDX-License-Identifier: BSL-1.0
//
// How many clients a server takes, and for how long. Each client costs a file descriptor, and the
// storage and the peers need some too: they come first.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "limits.hpp"

namespace raft_kv {

struct client_limits {
    std::size_t clients_max = limits::clients_max;
    /// Places beyond those, for whoever asks about the cluster and not for data.
    std::size_t operators_max = limits::operators_max;
    /// What all of them have said in part may take so much memory.
    std::size_t request_bytes = limits::requests_mib * limits::mebibyte;
    /// A client that is silent for so long is let go; zero: never.
    std::chrono::seconds idle{0};
};

/// What the process asks the system for.
inline constexpr std::size_t wanted_descriptors =
    limits::clients_max + limits::operators_max + limits::own_descriptors;

/// The limits that are `wanted`, with as many clients as there may be where the process may have so
/// many files open. None if that is too few for a server.
[[nodiscard]] inline std::optional<client_limits> limits_for(std::size_t descriptors,
                                                             client_limits wanted = {}) {
    if (descriptors < limits::descriptors_min) return std::nullopt;
    // Where there are few, a cluster of few servers is still well off with half of them.
    const auto own = std::min(limits::own_descriptors, descriptors / 2);
    const auto others = descriptors - own;
    const auto operators = std::min(limits::operators_max, others / 4);
    wanted.clients_max = std::min(limits::clients_max, others - operators);
    wanted.operators_max = operators;
    return wanted;
}

}  // namespace raft_kv
