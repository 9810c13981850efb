// SPDX-License-Identifier: BSL-1.0
//
// Goal: a follower that asks for a snapshot gets one that is of use to it, and nothing else
// changes. Method: stories of a follower whose leader still has the whole log.
#include <doctest/doctest.h>

#include <support/snapshots.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

/// s3 is heard again, and asks.
cluster after_asking(cluster c) {
    c.heal();
    c.give(s3, snapshot_requested{});
    return c;
}

}  // namespace

TEST_CASE("§7 a follower gets the snapshot for the asking, though the log is there") {
    auto c = after_asking(with_slow_s3(retaining(100)));
    REQUIRE(c.at(s1).log.base() == log_start);
    REQUIRE(c.sent<request_snapshot>(s3, s1) == request_snapshot{{1}, {1}});
    c.settle();
    CHECK(c.at(s3).snapshot.last_included == position(6, 1));
    CHECK(c.at(s3).log.base() == position(6, 1));
    c.propose(s1);
    c.settle();
    c.heartbeat(s1);
    c.settle();
    CHECK(c.commit(s3) == 7);
    CHECK(progress_of(c, s1, s3).mode == replication_mode::replicate);
    CHECK(c.safe());
}

TEST_CASE("§7 what the follower says of its log meanwhile does not take the snapshot from it") {
    auto c = after_asking(with_slow_s3(retaining(100)));
    c.deliver(s3, s1);
    REQUIRE(progress_of(c, s1, s3).mode == replication_mode::snapshot);
    c.inject(s3, s1, append_entries_reply{{1}, {4}, {}});
    CHECK(progress_of(c, s1, s3).mode == replication_mode::snapshot);
    c.inject(s3, s1, append_entries_reply{{1}, {6}, {}});
    CHECK(progress_of(c, s1, s3).mode != replication_mode::snapshot);
}

TEST_CASE("§7 if the last snapshot holds no more than the follower has, the next one is for it") {
    cluster c{3, retaining(100)};
    c.elect(s1);
    c.propose(s1, 3);
    c.settle();
    c.heartbeat(s1);
    c.settle();
    c.take_snapshot(s1);
    c.isolate(s3);
    c.propose(s1, 3);
    c.settle();
    REQUIRE(c.commit(s3) == 4);
    c = after_asking(std::move(c));
    c.deliver(s3, s1);
    CHECK(c.last_effects().rare->snapshot_wanted);
    CHECK(progress_of(c, s1, s3).mode != replication_mode::snapshot);
    c.take_snapshot(s1);
    c.settle();
    CHECK(c.at(s3).snapshot.last_included == position(7, 1));
    CHECK(c.safe());
}

TEST_CASE("§7 a follower that has all that is committed gets nothing, and nothing is made") {
    cluster c{3, retaining(100)};
    c.elect(s1);
    c.propose(s1, 3);
    c.settle();
    c.heartbeat(s1);
    c.settle();
    c.take_snapshot(s1);
    c.give(s3, snapshot_requested{});
    const auto before = c.at(s1);
    c.deliver(s3, s1);
    CHECK_FALSE(c.last_effects().rare->snapshot_wanted);
    CHECK(c.at(s1).tasks == before.tasks);
    CHECK(c.network().empty());
}

TEST_CASE("§7 who leads, or knows no leader, cannot ask for a snapshot") {
    cluster c{3};
    c.give(s2, snapshot_requested{});
    CHECK(c.last_effects().rare->refused == refusal{refusal_reason::not_leader, std::nullopt});
    c.elect(s1);
    c.give(s1, snapshot_requested{});
    CHECK(c.last_effects().rare->refused == refusal{refusal_reason::nothing_to_do, s1});
}

TEST_CASE("§7 a request of an earlier term, or of a stranger, is ignored") {
    auto c = with_slow_s3(retaining(100));
    const auto before = c.at(s1);
    c.inject(s3, s1, request_snapshot{{0}, {}});
    c.inject({9}, s1, request_snapshot{{1}, {}});
    CHECK(c.at(s1) == before);
}

TEST_CASE("§7 a late answer ends the transfer, and what was acknowledged since stays so") {
    auto c = with_slow_s3(retaining(100));
    c.heal();
    c.heartbeat(s1);
    c.settle();
    REQUIRE(progress_of(c, s1, s3).match_index == log_index{6});
    c.propose(s1);
    c.lose_all();
    c.inject(s3, s1, request_snapshot{{1}, {1}});
    REQUIRE(progress_of(c, s1, s3).mode == replication_mode::snapshot);
    c.propose(s1);
    c.deliver(s1, s2);
    c.inject(s3, s1, append_entries_reply{{1}, {7}, {}});
    REQUIRE(progress_of(c, s1, s3).mode != replication_mode::snapshot);
    c.inject(s3, s1, request_snapshot{{1}, {1}});
    c.inject(s3, s1, append_entries_reply{{1}, {6}, {}});
    CHECK(invariants(c.at(s1)));
}
