// SPDX-License-Identifier: BSL-1.0
//
// The value: a point on the log's time.
#pragma once

#include <algorithm>
#include <chrono>
#include <compare>
#include <cstdint>
#include <limits>

#include <raft/core/types.hpp>

namespace raft::timing {

/// Time as the log tells it: nanoseconds since an origin that is the log's own. The latest that the
/// log has shown so far is the log's time, the same on every server at the same entry. It is no
/// clock of any server; log_time.hpp says how it advances.
struct log_time {
    std::uint64_t nanoseconds = 0;
    friend constexpr auto operator<=>(const log_time&, const log_time&) = default;

    /// No later than the last that there is.
    friend constexpr log_time operator+(log_time from, duration length) {
        const auto added =
            static_cast<std::uint64_t>(std::max<std::int64_t>(length.nanoseconds, 0));
        return {from.nanoseconds +
                std::min(added, std::numeric_limits<std::uint64_t>::max() - from.nanoseconds)};
    }
};

/// What the wall clock shows, since 1970, as a time that a log may begin with.
[[nodiscard]] constexpr log_time log_time_of(std::chrono::system_clock::time_point when) {
    const auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::max(when, std::chrono::system_clock::time_point{}).time_since_epoch());
    return {static_cast<std::uint64_t>(since.count())};
}

}  // namespace raft::timing
