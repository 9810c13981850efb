// SPDX-License-Identifier: BSL-1.0
//
// Servers whose disks take their time: a flush begins when there is something to write and none is
// under way, and makes durable what was begun before it.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <utility>

#include <raft/testing/cluster.hpp>

namespace raft::testing {

struct slow_disks {
    cluster servers;
    duration flush{};  ///< How long each takes.

    slow_disks(cluster made, duration each_flush) : servers{std::move(made)}, flush{each_flush} {
        for (const auto id : servers.at(s1).members().members) {
            servers.hold_disk(id);
            disks_[id] = {};
        }
    }

    void run_for(duration length) {
        const auto end = servers.now() + length;
        while (servers.now() < end) pass_a_moment();
    }

    /// False if it did not come about in time.
    [[nodiscard]] bool run_until(auto condition, duration most) {
        const auto end = servers.now() + most;
        while (!condition() && servers.now() < end) pass_a_moment();
        return condition();
    }

private:
    struct flush_under_way {
        instant ends_at{};
        std::size_t writes = 0;
    };

    void pass_a_moment() {
        servers.run_for(milliseconds(5));
        for (auto& [id, current] : disks_) {
            if (current && servers.now() >= current->ends_at) {
                const auto writes = std::exchange(current, std::nullopt)->writes;
                servers.persist(id, writes);
            }
            const auto waiting = servers.disk(id).unfinished_writes();
            if (!current && waiting > 0) current = {servers.now() + flush, waiting};
        }
    }

    std::map<member_id, std::optional<flush_under_way>> disks_{};
};

}  // namespace raft::testing
