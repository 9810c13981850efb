// SPDX-License-Identifier: BSL-1.0
//
// Goal: a founder whose disk is lost is never the voter that it was, whoever else is there. Method:
// each way in which some of three founders have empty disks, with acknowledged writes on the rest.
#include <cstdint>

#include <doctest/doctest.h>

#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

/// s1 leads, and s2 has what it has committed; s3 has never run.
cluster written_by_two() {
    cluster c{3};
    c.crash(s3);
    c.wipe(s3);
    c.elect(s1);
    c.propose(s1, 50);
    c.run_for(usual_timeout);
    REQUIRE(c.commit(s1) == 51);
    return c;
}

}  // namespace

TEST_CASE("F1 a founder whose disk is lost elects nobody, and no acknowledged write is lost") {
    auto c = written_by_two();
    c.crash(s1);
    c.crash(s2);
    c.wipe(s2);
    c.restart(s2);
    c.restart(s3);
    c.run_for(usual_timeout * 20);
    CHECK_FALSE(c.leader());
    c.restart(s1);
    c.run_for(usual_timeout * 20);
    CHECK_FALSE(c.leader());  // One of three is left.
    CHECK(c.last(s1) == 51);
    CHECK(c.safe());
}

TEST_CASE("F1 a server on an empty disk that is not born takes part in nothing") {
    auto c = written_by_two();
    c.restart(s3);
    const auto before = c.at(s3);
    c.inject(s1, s3, ask(5, position(60, 4)));
    c.inject(s1, s3, request_pre_vote{{5}, position(60, 4)});
    c.inject(s1, s3, heartbeat(5, log_start));
    c.inject(s1, s3, entries(5, log_start, 3, 5));
    c.inject(s1, s3, timeout_now{{5}, {0}});
    c.fire(s3, timer::election);
    CHECK(c.at(s3) == before);
    CHECK(c.network().empty());
    c.propose(s3);
    CHECK(c.last_effects().rare->refused == refusal{refusal_reason::not_born, std::nullopt});
    c.give(s3, read_requested{});
    CHECK(c.last_effects().rare->refused == refusal{refusal_reason::not_born, std::nullopt});
}

TEST_CASE("F1 it comes back as another member, and the cluster goes on") {
    auto c = written_by_two();
    c.crash(s2);
    c.wipe(s2);
    c.restart(s2);
    c.run_for(usual_timeout);
    cluster d{3};
    d.elect(s1);
    d.propose(s1, 50);
    d.run_for(usual_timeout);
    d.crash(s2);
    d.wipe(s2);
    d.restart(s2);
    d.add_outsider(s4);
    d.ask_to_change(s1, {{s1}, {s3}, {s4}});
    d.run_for(usual_timeout * 4);
    CHECK(d.last(s4) == d.last(s1));
    CHECK(d.commit(s1) == d.last(s1));
}
