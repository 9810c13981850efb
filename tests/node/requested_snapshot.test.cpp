// SPDX-License-Identifier: BSL-1.0
//
// Goal: the leader's node takes the snapshot that a follower asks for.
#include <doctest/doctest.h>

#include <support/trio.hpp>

using namespace raft;
using namespace raft::testing;

TEST_CASE("§7 a leader takes a snapshot when a follower asks, and the follower restores it") {
    trio servers;
    auto& leader = servers.leader();
    const auto behind = servers.leader_id() % 3 + 1;
    servers.cut[behind] = true;
    for (int i = 0; i < 5; ++i) leader.propose(i, [](const auto&) {});
    servers.deliver();
    REQUIRE(leader.status().commit_index == leader.status().last_log_index);
    REQUIRE_FALSE(servers.disks[behind].snapshot());

    servers.cut.erase(behind);
    CHECK_FALSE(servers[behind].request_snapshot());
    servers.deliver();
    servers.pass(100);
    REQUIRE(servers.disks[behind].snapshot());
    CHECK(servers.disks[behind].snapshot()->description.last_included.index ==
          leader.status().commit_index);
    CHECK(servers[behind].state_machine().items == std::vector{0, 1, 2, 3, 4});
}
