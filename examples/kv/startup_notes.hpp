// SPDX-License-Identifier: BSL-1.0
//
// What a server logs when it has started: what it began with, and whom it believes.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "keys.hpp"
#include <asio/ip/tcp.hpp>

#include <raft/node/status.hpp>

namespace raft_kv {

/// "12 ms".
[[nodiscard]] std::string time_text(std::chrono::steady_clock::duration time);

/// Whoever waits for a start wants to know what it waited for: `restoring`, for the snapshot.
[[nodiscard]] std::string recovery_text(const raft::node_status& status,
                                        std::chrono::steady_clock::duration restoring);

/// Whoever reaches the port of the peers can change what is acknowledged, unless it has to prove
/// that it belongs here; and the port of the clients what is stored. Who lets that be is to know
/// it. A line each.
[[nodiscard]] std::vector<std::string> belief_texts(const keys& own,
                                                    const asio::ip::tcp::endpoint& peers_at,
                                                    const asio::ip::tcp::endpoint& clients_at);

}  // namespace raft_kv
