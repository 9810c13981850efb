// SPDX-License-Identifier: BSL-1.0
//
// The log's time at a node, whose state machine may have one.
#pragma once

#include <chrono>
#include <optional>

#include <raft/battery/log_time.hpp>

namespace raft::detail {

/// Stamps what is proposed, and writes the stamps of a leader. Of a state machine without a time it
/// does nothing.
template <class StateMachine>
class node_stamps {
public:
    using time_point = std::chrono::steady_clock::time_point;

    [[nodiscard]] timing::log_time now() const { return keeper_.read(clock_now()); }

    void stamp(typename StateMachine::command& proposed) const {
        if constexpr (timing::keeps_log_time<StateMachine>) StateMachine::stamp(proposed, now());
    }

    template <class Node>
    void keep(Node& node) {
        if constexpr (timing::keeps_log_time<StateMachine>) due_ = keeper_.keep(node, clock_now());
    }

    /// When `keep` is to be called at the latest.
    [[nodiscard]] std::optional<time_point> due() const {
        if (!due_) return std::nullopt;
        return time_point{std::chrono::nanoseconds{due_->nanoseconds}};
    }

    [[nodiscard]] static instant clock_now() {
        const auto since_origin = std::chrono::steady_clock::now().time_since_epoch();
        return {std::chrono::duration_cast<std::chrono::nanoseconds>(since_origin).count()};
    }

private:
    /// A log begins with what the wall clock shows, as logs of before did.
    timing::log_timekeeper keeper_{
        timing::log_clock{timing::log_time_of(std::chrono::system_clock::now()), clock_now()}};
    std::optional<instant> due_{};
};

}  // namespace raft::detail
