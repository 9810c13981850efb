// SPDX-License-Identifier: BSL-1.0
//
// Goal: the servers of a cluster save their state at different moments, the leader last. Method: a
// cluster of the core.
#include "snapshot_spread.hpp"

#include <cstdint>
#include <limits>

#include <doctest/doctest.h>

#include <raft/testing/cluster.hpp>

using raft_kv::spread;
using namespace raft::testing;

TEST_CASE("raft-kv: servers take their snapshots one after another and the leader the last") {
    cluster c{3};
    CHECK(spread(900, c.at(s1)) == 900);
    CHECK(spread(900, c.at(s2)) == 1200);
    CHECK(spread(900, c.at(s3)) == 1500);
    c.elect(s1);
    CHECK(spread(900, c.at(s1)) == 1800);
    CHECK(spread(1, c.at(s3)) == 1);
    constexpr auto never = std::numeric_limits<std::uint64_t>::max();
    CHECK(spread(never, c.at(s1)) == never);
}

TEST_CASE("raft-kv: a server without a configuration takes its snapshots when they are due") {
    cluster c{3};
    c.add_outsider(s7);
    CHECK(spread(900, c.at(s7)) == 900);
}
