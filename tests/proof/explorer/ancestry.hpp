// SPDX-License-Identifier: BSL-1.0
//
// How each state was first reached: eight bytes a state, from which the shortest way to it is told
// again.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <vector>

#include <proof/explorer/frontier.hpp>
#include <raft/core/types.hpp>

namespace raft::proof {

/// The parent of a state, and which of its successors the state is; of an initial state, which of
/// those it is.
class origin {
public:
    [[nodiscard]] static origin initial(std::uint32_t choice) { return {{no_parent}, choice}; }
    origin(state_number parent, std::uint32_t choice)
        : bits_{parent.value << choice_bits | std::min(choice, choice_max)} {}
    [[nodiscard]] state_number parent() const { return {bits_ >> choice_bits}; }
    [[nodiscard]] bool is_initial() const { return parent().value == no_parent; }
    [[nodiscard]] std::uint32_t choice() const {
        return static_cast<std::uint32_t>(bits_) & choice_max;
    }

private:
    static constexpr unsigned choice_bits = 24;
    static constexpr std::uint64_t no_parent = (std::uint64_t{1} << (64 - choice_bits)) - 1;
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
    [[nodiscard]] std::vector<std::uint32_t> way_to(state_number state) const {
        std::vector<std::uint32_t> choices;
        for (;; state = at(state).parent()) {
            choices.push_back(at(state).choice());
            if (at(state).is_initial()) break;
        }
        std::reverse(choices.begin(), choices.end());
        return choices;
    }

    /// The number of a state by its place among all of them.
    [[nodiscard]] state_number nth(std::uint64_t place) const {
        std::size_t thread = 0;
        for (; place >= found_[thread].size(); ++thread) place -= found_[thread].size();
        return state_number::of(thread, place);
    }

private:
    [[nodiscard]] const origin& at(state_number state) const {
        return found_[state.thread()][state.number()];
    }
    [[nodiscard]] static state_number next_of(std::size_t thread, std::uint64_t number) {
        return state_number::of(thread, number);
    }

    std::vector<std::deque<origin>> found_;
};

}  // namespace raft::proof
