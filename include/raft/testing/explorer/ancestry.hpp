// SPDX-License-Identifier: BSL-1.0
//
// How each state was first reached: eight bytes a state, from which the shortest way to it is told
// again.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include <raft/core/types.hpp>
#include <raft/testing/explorer/frontier.hpp>

namespace raft::testing {

/// The parent of a state, and which of its successors the state is.
class origin {
public:
    origin(state_number parent, std::uint32_t choice)
        : bits_{parent.value << choice_bits | least(choice, choice_max)} {}
    [[nodiscard]] state_number parent() const { return {bits_ >> choice_bits}; }
    [[nodiscard]] std::uint32_t choice() const {
        return static_cast<std::uint32_t>(bits_) & choice_max;
    }

private:
    static constexpr unsigned choice_bits = 24;
    static constexpr std::uint32_t choice_max = (std::uint32_t{1} << choice_bits) - 1;
    std::uint64_t bits_;
};

/// The origins of all states, by the thread that found them.
class ancestry {
public:
    explicit ancestry(std::size_t threads) : found_(threads) {}

    state_number add(std::size_t thread, origin from) {
        found_[thread].push_back(from);
        return next_of(thread, found_[thread].size() - 1);
    }
    [[nodiscard]] state_number next_of(std::size_t thread) const {
        return next_of(thread, found_[thread].size());
    }
    [[nodiscard]] std::uint64_t size() const {
        std::uint64_t sum = 0;
        for (const auto& each : found_) sum += each.size();
        return sum;
    }

    /// Which successor to take at each depth to come to this state; the first is the number of the
    /// initial state.
    [[nodiscard]] std::vector<std::uint32_t> way_to(state_number state, std::size_t depth) const {
        std::vector<std::uint32_t> choices(depth);
        for (auto i = depth; i-- > 0;) {
            const auto& from = found_[state.thread()][state.number()];
            choices[i] = from.choice();
            state = from.parent();
        }
        return choices;
    }

private:
    [[nodiscard]] static state_number next_of(std::size_t thread, std::uint64_t number) {
        return state_number::of(thread, number);
    }

    std::vector<std::deque<origin>> found_;
};

}  // namespace raft::testing
