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
    /// A log begins with what the wall clock shows, as logs of before did.
    node_stamps(std::chrono::system_clock::time_point wall, instant now)
        : keeper_{timing::log_clock{timing::log_time_of(wall), now}} {}

    [[nodiscard]] timing::log_time now(instant clock) const { return keeper_.read(clock); }

    void stamp(typename StateMachine::command& proposed, instant clock) const {
        if constexpr (timing::keeps_log_time<StateMachine>)
            StateMachine::stamp(proposed, now(clock));
    }

    template <class Node>
    void keep(Node& node, instant clock) {
        if constexpr (timing::keeps_log_time<StateMachine>) due_ = keeper_.keep(node, clock);
    }

    /// When `keep` is to be called at the latest.
    [[nodiscard]] std::optional<instant> due() const { return due_; }

private:
    timing::log_timekeeper keeper_;
    std::optional<instant> due_{};
};

}  // namespace raft::detail
