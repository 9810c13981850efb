// SPDX-License-Identifier: BSL-1.0
//
// Goal: a read at any server sees what was committed before it, and a leader answers by its lease
// only while nobody else can lead. Method: the scenarios of the list that need followers' reads and
// leases, with clocks that run apart, leaders that are cut off, and disks that hang.
#include <cstdint>
#include <optional>
#include <utility>

#include <doctest/doctest.h>

#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

constexpr settings with_leases(std::uint16_t drift_ppm = 100) {
    settings config{};
    config.clock_drift_ppm = drift_ppm;
    return config;
}

/// Asks `id` for a read under its lease.
std::optional<accepted_read> lease_read(cluster& c, member_id id) {
    c.give(id, read_requested{read_consistency::lease});
    return c.last_effects().rare->read;
}

/// Whether `id` answers a read by its lease: at once, and without a word to anybody.
bool answers_by_lease(cluster& c, member_id id) {
    const auto messages = c.network().size();
    const auto read = lease_read(c, id);
    return read && read->round == read_round{} && c.network().size() == messages;
}

}  // namespace

// -------------------------------------------------------------------------------- followers' reads

TEST_CASE("S96 the read of a follower waits for a majority that its leader asked after it") {
    auto c = steady(3);
    for (int i = 0; i < 6; ++i) {
        c.propose(s1, 10);
        c.settle();
        c.give(s2, read_requested{});
        REQUIRE(c.last_effects().rare->read.has_value());
        const auto asked = c.last_effects().rare->read->round;
        CHECK(count<request_read_index>(c, s2, s1) == 1);
        c.deliver(s2, s1);
        const auto reply = newest<read_index_reply>(c, s1, s2);
        REQUIRE(reply.has_value());
        CHECK(reply->index.value >= c.commit(s1));
        CHECK(count<append_entries>(c, s1, s3) == 1);
        c.lose(s1, s3);
        c.deliver(s1, s2);  // The round, and the answer: but the round is not confirmed yet.
        CHECK_FALSE(c.last_effects().rare->confirmed.has_value());
        c.deliver(s2, s1);
        while (count<round_confirmed>(c, s1, s2) > 0) c.deliver_one(s1, s2);
        REQUIRE(c.last_effects().rare->confirmed.has_value());
        CHECK(c.last_effects().rare->confirmed->round == asked);
        CHECK(c.last_effects().rare->confirmed->index.value >= c.commit(s1));
        c.settle();
    }
    CHECK(c.safe());
}

TEST_CASE("S96 B38 a follower that loses its leader serves none of the reads that wait") {
    auto c = steady(3);
    c.isolate(s1);
    c.give(s2, read_requested{});
    REQUIRE(c.last_effects().rare->read.has_value());
    c.settle();
    c.time_out(s2);
    CHECK(c.last_effects().rare->reads_lost);
    CHECK_FALSE(c.last_effects().rare->confirmed.has_value());
    c.give(s2, read_requested{});
    CHECK(c.last_effects().rare->refused == refusal{refusal_reason::not_leader, std::nullopt});
}

TEST_CASE("S96 B38 a deposed leader confirms no follower's read, however often it is asked") {
    auto c = steady(5);
    c.partition({s1, s2});
    c.elect(s3);
    c.propose(s3);
    c.settle();
    c.give(s2, read_requested{});
    for (int i = 0; i < 5; ++i) {
        c.heartbeat(s1);
        c.settle();
        CHECK_FALSE(c.last_effects().rare->confirmed.has_value());
    }
    CHECK(c.safe());
}

TEST_CASE("S96 a witness serves no read, it has no data, and says who leads") {
    auto members = voters_only({s1, s2, s3});
    members.witnesses = member_set::of(slot{2});
    cluster c{members, with_leases()};
    c.elect(s1);
    c.heartbeat(s1);
    c.settle();
    const auto before = c.at(s3);
    for (const auto kind :
         {read_consistency::linearizable, read_consistency::lease, read_consistency::stale}) {
        c.give(s3, read_requested{kind, usual_timeout});
        CHECK_FALSE(c.last_effects().rare->read.has_value());
        CHECK(c.last_effects().rare->refused == refusal{refusal_reason::not_leader, s1});
    }
    CHECK(c.at(s3) == before);
    CHECK(c.network().empty());
}

// ------------------------------------------------------------------------------------------ leases

TEST_CASE("S100 without a bound of the clocks, or the check of the quorum, there are no leases") {
    auto no_check = with_leases();
    no_check.check_quorum = false;
    for (const auto& config : {settings{}, no_check}) {
        auto c = steady(3, config);
        for (const auto id : {s1, s2}) {
            const auto before = c.at(id);
            CHECK_FALSE(lease_read(c, id).has_value());
            CHECK(c.last_effects().rare->refused == refusal{refusal_reason::no_lease, s1});
            CHECK(c.at(id) == before);
        }
    }
}

TEST_CASE("S100 a leader answers at once while its lease lasts, after that it asks a majority") {
    auto c = steady(3, with_leases());
    c.heartbeat(s1);
    const auto began = c.now();
    c.settle();
    CHECK(answers_by_lease(c, s1));
    const auto length = core::lease_length(c.at(s1));
    CHECK(length < usual_timeout);
    c.let_time_pass(began + length - c.now() + duration{-1});
    CHECK(answers_by_lease(c, s1));
    c.let_time_pass(duration{1});
    CHECK_FALSE(answers_by_lease(c, s1));
    CHECK(count<append_entries>(c, s1, s2) == 1);
    c.settle();  // A majority has answered: that is a new lease.
    CHECK(answers_by_lease(c, s1));
}

TEST_CASE("S100 a lease counts from when a round began, not from when it was answered") {
    auto c = steady(3, with_leases());
    c.let_time_pass(usual_timeout + duration{-1});
    c.heartbeat(s1);
    c.deliver(s1, s2);
    c.let_time_pass(usual_timeout + duration{-1});
    c.deliver(s2, s1);
    REQUIRE(c.at(s1).is_leader());
    CHECK_FALSE(answers_by_lease(c, s1));
}

TEST_CASE("S100 a lease ends before the follower's patience, by clocks that run apart") {
    for (const std::int64_t nanoseconds : {900'000, 1'000'000, 300'000'000, 300'999'999})
        for (const std::uint16_t drift :
             std::initializer_list<std::uint16_t>{0, 1, 100, 10'000, 65'535}) {
            CAPTURE(nanoseconds);
            CAPTURE(drift);
            auto config = with_leases(drift);
            config.election_timeout = {nanoseconds};
            const auto s = initial_state(s1, config, {}, 1);
            // True times at which the slowest leader's lease ends, and the fastest follower is free
            // to elect another.
            const auto part = static_cast<long double>(drift) / 1'000'000;
            const auto lease_ends =
                static_cast<long double>(core::lease_length(s).nanoseconds) / (1 - part);
            const auto follower_free = static_cast<long double>(nanoseconds) / (1 + part);
            CHECK(lease_ends < follower_free);
        }
}

TEST_CASE("S100 a leader that hands over answers no read by its lease") {
    auto c = steady(3, with_leases());
    c.heartbeat(s1);
    c.settle();
    REQUIRE(answers_by_lease(c, s1));
    c.isolate(s2);
    c.propose(s1);
    c.give(s1, transfer_requested{s2});
    REQUIRE_FALSE(c.last_effects().rare->refused.has_value());
    CHECK_FALSE(answers_by_lease(c, s1));
}

TEST_CASE("S100 a leader that told another to stand answers none either, though it goes on") {
    auto c = steady(3, with_leases());
    c.give(s1, transfer_requested{s2});
    REQUIRE(count<timeout_now>(c, s1, s2) == 1);  // It is late, and comes yet.
    const auto late = c.network().front();
    c.lose_all();
    for (int i = 0; i < 3; ++i) {
        c.let_time_pass(duration{usual_timeout.nanoseconds / 2});
        c.heartbeat(s1);
        c.settle();
    }
    REQUIRE(c.at(s1).is_leader());
    CHECK_FALSE(answers_by_lease(c, s1));
    c.propose(s1);
    c.settle();  // s2 has an entry more now, and cannot stand on that message any longer.
    c.heartbeat(s1);
    c.settle();
    CHECK(answers_by_lease(c, s1));
    c.give(s2, late.what);
    CHECK(c.at(s2).is_follower());
}

TEST_CASE("B34 a lease ends before another can lead, though no timer of its holder fires") {
    for (const auto id : {s1, s2, s3}) {
        cluster c{3, with_leases(0)};
        c.elect(id);
        c.heartbeat(id);
        c.settle();
        REQUIRE(answers_by_lease(c, id));
        c.isolate(id);
        bool elected = false;
        for (int i = 0; i < 2000 && !elected; ++i) {
            c.let_time_pass(milliseconds(1));
            for (const auto other : {s1, s2, s3})
                if (other != id && c.deadline(other, timer::election) <= c.now())
                    c.fire(other, timer::election);
            c.settle();
            elected = c.leader() != id;
        }
        CHECK(elected);
        REQUIRE(c.at(id).is_leader());
        CHECK_FALSE(answers_by_lease(c, id));
        c.heartbeat(*c.leader());
        c.settle();
        CHECK(answers_by_lease(c, *c.leader()));
        CHECK(c.safe());
    }
}

TEST_CASE("B34 a server that was restarted keeps the promise that a lease rests on") {
    auto c = steady(3, with_leases());
    c.heartbeat(s1);
    c.settle();
    c.isolate(s1);
    c.crash(s2);
    c.restart(s2);
    c.fire(s3, timer::election);
    c.deliver(s3, s2);
    CHECK(c.network().empty());  // It does not answer who would be leader.
    c.inject(s3, s2, ask(9, position(9, 8)));
    CHECK_FALSE(granted(c, s2, s3));
    CHECK(answers_by_lease(c, s1));
    c.let_time_pass(usual_timeout);
    c.inject(s3, s2, ask(9, position(9, 8)));
    CHECK(granted(c, s2, s3));
    CHECK_FALSE(answers_by_lease(c, s1));
}

TEST_CASE("B37 a leader whose disk hangs answers no read by its lease, though it is heard") {
    auto c = steady(3, with_leases());
    c.hold_disk(s1);
    c.propose(s1);
    c.settle();
    c.run_for(usual_timeout + settings{}.heartbeat_interval);
    if (c.at(s1).is_leader()) CHECK_FALSE(answers_by_lease(c, s1));
    c.run_for(usual_timeout * 3);
    REQUIRE(c.leader().has_value());
    CHECK(c.leader() != s1);
    CHECK(answers_by_lease(c, *c.leader()));
}
