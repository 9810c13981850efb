// SPDX-License-Identifier: BSL-1.0
//
// Times as commands say them: lengths, or points on the wall clock, in seconds or milliseconds. All
// become lengths here, where a command is taken, and by this server's wall clock; after that no
// wall clock has a say.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "kv.hpp"
#include "operations.hpp"

namespace raft_kv {

struct time_unit {
    bool in_seconds = false;
    bool since_1970 = false;
    friend bool operator==(const time_unit&, const time_unit&) = default;
};

inline constexpr std::string_view no_integer = "ERR value is not an integer or out of range";

/// The lifetime that a number says; none if it, or where it leads, is beyond 64 bits of
/// milliseconds, as with Redis.
[[nodiscard]] inline std::optional<lifetime> lifetime_of(std::int64_t number, time_unit unit,
                                                         const write_times& times) {
    constexpr std::int64_t per_second = 1'000;
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    if (unit.in_seconds && __builtin_mul_overflow(number, per_second, &number)) return std::nullopt;
    if (!unit.since_1970) {
        if (number > most - times.unix_ms) return std::nullopt;
        return lifetime{number, number + times.unix_ms};
    }
    std::int64_t left = 0;
    if (__builtin_sub_overflow(number, times.unix_ms, &left)) left = -most;  // Long ago.
    return lifetime{left, number};
}

/// Reads the number of a lifetime into `lives`, or says what is wrong. `invalid`: what is said of a
/// time that cannot be.
[[nodiscard]] inline std::optional<std::string_view>
take_lifetime(std::string_view word, time_unit unit, const write_times& times,
              std::string_view invalid, lifetime& lives) {
    const auto number = integer_in(word);
    if (!number) return no_integer;
    const auto taken = lifetime_of(*number, unit, times);
    if (!taken) return invalid;
    lives = *taken;
    return std::nullopt;
}

/// The same, of a time that must not be 0 or less.
[[nodiscard]] inline std::optional<std::string_view>
take_coming_lifetime(std::string_view word, time_unit unit, const write_times& times,
                     std::string_view invalid, lifetime& lives) {
    const auto wrong = take_lifetime(word, unit, times, invalid, lives);
    if (wrong) return wrong;
    return *integer_in(word) > 0 ? std::nullopt : std::optional{invalid};
}

}  // namespace raft_kv
