// SPDX-License-Identifier: BSL-1.0
//
// Goal: at most one leader in a term, whatever arrives late, twice or from a stranger. Method:
// stories of the list of scenarios (S…), and of bugs that other libraries had (B…).
#include <cstdint>
#include <optional>
#include <vector>

#include <doctest/doctest.h>

#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

using terms = std::vector<std::uint64_t>;

/// Servers 1 to `count`, of which the first `voters` vote and the others learn.
configuration with_learners(std::uint64_t count, std::size_t voters) {
    std::vector<member_id> ids;
    for (std::uint64_t id = 1; id <= count; ++id) ids.push_back({id});
    return {.members = ids, .voters = member_set::first(voters), .outgoing_voters = {}};
}

}  // namespace

// ------------------------------------------------------------------------------------------ voting

TEST_CASE("S12 a follower and a candidate vote in a later term, a leader steps down to do so") {
    for (const auto start : {s1, s2, s3}) {
        cluster c{3, plain()};
        if (start != s3) c.elect(start);
        if (start == s3) c.time_out(s1);
        c.lose_all();
        const auto term = c.term(s1);
        c.inject(s3, s1, ask(term + 1, position(5, term)));
        CHECK(c.at(s1).is_follower());
        CHECK(c.term(s1) == term + 1);
        CHECK(c.at(s1).voted_for == s3);
        CHECK(granted(c, s1, s3));
    }
}

TEST_CASE(
    "S16 whatever a server was, a later term makes it a follower, only Append names a leader") {
    for (const bool by_append : {false, true})
        for (const auto start : {s1, s2, s3}) {
            cluster c{3, plain()};
            if (start != s3) c.elect(start);
            if (start == s3) c.time_out(s1);
            c.inject(s3, s1, by_append ? message{heartbeat(3, log_start)} : ask(3, position(9, 2)));
            CHECK(c.at(s1).is_follower());
            CHECK(c.term(s1) == 3);
            CHECK(c.at(s1).current_leader() == (by_append ? std::optional{s3} : std::nullopt));
        }
}

TEST_CASE("S19 B03 who stood for election in a term does not vote for another in it") {
    cluster c{3, plain()};
    c.time_out(s1);
    c.lose_all();
    c.inject(s2, s1, heartbeat(1, position(7, 1)));
    CHECK(c.at(s1).is_follower());
    CHECK(c.at(s1).voted_for == s1);
    c.inject(s3, s1, ask(1, position(9, 1)));
    CHECK_FALSE(granted(c, s1, s3));
    CHECK(newest<request_vote_reply>(c, s1, s3) == no(1));
}

TEST_CASE("S20 a leader refuses its own term's candidate however good the log") {
    cluster c{3, plain()};
    c.elect(s1);
    c.inject(s2, s1, ask(1, position(9, 1)));
    CHECK(c.at(s1).is_leader());
    CHECK(c.at(s1).voted_for == s1);
    CHECK(newest<request_vote_reply>(c, s1, s2) == no(1));
}

TEST_CASE("S20 a follower that has a leader in this term votes for nobody else in it") {
    cluster c{3, plain()};
    c.inject(s2, s1, heartbeat(1, log_start));
    REQUIRE_FALSE(c.at(s1).voted_for.has_value());
    c.inject(s3, s1, ask(1, position(9, 1)));
    CHECK_FALSE(granted(c, s1, s3));
}

TEST_CASE("§5.2 a vote belongs to its term, the next term has a new one") {
    cluster c{3, plain()};
    c.inject(s2, s1, ask(1, log_start));
    CHECK(granted(c, s1, s2));
    c.inject(s3, s1, ask(2, log_start));
    CHECK(granted(c, s1, s3));
    CHECK(c.at(s1).voted_for == s3);
}

TEST_CASE("§5.2 a refused candidate of a later term does not put off who can win") {
    for (const bool stood : {false, true}) {
        cluster c{3, plain()};
        c.place(s1, {1}, {1, 1});
        if (stood) c.time_out(s1);
        const auto deadline = c.deadline(s1, timer::election);
        c.let_time_pass(milliseconds(200));
        c.inject(s2, s1, ask(5, position(1, 1)));
        CHECK_FALSE(granted(c, s1, s2));
        CHECK(c.term(s1) == 5);
        CHECK(c.deadline(s1, timer::election) == deadline);
        c.inject(s2, s1, no(6));
        CHECK(c.deadline(s1, timer::election) == deadline);
    }
    cluster c{3, plain()};
    c.elect(s1);
    c.inject(s2, s1, ask(5, log_start));
    CHECK(c.deadline(s1, timer::election) >= c.now() + plain().election_timeout);
    CHECK_FALSE(c.deadline(s1, timer::heartbeat).has_value());
}

// ---------------------------------------------------------------------------------------- counting

TEST_CASE("S21 B05 the same vote twice is one vote") {
    cluster c{5, plain()};
    c.time_out(s1);
    c.inject(s2, s1, yes(1));
    c.inject(s2, s1, yes(1));
    CHECK(c.at(s1).is_candidate());
    c.inject(s3, s1, yes(1));
    CHECK(c.at(s1).is_leader());
}

TEST_CASE("S21 B08 the votes of strangers and learners do not count") {
    cluster c{with_learners(5, 3), plain()};
    c.time_out(s1);
    CHECK(count<request_vote>(c, s1, s2) == 1);
    CHECK(count<request_vote>(c, s1, s4) == 0);
    for (const auto id : {s4, s5, s6, s7}) c.inject(id, s1, yes(1));
    CHECK(c.at(s1).is_candidate());
    c.inject(s3, s1, yes(1));
    CHECK(c.at(s1).is_leader());
}

TEST_CASE("S21 B04 a vote of an older term is not one of this term") {
    cluster c{3, plain()};
    c.time_out(s1);
    c.time_out(s1);
    c.inject(s2, s1, yes(1));
    CHECK(c.at(s1).is_candidate());
    CHECK(c.term(s1) == 2);
}

TEST_CASE("S21 the votes of one election are forgotten in the next") {
    cluster c{5, plain()};
    c.time_out(s1);
    c.inject(s2, s1, yes(1));
    c.time_out(s1);
    c.inject(s3, s1, yes(2));
    CHECK(c.at(s1).is_candidate());
    c.inject(s2, s1, yes(2));
    CHECK(c.at(s1).is_leader());
}

TEST_CASE("§6 an election in a joint configuration needs both majorities") {
    configuration joint = voters_only({s1, s2, s3, s4, s5, s6});
    joint.voters = member_set::from_bits(0b000'111);
    joint.outgoing_voters = member_set::from_bits(0b111'000);
    cluster c{joint, plain()};
    c.time_out(s1);
    for (const auto id : {s2, s3, s4}) c.inject(id, s1, yes(1));
    CHECK(c.at(s1).is_candidate());
    c.inject(s6, s1, yes(1));
    CHECK(c.at(s1).is_leader());
}

TEST_CASE("S89 a learner never stands for election") {
    for (const auto& config : {plain(), settings{}}) {
        cluster c{with_learners(3, 2), config};
        c.time_out(s3);
        CHECK(c.at(s3).is_follower());
        CHECK(c.term(s3) == 0);
        CHECK(c.network().empty());
        CHECK(c.deadline(s3, timer::election).has_value());
    }
}

TEST_CASE("S88 B56 a server votes for whoever asks, a learner too and for strangers too") {
    cluster c{with_learners(3, 2), plain()};
    c.inject(s1, s3, ask(1, log_start));
    CHECK(granted(c, s3, s1));
    c.inject(s7, s2, ask(1, log_start));
    CHECK(granted(c, s2, s7));
}

TEST_CASE("B49 a single server becomes leader once and its own timers do not depose it") {
    for (const auto& config : {plain(), settings{}}) {
        cluster c{1, config};
        c.run_for(config.election_timeout * 30);
        CHECK(c.at(s1).is_leader());
        CHECK(c.term(s1) == 1);
        c.time_out(s1);
        CHECK(c.at(s1).is_leader());
        CHECK(c.log(s1) == terms{1});
    }
}

TEST_CASE("S14 the loser of two elections gives up its log") {
    cluster c{3, plain()};
    c.isolate(s1);
    c.time_out(s1);
    c.elect(s3);
    c.propose(s3);
    c.settle();
    c.heal();
    c.heartbeat(s3);
    c.settle();
    CHECK(c.at(s1).is_follower());
    CHECK(c.term(s1) == 1);
    CHECK(c.log(s1) == terms{1, 1});
    CHECK(c.log(s2) == terms{1, 1});
    CHECK(c.safe());
}
