// SPDX-License-Identifier: BSL-1.0
//
// Goal: servers stand and vote when they must, and only then. Method: the scenarios of the list
// that are tables or need the timers as they run, beside the stories of election.test.cpp.
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include <doctest/doctest.h>

#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

TEST_CASE("S4 who hears of nobody stands after one to two election timeouts, and again after") {
    const auto least = plain().election_timeout;
    for (const auto id : {s1, s2, s3, s4, s5}) {
        cluster c{5, plain()};
        for (const auto other : {s1, s2, s3, s4, s5})
            if (other != id) c.crash(other);
        c.run_for(least + duration{-1});
        CHECK(c.at(id).is_follower());
        CHECK(c.term(id) == 0);
        c.run_for(least + duration{1});
        CHECK(c.at(id).is_candidate());
        CHECK(c.term(id) == 1);
        const auto stood_at = *c.deadline(id, timer::election);
        c.run_for(stood_at - c.now() + duration{-1});
        CHECK(c.term(id) == 1);
        c.run_for(duration{1});
        CHECK(c.at(id).is_candidate());
        CHECK(c.term(id) == 2);
    }
}

TEST_CASE("S10 whether a vote is given, by the last index and term of who asks") {
    // The voter's log is [2, 2]. Rows: last index 0 to 3. Columns: last term 0 to 3.
    constexpr std::array<std::array<bool, 4>, 4> grants{{
        {false, false, false, true},
        {false, false, false, true},
        {false, false, true, true},
        {false, false, true, true},
    }};
    for (std::uint64_t index = 0; index < grants.size(); ++index)
        for (std::uint64_t term = 0; term < grants[index].size(); ++term) {
            CAPTURE(index);
            CAPTURE(term);
            cluster c{3, plain()};
            c.place(s1, {3}, {2, 2});
            c.inject(s2, s1, ask(3, position(index, term)));
            CHECK(newest<request_vote_reply>(c, s1, s2)->granted == grants[index][term]);
        }
}

TEST_CASE("S10 the best log gets no vote of this term from who has given it") {
    const auto best = position(3, 2);
    for (const auto& [vote, granted_to_s2] :
         {std::pair{std::optional{s2}, true}, std::pair{std::optional{s1}, false},
          std::pair{std::optional{s3}, false}}) {
        cluster c{3, plain()};
        c.place(s1, {3}, {2, 2}, vote);
        c.inject(s2, s1, ask(3, best));
        CHECK(granted(c, s1, s2) == granted_to_s2);
    }
    for (const bool leads : {false, true}) {
        cluster c{3, plain()};
        c.place(s1, {2}, {2, 2});
        c.time_out(s1);
        if (leads) c.inject(s3, s1, yes(3));
        REQUIRE(c.at(s1).is_leader() == leads);
        const auto before = c.at(s1);
        c.inject(s2, s1, ask(3, position(9, 3)));
        CHECK(newest<request_vote_reply>(c, s1, s2) == no(3));
        CHECK(c.at(s1) == before);
    }
    cluster c{3};  // A server that only asks before an election has not voted in its term.
    c.place(s1, {3}, {2, 2});
    c.time_out(s1);
    REQUIRE(c.at(s1).is_candidate());
    c.inject(s2, s1, ask(3, best));
    CHECK_FALSE(granted(c, s1, s2));
}
