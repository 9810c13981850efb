// SPDX-License-Identifier: BSL-1.0
//
// A server's reckoning of the log's time between two stamps, and when a leader writes the next.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>

#include <raft/battery/log_time/time.hpp>

namespace raft::timing {

/// Goes on from the last stamp that this server has seen in the log, by its steady clock. It
/// decides nothing: what it reads is put into commands, and what the log shows then counts.
class log_clock {
public:
    log_clock() = default;
    /// Reads `start` at `at`, and goes on from there, until the log has shown a time.
    constexpr log_clock(log_time start, instant at) : time_{start}, at_{at} {}

    /// The applied log has shown this as its time, now. To be called whenever that may have
    /// changed. A follower takes it as the time now. A leader does not: its own stamps come back to
    /// it late, by as much as a commit takes, and its time would stand still meanwhile.
    constexpr void see(log_time shown, instant at, bool leads) {
        if (shown == seen_) return;
        seen_ = shown;
        if (leads && shown <= read(at)) return;
        time_ = shown;
        at_ = at;
    }

    /// The time that a command proposed at `at` is stamped with.
    [[nodiscard]] constexpr log_time read(instant at) const { return time_ + (at - at_); }

    /// When it will read `time`.
    [[nodiscard]] constexpr instant when(log_time time) const {
        constexpr auto farthest = std::uint64_t{1} << 60U;  // Some 36 years, which is never.
        const auto ahead = time.nanoseconds - std::min(time, time_).nanoseconds;
        const auto later = time > time_ ? std::min(ahead, farthest) : std::uint64_t{0};
        return at_ + duration{static_cast<std::int64_t>(later)};
    }

private:
    log_time time_{};  ///< What it read
    instant at_{};     ///< then.
    log_time seen_{};
};

/// When a leader writes a stamp because nothing else moves the log's time.
class stamp_schedule {
public:
    /// `interval`: while anything is to expire, a stamp is due after so long without one. It bounds
    /// the time that is lost when servers restart: one that comes back goes on from the last stamp.
    constexpr explicit stamp_schedule(duration interval = milliseconds(1'000))
        : interval_{interval} {}

    /// When a leader is to propose a stamp. None: nothing expires, or one is on its way. `shown`:
    /// the log's time; `expiry`: of what expires next, perhaps in the past.
    [[nodiscard]] constexpr std::optional<instant> due(const log_clock& clock, log_time shown,
                                                       std::optional<log_time> expiry) const {
        if (!expiry || under_way_) return std::nullopt;
        return std::max(clock.when(std::min(*expiry, shown + interval_)), not_before_);
    }

    /// A stamp is on its way.
    constexpr void proposed() { under_way_ = true; }
    /// It is applied, or it is not known whether it ever will be.
    constexpr void settled() { under_way_ = false; }
    /// It was refused: the next is tried in a moment.
    constexpr void refused(instant now) {
        under_way_ = false;
        not_before_ = now + pause;
    }

private:
    static constexpr duration pause = milliseconds(100);

    duration interval_;
    bool under_way_ = false;
    instant not_before_{std::numeric_limits<std::int64_t>::min()};
};

}  // namespace raft::timing
