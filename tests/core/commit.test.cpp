// SPDX-License-Identifier: BSL-1.0
//
// Goal: what is committed is on a majority, and everybody comes to know it (§5.3, §5.4.2). Method:
// stories of the list of scenarios (S…), and of bugs that other libraries had (B…).
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

using terms = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("S35 B27 the first entry of a new leader commits what its predecessor left") {
    cluster c{5, plain()};
    c.elect(s1);
    c.settle();
    c.cut(s1, s3);
    c.cut(s1, s4);
    c.cut(s1, s5);
    c.propose(s1, 2);
    c.settle();
    CHECK(c.commit(s1) == 1);
    c.heal();
    c.time_out(s2);
    for (const auto id : {s1, s3, s4, s5}) c.deliver(s2, id);
    for (const auto id : {s1, s3, s4, s5}) c.deliver(id, s2);
    REQUIRE(c.at(s2).is_leader());
    CHECK(c.log(s2) == terms{1, 1, 1, 2});
    CHECK(c.commit(s2) < 2);
    c.settle();
    CHECK(c.commit(s2) == 4);
    for (const auto id : {s1, s3, s4, s5}) CHECK(c.log(id) == c.log(s2));
    CHECK(c.safe());
}

TEST_CASE("S36 a heartbeat raises the commit index and never lowers it") {
    cluster c{3, plain()};
    c.place(s1, {1}, {1, 1, 1});
    c.inject(s2, s1, heartbeat(1, position(3, 1), 2));
    CHECK(c.commit(s1) == 2);
    c.inject(s2, s1, heartbeat(1, position(3, 1), 3));
    CHECK(c.commit(s1) == 3);
    CHECK(c.last_effects().commit == log_index{3});
    c.inject(s2, s1, heartbeat(1, position(3, 1), 1));
    CHECK(c.commit(s1) == 3);
    CHECK_FALSE(c.last_effects().commit.has_value());
}

TEST_CASE("a follower answers no message that only says how far the log is committed") {
    auto c = steady(3);
    c.propose(s1);
    c.deliver(s1, s2);
    c.deliver(s2, s1);
    REQUIRE(c.commit(s1) == 2);
    REQUIRE(c.sent<append_entries>(s1, s2) == heartbeat(1, position(2, 1), 2));
    c.deliver(s1, s2);
    CHECK(c.commit(s2) == 2);
    CHECK_FALSE(c.sent<append_entries_reply>(s2, s1).has_value());

    SUBCASE("its leader's heartbeat it answers: the last answer may be lost") {
        c.heartbeat(s1);
        c.deliver(s1, s2);
        CHECK(c.sent<append_entries_reply>(s2, s1) == append_entries_reply{{1}, {2}, {}});
    }
    SUBCASE("and so it does if reads wait for the answer") {
        c.propose(s1);
        c.deliver(s1, s2);
        c.deliver(s2, s1);
        c.lose(s1, s2);
        c.give(s1, read_requested{});
        c.deliver(s1, s2);
        CHECK(c.commit(s2) == 3);
        CHECK(c.sent<append_entries_reply>(s2, s1) == append_entries_reply{{1}, {3}, {1}});
    }
    SUBCASE("and if it could not answer yet, for its disk's sake") {
        c.hold_disk(s2);
        c.propose(s1);
        c.deliver(s1, s2);
        c.inject(s1, s2, heartbeat(1, position(3, 1), 3));
        CHECK(c.commit(s2) == 3);
        CHECK(c.sent<append_entries_reply>(s2, s1) == append_entries_reply{{1}, {2}, {}});
        c.lose_all();
        c.release_disk(s2);
        CHECK(c.sent<append_entries_reply>(s2, s1) == append_entries_reply{{1}, {3}, {}});
    }
    CHECK(c.safe());
}

TEST_CASE("S36 a heartbeat that a diverged follower gets commits nothing of its own tail") {
    auto c = steady(5);
    c.isolate(s1);
    c.propose(s1, 3);
    c.settle();
    c.elect(s2);
    c.propose(s2, 5);
    c.settle();
    c.heal();
    c.heartbeat(s2);
    c.deliver(s2, s1);
    CHECK(c.commit(s1) <= 1);
    c.settle();
    CHECK(c.log(s1) == c.log(s2));
    CHECK(c.safe());
}

TEST_CASE("S43 B18 a refusal is no step towards a majority") {
    cluster c{3, plain()};
    c.place(s1, {3}, {1, 3, 3});
    c.elect(s1, {s2});
    c.lose_all();
    const auto before = progress_of(c, s1, s2).match_index;
    c.inject(s2, s1, reject(4, 3, position(3, 2)));
    c.inject(s2, s1, reject(4, 2, position(1, 1)));
    CHECK(progress_of(c, s1, s2).match_index == before);
    CHECK(c.commit(s1) == 0);
    c.inject(s3, s1, ack(4, 4));
    CHECK(c.commit(s1) == 4);
}

TEST_CASE("S26 who acknowledges more than a majority has commits what the majority has") {
    auto c = steady(5);
    c.propose(s1, 4);
    c.inject(s3, s1, ack(1, 3));
    c.inject(s2, s1, ack(1, 5));
    CHECK(c.commit(s1) == 3);
}

TEST_CASE("S33 B10 who acknowledges the leader's term does not commit by it what is older") {
    cluster c{5, plain()};
    c.place(s1, {2}, {1, 2});
    c.elect(s1, {s2, s3});
    c.inject(s3, s1, ack(3, 2));
    c.inject(s2, s1, ack(3, 3));
    CHECK(c.commit(s1) == 0);
    c.inject(s3, s1, ack(3, 3));
    CHECK(c.commit(s1) == 3);
}

TEST_CASE("S89 B07 what learners and strangers acknowledge commits nothing") {
    configuration members = voters_only({s1, s2, s3, s4, s5});
    members.voters = member_set::first(3);
    cluster c{members, plain()};
    c.elect(s1);
    c.settle();
    c.propose(s1);
    for (const auto id : {s4, s5, s6, s7, s1}) c.inject(id, s1, ack(1, 2));
    CHECK(c.commit(s1) == 1);
    c.inject(s2, s1, ack(1, 2));
    CHECK(c.commit(s1) == 2);
    c.settle();
    CHECK(c.log(s4) == terms{1, 1});
}

TEST_CASE("§6 in a joint configuration an entry is committed by both majorities") {
    configuration joint = voters_only({s1, s2, s3, s4, s5, s6});
    joint.voters = member_set::from_bits(0b000'111);
    joint.outgoing_voters = member_set::from_bits(0b111'000);
    cluster c{joint, plain()};
    c.time_out(s1);
    while (!c.at(s1).is_leader()) c.deliver_nth(0);
    c.propose(s1);
    for (const auto id : {s2, s3, s4}) c.inject(id, s1, ack(1, 2));
    CHECK(c.commit(s1) == 0);
    c.inject(s5, s1, ack(1, 2));
    CHECK(c.commit(s1) == 2);
}
