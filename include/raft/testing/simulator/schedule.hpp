// SPDX-License-Identifier: BSL-1.0
//
// What is going to happen, in the order of virtual time; what is due at the same time, in the order
// in which it was put here.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace raft::testing::simulation {

/// Nanoseconds of virtual time, as nobody in the simulation knows it: each server has a clock.
using moment = std::int64_t;

inline constexpr moment microsecond = 1'000;
inline constexpr moment millisecond = 1'000'000;
inline constexpr moment second = 1'000'000'000;

enum class happening : std::uint8_t {
    arrival,     ///< A frame reaches `server`; `number`: which.
    timer,       ///< The node of `server` wants to be polled.
    flush,       ///< The disk of `server` has done what was begun.
    connection,  ///< An attempt of `server` to reach `other` comes to its end.
    look,        ///< `server` looks whether `other` acknowledges what it sends.
    client,      ///< Client number `number` does something.
    trouble,     ///< Something is to go wrong.
    relief,      ///< A fault ends; `number`: which.
    start,       ///< `server` is started again.
    operation,   ///< The operator does something.
};

struct event {
    moment at = 0;
    std::uint64_t order = 0;
    happening what{};
    std::uint16_t server = 0;  ///< Servers are numbered from 0 here.
    std::uint16_t other = 0;
    std::uint32_t number = 0;
    std::uint32_t life = 0;  ///< Of the server, or of the connection: what is of an earlier one is
                             ///< void.
};

class schedule {
public:
    void add(event added) {
        added.order = next_order_++;
        heap_.push_back(added);
        std::push_heap(heap_.begin(), heap_.end(), is_later);
    }
    [[nodiscard]] bool empty() const { return heap_.empty(); }
    [[nodiscard]] moment next_at() const { return heap_.front().at; }
    event take() {
        std::pop_heap(heap_.begin(), heap_.end(), is_later);
        const auto taken = heap_.back();
        heap_.pop_back();
        return taken;
    }

private:
    [[nodiscard]] static bool is_later(const event& a, const event& b) {
        return a.at != b.at ? a.at > b.at : a.order > b.order;
    }

    std::vector<event> heap_{};
    std::uint64_t next_order_ = 0;
};

}  // namespace raft::testing::simulation
