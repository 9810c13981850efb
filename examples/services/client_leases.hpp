// SPDX-License-Identifier: BSL-1.0
//
// Clients that hold something hold it for as long as they say that they live. Part of the state of
// a service: time is the log's, so that all servers see the same clients go at the same entry, and
// the leader sees to it that they do (`raft::timing::timed`).
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <raft/battery/log_time.hpp>

namespace services {

/// A client, by the index of the entry by which it came: no other ever has the same.
using client_id = std::uint64_t;

/// The commands by which a client comes, and says that it lives.
struct open_client {};
struct keep_client {
    client_id client = 0;
};

struct client_leases {
    std::map<client_id, raft::timing::log_time> until{};  ///< When each goes.
    raft::timing::log_time now{};

    static constexpr raft::duration lease = raft::milliseconds(5'000);

    std::string apply(std::uint64_t index, const open_client&) {
        until[index] = now + lease;
        return "CLIENT " + std::to_string(index);
    }
    std::string apply(std::uint64_t, const keep_client& asked) {
        return keep(asked.client) ? "OK" : "GONE";
    }
    /// False if it has gone.
    bool keep(client_id client) {
        const auto found = until.find(client);
        if (found == until.end()) return false;
        found->second = now + lease;
        return true;
    }
    /// Who goes as time comes to this.
    std::vector<client_id> advance_to(raft::timing::log_time time) {
        now = time;
        std::vector<client_id> gone;
        std::erase_if(until, [&](const auto& each) {
            if (each.second > now) return false;
            gone.push_back(each.first);
            return true;
        });
        return gone;
    }
    /// When the next goes that says nothing.
    [[nodiscard]] std::optional<raft::timing::log_time> next_expiry() const {
        std::optional<raft::timing::log_time> first;
        for (const auto& [client, when] : until) first = std::min(first.value_or(when), when);
        return first;
    }
};

}  // namespace services
