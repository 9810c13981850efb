// SPDX-License-Identifier: BSL-1.0
//
// Goal: snapshots, and what a disk has yet to write, are told apart where they meet: the entry at
// the base, the chunk that is not durable, the configuration at the last index. Method: single
// steps there, each of which a changed operator once survived.
#include <cstdint>
#include <optional>

#include <doctest/doctest.h>

#include <support/snapshots.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

TEST_CASE("§6 a configuration is in force from its own entry on, up to the next") {
    auto s = cluster{3, plain()}.at(s1);
    const auto two = voters_only({s1, s2}), four = voters_only({s1, s2, s3, s4});
    s.configurations.push_back({{5}, four});
    s.configurations.push_back({{7}, two});
    CHECK(members_at(s, {4}).members.size() == 3);
    CHECK(members_at(s, {5}) == four);
    CHECK(members_at(s, {6}) == four);
    CHECK(members_at(s, {7}) == two);
    CHECK(members_at(s, {9}) == two);
}

TEST_CASE("§7 the configuration at the last entry of a snapshot is kept once") {
    cluster c{4, retaining(0)};
    c.elect(s1);
    c.change(s1, {{s1}, {s2}, {s3}});
    c.settle();
    REQUIRE(c.at(s1).configurations.back().index == c.at(s1).commit_index);
    c.take_snapshot(s1);
    REQUIRE(c.at(s1).log.base().index == c.at(s1).commit_index);
    CHECK(c.at(s1).configurations.size() == 1);
}

TEST_CASE(
    "§7 a received snapshot brings the configuration of its last entry, and leaves later ones") {
    for (const std::uint64_t last_included : {4U, 5U}) {
        cluster c{3, plain()};
        c.place(s1, {2}, {1, 1, 1, 1});
        const indexed_configuration carried{{5}, c.at(s1).members()};
        c.give(s1, received{s2, entries(2, position(4, 1), 2, 2), carried});
        REQUIRE(c.at(s1).configurations.size() == 2);
        give(c, s1, chunk(2, {{last_included}, *c.at(s1).log.term_at({last_included})}, 0, 1, 1));
        REQUIRE(c.at(s1).log.base().index == log_index{last_included});
        CHECK(c.last(s1) == 6);
        REQUIRE(c.at(s1).configurations.size() == (last_included == 5 ? 1 : 2));
        CHECK(c.at(s1).configurations.front().index == log_index{last_included});
        CHECK(c.at(s1).configurations.back().index == log_index{5});
    }
}

TEST_CASE("§7 a log that a snapshot replaces vouches for nothing until that is on the disk") {
    cluster c{3, plain()};
    c.place(s1, {2}, {1, 1, 1, 1, 1, 1});
    c.hold_disk(s1);
    give(c, s1, chunk(2, position(4, 2), 0, 1, 1));
    REQUIRE(c.at(s1).log.base() == position(4, 2));
    c.lose_all();
    c.inject(s2, s1, heartbeat(2, position(4, 2)));
    if (const auto reply = newest<append_entries_reply>(c, s1, s2))
        CHECK(reply->match_index == log_index{});
    c.persist(s1);
    CHECK(newest<append_entries_reply>(c, s1, s2)->match_index == log_index{4});
}

TEST_CASE("§7 a chunk that comes again is answered by what is on the disk") {
    cluster c{3, plain()};
    c.place(s1, {1}, {});
    c.hold_disk(s1);
    for (int times = 0; times < 2; ++times) give(c, s1, chunk(1, position(5, 1), 0, 10, 25));
    REQUIRE(newest<install_snapshot_reply>(c, s1, s2).has_value());
    CHECK(newest<install_snapshot_reply>(c, s1, s2)->offset == 0);
    c.persist(s1);
    CHECK(newest<install_snapshot_reply>(c, s1, s2)->offset == 10);
    give(c, s1, chunk(1, position(5, 1), 0, 10, 25));
    CHECK(newest<install_snapshot_reply>(c, s1, s2)->offset == 10);
}

TEST_CASE("§7 a chunk is not answered when only what was written before it is on the disk") {
    cluster c{3, plain()};
    c.place(s1, {1}, {});
    c.hold_disk(s1);
    c.inject(s2, s1, entries(1, log_start, 1, 1));
    give(c, s1, chunk(1, position(5, 1), 0, 10, 25));
    c.persist(s1, 1);
    CHECK(count<install_snapshot_reply>(c, s1, s2) == 0);
    c.persist(s1, 1);
    CHECK(newest<install_snapshot_reply>(c, s1, s2)->offset == 10);
}

TEST_CASE("§5.3 a rejection that waits for the disk is void once the logs have met there") {
    cluster c{3, plain()};
    c.hold_disk(s1);
    c.inject(s2, s1, heartbeat(1, position(2, 1)));
    c.inject(s2, s1, entries(1, log_start, 2, 1));
    c.persist(s1);
    CHECK(count<append_entries_rejection>(c, s1, s2) == 0);
    CHECK(newest<append_entries_reply>(c, s1, s2)->match_index == log_index{2});
}

TEST_CASE("§7 a snapshot that is saved twice does not begin its transfer anew") {
    auto config = retaining(0);
    config.snapshot_chunk_bytes = 10;
    auto c = steady(3, config);
    c.isolate(s3);
    c.propose(s1, 5);
    c.settle();
    const snapshot_saved saved{{position(6, 1), 25}};
    c.give(s1, saved);
    c.inject(s3, s1, reject(1, 6, position(1, 1)));
    c.inject(s3, s1, install_snapshot_reply{{1}, {6}, 10, {}});
    REQUIRE(progress_of(c, s1, s3).snapshot_offset == 10);
    c.give(s1, saved);
    CHECK(progress_of(c, s1, s3).snapshot_offset == 10);
}

TEST_CASE("§7 who needs the entry at the base needs no snapshot once its log goes that far") {
    auto c = with_slow_s3(retaining(2));
    const auto base = c.at(s1).log.base().index;
    REQUIRE(base < c.at(s1).snapshot.last_included.index);
    auto peer = progress_of(c, s1, s3);
    peer.next_index = base;
    CHECK(core::can_do_without_snapshot(c.at(s1), peer, base));
    CHECK_FALSE(core::can_do_without_snapshot(c.at(s1), peer, previous(base)));
}

TEST_CASE("S96 entries do not make a follower ask again, only the leader's word without them") {
    auto c = steady(3);
    c.give(s2, read_requested{});
    c.lose_all();
    for (std::uint64_t last = 1; last < 5; ++last)
        c.inject(s1, s2, entries(1, position(last, 1), 1, 1));
    CHECK(count<request_read_index>(c, s2, s1) == 0);
}

TEST_CASE("§7 a log of which nothing is left but its base has no run of terms") {
    CHECK(log_terms{position(5, 2)}.runs().empty());
    CHECK(log_terms{}.runs().empty());
}
