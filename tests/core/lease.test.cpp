// SPDX-License-Identifier: BSL-1.0
//
// Goal: as long as a lease lasts nobody else can be elected, by whatever way a server might come to
// forget whom it follows (thesis §6.4.1). Method: for each such way a story, at whose end another
// server has committed and the holder of the lease is asked for a read.
#include <cstdint>
#include <optional>

#include <doctest/doctest.h>

#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

[[nodiscard]] constexpr settings with_leases() {
    settings config{};
    config.clock_drift_ppm = 100;
    return config;
}

/// Whether `id` answers a read by its lease: at once.
[[nodiscard]] constexpr bool answers_by_lease(cluster& c, member_id id) {
    c.give(id, read_requested{read_consistency::lease});
    return c.last_effects().rare->read && c.last_effects().rare->read->round == read_round{};
}

/// s1 leads `servers` and has just got a lease.
[[nodiscard]] constexpr cluster leased(std::size_t servers, const settings& config) {
    auto c = steady(servers, config);
    c.heartbeat(s1);
    c.settle();
    return c;
}

/// A timeout passes in parts, in each of which the leader s1 is heard.
constexpr void pass_timeout_with_heartbeats(cluster& c) {
    for (int i = 0; i < 3; ++i) {
        c.let_time_pass({usual_timeout.nanoseconds / 2});
        c.heartbeat(s1);
        c.settle();
    }
}

/// s1 leads s2, s3 has stood for election where nobody hears it. s2 hears of s3's term in a late
/// answer to a question of long ago; then s3 asks it for its vote.
[[nodiscard]] constexpr cluster with_late_news_of_a_later_term() {
    auto config = with_leases();
    config.pre_vote = false;
    auto c = steady(3, config);
    c.isolate(s3);
    for (int i = 0; i < 3; ++i) {
        pass_timeout_with_heartbeats(c);
        c.fire(s3, timer::election);
    }
    c.heal();
    c.isolate(s1);
    c.inject(s3, s2, no(c.term(s3)));
    return c;
}

[[nodiscard]] constexpr bool late_news_of_a_later_term_break_no_lease() {
    auto c = with_late_news_of_a_later_term();
    c.inject(s3, s2, ask(c.term(s2), position(1, 1)));
    const bool refused_in_its_term = !c.at(s2).voted_for;
    c.fire(s3, timer::election);
    c.settle();
    c.propose(s3);
    c.settle();
    return refused_in_its_term && answers_by_lease(c, s1) && c.safe();
}

[[nodiscard]] constexpr bool two_that_were_told_may_both_stand() {
    auto c = leased(5, with_leases());
    c.give(s1, transfer_requested{s2});
    const auto late = c.network().front().what;
    c.lose_all();
    pass_timeout_with_heartbeats(c);
    c.give(s1, transfer_requested{s3});
    c.lose_all();
    pass_timeout_with_heartbeats(c);
    c.propose(s1);
    for (const auto id : {s2, s4, s5}) c.lose(s1, id);
    c.settle();  // s3 has an entry more now; s2 has not, and may stand yet.
    c.isolate(s2);
    c.heartbeat(s1);
    c.settle();
    const bool answered = answers_by_lease(c, s1);
    c.heal();
    c.isolate(s1);
    c.give(s2, late);
    return c.at(s2).is_candidate() && !answered;
}

}  // namespace

static_assert(late_news_of_a_later_term_break_no_lease());
static_assert(two_that_were_told_may_both_stand());

TEST_CASE("S100 a follower that hears of a later term keeps its promise to the leader it had") {
    CHECK(late_news_of_a_later_term_break_no_lease());
    auto c = with_late_news_of_a_later_term();
    REQUIRE(c.term(s2) == c.term(s3));
    const auto before = c.at(s2);
    c.inject(s3, s2, request_pre_vote{{9}, position(1, 1)});
    c.inject(s3, s2, ask(9, position(1, 1)));
    CHECK(c.at(s2) == before);
    CHECK(c.network().empty());
    c.let_time_pass(usual_timeout);
    c.inject(s3, s2, ask(9, position(1, 1)));
    CHECK(granted(c, s2, s3));
}

TEST_CASE("S100 the promise of a restarted server outlives the news of a later term, too") {
    auto config = with_leases();
    config.pre_vote = false;
    auto c = leased(3, config);
    c.isolate(s1);
    c.crash(s2);
    c.restart(s2);
    c.inject(s3, s2, no(7));
    REQUIRE(c.term(s2) == 7);
    c.inject(s3, s2, ask(7, position(1, 1)));
    CHECK_FALSE(granted(c, s2, s3));
    CHECK(answers_by_lease(c, s1));
    c.let_time_pass(usual_timeout + duration{-1});
    c.inject(s3, s2, ask(8, position(1, 1)));
    CHECK_FALSE(granted(c, s2, s3));
    c.let_time_pass(duration{1});
    c.inject(s3, s2, ask(8, position(1, 1)));
    CHECK(granted(c, s2, s3));
}

TEST_CASE("S100 no lease while any of several servers may yet stand because it was told to") {
    CHECK(two_that_were_told_may_both_stand());
}
