// SPDX-License-Identifier: BSL-1.0
//
// Goal: a node that is a witness keeps up without the data. Method: three nodes, of which one is a
// witness that is cut off while the log is compacted.
#include <cstdint>

#include <doctest/doctest.h>

#include <support/trio.hpp>

using namespace raft;
using namespace raft::testing;

TEST_CASE("a witness that is far behind is told of the snapshot alone, and catches up") {
    trio c;
    c.disks.clear();
    for (std::uint64_t id = 1; id <= 3; ++id) {
        c.options[id - 1].initial.witnesses = member_set::of(slot{2});
        c.start(id);
    }
    const auto leader = c.leader_id();
    REQUIRE(leader != 3);
    c.cut[3] = true;
    for (int i = 0; i < 20; ++i) {
        c[leader].propose(i, [](const auto&) {});
        c.deliver();
    }
    REQUIRE_FALSE(c[leader].take_snapshot());
    REQUIRE(c[leader].status().first_log_index > log_index{10});
    c.cut.clear();
    c.pass(1000);
    CHECK(c[3].status().last_log_index == c[leader].status().last_log_index);
    CHECK(c[3].status().commit_index == c[leader].status().commit_index);
    CHECK(c[3].status().snapshot.size == 0);
    CHECK(c.leader_id() == leader);
}
