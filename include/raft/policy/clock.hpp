// SPDX-License-Identifier: BSL-1.0
//
// Where time comes from: the concept of a clock.
#pragma once

#include <concepts>
#include <cstdint>

namespace raft {

/// A steady clock: time that never goes back. Any steady `std::chrono` clock is one as it is.
template <class T>
concept clock = requires(T& source) {
    typename T::time_point;
    typename T::duration;
    { source.now() } -> std::same_as<typename T::time_point>;
    { (source.now() - source.now()).count() } -> std::convertible_to<std::int64_t>;
    requires T::is_steady;
};

}  // namespace raft

namespace raft::policy {

/// Fails to compile with the name of what `T` lacks to be a clock.
template <class T>
constexpr void check_clock() {
    static_assert(
        requires {
            typename T::time_point;
            typename T::duration;
        },
        "raft: a Clock needs the types `time_point` and `duration` of std::chrono");
    static_assert(
        requires(T & source) {
            { source.now() } -> std::same_as<typename T::time_point>;
        },
        "raft: a Clock needs `time_point now()`");
    static_assert(T::is_steady, "raft: a Clock must be steady: its time must never go back");
}

}  // namespace raft::policy
