// SPDX-License-Identifier: BSL-1.0
//
// Goal: a read that is asked of a follower sees what was committed before it, is answered whatever
// message is lost, and costs one round. A stale one sees what was committed at the stated time.
// Method: stories in which answers are late, lost, doubled, or of another leadership.
#include <cstdint>
#include <optional>

#include <doctest/doctest.h>

#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

constexpr const leader_state& leading(const cluster& c, member_id id) {
    return std::get<leader_state>(c.at(id).role);
}

/// Whether reads that were asked of `id` still wait.
constexpr bool waits(const cluster& c, member_id id) {
    const auto& reads = c.at(id).tasks->reads;
    return reads && reads->requested != reads->confirmed;
}

constexpr void read(cluster& c, member_id id) { c.give(id, read_requested{}); }

/// s2 asks for a read, and the leader answers; then it loses its leader and follows it again, or is
/// restarted. It reads anew, after more was committed, and the answer of before arrives.
constexpr bool late_answer_serves_no_new_read(bool restarts) {
    auto c = steady(3, {});
    read(c, s2);
    c.deliver(s2, s1);
    const auto late = *newest<read_index_reply>(c, s1, s2);
    c.lose_all();
    if (restarts) {
        c.crash(s2);
        c.restart(s2);
    } else {
        c.fire(s2, timer::election);
        c.lose_all();
    }
    c.propose(s1, 5);
    c.settle();
    c.heartbeat(s1);
    c.settle();
    c.isolate(s2);
    read(c, s2);
    c.inject(s1, s2, late);
    c.inject(s1, s2, round_confirmed{{1}, late.round});
    return c.at(s2).current_leader() == s1 && waits(c, s2) && c.safe();
}

/// The number of the first question of a follower that began to run then, always with one seed.
constexpr read_round first_request_at(instant now) {
    recovered_state kept;
    kept.vote.current_term = {1};
    kept.configurations.push_back({{}, voters_only({s1, s2, s3})});
    auto s = initial_state(s2, {}, std::move(kept), 7);
    effects out;
    advance(s, started{}, now, out);
    advance(s, received{s1, append_entries{.term = {1}}, {}}, now, out);
    out = {};
    advance(s, read_requested{}, now, out);
    return std::get<request_read_index>(out.messages.front().body).request;
}

/// How a stale read of `id` with this bound ends: none if it is taken.
std::optional<refusal_reason> refuses_stale(cluster& c, member_id id, duration bound) {
    const auto before = c.at(id);
    c.give(id, read_requested{read_consistency::stale, bound});
    CHECK(c.at(id) == before);
    if (c.last_effects().rare->refused) return c.last_effects().rare->refused->reason;
    CHECK(c.last_effects().rare->read == accepted_read{{}, before.commit_index});
    return std::nullopt;
}

}  // namespace

static_assert(late_answer_serves_no_new_read(false));
static_assert(late_answer_serves_no_new_read(true));

TEST_CASE("S96 an answer to a read of before a follower lost its leader is none to a later read") {
    CHECK(late_answer_serves_no_new_read(false));
    CHECK(late_answer_serves_no_new_read(true));
}

TEST_CASE("S96 a server that starts twice with one seed numbers its questions differently") {
    // Else the answer to a question of the first run could pass for one to the second's.
    const auto first = first_request_at(instant{1'000'000});
    const auto second = first_request_at(instant{2'000'000});
    const auto apart = first < second ? second.value - first.value : first.value - second.value;
    CHECK(apart > 1'000'000);
}

TEST_CASE("S96 the read of a follower costs one round, and one question") {
    auto c = steady(3);
    for (std::uint64_t i = 1; i <= 5; ++i) {
        read(c, s2);
        std::size_t questions = 0;
        while (!c.network().empty()) {
            questions += std::holds_alternative<request_read_index>(c.network().front().what.body);
            c.deliver_nth(0);
        }
        CHECK(questions == 1);
        CHECK(leading(c, s1).round == read_round{i});
        CHECK_FALSE(waits(c, s2));
    }
}

TEST_CASE("S96 followers whose reads overlap are each told when their round is confirmed") {
    auto c = steady(3);
    read(c, s2);
    c.deliver(s2, s1);
    read(c, s3);
    c.deliver(s3, s1);
    CHECK(newest<read_index_reply>(c, s1, s3)->round == read_round{2});
    for (std::uint64_t round = 1; round <= 2; ++round) {
        while (leading(c, s1).confirmed < read_round{round}) {
            c.deliver_one(s1, s2);
            c.deliver(s2, s1);
        }
        const auto told = newest<round_confirmed>(c, s1, s3);
        REQUIRE(told.has_value());
        CHECK(told->round == read_round{round});
    }
    c.settle();
    CHECK_FALSE(waits(c, s2));
    CHECK_FALSE(waits(c, s3));
    CHECK(leading(c, s1).readers.empty());
}

TEST_CASE("S96 whichever messages of a follower's read are lost, heartbeats bring it about") {
    for (const bool leases : {false, true})
        for (unsigned lost = 0; lost < 1024; ++lost) {
            CAPTURE(leases);
            CAPTURE(lost);
            settings config{};
            if (leases) config.clock_drift_ppm = 100;
            auto c = steady(3, config);
            c.propose(s1);
            c.settle();
            read(c, s2);
            for (unsigned i = 0; !c.network().empty(); ++i)
                if (i < 10 && (lost >> i & 1U) != 0)
                    c.lose_nth(0);
                else
                    c.deliver_nth(0);
            c.run_for(settings{}.heartbeat_interval * 4);
            CHECK_FALSE(waits(c, s2));
            CHECK(c.safe());
        }
}

TEST_CASE("S96 doubled and reordered answers confirm a read once, and no later one") {
    auto c = steady(3);
    read(c, s2);
    c.deliver(s2, s1);
    const auto answer = *newest<read_index_reply>(c, s1, s2);
    c.inject(s1, s2, round_confirmed{{1}, answer.round});
    CHECK(waits(c, s2));  // It is not known which round.
    c.inject(s1, s2, answer);
    c.inject(s1, s2, read_index_reply{{1}, answer.request, {9}, {99}});
    CHECK(waits(c, s2));
    c.inject(s1, s2, round_confirmed{{1}, answer.round});
    CHECK(c.last_effects().rare->confirmed == confirmed_reads{answer.request, answer.index});
    read(c, s2);
    for (int i = 0; i < 2; ++i) {
        c.inject(s1, s2, answer);
        c.inject(s1, s2, round_confirmed{{1}, answer.round});
        CHECK(waits(c, s2));
    }
    c.settle();
    CHECK_FALSE(waits(c, s2));
}

TEST_CASE("S96 questions of another term, from strangers, or to who does not lead change nothing") {
    auto c = steady(3);
    c.elect(s2);
    c.settle();
    const auto before = c.at(s2);
    c.inject(s1, s2, request_read_index{{1}, {1}});
    c.inject(s7, s2, request_read_index{{2}, {1}});
    CHECK(c.at(s2) == before);
    const auto follower = c.at(s1);
    c.inject(s3, s1, request_read_index{{2}, {1}});
    c.inject(s3, s1, read_index_reply{{2}, {1}, {1}, {1}});
    c.inject(s2, s1, round_confirmed{{2}, {9}});
    CHECK(c.at(s1) == follower);
    CHECK(c.network().empty());
}

TEST_CASE("S96 a learner whose leader is gone answers the reads that wait, and takes no more") {
    configuration members = voters_only({s1, s2, s3, s4});
    members.voters = member_set::first(3);
    cluster c{members, settings{}};
    c.elect(s1);
    read(c, s4);
    REQUIRE(c.last_effects().rare->read.has_value());
    c.settle();
    CHECK_FALSE(waits(c, s4));
    c.isolate(s4);
    read(c, s4);
    CHECK(waits(c, s4));
    c.fire(s4, timer::election);
    CHECK(c.last_effects().rare->reads_lost);
    CHECK_FALSE(waits(c, s4));
    read(c, s4);
    CHECK(c.last_effects().rare->refused == refusal{refusal_reason::not_leader, std::nullopt});
    const auto alone = c.at(s4);
    c.give(s4, transfer_requested{s4});
    CHECK(c.at(s4) == alone);
    c.heal();
    c.run_for(usual_timeout);
    read(c, s4);
    CHECK(c.last_effects().rare->read.has_value());
    c.settle();
    CHECK_FALSE(waits(c, s4));
    CHECK(c.safe());
}

// ------------------------------------------------------------------------------------- stale reads

TEST_CASE("a stale read is taken up to its bound, of a follower and of a leader") {
    auto c = steady(3, {});
    c.heartbeat(s1);
    c.settle();
    const auto bound = milliseconds(50);
    c.let_time_pass(bound);
    for (const auto id : {s1, s2, s3}) CHECK_FALSE(refuses_stale(c, id, bound).has_value());
    c.let_time_pass(duration{1});
    for (const auto id : {s1, s2, s3})
        CHECK(refuses_stale(c, id, bound) == refusal_reason::too_stale);
    c.inject(s2, s1, ack(1, 1));  // With itself a majority.
    CHECK_FALSE(refuses_stale(c, s1, bound).has_value());
    c.time_out(s3);
    CHECK(refuses_stale(c, s3, usual_timeout * 100) == refusal_reason::too_stale);
}

TEST_CASE("a stale read is refused while the log is behind, though the leader is heard") {
    auto config = settings{};
    config.retained_entries = 0;
    auto c = steady(3, config);
    c.isolate(s3);
    c.propose(s1, 10);
    c.settle();
    for (const bool compacted : {false, true}) {
        if (compacted) c.take_snapshot(s1);
        c.heal();
        c.heartbeat(s1);
        c.deliver_one(s1, s3);
        CHECK(refuses_stale(c, s3, usual_timeout) == refusal_reason::too_stale);
        c.lose_all();
        c.isolate(s3);
    }
    c.heal();
    c.heartbeat(s1);
    c.settle();
    c.heartbeat(s1);
    c.settle();
    CHECK(c.commit(s3) == 11);
    CHECK_FALSE(refuses_stale(c, s3, usual_timeout).has_value());
}

TEST_CASE("a stale read is refused while the leader does not know yet what is committed") {
    auto c = steady(3, {});
    c.propose(s1);
    c.deliver(s1, {s2, s3});
    c.deliver(s2, s1);
    REQUIRE(c.commit(s1) == 2);
    c.crash(s1);
    c.lose_all();
    c.elect(s2, {s3});
    REQUIRE(c.commit(s2) == 1);
    CHECK(refuses_stale(c, s2, usual_timeout * 100) == refusal_reason::too_stale);
    c.deliver(s2, s3);
    CHECK(refuses_stale(c, s3, usual_timeout * 100) == refusal_reason::too_stale);
    c.settle();
    for (const auto id : {s2, s3}) CHECK_FALSE(refuses_stale(c, id, usual_timeout).has_value());
}

// ---------------------------------------------------------------------------- groups that sleep

namespace {

/// s4 is a learner.
cluster sleeping_group() {
    configuration members = voters_only({s1, s2, s3, s4});
    members.voters = member_set::first(3);
    settings config{};
    config.quiescence = true;
    cluster c{members, config};
    c.elect(s1);
    c.run_for(usual_timeout);
    REQUIRE_FALSE(c.deadline(s1, timer::heartbeat).has_value());
    return c;
}

bool takes_stale(cluster& c, member_id id, duration bound) {
    c.give(id, read_requested{read_consistency::stale, bound});
    return c.last_effects().rare->read.has_value();
}

}  // namespace

TEST_CASE("B45 a group that wakes takes stale reads once its leader is heard, not sooner") {
    auto c = sleeping_group();
    for (const auto id : {s2, s1, s4}) {
        c.run_for(usual_timeout * 100);
        CHECK_FALSE(takes_stale(c, id, usual_timeout));
        CHECK_FALSE(takes_stale(c, id, usual_timeout));
        c.settle();
        CHECK(takes_stale(c, id, usual_timeout));
    }
}

TEST_CASE("B45 a stale read that can be answered wakes nobody") {
    for (const auto id : {s1, s2, s4}) {
        CAPTURE(id.value);
        auto c = sleeping_group();
        CHECK(takes_stale(c, id, usual_timeout));
        CHECK(c.network().empty());
        CHECK_FALSE(c.deadline(s1, timer::heartbeat).has_value());
        CHECK_FALSE(takes_stale(c, id, {}));
        CHECK_FALSE(c.network().empty());
    }
}

TEST_CASE("B45 a leader that was deposed in its sleep takes no stale read when it wakes") {
    auto c = sleeping_group();
    c.isolate(s1);
    c.propose(s2);
    c.run_for(usual_timeout * 3);
    REQUIRE(c.leader() != s1);
    REQUIRE(c.at(s1).is_leader());
    for (int i = 0; i < 3; ++i) CHECK_FALSE(takes_stale(c, s1, usual_timeout));
    CHECK(c.safe());
}

TEST_CASE("B45 a read whose question was lost keeps the group from sleeping") {
    for (const auto id : {s2, s4}) {
        auto c = sleeping_group();
        c.give(s1, wake_requested{});
        c.settle();
        read(c, id);
        c.lose(id, s1);
        c.settle();
        CHECK(waits(c, id));
        c.run_for(usual_timeout);
        CHECK_FALSE(waits(c, id));
        CHECK_FALSE(c.last_effects().rare->reads_lost);
    }
}

TEST_CASE("B45 a learner that did not hear that all sleep wakes them, once, and sleeps with them") {
    for (const bool alone : {false, true}) {
        auto c = sleeping_group();
        c.propose(s1);
        while (count<fall_asleep>(c, s1, s4) == 0)
            c.network().empty() ? c.heartbeat(s1) : void(c.deliver_nth(0));
        c.lose(s1, s4);
        c.settle();
        REQUIRE(c.deadline(s4, timer::election).has_value());
        if (alone) c.isolate(s4);
        c.run_for(usual_timeout * 10);
        CHECK(c.deadline(s4, timer::election).has_value() == alone);
        read(c, s4);
        CHECK(c.last_effects().rare->read.has_value() != alone);
        CHECK(c.leader() == s1);
        CHECK(c.term(s1) == 1);
        CHECK(c.safe());
    }
}
