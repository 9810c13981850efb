// SPDX-License-Identifier: BSL-1.0
//
// What the acknowledgements tell: how long writes took, and how long there was no leader.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "write_load.hpp"

namespace raft_kv::outside {

/// How long each write took as its client saw it, the shortest first. What was sent again counts
/// from the first time.
[[nodiscard]] std::vector<steady::duration> latencies(std::span<const acknowledgement> all);

/// The value that `percent` of all are not above. Zero if there are none.
[[nodiscard]] steady::duration percentile(std::span<const steady::duration> sorted, double percent);

/// How long the cluster was without a leader as its clients saw it: from the last write that
/// `victim` acknowledged, of those until it was back, to the first that another server did behind
/// it.
[[nodiscard]] std::optional<steady::duration>
outage(std::span<const acknowledgement> all, std::uint64_t victim, steady::time_point killed_at);

}  // namespace raft_kv::outside
