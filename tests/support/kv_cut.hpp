// SPDX-License-Identifier: BSL-1.0
//
// A cluster of raft-kv whose network can be cut, and how long it takes to be whole again.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "kv_hosts.hpp"
#include <doctest/doctest.h>

namespace cut_test {

using namespace raft_kv::outside;
using namespace std::chrono_literals;
using std::chrono::milliseconds;
using support::kv_hosts;
using support::let_pass;
using support::network_of_hosts;

inline constexpr milliseconds election_timeout{500};
/// Two seconds to be connected again, and an election that may need a second try.
inline constexpr milliseconds back_in_time = 2s + 2 * election_timeout;

inline milliseconds time_until(const std::function<bool()>& happened) {
    const auto before = steady::now();
    REQUIRE(eventually(180s, happened));
    return std::chrono::duration_cast<milliseconds>(steady::now() - before);
}

struct cut_cluster {
    network_of_hosts net{3};
    kv_hosts servers{net,
                     3,
                     {"--election-timeout-ms", std::to_string(election_timeout.count()),
                      "--heartbeat-ms", "100", "--protected-mode", "no"}};

    [[nodiscard]] std::uint64_t leader() { return servers.leader_of(servers.all()); }
    [[nodiscard]] std::uint64_t follower() { return leader() % 3 + 1; }

    /// Until all have the same leader.
    [[nodiscard]] milliseconds time_until_whole() {
        return time_until([&] { return servers.common_leader(servers.all()) != 0; });
    }
    /// How long after the heal that is.
    [[nodiscard]] milliseconds cut_and_heal(const std::vector<std::uint64_t>& off,
                                            milliseconds length) {
        for (const auto id : off) net.cut(id);
        let_pass(length);
        for (const auto id : off) net.heal(id);
        return time_until_whole();
    }
};

}  // namespace cut_test
