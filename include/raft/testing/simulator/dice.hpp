// SPDX-License-Identifier: BSL-1.0
//
// All that is random in a simulation comes from here, and so from its seed alone.
#pragma once

#include <cstddef>
#include <cstdint>

#include <raft/core/timing.hpp>

namespace raft::testing::simulation {

/// splitmix64: the same numbers on every machine.
class dice {
public:
    explicit constexpr dice(std::uint64_t seed = 0) : state_{seed} {}

    constexpr std::uint64_t roll() {
        const auto rolled = core::mixed(state_);
        state_ += 0x9E3779B97F4A7C15U;
        return rolled;
    }

    /// A number below `sides`, which is not 0.
    constexpr std::size_t below(std::size_t sides) {
        return static_cast<std::size_t>(roll() % sides);
    }

    /// A number from `least` to `most`, both of them possible.
    constexpr std::int64_t between(std::int64_t least, std::int64_t most) {
        const auto width = static_cast<std::uint64_t>(most - least) + 1;
        return least + static_cast<std::int64_t>(roll() % width);
    }

    /// True so many times in a million.
    constexpr bool hits(std::uint32_t millionths) {
        return millionths != 0 && roll() % 1'000'000 < millionths;
    }

    /// True so many times in a hundred.
    constexpr bool percent(std::uint32_t hundredths) { return roll() % 100 < hundredths; }

    /// Dice of their own for another part, so that it can use more of them without a change here.
    [[nodiscard]] constexpr dice apart() { return dice{roll()}; }

private:
    std::uint64_t state_;
};

}  // namespace raft::testing::simulation
