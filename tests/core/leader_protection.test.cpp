// SPDX-License-Identifier: BSL-1.0
//
// Goal: a leader that is heard is left in peace, one that is not gives way (thesis §4.2.3, §6.2,
// §9.6). Method: stories of the list of scenarios (S…), and of bugs that other libraries had (B…),
// with pre-votes, with the check of the quorum, and with both.
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

constexpr settings pre_vote_only() {
    auto config = plain();
    config.pre_vote = true;
    return config;
}

constexpr settings check_quorum_only() {
    auto config = plain();
    config.check_quorum = true;
    return config;
}

request_pre_vote ask_before(std::uint64_t term, log_position last_log) {
    return {{term}, last_log};
}

}  // namespace

// --------------------------------------------------------------------------------------- pre-votes

TEST_CASE("S12 a pre-vote is given in every role and changes neither role nor term nor vote") {
    for (const auto start : {s1, s2, s3}) {
        cluster c{3, pre_vote_only()};
        if (start != s3) c.elect(start);
        if (start == s3) c.time_out(s1);
        c.lose_all();
        const auto before = c.at(s1);
        const auto deadline = c.deadline(s1, timer::election);
        c.let_time_pass(milliseconds(1));
        const auto term = c.term(s1) + 1;
        c.inject(s3, s1, ask_before(term, position(5, 1)));
        CHECK(c.at(s1) == before);
        CHECK(c.deadline(s1, timer::election) == deadline);
        CHECK(c.sent<pre_vote_reply>(s1, s3) == pre_vote_reply{{term}, true});
    }
}

TEST_CASE("thesis 9.6 who only asks before an election keeps its term and writes nothing") {
    cluster c{3, pre_vote_only()};
    c.time_out(s1);
    CHECK(c.at(s1).is_candidate());
    CHECK(c.term(s1) == 0);
    CHECK_FALSE(c.last_effects().write.has_value());
    CHECK(c.sent<request_pre_vote>(s1, s2) == ask_before(1, log_start));
    c.inject(s2, s1, pre_vote_reply{{1}, true});
    CHECK(c.term(s1) == 1);
    CHECK(c.at(s1).is_candidate());
    CHECK(newest<request_vote>(c, s1, s2) == ask(1, log_start));
}

TEST_CASE("S58 a server that cannot hear the leader does not disturb it") {
    cluster c{3};
    c.cut(s1, s3);
    c.cut(s3, s1);
    c.elect(s1);
    c.fire(s3, timer::election);
    c.settle();
    CHECK(c.term(s3) == 1);  // As s2 says when it refuses.
    c.heal();
    c.time_out(s3);
    c.settle();
    CHECK(c.at(s1).is_leader());
    for (const auto id : {s1, s2, s3}) CHECK(c.term(id) == 1);
    CHECK_FALSE(c.at(s3).is_leader());
}

TEST_CASE("S59 pre-votes are refused to a log that is behind and no term moves") {
    cluster c{3, pre_vote_only()};
    c.elect(s1);
    c.isolate(s3);
    c.propose(s1);
    c.settle();
    c.heal();
    c.time_out(s3);
    c.settle();
    for (const auto id : {s1, s2, s3}) CHECK(c.term(id) == 1);
    CHECK(c.at(s1).is_leader());
    c.elect(s2);
    CHECK(c.term(s1) == 2);
    CHECK(c.safe());
}

TEST_CASE("S61 two that ask at once split the vote once, a second timeout elects one") {
    cluster c{3, pre_vote_only()};
    c.elect(s1);
    c.crash(s1);
    c.time_out(s2);
    c.fire(s3, timer::election);
    c.settle();
    CHECK_FALSE(c.leader().has_value());
    CHECK(c.term(s2) == 2);
    CHECK(c.term(s3) == 2);
    c.elect(s2);
    CHECK(c.term(s2) == 3);
    CHECK(c.safe());
}

TEST_CASE("S64 a grant asked for before the election is not a vote in it") {
    cluster c{5, pre_vote_only()};
    c.time_out(s1);
    for (const auto id : {s2, s3}) c.inject(id, s1, pre_vote_reply{{1}, true});
    REQUIRE(c.term(s1) == 1);
    for (const auto id : {s2, s3, s4, s5}) c.inject(id, s1, pre_vote_reply{{1}, true});
    CHECK(c.at(s1).is_candidate());
    CHECK(c.term(s1) == 1);
    CHECK(std::get<candidate_state>(c.at(s1).role).granted.size() == 1);
}

TEST_CASE("S64 a vote is not a grant of the question before an election") {
    cluster c{5, pre_vote_only()};
    c.time_out(s1);
    for (const auto id : {s2, s3}) c.inject(id, s1, pre_vote_reply{{1}, true});
    c.time_out(s1);
    for (const auto id : {s2, s3, s4}) c.inject(id, s1, yes(1));
    CHECK(c.at(s1).is_candidate());
    CHECK(c.term(s1) == 1);
    for (const auto id : {s2, s3}) c.inject(id, s1, pre_vote_reply{{1}, true});
    CHECK(c.term(s1) == 1);
}

TEST_CASE("B09 a granted pre-vote of a later term moves no term") {
    cluster c{3, pre_vote_only()};
    c.elect(s1);
    for (const auto id : {s1, s2}) {
        const auto before = c.at(id);
        c.inject(s3, id, pre_vote_reply{{9}, true});
        CHECK(c.at(id) == before);
    }
}

TEST_CASE("B40 a longer log in an older term and a shorter log in a later one end in a leader") {
    for (const auto first : {s1, s2}) {
        cluster c{3};
        c.place(s1, {4}, {1, 1, 1});
        c.place(s2, {5}, {1});
        c.crash(s3);
        c.time_out(first);
        c.settle();
        CHECK_FALSE(c.leader().has_value());
        c.run_for(settings{}.election_timeout * 6);
        CHECK(c.leader() == s1);
        CHECK(c.term(s1) == 6);
        CHECK(c.log(s2) == terms{1, 1, 1, 6});
        CHECK(c.safe());
    }
}

// ------------------------------------------------------------------------------------ check quorum

TEST_CASE("S65 a leader that hears a majority stays, one that does not steps down") {
    cluster c{5, check_quorum_only()};
    c.elect(s1);
    c.crash(s4);
    c.crash(s5);
    c.run_for(settings{}.election_timeout * 5);
    CHECK(c.at(s1).is_leader());
    CHECK(c.term(s1) == 1);
    c.crash(s3);
    c.run_for(settings{}.election_timeout + settings{}.heartbeat_interval);
    CHECK_FALSE(c.at(s1).is_leader());
    CHECK_FALSE(c.at(s1).current_leader().has_value());
}

TEST_CASE("S65 a leader that is not to check stays whoever is silent") {
    cluster c{3, plain()};
    c.elect(s1);
    c.isolate(s1);
    c.run_for(settings{}.election_timeout * 5);
    CHECK(c.at(s1).is_leader());
}

TEST_CASE("S65 what learners say does not keep a leader") {
    configuration members = voters_only({s1, s2, s3, s4, s5});
    members.voters = member_set::first(3);
    cluster c{members, check_quorum_only()};
    c.elect(s1);
    c.crash(s2);
    c.crash(s3);
    c.run_for(settings{}.election_timeout * 3);
    CHECK_FALSE(c.at(s1).is_leader());
}

TEST_CASE("S66 a voter that hears its leader ignores elections, later it votes") {
    cluster c{3, check_quorum_only()};
    c.elect(s1);
    c.let_time_pass(settings{}.election_timeout + duration{-1});
    for (const auto id : {s1, s2}) {
        const auto before = c.at(id);
        c.inject(s3, id, ask(5, position(9, 4)));
        CHECK(c.at(id) == before);
    }
    CHECK(c.network().empty());
    c.let_time_pass(duration{1});
    c.inject(s3, s2, ask(5, position(9, 4)));
    CHECK(granted(c, s2, s3));
    CHECK(c.term(s2) == 5);
}

TEST_CASE("S66 who hears a leader does not answer a pre-vote, later it does") {
    cluster c{3};
    c.elect(s1);
    c.let_time_pass(settings{}.election_timeout + duration{-1});
    for (const auto id : {s1, s2}) c.inject(s3, id, ask_before(2, position(9, 1)));
    CHECK(c.network().empty());
    c.let_time_pass(duration{1});
    c.inject(s3, s2, ask_before(2, position(9, 1)));
    CHECK(c.sent<pre_vote_reply>(s2, s3) == pre_vote_reply{{2}, true});
}

TEST_CASE("S66 each heartbeat gives the leader another election timeout of peace") {
    cluster c{3, check_quorum_only()};
    c.elect(s1);
    c.let_time_pass(settings{}.election_timeout + duration{-1});
    c.heartbeat(s1);
    c.settle();
    c.let_time_pass(duration{1});
    c.inject(s3, s2, ask(5, position(9, 4)));
    CHECK(c.term(s2) == 1);
}

TEST_CASE("S66 a leader hears of a later term from whom it tries to lead") {
    cluster c{3, check_quorum_only()};
    c.place(s3, {6}, {});
    c.elect(s1, {s2});
    c.settle();
    CHECK_FALSE(c.at(s1).is_leader());
    CHECK(c.term(s1) == 6);
}

TEST_CASE("S68 a late heartbeat costs the leader its term, with pre-votes and checks it does not") {
    for (const bool protects : {false, true}) {
        cluster c{3, protects ? settings{} : plain()};
        c.elect(s1);
        c.heartbeat(s1);
        c.deliver(s1, s2);
        c.deliver(s2, s1);
        c.fire(s3, timer::election);
        c.deliver(s3, {s1, s2});
        CHECK(c.at(s1).is_leader() == protects);
        CHECK(c.term(s1) == (protects ? 1 : 2));
        c.settle();
        c.run_for(settings{}.election_timeout);
        if (protects) CHECK(c.leader() == s1);
        CHECK(c.safe());
    }
}

TEST_CASE("B43 a leader that one follower cannot hear leads on and commits") {
    cluster c{3};
    c.elect(s1);
    c.cut(s1, s2);
    c.cut(s2, s1);
    for (int i = 0; i < 20; ++i) {
        c.propose(s1);
        c.run_for(settings{}.election_timeout);
    }
    CHECK(c.leader() == s1);
    CHECK(c.term(s1) == 1);
    CHECK(c.commit(s1) == 21);
}

TEST_CASE("B43 a leader that is heard but hears nobody gives way") {
    cluster c{3};
    c.elect(s1);
    c.cut(s2, s1);
    c.cut(s3, s1);
    c.run_for(settings{}.election_timeout * 8);
    const auto now = c.leader();
    REQUIRE(now.has_value());
    CHECK(*now != s1);
    c.propose(*now);
    c.run_for(settings{}.election_timeout);
    CHECK(c.commit(*now) == c.last(*now));
    CHECK(c.safe());
}

TEST_CASE("B46 a restarted follower neither disturbs the leader nor waits for long") {
    cluster c{3};
    c.elect(s1);
    c.crash(s2);
    c.run_for(settings{}.election_timeout * 5);
    c.restart(s2);
    c.run_for(settings{}.heartbeat_interval * 2);
    CHECK(c.leader() == s1);
    CHECK(c.term(s1) == 1);
    CHECK(c.at(s2).current_leader() == s1);
    CHECK(c.commit(s2) == 1);
}

TEST_CASE("S19 B03 a leader without quorum steps down and keeps the vote of its term") {
    cluster c{3, check_quorum_only()};
    c.elect(s1);
    c.lose_all();
    c.let_time_pass(milliseconds(1000));
    c.heartbeat(s1);
    REQUIRE(c.at(s1).is_follower());
    CHECK(c.at(s1).voted_for == s1);
    c.inject(s3, s1, ask(1, position(9, 1)));
    CHECK_FALSE(granted(c, s1, s3));
}
