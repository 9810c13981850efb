// SPDX-License-Identifier: BSL-1.0
//
// An input read as choices: what is to happen next, and with which numbers. When it is at its end
// every choice is the first one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace raft::fuzz {

class choices {
public:
    explicit choices(std::span<const std::byte> bytes) : rest_{bytes} {}

    [[nodiscard]] bool any_left() const { return !rest_.empty(); }

    std::uint8_t byte() {
        if (rest_.empty()) return 0;
        const auto first = std::to_integer<std::uint8_t>(rest_.front());
        rest_ = rest_.subspan(1);
        return first;
    }

    /// A number below `bound`, which is at most 256 and not 0.
    std::size_t below(std::size_t bound) { return byte() % bound; }

    bool flip() { return (byte() & 1U) != 0; }

    /// A number of this many bytes, little-endian.
    std::uint64_t number(std::size_t bytes) {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < bytes; ++i) value |= std::uint64_t{byte()} << (8 * i);
        return value;
    }

    /// The next `count` bytes, or as many as there are.
    std::span<const std::byte> take(std::size_t count) {
        const auto taken = rest_.first(std::min(count, rest_.size()));
        rest_ = rest_.subspan(taken.size());
        return taken;
    }

    std::span<const std::byte> take_rest() { return take(rest_.size()); }

private:
    std::span<const std::byte> rest_;
};

}  // namespace raft::fuzz
