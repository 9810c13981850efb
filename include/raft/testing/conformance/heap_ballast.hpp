// SPDX-License-Identifier: BSL-1.0
//
// Memory that lies between the objects of a test: two instances find other addresses, and other
// bytes in what was never written. What depends on either shows.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include <raft/testing/simulator/dice.hpp>

namespace raft::testing {

class heap_ballast {
public:
    /// Takes some memory, and gives back some that was taken before, with traces in it.
    void shift() {
        const auto size = static_cast<std::size_t>(16 + dice_.roll() % 500);
        auto taken = std::make_unique<std::byte[]>(size);
        std::fill_n(taken.get(), size, std::byte{0xA5});
        auto left = std::make_unique<std::byte[]>(size);
        std::fill_n(left.get(), size, std::byte{0x5A});
        if (held_.size() < held_max) held_.push_back(std::move(taken));
    }

private:
    static constexpr std::size_t held_max = 1024;

    simulation::dice dice_{7};
    std::vector<std::unique_ptr<std::byte[]>> held_{};
};

}  // namespace raft::testing
