// SPDX-License-Identifier: BSL-1.0
//
// Goal: a read is answered with all that was committed before it was asked for. Method: stories in
// which leaders are deposed, acknowledgements are old, and reads come at every moment of a round.
#include <cstdint>
#include <optional>

#include <doctest/doctest.h>

#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

/// A read is asked of `id`; what it was promised, if it was taken.
std::optional<accepted_read> read(cluster& c, member_id id) {
    c.give(id, read_requested{});
    return c.last_effects().rare->read;
}

read_round confirmed(const cluster& c, member_id id) {
    return std::get<leader_state>(c.at(id).role).confirmed;
}

}  // namespace

TEST_CASE("S96 a read waits for a majority that was asked after it, and for its index") {
    auto c = steady(3);
    c.propose(s1, 10);
    c.settle();
    for (std::uint64_t i = 1; i <= 6; ++i) {
        const auto promised = read(c, s1);
        REQUIRE(promised.has_value());
        CHECK(promised->round == read_round{i});
        CHECK(promised->index == log_index{11});
        CHECK_FALSE(c.last_effects().rare->confirmed.has_value());
        CHECK(count<append_entries>(c, s1, s2) == 1);
        CHECK(c.sent<append_entries>(s1, s2)->round == promised->round);
        c.deliver(s1, s2);
        c.deliver_one(s2, s1);
        CHECK(c.last_effects().rare->confirmed->round == promised->round);
        c.settle();
    }
}

TEST_CASE("S96 a read is refused where no leader is known") {
    auto c = steady(3);
    c.time_out(s2);
    CHECK_FALSE(read(c, s2).has_value());
    CHECK(c.last_effects().rare->refused == refusal{refusal_reason::not_leader, std::nullopt});
}

TEST_CASE("S96 of five servers two others must acknowledge the round, each counts once") {
    auto c = steady(5);
    const auto promised = read(c, s1);
    REQUIRE(promised.has_value());
    c.lose_all();
    c.inject(s2, s1, ack(1, 1, 1));
    c.inject(s2, s1, ack(1, 1, 1));
    CHECK(confirmed(c, s1) == read_round{0});
    c.inject(s3, s1, ack(1, 1, 1));
    CHECK(c.last_effects().rare->confirmed->round == promised->round);
}

TEST_CASE("S96 learners and strangers confirm no read") {
    configuration members = voters_only({s1, s2, s3, s4, s5});
    members.voters = member_set::first(3);
    cluster c{members, plain()};
    c.elect(s1);
    REQUIRE(read(c, s1).has_value());
    c.lose_all();
    for (const auto id : {s4, s5, s6, s1}) c.inject(id, s1, ack(1, 1, 1));
    CHECK(confirmed(c, s1) == read_round{0});
    c.inject(s3, s1, ack(1, 1, 1));
    CHECK(confirmed(c, s1) == read_round{1});
}

TEST_CASE("§6 in a joint configuration both majorities confirm a read") {
    configuration joint = voters_only({s1, s2, s3, s4, s5, s6});
    joint.voters = member_set::from_bits(0b000'111);
    joint.outgoing_voters = member_set::from_bits(0b111'000);
    cluster c{joint, plain()};
    c.time_out(s1);
    while (!c.at(s1).is_leader()) c.deliver_nth(0);
    REQUIRE(read(c, s1).has_value());
    c.lose_all();
    for (const auto id : {s2, s3, s4}) c.inject(id, s1, ack(1, 1, 1));
    CHECK(confirmed(c, s1) == read_round{0});
    c.inject(s6, s1, ack(1, 1, 1));
    CHECK(confirmed(c, s1) == read_round{1});
}

TEST_CASE("S98 an acknowledgement from before the read does not count for it") {
    auto c = steady(3);
    REQUIRE(read(c, s1)->round == read_round{1});
    c.settle();
    REQUIRE(read(c, s1)->round == read_round{2});
    c.lose_all();
    c.inject(s2, s1, ack(1, 1, 1));
    c.inject(s3, s1, ack(1, 1, 0));
    CHECK(confirmed(c, s1) == read_round{1});
    c.inject(s2, s1, ack(1, 1, 9));
    CHECK(confirmed(c, s1) == read_round{1});
    c.inject(s2, s1, ack(1, 1, 2));
    CHECK(confirmed(c, s1) == read_round{2});
}

TEST_CASE("S98 a read that comes while a round is under way is of the next round") {
    auto c = steady(3);
    const auto first = read(c, s1);
    const auto messages = c.network().size();
    const auto second = read(c, s1);
    const auto third = read(c, s1);
    REQUIRE(first.has_value());
    REQUIRE(second.has_value());
    CHECK(second->round == read_round{first->round.value + 1});
    CHECK(third == second);
    CHECK(c.network().size() == messages);
    c.deliver(s1, s2);
    c.deliver_one(s2, s1);
    CHECK(c.last_effects().rare->confirmed->round == first->round);
    CHECK(newest<append_entries>(c, s1, s2)->round == second->round);
    c.settle();
    CHECK(confirmed(c, s1) == second->round);
}

TEST_CASE("S96 a read's index is what was committed when it came") {
    auto c = steady(3);
    c.propose(s1, 3);
    CHECK(read(c, s1)->index == log_index{1});
    c.settle();
    CHECK(read(c, s1)->index == log_index{4});
    c.settle();
}

TEST_CASE("S97 B30 a new leader's reads wait for its own first entry") {
    cluster c{3, plain()};
    c.elect(s2);
    c.propose(s2, 4);
    c.settle();
    c.elect(s1, {s3});
    REQUIRE(c.commit(s1) < 6);
    const auto promised = read(c, s1);
    REQUIRE(promised.has_value());
    CHECK(promised->index == log_index{6});
    c.settle();
    CHECK(c.commit(s1) == 6);
    CHECK(confirmed(c, s1) == promised->round);
}

TEST_CASE("S97 B30 a read is not served before the first entry though the round is confirmed") {
    cluster c{3, plain()};
    c.place(s1, {1}, {1, 1, 1});
    c.elect(s1, {s2});
    const auto promised = read(c, s1);
    REQUIRE(promised.has_value());
    c.lose_all();
    c.inject(s2, s1, append_entries_rejection{{2}, {9}, {}, promised->round});
    CHECK(c.last_effects().rare->confirmed->round == promised->round);
    CHECK(c.commit(s1) < promised->index.value);
    CHECK(promised->index == log_index{4});
}

TEST_CASE("B38 a deposed leader that cannot reach a majority confirms nothing") {
    auto c = steady(5);
    c.partition({s1, s2});
    c.elect(s3);
    c.propose(s3);
    c.settle();
    const auto promised = read(c, s1);
    REQUIRE(promised.has_value());
    for (int i = 0; i < 5; ++i) {
        c.heartbeat(s1);
        c.settle();
    }
    CHECK(confirmed(c, s1) < promised->round);
    c.heal();
    c.heartbeat(s1);
    c.deliver(s1, s3);
    c.deliver_one(s3, s1);
    CHECK(c.last_effects().rare->leadership_lost);
    CHECK_FALSE(c.last_effects().rare->confirmed.has_value());
}

TEST_CASE("B38 whoever stops leading says so, once, whatever the reason") {
    for (int reason = 0; reason < 3; ++reason) {
        auto config = plain();
        config.check_quorum = reason == 1;
        auto c = steady(3, config);
        REQUIRE(read(c, s1).has_value());
        c.lose_all();
        c.let_time_pass(config.election_timeout);
        if (reason == 0) c.inject(s2, s1, heartbeat(2, log_start));
        if (reason == 1) c.heartbeat(s1);
        if (reason == 2) c.give(s1, storage_failed{});
        CHECK(c.last_effects().rare->leadership_lost);
        CHECK_FALSE(c.at(s1).is_leader());
        CHECK(c.at(s1).peers.empty());
        c.inject(s2, s1, heartbeat(9, log_start));
        CHECK_FALSE(c.last_effects().rare->leadership_lost);
    }
}

TEST_CASE("S96 a lost round is asked for again by the next heartbeat") {
    auto c = steady(3);
    const auto promised = read(c, s1);
    c.lose_all();
    c.heartbeat(s1);
    c.settle();
    CHECK(confirmed(c, s1) == promised->round);
}

TEST_CASE("S96 a single server confirms a read at once") {
    cluster c{1, plain()};
    c.elect(s1);
    const auto promised = read(c, s1);
    REQUIRE(promised.has_value());
    CHECK(c.last_effects().rare->confirmed->round == promised->round);
    CHECK(promised->index == log_index{1});
    c.hold_disk(s1);
    c.propose(s1);
    CHECK(read(c, s1)->index == log_index{1});
}

TEST_CASE("S96 rounds of one leader say nothing to the next") {
    auto c = steady(3);
    for (int i = 0; i < 3; ++i) {
        REQUIRE(read(c, s1).has_value());
        c.settle();
    }
    c.elect(s2);
    c.elect(s1);
    CHECK(confirmed(c, s1) == read_round{});
    const auto promised = read(c, s1);
    REQUIRE(promised.has_value());
    CHECK_FALSE(c.last_effects().rare->confirmed.has_value());
    c.inject(s2, s1, ack(1, 1, 3));
    CHECK(confirmed(c, s1) < promised->round);
}

TEST_CASE("S96 a round passes through a follower whose log is behind, or gets a snapshot") {
    auto config = plain();
    config.retained_entries = 0;
    auto c = steady(3, config);
    c.isolate(s3);
    c.propose(s1, 3);
    c.settle();
    c.take_snapshot(s1);
    c.heal();
    c.cut(s1, s2);
    const auto promised = read(c, s1);
    REQUIRE(promised.has_value());
    c.deliver(s1, s3);
    c.deliver_one(s3, s1);
    CHECK(confirmed(c, s1) == promised->round);
    REQUIRE(progress_of(c, s1, s3).mode == replication_mode::snapshot);
    const auto second = read(c, s1);
    c.lose(s1, s3);
    c.heartbeat(s1);
    c.deliver(s1, s3);
    c.deliver_one(s3, s1);
    CHECK(confirmed(c, s1) == second->round);
}
