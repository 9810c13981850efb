// SPDX-License-Identifier: BSL-1.0
//
// When a server takes a snapshot, and what its log says of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "activity.hpp"
#include "event_log.hpp"
#include "running_node.hpp"
#include "server_options.hpp"

namespace raft_kv {

class snapshots {
public:
    /// All outlive it.
    snapshots(const server_options& options, running_node& node, activity& done,
              const event_log& log)
        : options_{options}, node_{node}, done_{done}, log_{log} {}

    /// The one that was found when the server started is no news.
    void begin_after(raft::log_index newest) { seen_ = newest; }
    /// Begins one, or says why not.
    [[nodiscard]] std::optional<raft::refusal> take();
    /// Why none can begin, if one is being saved: an error as a client is told.
    [[nodiscard]] std::optional<std::string> obstacle() const;
    /// Begins one if the log has grown enough, and tells the log what became of the last. Once a
    /// turn.
    void look_after();
    /// Whether a leader's writes must wait, as the log would take the room that the snapshot needs
    /// which is being written: without that the log could never become shorter.
    [[nodiscard]] bool needs_room();

private:
    using clock = std::chrono::steady_clock;

    [[nodiscard]] bool is_due();
    [[nodiscard]] bool is_room_short();
    void observe();

    const server_options& options_;
    running_node& node_;
    activity& done_;
    const event_log& log_;
    bool saving_ = false;  ///< One that was begun here is not durable yet.
    std::uint64_t bytes_at_last_ = 0;
    clock::time_point room_looked_at_{};
    std::uint64_t bytes_looked_at_ = 0;
    bool room_is_short_ = false;  ///< When it was looked at.
    raft::log_index seen_{};
    std::string seen_error_{};
};

}  // namespace raft_kv
