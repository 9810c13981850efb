// SPDX-License-Identifier: BSL-1.0
//
// Steps between roles and between log and state machine that belong to no one rule: who steps down
// before a later term, who stands first, and what is applied before one's own disk has it.
#include <variant>

#include <doctest/doctest.h>

#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

TEST_CASE(
    "S16 whoever hears of a later term follows in it, and knows its leader by entries alone") {
    const message later[] = {
        request_vote{{3}, position(1, 1)},
        append_entries{
            .term = {3}, .prev = position(1, 1), .last_index = {1}, .commit_index = {1}}};
    for (const auto& body : later) {
        const bool by_entries = std::holds_alternative<append_entries>(body);
        for (const auto role : {0, 1, 2}) {
            CAPTURE(role);
            settings config;
            config.check_quorum = false;
            config.pre_vote = false;
            cluster c{3, config};
            c.elect(s1);
            const auto who = role == 2 ? s1 : s2;
            if (role == 1) c.time_out(who);
            c.lose_all();
            c.inject(s3, who, body);
            CHECK(c.at(who).is_follower());
            CHECK(c.term(who) == 3);
            CHECK(c.at(who).current_leader() ==
                  (by_entries ? std::optional{s3} : std::optional<member_id>{}));
        }
    }
}

TEST_CASE("B21 what a quorum has is applied before the leader's own disk has it, and stays so") {
    auto c = steady(3);
    c.hold_disk(s1);
    c.propose(s1);
    c.settle();
    CHECK(c.commit(s1) == 2);
    CHECK(c.commit(s2) == 2);
    // It loses leadership, and what was committed, with its disk behind, and has it again after.
    c.crash(s1);
    c.elect(s2);
    c.restart(s1);
    c.run_for(settings{}.election_timeout);
    CHECK(c.log(s1) == c.log(s2));
    CHECK(c.commit(s1) == c.last(s2));
    CHECK(c.safe());
}

TEST_CASE("the election timeouts of one rank are all shorter than those of the next") {
    for (const auto id : {s1, s2, s3}) {
        auto s = initial_state(
            id, settings{.election_rank = static_cast<std::uint8_t>(id.value - 1)}, {}, id.value);
        const auto [next, out] = step(s, started{}, instant{});
        REQUIRE(next.timers.deadline().has_value());
        const auto waits = *next.timers.deadline() - instant{};
        const auto unit = settings{}.election_timeout;
        CHECK(waits >= unit * static_cast<std::int64_t>(id.value));
        CHECK(waits < unit * static_cast<std::int64_t>(id.value + 1));
    }
}

TEST_CASE("in a cluster that never had a leader the first member stands at once, if it is to") {
    settings config;
    config.first_election_at_once = true;
    cluster c{3, config};
    c.run_for(duration{1});
    CHECK(c.leader() == s1);
    c.crash(s1);
    c.restart(s1);
    CHECK(*c.deadline(s1, timer::election) >= c.now() + config.election_timeout);
}
