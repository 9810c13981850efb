// SPDX-License-Identifier: BSL-1.0
//
// Random numbers that are the same wherever a seed is played again.
#pragma once

#include <cstdint>

namespace raft::testing {

class dice {
public:
    explicit dice(std::uint64_t seed) : state_{seed * 0x9e3779b97f4a7c15U + 1} {}
    std::uint64_t below(std::uint64_t bound) {
        state_ ^= state_ << 13U;
        state_ ^= state_ >> 7U;
        state_ ^= state_ << 17U;
        return (state_ >> 11U) % bound;
    }

private:
    std::uint64_t state_;
};

}  // namespace raft::testing
