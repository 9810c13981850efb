// SPDX-License-Identifier: BSL-1.0
//
// The clock of one simulated server: steady, and wrong. It has an origin of its own, runs ahead or
// behind by some millionths, and can jump ahead.
#pragma once

#include <chrono>
#include <cstdint>

#include <raft/policy/clock.hpp>
#include <raft/testing/simulator/schedule.hpp>

namespace raft::testing::simulation {

/// How one server's time follows from the true one.
class server_time {
public:
    /// The server's time at `now`, as nanoseconds.
    [[nodiscard]] std::int64_t at(moment now) const {
        const auto since = now - since_;
        return reading_ + since + since / 1'000'000 * drift_ppm_ +
               since % 1'000'000 * drift_ppm_ / 1'000'000;
    }
    /// The first moment at which the clock shows this, or a little later.
    [[nodiscard]] moment when(std::int64_t shown) const {
        const auto ahead = shown - reading_;
        auto found = since_ + ahead - ahead / 1'000'000 * drift_ppm_;
        while (at(found) < shown) found += shown - at(found) + 1;
        return found;
    }
    void drift_from(moment now, std::int64_t ppm) {
        reading_ = at(now);
        since_ = now;
        drift_ppm_ = ppm;
    }
    void jump(std::int64_t length) { reading_ += length; }

private:
    moment since_ = 0;
    std::int64_t reading_ = 0;
    std::int64_t drift_ppm_ = 0;
};

/// What a node gets of it.
class drifting_clock {
public:
    using duration = std::chrono::nanoseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<drifting_clock>;
    static constexpr bool is_steady = true;

    drifting_clock(const server_time& time, const moment& now) : time_{&time}, now_{&now} {}
    [[nodiscard]] time_point now() const { return time_point{duration{time_->at(*now_)}}; }

private:
    const server_time* time_;
    const moment* now_;
};

static_assert(clock<drifting_clock>);

}  // namespace raft::testing::simulation
