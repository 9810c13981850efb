// SPDX-License-Identifier: BSL-1.0
//
// What a server does about the log's time, for whoever drives a node.
#pragma once

#include <optional>
#include <variant>

#include <raft/battery/log_time/clock.hpp>
#include <raft/battery/log_time/time.hpp>
#include <raft/node/outcome.hpp>

namespace raft::timing {

/// Keeps a server's reckoning of the log's time, and writes the stamps of a leader. It outlives the
/// node. Used on the node's thread.
class log_timekeeper {
public:
    /// `clock` counts by the same steady clock as `now` of the functions below.
    explicit log_timekeeper(log_clock clock = {}, stamp_schedule schedule = stamp_schedule{})
        : clock_{clock}, schedule_{schedule} {}
    log_timekeeper(const log_timekeeper&) = delete;
    log_timekeeper& operator=(const log_timekeeper&) = delete;

    /// What a command that is proposed now is stamped with.
    [[nodiscard]] log_time read(instant now) const { return clock_.read(now); }

    /// To be called after whatever may have moved the node on, before commands are proposed, and at
    /// the instant that it returns, if any. Proposes a stamp where this server leads and owes one.
    /// The node's state machine is a `keeps_log_time`.
    template <class Node>
    std::optional<instant> keep(Node& node, instant now) {
        const bool leads = node.protocol_state().is_leader();
        const auto& machine = node.state_machine();
        clock_.see(machine.now(), now, leads);
        if (!leads) return std::nullopt;
        const auto is_due = schedule_.due(clock_, machine.now(), machine.next_expiry());
        if (!is_due || *is_due > now) return is_due;
        propose_stamp(node, now);
        return schedule_.due(clock_, machine.now(), machine.next_expiry());
    }

private:
    template <class Node>
    void propose_stamp(Node& node, instant now) {
        using outcome_type = outcome<typename Node::result>;
        schedule_.proposed();
        auto stamp = Node::state_machine_type::stamp_at(read(now));
        node.propose(std::move(stamp), [this, now](const outcome_type& given) {
            std::holds_alternative<refusal>(given) ? schedule_.refused(now) : schedule_.settled();
        });
    }

    log_clock clock_;
    stamp_schedule schedule_;
};

}  // namespace raft::timing
