// SPDX-License-Identifier: BSL-1.0
//
// What clients ask of the cluster: its membership and its leadership. The node decides; here it is
// asked, and the client told what came of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "cluster_request.hpp"
#include "event_log.hpp"
#include "peers.hpp"
#include "running_node.hpp"
#include "service.hpp"
#include "session.hpp"
#include <asio/io_context.hpp>

namespace raft_kv {

/// Whom to tell what became of a request.
struct asker {
    std::shared_ptr<session> by{};
    std::uint64_t sequence = 0;
};

class administration {
public:
    /// What it works with; all of it outlives it. `changed(session)`: it has something to be told.
    administration(asio::io_context& io, const service& server, running_node& node, peers& others,
                   const event_log& log, std::function<void(session&)> changed)
        : io_{io}
        , server_{server}
        , node_{node}
        , peers_{others}
        , log_{log}
        , changed_{std::move(changed)} {}

    void begin(const asker& who, const cluster_request& asked);
    /// Tells those who asked for a transfer, when it is over: another server leads, or this one has
    /// given it up. Once a turn.
    void tell_transfers();

private:
    using clock = std::chrono::steady_clock;

    struct awaited_transfer {
        asker who{};
        std::optional<raft::member_id> target{};
        clock::time_point since{};
    };

    void begin_one(const asker& who, const add_server& asked);
    void begin_one(const asker& who, const remove_server& asked);
    void begin_one(const asker& who, const assign_part& asked);
    void begin_one(const asker& who, const change_members& asked);
    void begin_one(const asker& who, const announce_server& asked);
    void begin_one(const asker& who, const forget_server& asked);
    void begin_one(const asker& who, const transfer_leadership& asked);
    void begin_one(const asker& who, const step_down& asked);
    void change(const asker& who, std::vector<raft::member> wanted, raft::change_check check);
    void tell_changed(const asker& who, const raft::change_outcome& outcome);
    void announce(const asker& who, const std::vector<server_address>& servers,
                  std::function<void()> then);
    void tell(const asker& who, std::string_view error);
    void tell_refused(const asker& who, const raft::refusal& refused);

    asio::io_context& io_;
    const service& server_;
    running_node& node_;
    peers& peers_;
    const event_log& log_;
    std::function<void(session&)> changed_;
    std::vector<awaited_transfer> transfers_{};
};

}  // namespace raft_kv
