// SPDX-License-Identifier: BSL-1.0
//
// Waiting for something to become true: asked again and again, with a limit that only a failure
// meets, and given up at once when the user interrupts.
#pragma once

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

namespace raft_kv::outside {

using steady = std::chrono::steady_clock;

/// Something did not go as the story goes; the text says what.
struct failure : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct interruption : std::runtime_error {
    interruption() : std::runtime_error{"interrupted"} {}
};

/// Set by the handler of SIGINT and SIGTERM, for which it has to be lock-free.
inline std::atomic<bool> interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free);

inline void throw_if_interrupted() {
    if (interrupted) throw interruption{};
}

inline constexpr std::chrono::milliseconds poll_pause{5};

/// True as soon as `condition()` is, false if it is not within `limit`.
template <class Condition>
[[nodiscard]] bool eventually(std::chrono::milliseconds limit, Condition condition) {
    const auto deadline = steady::now() + limit;
    while (!condition()) {
        throw_if_interrupted();
        if (steady::now() >= deadline) return false;
        std::this_thread::sleep_for(poll_pause);
    }
    return true;
}

}  // namespace raft_kv::outside
