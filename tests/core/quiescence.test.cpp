// SPDX-License-Identifier: BSL-1.0
//
// Groups that sleep: silent where nothing is to be done, and there when they are needed, whoever is
// asked and whoever has died meanwhile.
#include <doctest/doctest.h>

#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

settings sleepy() {
    settings config;
    config.quiescence = true;
    return config;
}

/// Three servers that have elected the first of them, agree, and sleep.
cluster sleeping() {
    cluster c{3, sleepy()};
    c.elect(s1);
    c.propose(s1);
    c.run_for(settings{}.election_timeout);
    return c;
}

bool has_timer(const cluster& c) {
    for (const auto id : {s1, s2, s3})
        for (const auto which : {timer::election, timer::heartbeat})
            if (c.running(id) && c.deadline(id, which)) return true;
    return false;
}

constexpr bool sleeps_and_wakes() {
    settings config;
    config.quiescence = true;
    cluster c{3, config};
    c.elect(s1);
    c.run_for(config.election_timeout);
    const bool slept = !c.deadline(s1, timer::heartbeat) && !c.deadline(s2, timer::election);
    c.propose(s1);
    c.run_for(config.heartbeat_interval);
    return slept && c.commit(s1) == c.last(s1) && c.safe();
}
static_assert(sleeps_and_wakes());

}  // namespace

TEST_CASE("an idle group has no timers and sends nothing, for however long") {
    auto c = sleeping();
    CHECK_FALSE(has_timer(c));
    CHECK(c.commit(s2) == c.last(s1));
    CHECK(c.commit(s3) == c.last(s1));
    c.run_for(milliseconds(600'000));
    CHECK(c.network().empty());
    CHECK(c.leader() == s1);
    CHECK(c.term(s1) == 1);
}

TEST_CASE("a proposal wakes the group, and it sleeps again") {
    auto c = sleeping();
    c.run_for(milliseconds(600'000));
    c.propose(s1);
    c.settle();
    CHECK(c.commit(s1) == c.last(s1));
    CHECK(has_timer(c));
    c.run_for(settings{}.election_timeout);
    CHECK_FALSE(has_timer(c));
    CHECK(c.leader() == s1);
    CHECK(c.term(s1) == 1);
}

TEST_CASE("a leader that slept for long is not deposed when it wakes") {
    auto c = sleeping();
    c.run_for(milliseconds(600'000));
    c.give(s1, wake_requested{});
    c.run_for(settings{}.election_timeout * 3);
    CHECK(c.leader() == s1);
    CHECK(c.term(s1) == 1);
}

TEST_CASE("B45 a leader that died while all slept is missed when the group is needed") {
    for (const auto asked : {s2, s3}) {
        auto c = sleeping();
        c.run_for(milliseconds(600'000));
        c.crash(s1);
        c.run_for(milliseconds(600'000));
        CHECK_FALSE(has_timer(c));
        c.propose(asked);
        CHECK(c.last_effects().rare->refused == refusal{refusal_reason::not_leader, s1});
        c.run_for(settings{}.election_timeout * 2);
        REQUIRE(c.leader());
        CHECK(c.leader() != s1);
        CHECK(c.commit(*c.leader()) == c.last(*c.leader()));
        CHECK(c.safe());
    }
}

TEST_CASE("B45 a living leader that sleeps is not deposed by a member that wakes or restarts") {
    auto c = sleeping();
    c.run_for(milliseconds(600'000));
    SUBCASE("asked") { c.propose(s2); }
    SUBCASE("restarted") {
        c.crash(s3);
        c.restart(s3);
    }
    SUBCASE("alone in its waking") { c.fire(s2, timer::election); }
    c.run_for(settings{}.election_timeout * 5);
    CHECK(c.leader() == s1);
    CHECK(c.term(s1) == 1);
    CHECK(c.safe());
}

TEST_CASE("B45 a member woken by another wakes the leader, which the other may not reach") {
    auto c = sleeping();
    c.run_for(milliseconds(600'000));
    c.inject(s2, s3, wake_up{{1}});
    CHECK(c.sent<wake_up>(s3, s1));
    c.run_for(settings{}.election_timeout * 5);
    CHECK(c.leader() == s1);
    CHECK(c.term(s1) == 1);
    CHECK_FALSE(has_timer(c));
}

TEST_CASE("F13 who is no member wakes nobody") {
    auto c = sleeping();
    const wake_up woken{c.at(s1).current_term};
    for (const auto id : {s1, s2}) c.give(id, received{s4, woken, {}});
    CHECK_FALSE(c.deadline(s1, timer::heartbeat));
    CHECK_FALSE(c.deadline(s2, timer::election));
    CHECK(c.network().empty());
}

TEST_CASE("a member that did not hear that it may sleep wakes the leader, and then sleeps") {
    cluster c{3, sleepy()};
    c.elect(s1);
    c.heartbeat(s1);
    REQUIRE(c.sent<fall_asleep>(s1, s2));
    c.lose(s1, s2);
    c.run_for(settings{}.election_timeout * 4);
    CHECK(c.leader() == s1);
    CHECK(c.term(s1) == 1);
    CHECK_FALSE(has_timer(c));
}

TEST_CASE("a group does not sleep while a member that is heard lacks an entry") {
    cluster c{3, sleepy()};
    c.elect(s1);
    c.hold_disk(s3);
    c.propose(s1);
    c.run_for(settings{}.election_timeout);
    CHECK(c.deadline(s1, timer::heartbeat));
    c.release_disk(s3);
    c.run_for(settings{}.election_timeout);
    CHECK_FALSE(has_timer(c));
}

TEST_CASE("a group waits two election timeouts for a member that lacks an entry, no longer") {
    cluster c{3, sleepy()};
    c.elect(s1);
    c.crash(s3);
    c.propose(s1);
    c.settle();
    const auto given_up_at = c.at(s1).peers[2].last_contact + settings{}.election_timeout * 2;
    const auto interval = settings{}.heartbeat_interval;
    while (given_up_at - c.now() > interval) c.run_for(interval);
    c.let_time_pass(given_up_at - c.now() + duration{-1});
    c.heartbeat(s1);
    c.settle();
    CHECK(c.deadline(s1, timer::heartbeat));
    c.let_time_pass(duration{1});
    c.heartbeat(s1);
    CHECK_FALSE(c.deadline(s1, timer::heartbeat));
}

TEST_CASE("a group does not sleep while a newcomer is waited for, and gives it up") {
    auto c = sleeping();
    const auto before = c.at(s1).members();
    c.add_outsider(s4);
    c.isolate(s4);
    c.change(s1, {{s1}, {s2}, {s3}, {s4}});
    c.run_for(settings{}.election_timeout * 9);
    CHECK(c.deadline(s1, timer::heartbeat));
    c.run_for(settings{}.election_timeout * 5);
    CHECK(c.at(s1).members() == before);
    CHECK_FALSE(has_timer(c));
}

TEST_CASE("a group does not sleep while a read or a transfer is under way, but when that is over") {
    auto c = sleeping();
    SUBCASE("a read") { c.give(s1, read_requested{}); }
    SUBCASE("a transfer") { c.give(s1, transfer_requested{s2}); }
    c.lose_all();
    c.heartbeat(s1);
    CHECK(c.deadline(s1, timer::heartbeat));
    c.lose_all();
    c.run_for(settings{}.election_timeout * 3);
    CHECK_FALSE(has_timer(c));
    CHECK(c.leader() == s1);
}

TEST_CASE("only a follower with all that its leader has on its disk is let sleep, by that leader") {
    cluster c{3, sleepy()};
    c.elect(s1);
    c.settle();
    const auto term = c.term(s1);
    const auto last = c.at(s1).log.last();
    const auto sleeps = [&](member_id who, member_id from, const fall_asleep& m) {
        c.give(who, received{from, m, {}});
        const auto* following = std::get_if<follower_state>(&c.at(who).role);
        return following != nullptr && following->asleep;
    };
    CHECK_FALSE(sleeps(s1, s2, {{term}, last}));
    CHECK_FALSE(sleeps(s2, s3, {{term}, last}));
    CHECK_FALSE(sleeps(s2, s1, {{term - 1}, last}));
    CHECK_FALSE(sleeps(s2, s1, {{term}, position(last.index.value + 1, term)}));
    c.hold_disk(s2);
    c.propose(s1);
    c.deliver(s1, s2);
    CHECK_FALSE(sleeps(s2, s1, {{term}, c.at(s1).log.last()}));
    c.persist(s2);
    CHECK(sleeps(s2, s1, {{term}, c.at(s1).log.last()}));
    c.fire(s3, timer::election);
    CHECK_FALSE(sleeps(s3, s1, {{term}, last}));
}

TEST_CASE("who is woken by another tells the leader, who may not have heard it") {
    auto c = sleeping();
    const wake_up woken{c.at(s1).current_term};
    c.give(s2, received{s3, woken, {}});
    CHECK(c.sent<wake_up>(s2, s1) == woken);
    CHECK(c.network().size() == 1);
}

TEST_CASE("a late reply wakes no leader that sleeps") {
    auto c = sleeping();
    c.give(s1, received{s2, ack(c.term(s1), c.last(s1)), {}});
    CHECK_FALSE(c.deadline(s1, timer::heartbeat));
}

TEST_CASE("F13 a server that knows that it was removed wakes nobody") {
    auto c = sleeping();
    c.change(s1, {{s2}, {s3}});
    c.run_for(settings{}.election_timeout * 4);
    REQUIRE_FALSE(c.at(s1).members().slot_of(s1));
    c.crash(s1);
    c.restart(s1);
    c.give(s1, wake_requested{});
    CHECK(count<wake_up>(c, s1, s2) == 0);
    CHECK(count<wake_up>(c, s1, s3) == 0);
}

TEST_CASE("a leader wakes the others by its heartbeats alone") {
    auto c = sleeping();
    SUBCASE("a follower has woken it") {
        c.give(s1, received{s2, wake_up{c.at(s1).current_term}, {}});
    }
    SUBCASE("it is asked") { c.give(s1, wake_requested{}); }
    CHECK(c.network().size() == 2);
    CHECK(c.sent<append_entries>(s1, s2));
    CHECK(c.sent<append_entries>(s1, s3));
}

TEST_CASE("a leader does not sleep while its own disk has work to do") {
    cluster c{3, sleepy()};
    c.elect(s1);
    c.run_for(settings{}.election_timeout);
    c.hold_disk(s1);
    c.propose(s1);
    c.run_for(settings{}.election_timeout);
    CHECK(c.commit(s1) == c.last(s1));
    CHECK(c.deadline(s1, timer::heartbeat));
    c.release_disk(s1);
    c.run_for(settings{}.election_timeout);
    CHECK_FALSE(has_timer(c));
}

TEST_CASE("a leader does not sleep on an entry that is not committed, though nobody is there") {
    auto config = sleepy();
    config.check_quorum = false;
    cluster c{3, config};
    c.elect(s1);
    c.run_for(settings{}.election_timeout);
    c.crash(s2);
    c.crash(s3);
    c.propose(s1);
    c.run_for(settings{}.election_timeout * 5);
    CHECK(c.commit(s1) < c.last(s1));
    CHECK(c.deadline(s1, timer::heartbeat));
}

TEST_CASE(
    "a group sleeps without a member that is gone, which gets what it lacks when it returns") {
    cluster c{3, sleepy()};
    c.elect(s1);
    c.crash(s3);
    c.propose(s1);
    c.run_for(settings{}.election_timeout * 3);
    CHECK_FALSE(has_timer(c));
    c.restart(s3);
    c.run_for(settings{}.election_timeout * 4);
    CHECK(c.commit(s3) == c.last(s1));
    CHECK(c.term(s1) == 1);
    CHECK_FALSE(has_timer(c));
}

TEST_CASE("a message of a leader that was deposed does not wake who sleeps") {
    auto c = sleeping();
    c.give(s1, transfer_requested{s2});
    c.run_for(settings{}.election_timeout * 2);
    REQUIRE(c.leader() == s2);
    REQUIRE_FALSE(has_timer(c));
    const auto late = c.term(s2) - 1;
    const auto before = c.at(s3);
    const install_snapshot chunk{
        .term = {late}, .last_included = position(1, late), .size = 1, .length = 1};
    for (const core::message& message :
         {core::message{heartbeat(late, log_start)}, core::message{chunk}}) {
        c.give(s3, received{s1, message, before.configurations.back()});
        CHECK(c.at(s3) == before);
        CHECK(count<wake_up>(c, s3, s2) == 0);
    }
}
