// SPDX-License-Identifier: BSL-1.0
//
// Goal: leadership goes where it is sent, within a round and without a lost entry, or stays.
// Method: stories of the list of scenarios, with every protection of leaders switched on.
#include <cstdint>
#include <optional>

#include <doctest/doctest.h>

#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

void transfer(cluster& c, member_id from, member_id to) { c.give(from, transfer_requested{to}); }

const std::optional<leadership_transfer>& pending(const cluster& c, member_id id) {
    return c.at(id).tasks->transfer;
}

}  // namespace

TEST_CASE("S69 leadership goes to another server and back, though all hear their leader") {
    for (const auto& config : {settings{}, plain()}) {
        auto c = steady(3, config);
        transfer(c, s1, s2);
        CHECK(c.sent<timeout_now>(s1, s2) == timeout_now{{1}, {1}});
        c.settle();
        CHECK(c.leader() == s2);
        CHECK(c.term(s2) == 2);
        CHECK(c.at(s1).current_leader() == s2);
        transfer(c, s2, s1);
        c.settle();
        CHECK(c.leader() == s1);
        CHECK(c.term(s1) == 3);
        CHECK(c.safe());
    }
}

TEST_CASE("S69 the transfer of a follower is refused, with the leader's name") {
    auto c = steady(3, {});
    transfer(c, s2, s3);
    CHECK(c.last_effects().rare->refused == refusal{refusal_reason::not_leader, s1});
    CHECK(c.network().empty());
}

TEST_CASE("S69 the votes of a transfer say so, that no voter protects the leader") {
    auto c = steady(3, {});
    transfer(c, s1, s2);
    c.deliver(s1, s2);
    CHECK(c.term(s2) == 2);
    const auto asked = c.sent<request_vote>(s2, s3);
    REQUIRE(asked.has_value());
    CHECK(asked->leadership_transfer);
    c.deliver(s2, s3);
    CHECK(granted(c, s3, s2));
}

TEST_CASE("S70 the target gets what it lacks before it is told to stand") {
    auto c = steady(3, {});
    c.isolate(s2);
    c.propose(s1, 3);
    c.settle();
    c.heal();
    transfer(c, s1, s2);
    CHECK(count<timeout_now>(c, s1, s2) == 0);
    c.heartbeat(s1);
    while (count<timeout_now>(c, s1, s2) == 0 && !c.network().empty()) c.deliver_nth(0);
    CHECK(progress_of(c, s1, s2).match_index == log_index{4});
    CHECK(count<timeout_now>(c, s1, s2) == 1);
    c.settle();
    CHECK(c.leader() == s2);
    CHECK(c.last(s2) == 5);
    CHECK(c.safe());
}

TEST_CASE("S70 a target that was told of a longer log than it has does not stand") {
    auto c = steady(3, {});
    for (const std::uint64_t last : {0U, 2U, 99U}) {
        const auto before = c.at(s2);
        c.inject(s1, s2, timeout_now{{1}, {last}});
        CHECK(c.at(s2) == before);
    }
    CHECK(c.network().empty());
}

TEST_CASE("S71 a transfer to itself, to a stranger, to a learner or a second one changes nothing") {
    configuration members = voters_only({s1, s2, s3, s4});
    members.voters = member_set::first(3);
    cluster c{members, settings{}};
    c.elect(s1);
    const auto before = c.at(s1);
    const std::pair<member_id, refusal_reason> cases[] = {{s1, refusal_reason::nothing_to_do},
                                                          {s4, refusal_reason::cannot_lead},
                                                          {s7, refusal_reason::unknown_member}};
    for (const auto& [target, reason] : cases) {
        transfer(c, s1, target);
        CHECK(c.last_effects().rare->refused == refusal{reason, s1});
        CHECK(c.at(s1) == before);
        CHECK(c.network().empty());
    }
    transfer(c, s1, s2);
    c.lose_all();
    transfer(c, s1, s3);
    CHECK(c.last_effects().rare->refused == refusal{refusal_reason::transfer_in_progress, s1});
    CHECK(c.network().empty());
    CHECK(pending(c, s1)->target == s2);
}

TEST_CASE("S73 during a transfer proposals are refused, when it is given up they are taken") {
    auto c = steady(3, {});
    transfer(c, s1, s2);
    c.lose_all();
    c.propose(s1);
    CHECK(c.last_effects().rare->refused.has_value());
    CHECK(c.last(s1) == 1);
    c.let_time_pass(settings{}.election_timeout + duration{-1});
    c.inject(s3, s1, ack(1, 1));
    c.inject(s2, s1, ack(1, 1));
    c.heartbeat(s1);
    CHECK(pending(c, s1).has_value());
    c.let_time_pass(duration{1});
    c.heartbeat(s1);
    CHECK_FALSE(pending(c, s1).has_value());
    c.propose(s1);
    CHECK(c.last_effects().proposal == accepted_proposal{{2}, {1}});
    c.settle();
    CHECK(c.commit(s1) == 2);
    transfer(c, s1, s3);
    c.settle();
    CHECK(c.leader() == s3);
}

TEST_CASE("S73 a transfer to a server that is down is given up and the leader goes on") {
    auto c = steady(3, {});
    c.crash(s2);
    transfer(c, s1, s2);
    c.run_for(settings{}.election_timeout * 2);
    CHECK(c.leader() == s1);
    CHECK(c.term(s1) == 1);
    c.propose(s1);
    c.settle();
    CHECK(c.commit(s1) == 2);
}

TEST_CASE("S73 of successors with equal logs the leader takes the one that answers") {
    for (const input& request : {input{transfer_requested{}}, input{step_down_requested{}}}) {
        auto c = steady(3, {});
        c.crash(s2);
        c.run_for(settings{}.heartbeat_interval * 2);
        c.give(s1, request);
        CHECK(c.sent<timeout_now>(s1, s3) == timeout_now{{1}, {1}});
        CHECK(count<timeout_now>(c, s1, s2) == 0);
        c.settle();
        CHECK(c.leader() == s3);
    }
}

TEST_CASE("S73 of successors that have the same and answered at the same time the first is taken") {
    auto c = steady(4, {});
    for (const auto id : {s2, s3, s4}) REQUIRE(progress_of(c, s1, id) == progress_of(c, s1, s2));
    c.give(s1, transfer_requested{});
    CHECK(pending(c, s1)->target == s2);
}

TEST_CASE("S73 leadership goes to a member that answers before one that has more of the log") {
    auto c = steady(3, plain());
    c.hold_disk(s3);
    c.propose(s1, 2);
    c.settle();
    REQUIRE(c.commit(s1) == 3);
    c.crash(s2);
    c.run_for(settings{}.election_timeout * 2);
    REQUIRE(c.leader() == s1);
    c.give(s1, transfer_requested{});
    CHECK(!c.last_effects().rare->refused);
    CHECK(pending(c, s1)->target == s3);
}

TEST_CASE("S75 B57 who is no voter, or does not follow the sender, does not stand when told to") {
    configuration members = voters_only({s1, s2, s3, s4});
    members.voters = member_set::first(3);
    cluster c{members, plain()};
    c.add_outsider(s6);
    c.elect(s1);
    c.inject(s1, s4, timeout_now{{1}, {1}});
    CHECK(c.at(s4).is_follower());
    c.inject(s1, s6, entries(1, log_start, 1, 1));
    c.inject(s1, s6, timeout_now{{1}, {1}});
    CHECK(c.at(s6).is_follower());
    c.inject(s3, s2, timeout_now{{1}, {1}});
    CHECK(c.at(s2).is_follower());
    c.inject(s1, s2, timeout_now{{0}, {1}});
    CHECK(c.at(s2).is_follower());
    for (const auto id : {s2, s4, s6}) CHECK(c.term(id) == 1);
    c.inject(s1, s2, timeout_now{{1}, {1}});
    CHECK(c.at(s2).is_candidate());
}

TEST_CASE("S75 B46 a leader or a candidate that is told to stand stays what it is") {
    auto c = steady(3, {});
    const auto before = c.at(s1);
    c.inject(s2, s1, timeout_now{{1}, {1}});
    CHECK(c.at(s1) == before);
    c.crash(s1);
    c.time_out(s2);
    const auto standing = c.at(s2);
    c.inject(s1, s2, timeout_now{{1}, {1}});
    CHECK(c.at(s2) == standing);
}
