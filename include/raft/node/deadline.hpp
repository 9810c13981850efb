// SPDX-License-Identifier: BSL-1.0
//
// Deadlines, and the clock of the program.
#pragma once

#include <chrono>
#include <optional>

#include <raft/core/types.hpp>

namespace raft::detail {

[[nodiscard]] constexpr bool is_due(const std::optional<instant>& deadline, instant now) {
    return deadline && *deadline <= now;
}

/// The instant on the program's own clock, rounded up: a poll one tick too early would find nothing
/// to do, and would have to be repeated.
template <class TimePoint>
[[nodiscard]] TimePoint not_before(instant when) {
    using ticks = typename TimePoint::duration;
    return TimePoint{std::chrono::ceil<ticks>(std::chrono::nanoseconds{when.nanoseconds})};
}

}  // namespace raft::detail
