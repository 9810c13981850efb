// SPDX-License-Identifier: BSL-1.0
//
// Goal: a leader finds a member whose disk went back, which does not know it: it says so, counts
// with what the member has, brings the rest, and until that is there the member helps nobody who
// lacks it. And a rejection that is merely late proves nothing. Method: older copies of disks put
// back in the midst of stories.
#include <cstddef>
#include <optional>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

/// s1 leads three servers, and s3 has acknowledged `count` entries more than the copy of its disk
/// holds that takes its place.
cluster with_s3_put_back(std::uint32_t count, const settings& config = {}) {
    auto c = steady(3, config);
    const auto copy = c.disk(s3);
    c.propose(s1, count);
    c.settle();
    c.heartbeat(s1);
    c.settle();
    REQUIRE(c.last(s3) == c.last(s1));
    c.crash(s3);
    c.put_back(s3, copy);
    c.restart(s3);
    return c;
}

std::optional<found_loss> found(const cluster& c) { return c.at(s1).tasks->found_loss; }

}  // namespace

TEST_CASE("F1 a member whose disk went back is found by its leader, told, and given the rest") {
    auto c = with_s3_put_back(3);
    const auto end = c.at(s1).log.last();
    c.heartbeat(s1);
    c.settle();
    CHECK_FALSE(found(c).has_value());  // The rejection could be late.
    c.heartbeat(s1);
    while (!found(c)) {
        REQUIRE_FALSE(c.network().empty());
        c.deliver_nth(0);
    }
    CHECK(*found(c) == found_loss{s3, end});
    CHECK(c.at(s1).peers[2].match_index == log_index{});
    REQUIRE(c.deliver_one(s1, s3));
    CHECK(c.at(s3).tasks->lost_through == end);
    c.settle();
    CHECK(c.log(s3) == c.log(s1));
    CHECK_FALSE(c.at(s3).tasks->lost_through.has_value());
    CHECK(c.at(s1).peers[2].match_index == end.index);
    CHECK(c.safe());
}

TEST_CASE("F1 until the rest is there again the member helps nobody who lacks it") {
    auto c = steady(3);
    const auto copy = c.disk(s3);
    c.isolate(s2);
    c.propose(s1, 3);  // s1 and s3 commit without s2.
    c.settle();
    REQUIRE(c.commit(s1) == c.last(s1));
    c.crash(s3);
    c.put_back(s3, copy);
    c.restart(s3);
    for (int i = 0; i < 2; ++i) {
        c.heartbeat(s1);
        while (!c.at(s3).tasks->lost_through && !c.network().empty()) c.deliver_nth(0);
    }
    REQUIRE(c.at(s3).tasks->lost_through.has_value());
    c.lose_all();
    c.crash(s1);
    c.heal();
    for (int i = 0; i < 5; ++i) {
        c.time_out(s2);
        c.settle();
        c.time_out(s3);
        c.settle();
        CHECK_FALSE(c.leader().has_value());
    }
    c.restart(s1);
    c.run_for(usual_timeout * 10);
    CHECK(c.leader() == s1);
    CHECK(c.log(s3) == c.log(s1));
    CHECK(c.safe());
}

TEST_CASE("F1 a member whose disk went back counts for nothing that it lacks") {
    auto c = with_s3_put_back(3);
    c.isolate(s2);
    const auto before = c.commit(s1);
    c.propose(s1);
    for (int i = 0; i < 3; ++i) {
        c.heartbeat(s1);
        c.settle();
    }
    CHECK(c.commit(s1) == before + 1);
    CHECK(c.log(s3) == c.log(s1));
    CHECK(c.safe());
}

TEST_CASE("F1 of what is compacted away the member whose disk went back gets the snapshot") {
    settings config{};
    config.retained_entries = 0;
    auto c = with_s3_put_back(5, config);
    c.take_snapshot(s1);
    c.propose(s1);
    for (int i = 0; i < 4; ++i) {
        c.heartbeat(s1);
        c.settle();
    }
    CHECK(found(c).has_value());
    CHECK(c.commit(s3) == c.commit(s1));
    CHECK_FALSE(c.at(s3).tasks->lost_through.has_value());
    CHECK(c.safe());
}

TEST_CASE("F1 several members whose disks went back are each found") {
    auto c = steady(5);
    const auto copy_4 = c.disk(s4);
    const auto copy_5 = c.disk(s5);
    c.propose(s1, 3);
    c.settle();
    c.heartbeat(s1);
    c.settle();
    c.crash(s4);
    c.crash(s5);
    c.put_back(s4, copy_4);
    c.put_back(s5, copy_5);
    c.restart(s4);
    c.restart(s5);
    for (int i = 0; i < 3; ++i) {
        c.heartbeat(s1);
        c.settle();
    }
    for (const auto id : {s4, s5}) CHECK(c.log(id) == c.log(s1));
    CHECK(c.safe());
}

TEST_CASE("F1 F13 in a group that sleeps a member whose disk went back is found, too") {
    settings config{};
    config.quiescence = true;
    auto c = with_s3_put_back(3, config);
    c.run_for(usual_timeout * 8);
    CHECK(c.log(s3) == c.log(s1));
    CHECK(c.commit(s3) == c.commit(s1));
    CHECK_FALSE(c.at(s3).tasks->lost_through.has_value());
    CHECK(c.safe());
}

TEST_CASE("a rejection that is late proves no loss, however often it comes") {
    auto c = steady(3);
    c.propose(s1);
    c.settle();
    const append_entries_rejection late{
        c.at(s1).current_term, c.at(s1).peers[2].match_index, {}, c.at(s1).peers[2].round, false};
    const auto match = c.at(s1).peers[2].match_index;
    for (int i = 0; i < 5; ++i) {
        c.inject(s3, s1, late);
        c.heartbeat(s1);
        c.inject(s3, s1, late);
        c.settle();
        c.inject(s3, s1, late);
        c.propose(s1);
        c.settle();
    }
    CHECK_FALSE(found(c).has_value());
    CHECK(c.at(s1).peers[2].match_index > match);
    CHECK(c.safe());
}

TEST_CASE(
    "a loss notice counts from the own leader alone, and only if it says more than is known") {
    auto c = steady(3);
    const auto term = c.at(s1).current_term;
    const log_position beyond{{50}, term};
    c.inject(s3, s2, loss_notice{term, beyond});
    CHECK_FALSE(c.at(s2).tasks->lost_through.has_value());
    c.inject(s1, s2, loss_notice{term, c.at(s2).log.last()});
    CHECK_FALSE(c.at(s2).tasks->lost_through.has_value());
    c.inject(s1, s2, loss_notice{term, {{50}, next(term)}});
    CHECK_FALSE(c.at(s2).tasks->lost_through.has_value());
    c.inject(s1, s2, loss_notice{term, beyond});
    CHECK(c.at(s2).tasks->lost_through == beyond);
    c.inject(s1, s2, loss_notice{term, {{40}, term}});
    CHECK(c.at(s2).tasks->lost_through == beyond);
}
