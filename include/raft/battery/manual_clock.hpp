// SPDX-License-Identifier: BSL-1.0
//
// A clock that stands still until it is told to move: for tests, simulations, and programs that
// look at the real clock once for many events.
#pragma once

#include <chrono>

#include <raft/policy.hpp>

namespace raft {

class manual_clock {
public:
    using duration = std::chrono::nanoseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<manual_clock>;
    static constexpr bool is_steady = true;

    [[nodiscard]] time_point now() const { return now_; }

    /// Moves to `then`; to an earlier time it does not move.
    void advance_to(time_point then) {
        if (then > now_) now_ = then;
    }

private:
    time_point now_{};
};

static_assert(clock<manual_clock>);

}  // namespace raft
