// SPDX-License-Identifier: BSL-1.0
//
// When the timers of a server are due.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>

#include <raft/core/effects.hpp>

namespace raft::detail {

class deadlines {
public:
    void set(timer which, instant deadline) { of(which).emplace(deadline); }
    void cancel(timer which) { of(which).reset(); }

    /// Whether it is due by `now`; then it has no deadline any more.
    [[nodiscard]] bool take_if_due(timer which, instant now) {
        auto& deadline = of(which);
        if (!deadline || *deadline > now) return false;
        deadline.reset();
        return true;
    }

    [[nodiscard]] std::optional<instant> earliest() const {
        std::optional<instant> first;
        for (const auto& each : all_)
            if (each && (!first || *each < *first)) first = each;
        return first;
    }

private:
    [[nodiscard]] std::optional<instant>& of(timer which) {
        return all_[static_cast<std::size_t>(which)];
    }

    std::array<std::optional<instant>, timer_count> all_{};
};

/// The instant on a program's own clock, rounded up: a poll that comes a tick early would find
/// nothing to do, and come again.
template <class TimePoint>
[[nodiscard]] TimePoint not_before(instant when) {
    using ticks = typename TimePoint::duration;
    return TimePoint{std::chrono::ceil<ticks>(std::chrono::nanoseconds{when.nanoseconds})};
}

}  // namespace raft::detail
