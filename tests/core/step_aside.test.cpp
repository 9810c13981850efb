// SPDX-License-Identifier: BSL-1.0
//
// Goal: who must stop leading does, and leaves the cluster to the best of the others at once; who
// is the only one that can lead stays. Method: disks that hang by hand-made clocks, requests to
// step down, changes under way.
#include <cstdint>
#include <initializer_list>
#include <optional>

#include <doctest/doctest.h>

#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

/// s1 leads and is heard by all, but has begun a write that its disk does not finish.
cluster hanging(cluster c) {
    c.hold_disk(s1);
    c.propose(s1);
    c.settle();
    return c;
}

/// The time passes, at whose end all others answer s1, whose heartbeat is due then.
void pass_and_answer(cluster& c, duration length) {
    c.let_time_pass(length);
    for (const auto id : c.at(s1).members().members)
        if (id != s1) c.inject(id, s1, ack(c.term(s1), c.last(s1)));
    c.heartbeat(s1);
}

configuration with_learner_s2() {
    auto members = voters_only({s1, s2});
    members.voters = member_set::first(1);
    return members;
}

}  // namespace

TEST_CASE(
    "B44 a leader waits four election timeouts for its disk, then it tells another to stand") {
    auto c = hanging(steady(3, {}));
    pass_and_answer(c, usual_timeout * core::disk_patience + duration{-1});
    CHECK(c.at(s1).is_leader());
    c.lose_all();
    pass_and_answer(c, duration{1});
    CHECK(c.last_effects().rare->leadership_lost);
    CHECK(c.at(s1).is_follower());
    CHECK(count<timeout_now>(c, s1, s2) + count<timeout_now>(c, s1, s3) == 1);
    c.settle();
    REQUIRE(c.leader().has_value());
    CHECK(c.leader() != s1);
    c.settle();
    CHECK(c.commit(*c.leader()) == 3);
    CHECK(c.safe());
}

TEST_CASE("B44 a disk that finishes anything at all in time is waited for anew") {
    auto c = hanging(steady(3, {}));
    for (int i = 0; i < 5; ++i) {
        pass_and_answer(c, usual_timeout * core::disk_patience + duration{-1});
        REQUIRE(c.at(s1).is_leader());
        c.propose(s1);
        c.persist(s1, 1);
        c.settle();
    }
    CHECK(c.at(s1).is_leader());
}

TEST_CASE("B44 a leader whose disk was idle for long has all the time for its next write") {
    auto c = steady(3, {});
    for (int i = 0; i < 20; ++i) pass_and_answer(c, {usual_timeout.nanoseconds / 2});
    c = hanging(c);
    pass_and_answer(c, usual_timeout * core::disk_patience + duration{-1});
    CHECK(c.at(s1).is_leader());
}

TEST_CASE("B44 a leader whose disk hangs stays if nobody else could lead") {
    for (const auto& members : {voters_only({s1}), with_learner_s2()}) {
        cluster alone{members, settings{}};
        alone.elect(s1);
        auto c = hanging(alone);
        for (int i = 0; i < 20; ++i) pass_and_answer(c, usual_timeout);
        CHECK(c.at(s1).is_leader());
        CHECK(c.term(s1) == 1);
        CHECK(c.commit(s1) == 1);
        c.release_disk(s1);
        c.settle();
        CHECK(c.commit(s1) == 2);
        CHECK(c.safe());
    }
}

TEST_CASE("F7 a leader whose disk hangs stays while no other disk has what it waits for") {
    auto c = steady(3, {});
    c.hold_disk(s1);
    c.propose(s1);
    c.lose_all();
    c.let_time_pass(usual_timeout * core::disk_patience);
    for (const auto id : {s2, s3}) c.inject(id, s1, ack(1, 1));
    c.lose_all();
    c.heartbeat(s1);
    CHECK(c.at(s1).is_leader());
    c.inject(s2, s1, ack(1, 2));
    c.lose_all();
    c.heartbeat(s1);
    CHECK(c.at(s1).is_follower());
    CHECK(count<timeout_now>(c, s1, s2) == 1);
}

TEST_CASE("who is asked to step down is followed at once by the most complete of the others") {
    auto c = steady(5, {});
    c.isolate(s2);
    c.isolate(s3);
    c.propose(s1, 3);
    c.settle();
    c.heal();
    c.give(s1, step_down_requested{});
    CHECK(c.last_effects().rare->leadership_lost);
    CHECK(count<timeout_now>(c, s1, s4) == 1);
    c.settle();
    CHECK(c.leader() == s4);
    CHECK(c.commit(s4) == 5);
    CHECK(c.safe());
}

TEST_CASE("who is asked to step down does so, though nobody is there to follow it") {
    cluster c{1};
    c.elect(s1);
    c.give(s1, step_down_requested{});
    CHECK_FALSE(c.at(s1).is_leader());
    c.run_for(usual_timeout * 3);
    CHECK(c.leader() == s1);
    CHECK(c.term(s1) == 2);
}

TEST_CASE("the best of the others is sought among those that lead after a change, then among all") {
    for (const bool one_stays : {false, true}) {
        auto c = steady(3, {});
        for (const auto id : {s4, s5, s6}) c.add_outsider(id);
        c.change(s1, one_stays ? std::vector<member>{{s3}, {s4}, {s5}}
                               : std::vector<member>{{s4}, {s5}, {s6}});
        c.deliver(s1, {s2, s3});
        c.deliver(s2, s1);
        c.deliver(s3, s1);
        REQUIRE_FALSE(c.at(s1).members().is_joint());
        c.give(s1, transfer_requested{});
        REQUIRE_FALSE(c.last_effects().rare->refused.has_value());
        CHECK(c.at(s1).tasks->transfer->target == (one_stays ? s3 : s2));
        c.settle();
        CHECK(c.leader() == (one_stays ? s3 : s2));
        c.run_for(usual_timeout * 5);
        CHECK_FALSE(c.at(*c.leader()).members().is_changing());
        CHECK(c.safe());
    }
}

TEST_CASE("learners, witnesses and who is alone find no successor") {
    auto members = voters_only({s1, s2, s3, s4});
    members.voters = member_set::from_bits(0b0111);
    members.witnesses = member_set::from_bits(0b0010);
    for (const auto& each : {voters_only({s1}), with_learner_s2()}) {
        cluster c{each, settings{}};
        c.elect(s1);
        const auto before = c.at(s1);
        c.give(s1, transfer_requested{});
        CHECK(c.last_effects().rare->refused == refusal{refusal_reason::no_candidate, s1});
        CHECK(c.at(s1) == before);
    }
    cluster c{members, settings{}};
    c.elect(s1);
    c.give(s1, transfer_requested{});
    CHECK(c.at(s1).tasks->transfer->target == s3);
}
