// SPDX-License-Identifier: BSL-1.0
//
// What a server says of itself: RAFT STATUS, read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "connection.hpp"

namespace raft_kv::outside {

struct member_status {
    std::uint64_t id = 0;
    std::string address{};
    std::optional<std::uint64_t> match{};
    std::string part{};
};

struct server_status {
    std::uint64_t id = 0;
    std::string role{};
    std::uint64_t term = 0;
    std::optional<std::uint64_t> leader{};
    std::uint64_t commit = 0;
    std::uint64_t applied = 0;
    std::uint64_t last = 0;
    std::uint64_t snapshot = 0;
    std::uint64_t configuration = 0;
    bool changing = false;
    std::vector<member_status> members{};

    [[nodiscard]] bool leads() const { return role == "leader"; }
};

/// Nothing if the answer is something else.
[[nodiscard]] std::optional<server_status> read_status(const answer& said);

/// Asks by a connection of its own. Nothing if the server is not there.
[[nodiscard]] std::optional<server_status> status_of(const server_address& server);

}  // namespace raft_kv::outside
