// SPDX-License-Identifier: BSL-1.0
//
// Order statistics of the acknowledgements.
#include "statistics.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace raft_kv::outside {

std::vector<steady::duration> latencies(std::span<const acknowledgement> all) {
    std::vector<steady::duration> sorted;
    for (const auto& each : all) sorted.push_back(each.received - each.sent);
    std::ranges::sort(sorted);
    return sorted;
}

steady::duration percentile(std::span<const steady::duration> sorted, double percent) {
    if (sorted.empty()) return {};
    const auto rank = std::ceil(static_cast<double>(sorted.size()) * percent / 100.0);
    const auto place = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
    return sorted[std::min(place, sorted.size() - 1)];
}

std::optional<steady::duration> outage(std::span<const acknowledgement> all, std::uint64_t victim,
                                       steady::time_point killed_at) {
    auto first = steady::time_point::max();
    for (const auto& each : all)
        if (each.server != victim && each.received > killed_at)
            first = std::min(first, each.received);
    auto last = steady::time_point::min();
    for (const auto& each : all)
        if (each.server == victim && each.received < first) last = std::max(last, each.received);
    if (first == steady::time_point::max() || last == steady::time_point::min())
        return std::nullopt;
    return first - last;
}

}  // namespace raft_kv::outside
