// SPDX-License-Identifier: BSL-1.0
//
// The states of one depth that wait to be expanded, as bytes, in blocks that threads take in turn
// and that are given back as soon as they are expanded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

namespace raft::proof {

/// Where a state was first found: its number among those that the thread of this number found.
struct state_number {
    std::uint64_t value = 0;  ///< The thread in the top bits, so that no two threads agree on one.
    static constexpr unsigned thread_shift = 36;
    [[nodiscard]] static constexpr state_number of(std::size_t thread, std::uint64_t number) {
        return {std::uint64_t{thread} << thread_shift | number};
    }
    [[nodiscard]] constexpr std::size_t thread() const { return value >> thread_shift; }
    [[nodiscard]] constexpr std::uint64_t number() const {
        return value & ((std::uint64_t{1} << thread_shift) - 1);
    }
};

/// Some states of one thread, in the order in which it found them.
class frontier_block {
public:
    explicit frontier_block(state_number first) : first_{first} {}

    void push(std::span<const std::uint8_t> state) {
        const auto size = static_cast<std::uint16_t>(state.size());
        const auto at = bytes_.size();
        bytes_.resize(at + sizeof size + size);
        std::memcpy(bytes_.data() + at, &size, sizeof size);
        if (size > 0) std::memcpy(bytes_.data() + at + sizeof size, state.data(), size);
    }

    [[nodiscard]] bool is_full() const { return bytes_.size() > bytes_wanted; }
    [[nodiscard]] bool is_expanded() const { return next_ == bytes_.size(); }

    /// The first state that is not expanded yet. It stays so until `pop`.
    [[nodiscard]] std::span<const std::uint8_t> front() const {
        return {bytes_.data() + next_ + sizeof(std::uint16_t), front_size()};
    }
    [[nodiscard]] state_number number_of_front() const { return {first_.value + popped_}; }
    void pop() {
        next_ += sizeof(std::uint16_t) + front_size();
        ++popped_;
    }
    void release() {
        std::exchange(bytes_, {});
        next_ = 0;
    }
    [[nodiscard]] std::size_t memory_bytes() const { return bytes_.capacity(); }

private:
    static constexpr std::size_t bytes_wanted = std::size_t{48} * 1024;

    [[nodiscard]] std::size_t front_size() const {
        std::uint16_t size = 0;
        std::memcpy(&size, bytes_.data() + next_, sizeof size);
        return size;
    }

    state_number first_;
    std::vector<std::uint8_t> bytes_{};
    std::size_t next_ = 0;
    std::uint64_t popped_ = 0;
};

using frontier = std::vector<frontier_block>;

}  // namespace raft::proof
