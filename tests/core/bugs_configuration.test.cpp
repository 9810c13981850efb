// SPDX-License-Identifier: BSL-1.0
//
// Goal: a configuration is in force as long as it is in the log, committed or not (§6). Method: a
// follower is given one, loses it, stands for election with it; each under the number of the bug
// that another library had.
#include <cstdint>
#include <optional>

#include <doctest/doctest.h>

#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

/// Three servers and s4, which is to join; s1 has an uncommitted entry that says so, from s2.
cluster with_news_of_s4() {
    cluster c{3, plain()};
    c.add_outsider(s4);
    const indexed_configuration four{{2}, voters_only({s1, s2, s3, s4})};
    c.give(s1, received{s2, entries(1, log_start, 2, 1), four});
    c.lose_all();
    return c;
}

}  // namespace

TEST_CASE("S87 B51 who stands with a configuration not yet committed or applied, stands with it") {
    for (const bool told_to : {false, true})
        for (const bool committed : {false, true}) {
            auto c = with_news_of_s4();
            if (committed) c.inject(s2, s1, heartbeat(1, position(2, 1), 2));
            CHECK(c.commit(s1) == (committed ? 2 : 0));
            c.lose_all();
            if (told_to)
                c.inject(s2, s1, timeout_now{{1}, {2}});
            else
                c.time_out(s1);
            for (const auto id : {s2, s3, s4}) CHECK(count<request_vote>(c, s1, id) == 1);
            c.inject(s2, s1, yes(2));
            CHECK(c.at(s1).is_candidate());  // Two of three, but not of four.
            c.inject(s4, s1, yes(2));
            CHECK(c.at(s1).is_leader());
        }
}

TEST_CASE("B52 a new leader keeps to the configuration that it holds, though not committed") {
    auto c = with_news_of_s4();
    c.time_out(s1);
    for (const auto id : {s2, s4}) c.inject(id, s1, yes(2));
    REQUIRE(c.at(s1).is_leader());
    CHECK(count<append_entries>(c, s1, s4) == 1);
    c.lose_all();
    c.inject(s2, s1, ack(2, 3));
    CHECK(c.commit(s1) == 0);
    c.inject(s4, s1, ack(2, 3));
    CHECK(c.commit(s1) == 3);
}

TEST_CASE("B61 a configuration that is cut off gives way to the one before, on the disk too") {
    auto c = with_news_of_s4();
    REQUIRE(c.at(s1).members() == voters_only({s1, s2, s3, s4}));
    c.crash(s1);
    c.restart(s1);
    REQUIRE(c.at(s1).members() == voters_only({s1, s2, s3, s4}));
    c.inject(s3, s1, entries(2, position(1, 1), 1, 2));
    CHECK(c.at(s1).members() == voters_only({s1, s2, s3}));
    c.crash(s1);
    c.restart(s1);
    CHECK(c.at(s1).members() == voters_only({s1, s2, s3}));
    c.time_out(s1);
    CHECK(count<request_vote>(c, s1, s4) == 0);
}

TEST_CASE("B59 B64 a server that was removed and does not know it disturbs nobody") {
    cluster c{3};
    c.add_outsider(s4);
    const indexed_configuration old{{1}, voters_only({s1, s2, s3, s4})};
    c.give(s4, received{s3, entries(1, log_start, 1, 1), old});
    c.lose_all();
    c.elect(s1);
    c.propose(s1);
    c.settle();
    const auto term = c.term(s1);
    for (int i = 0; i < 20; ++i) {
        c.run_for(settings{}.election_timeout);
        c.fire(s4, timer::election);
        for (const auto id : {s1, s2, s3}) c.inject(s4, id, ask(99, position(9, 98)));
        c.settle();
    }
    CHECK(c.leader() == s1);
    for (const auto id : {s1, s2, s3}) CHECK(c.term(id) == term);
    CHECK_FALSE(c.at(s4).is_leader());
    CHECK(c.term(s4) <= term);
    CHECK(c.safe());
}
