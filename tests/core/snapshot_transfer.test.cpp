// SPDX-License-Identifier: BSL-1.0
//
// Goal: a transfer of a snapshot goes on where it was, after a crash and under another leader, and
// comes to an end. Method: chunks given to a follower one by one, and a leader that takes snapshots
// meanwhile.
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include <support/snapshots.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {
using terms = std::vector<std::uint64_t>;
}

TEST_CASE("B13 while a snapshot is sent to a member that is heard, it is in use, within a bound") {
    auto config = retaining(0);
    config.snapshot_chunk_bytes = 10;
    config.entries_kept_for_transfer = 4;
    auto c = with_slow_s3(config);
    resize_snapshot(c, 6, 25);
    CHECK_FALSE(is_snapshot_in_use(c.at(s1), c.now()));
    c.heal();
    c.heartbeat(s1);
    c.deliver(s1, s3);
    c.deliver(s3, s1);
    c.lose_all();
    REQUIRE(is_snapshot_in_use(c.at(s1), c.now()));
    const auto later = c.now() + config.election_timeout;
    CHECK_FALSE(is_snapshot_in_use(c.at(s1), later));
    c.propose(s1, 4);
    CHECK(is_snapshot_in_use(c.at(s1), c.now()));
    c.propose(s1, 1);
    CHECK_FALSE(is_snapshot_in_use(c.at(s1), c.now()));
    CHECK_FALSE(is_snapshot_in_use(c.at(s2), c.now()));
}

TEST_CASE(
    "B13 what follows a snapshot is kept for the member that has just got it, within a bound") {
    for (const std::uint32_t bound : {100U, 3U}) {
        auto config = retaining(0);
        config.entries_kept_for_transfer = bound;
        auto c = with_slow_s3(config);
        c.heal();
        c.heartbeat(s1);
        c.settle();
        REQUIRE(c.at(s3).log.base() == position(6, 1));
        c.isolate(s3);
        c.propose(s1, 6);
        c.settle();
        REQUIRE(c.commit(s1) == 12);
        c.take_snapshot(s1);
        CHECK(c.at(s1).snapshot.last_included.index == log_index{12});
        CHECK(c.at(s1).log.base().index == log_index{bound == 100 ? 6U : 9U});
        c.heal();
        c.heartbeat(s1);
        c.settle();
        CHECK(c.commit(s3) == 12);
        CHECK(c.at(s3).log.base().index == log_index{bound == 100 ? 6U : 12U});
    }
}

TEST_CASE("what follows a snapshot is not kept for a member that is not heard any more") {
    auto c = with_slow_s3(retaining(0));
    c.heal();
    c.heartbeat(s1);
    c.settle();
    c.isolate(s3);
    c.propose(s1, 6);
    c.settle();
    c.let_time_pass(settings{}.election_timeout);
    c.heartbeat(s1);
    c.settle();
    c.take_snapshot(s1);
    CHECK(c.at(s1).log.base().index == log_index{12});
}

TEST_CASE("B83 a crash while a snapshot is coming leaves the log, and the transfer goes on") {
    cluster c{3, plain()};
    c.inject(s2, s1, entries(1, log_start, 2, 1, 1));
    give(c, s1, chunk(1, position(6, 1), 0, 10, 25));
    c.hold_disk(s1);
    give(c, s1, chunk(1, position(6, 1), 10, 10, 25));
    c.crash(s1);
    c.restart(s1);
    CHECK(c.log(s1) == terms{1, 1});
    CHECK(c.commit(s1) == 0);
    c.lose_all();
    give(c, s1, chunk(1, position(6, 1), 0, 0, 25));
    CHECK(newest<install_snapshot_reply>(c, s1, s2) == install_snapshot_reply{{1}, {6}, 10, {}});
    give(c, s1, chunk(1, position(6, 1), 10, 15, 25));
    CHECK(c.last_effects().rare->chunk->offset == 10);
    CHECK(c.last_effects().rare->install.has_value());
    CHECK(c.commit(s1) == 6);
}

TEST_CASE("B83 a crash between the last chunk and the installation leaves only the latter to do") {
    cluster c{3, plain()};
    give(c, s1, chunk(1, position(6, 1), 0, 10, 20));
    c.hold_disk(s1);
    give(c, s1, chunk(1, position(6, 1), 10, 10, 20));
    c.persist(s1, 1);
    c.crash(s1);
    c.restart(s1);
    CHECK(c.commit(s1) == 0);
    give(c, s1, chunk(1, position(6, 1), 0, 0, 20));
    CHECK_FALSE(c.last_effects().rare->chunk.has_value());
    CHECK(c.last_effects().rare->install.has_value());
    CHECK(c.commit(s1) == 6);
}

TEST_CASE("B83 after a crash a snapshot of other bytes is received from its beginning") {
    cluster c{3, plain()};
    give(c, s1, chunk(1, position(6, 1), 0, 10, 20));
    c.crash(s1);
    c.restart(s1);
    auto other = chunk(1, position(6, 1), 0, 0, 20);
    other.checksum = 1;
    give(c, s1, other);
    CHECK(newest<install_snapshot_reply>(c, s1, s2)->offset == 0);
    other.length = 20;
    give(c, s1, other);
    CHECK(c.last_effects().rare->chunk->offset == 0);
    CHECK(c.at(s1).snapshot == snapshot_description{position(6, 1), 20, 1});
}

TEST_CASE("a snapshot that is being received goes on under the next leader that has the same") {
    cluster c{3, plain()};
    give(c, s1, chunk(1, position(6, 1), 0, 10, 25));
    c.hold_disk(s1);
    give(c, s1, chunk(1, position(6, 1), 10, 10, 25));
    const auto members = indexed_configuration{{6}, c.at(s2).members()};
    c.give(s1, received{s3, chunk(2, position(6, 1), 0, 0, 25), members});
    c.persist(s1);
    CHECK(newest<install_snapshot_reply>(c, s1, s3) == install_snapshot_reply{{2}, {6}, 20, {}});
    c.give(s1, received{s3, chunk(2, position(6, 1), 20, 5, 25), members});
    c.persist(s1);
    CHECK(c.at(s1).snapshot == snapshot_description{position(6, 1), 25});
}

TEST_CASE("what was received of a snapshot is thrown away if it is damaged, and received anew") {
    cluster c{3, plain()};
    give(c, s1, chunk(1, position(6, 1), 0, 10, 20));
    c.give(s1, snapshot_damaged{});
    CHECK(c.commit(s1) == 0);
    give(c, s1, chunk(1, position(6, 1), 10, 10, 20));
    CHECK_FALSE(c.last_effects().rare->chunk.has_value());
    CHECK(newest<install_snapshot_reply>(c, s1, s2)->offset == 0);
    give(c, s1, chunk(1, position(6, 1), 0, 20, 20));
    CHECK(c.commit(s1) == 6);
}
