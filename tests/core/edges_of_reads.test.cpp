// SPDX-License-Identifier: BSL-1.0
//
// Goal: leases and forwarded reads hold at their edges: the last instant, the answer of a term ago,
// the answer that comes to who no longer follows. Method: single steps there, each of which a
// changed operator once survived.
#include <cstdint>
#include <optional>

#include <doctest/doctest.h>

#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

settings with_leases() {
    settings config{};
    config.clock_drift_ppm = 100;
    return config;
}

bool answers_by_lease(cluster& c, member_id id) {
    c.give(id, read_requested{read_consistency::lease});
    return c.last_effects().rare->read && c.last_effects().rare->read->round == read_round{};
}

/// s1 leads three servers and has just got a lease.
cluster leased() {
    auto c = steady(3, with_leases());
    c.heartbeat(s1);
    c.settle();
    return c;
}

/// A quorum confirms that s1 leads, now.
void renew_lease(cluster& c) {
    c.heartbeat(s1);
    c.settle();
}

}  // namespace

TEST_CASE("S100 a new leader has no lease before a quorum has confirmed a round of its own") {
    cluster c{3, with_leases()};
    c.fire(s1, timer::election);
    c.settle();
    REQUIRE(c.at(s1).is_leader());
    REQUIRE(c.commit(s1) == 1);
    REQUIRE_FALSE(std::get_if<leader_state>(&c.at(s1).role)->has_lease);
    CHECK_FALSE(answers_by_lease(c, s1));
}

TEST_CASE("S100 a leader that writes answers by its lease, for as long as its disk was heard") {
    auto c = leased();
    c.hold_disk(s1);
    c.propose(s1);
    c.settle();
    CHECK(answers_by_lease(c, s1));
    c.let_time_pass(usual_timeout + duration{-1});
    renew_lease(c);
    CHECK(answers_by_lease(c, s1));
    c.let_time_pass(duration{1});
    CHECK_FALSE(answers_by_lease(c, s1));
}

TEST_CASE("S100 a leader that its own change removes may answer by its lease until it is over") {
    auto c = leased();
    c.hold_disk(s1);
    c.change(s1, {{s2}, {s3}});
    REQUIRE_FALSE(c.at(s1).members().slot_of(s1));
    CHECK(answers_by_lease(c, s1));
}

TEST_CASE("S100 B34 a promise is kept by who may have heard a leader, whatever its log") {
    for (const bool leases : {true, false}) {
        cluster c{3, leases ? with_leases() : settings{}};
        c.place(s2, {3}, {});
        c.inject(s3, s2, ask(4, position(1, 3)));
        CHECK(granted(c, s2, s3) == !leases);
        c.let_time_pass(usual_timeout);
        c.inject(s3, s2, ask(4, position(1, 3)));
        CHECK(granted(c, s2, s3));
    }
}

TEST_CASE("a new cluster elects at once, as nobody can have promised anything") {
    cluster c{3, with_leases()};
    c.inject(s3, s2, ask(1, log_start));
    CHECK(granted(c, s2, s3));
}

TEST_CASE("S96 what the leader confirmed in an older term settles no read of this one") {
    auto c = steady(3);
    c.time_out(s3);
    c.settle();
    c.elect(s1);
    c.settle();
    REQUIRE(c.at(s1).is_leader());
    const auto term = c.term(s1);
    c.give(s2, read_requested{});
    c.deliver(s2, s1);
    const auto reply = newest<read_index_reply>(c, s1, s2);
    REQUIRE(reply.has_value());
    c.deliver(s1, s2);
    c.lose_all();
    c.inject(s1, s2, round_confirmed{{term - 1}, {1000}});
    CHECK_FALSE(c.last_effects().rare->confirmed.has_value());
}

TEST_CASE("S96 the leader's answers come too late to who has begun to ask for votes") {
    auto c = steady(3, settings{});
    c.give(s2, read_requested{});
    c.deliver(s2, s1);
    const auto reply = newest<read_index_reply>(c, s1, s2);
    REQUIRE(reply.has_value());
    c.lose_all();
    c.time_out(s2);
    REQUIRE(c.at(s2).is_candidate());
    REQUIRE(c.term(s2) == 1);
    const auto before = c.at(s2);
    c.inject(s1, s2, *reply);
    c.inject(s1, s2, round_confirmed{{1}, {1000}});
    CHECK(c.at(s2) == before);
}

TEST_CASE("thesis 6.2 an answer to a forwarded proposal is none to who asks for votes") {
    auto c = steady(3, settings{});
    c.give(s2, forward_requested{1});
    c.deliver(s2, s1);
    const auto reply = newest<forward_proposal_reply>(c, s1, s2);
    REQUIRE(reply.has_value());
    c.lose_all();
    c.time_out(s2);
    REQUIRE(c.at(s2).is_candidate());
    c.inject(s1, s2, *reply);
    CHECK_FALSE(c.last_effects().rare->forwarded.has_value());
}
