// SPDX-License-Identifier: BSL-1.0
//
// Goal: a server whose disk has lost entries that it had acknowledged helps nobody to be elected
// who lacks them, does not stand itself, gets them back, and is then as it was. Method: figures of
// three servers, one of whose logs is damaged while it is down.
#include <cstdint>

#include <doctest/doctest.h>

#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

/// s1 leads, and has committed an entry with s2 that s3 has not; then s2 loses all after the first
/// entry.
cluster damaged_at_s2(const settings& config = plain()) {
    auto c = steady(3, config);
    c.cut(s1, s3);
    c.propose(s1);
    c.settle();
    c.heartbeat(s1);
    c.settle();
    REQUIRE(c.commit(s1) == 2);
    REQUIRE(c.last(s2) == 2);
    REQUIRE(c.last(s3) == 1);
    c.crash(s2);
    c.damage_log_after(s2, {1});
    c.restart(s2);
    REQUIRE(c.last(s2) == 1);
    return c;
}

bool is_missing_entries(const cluster& c, member_id id) {
    return c.at(id).tasks->lost_through.has_value();
}

}  // namespace

TEST_CASE("a server that lost an entry elects nobody without it") {
    auto c = damaged_at_s2();
    c.isolate(s1);
    c.time_out(s3);
    c.settle();
    CHECK(c.at(s3).is_candidate());
    CHECK(c.term(s2) == 2);
    c.time_out(s3);
    c.settle();
    CHECK(c.leader() == s1);
    CHECK(c.safe());
}

TEST_CASE("a server that lost an entry gives its pre-vote to nobody without it") {
    auto c = damaged_at_s2(settings{});
    c.isolate(s1);
    c.let_time_pass(settings{}.election_timeout * 3);
    c.time_out(s3);
    c.settle();
    CHECK(c.term(s3) == 1);
    CHECK(c.at(s3).is_candidate());
}

TEST_CASE("a server that lost an entry elects who has it") {
    auto c = damaged_at_s2();
    c.isolate(s3);
    c.time_out(s1);  // A leader waits for nothing.
    c.crash(s1);
    c.restart(s1);
    c.time_out(s1);
    c.settle();
    CHECK(c.leader() == s1);
    CHECK(c.log(s2) == std::vector<std::uint64_t>{1, 1, 2});
    CHECK_FALSE(is_missing_entries(c, s2));
    CHECK(c.safe());
}

TEST_CASE("a server that lost an entry does not stand, whoever wants it to") {
    auto c = damaged_at_s2();
    c.isolate(s1);
    c.time_out(s2);
    CHECK(c.at(s2).is_follower());
    CHECK(c.term(s2) == 1);
    c.inject(s1, s2, heartbeat(1, position(1, 1)));
    c.inject(s1, s2, timeout_now{{1}, {1}});
    CHECK(c.at(s2).is_follower());
    CHECK(is_missing_entries(c, s2));
}

TEST_CASE("a leader that counts on lost entries hears so, brings them again, and commits on") {
    auto c = damaged_at_s2();
    CHECK(progress_of(c, s1, s2).match_index == log_index{2});
    c.heartbeat(s1);
    c.deliver(s1, s2);
    const auto rejection = newest<append_entries_rejection>(c, s2, s1);
    REQUIRE(rejection.has_value());
    CHECK(rejection->lost);
    c.deliver(s2, s1);
    CHECK(progress_of(c, s1, s2).match_index == log_index{});
    CHECK(c.commit(s1) == 2);
    c.settle();
    CHECK(c.last(s2) == 2);
    CHECK(progress_of(c, s1, s2).match_index == log_index{2});
    CHECK_FALSE(is_missing_entries(c, s2));
    c.propose(s1);
    c.settle();
    CHECK(c.commit(s1) == 3);

    // It stands, and leads, as if nothing had been.
    c.heal();
    c.crash(s1);
    c.time_out(s2);
    c.settle();
    CHECK(c.leader() == s2);
    CHECK(c.safe());
}

TEST_CASE("a rejection below match_index without a loss is a late one") {
    auto c = damaged_at_s2();
    c.inject(s2, s1, reject(1, 2, position(1, 1)));
    CHECK(progress_of(c, s1, s2).match_index == log_index{2});
    CHECK(count<append_entries>(c, s1, s2) == 0);
}

TEST_CASE("a late word of a loss costs a round trip") {
    auto c = damaged_at_s2();
    c.heartbeat(s1);
    c.settle();
    REQUIRE(progress_of(c, s1, s2).match_index == log_index{2});
    c.inject(s2, s1, append_entries_rejection{{1}, {2}, position(1, 1), {}, true});
    CHECK(progress_of(c, s1, s2).match_index == log_index{});
    c.settle();
    c.heartbeat(s1);
    c.settle();
    CHECK(progress_of(c, s1, s2).match_index == log_index{2});
    CHECK(c.safe());
}

TEST_CASE("what was lost is not here again before it is durable") {
    auto c = damaged_at_s2();
    c.hold_disk(s2);
    c.heartbeat(s1);
    c.settle();
    CHECK(c.last(s2) == 2);
    CHECK(is_missing_entries(c, s2));
    c.heartbeat(s1);
    c.settle();
    CHECK(is_missing_entries(c, s2));
    c.persist(s2);
    CHECK_FALSE(is_missing_entries(c, s2));
    CHECK(c.last_effects().rare->lost_regained);
}

TEST_CASE("a crash on the way back changes nothing") {
    auto c = damaged_at_s2();
    c.hold_disk(s2);
    c.heartbeat(s1);
    c.settle();
    c.crash(s2);
    c.restart(s2);
    CHECK(c.last(s2) == 1);
    CHECK(is_missing_entries(c, s2));

    // Durable, but not known to be the leader's.
    c.heartbeat(s1);
    c.deliver(s1, s2);
    c.deliver(s2, s1);
    c.hold_disk(s2);
    c.deliver(s1, s2);
    c.persist(s2);
    CHECK_FALSE(is_missing_entries(c, s2));
    c.crash(s2);
    c.restart(s2);
    CHECK(c.last(s2) == 2);
    CHECK_FALSE(is_missing_entries(c, s2));
}

TEST_CASE("what no leader has seen to be its own makes up for nothing") {
    // The log was cut back to an older term's when it was lost: what is left only looks longer.
    cluster c{3, plain()};
    c.place(s2, {4}, {1, 1, 3, 3});
    c.damage_log_after(s2, {4});
    c.restart(s2);
    CHECK(c.at(s2).tasks->lost_through == position(4, 3));
    c.inject(s1, s2, heartbeat(4, position(2, 1)));
    CHECK(is_missing_entries(c, s2));
    c.inject(s1, s2, heartbeat(4, position(4, 3)));
    CHECK_FALSE(is_missing_entries(c, s2));
}

TEST_CASE("a later leader's first entry makes up for what was lost and never committed") {
    auto c = steady(3);
    c.cut(s1, s3);
    c.cut(s2, s1);
    c.propose(s1);
    c.settle();  // s2 has the second entry, and nobody knows.
    REQUIRE(c.last(s2) == 2);
    REQUIRE(c.commit(s1) == 1);
    c.crash(s1);
    c.crash(s2);
    c.damage_log_after(s2, {1});
    c.heal();
    c.restart(s1);
    c.time_out(s3);
    c.settle();
    REQUIRE_FALSE(c.leader() == s3);  // Nobody votes for it: s1 has more.
    c.crash(s1);
    c.restart(s2);
    c.time_out(s3);
    c.settle();
    CHECK(c.leader() != s3);  // Though s2 has no more than it.
    c.restart(s1);
    c.time_out(s1);
    c.settle();
    CHECK(c.leader() == s1);
    CHECK_FALSE(is_missing_entries(c, s2));
    CHECK(c.log(s2) == c.log(s1));
    CHECK(c.safe());
}

TEST_CASE("a snapshot beyond what was lost makes up for it") {
    auto config = plain();
    config.retained_entries = 0;
    auto c = damaged_at_s2(config);
    c.take_snapshot(s1);
    c.heartbeat(s1);
    c.settle();
    CHECK(c.at(s2).snapshot.last_included == position(2, 1));
    CHECK_FALSE(is_missing_entries(c, s2));
    CHECK(progress_of(c, s1, s2).match_index == log_index{2});
    CHECK(c.safe());
}

TEST_CASE(
    "a snapshot that ends with the last index lost makes up for it, whatever term it was of") {
    for (const std::uint64_t covered : {6U, 7U, 8U}) {
        CAPTURE(covered);
        recovered_state kept;
        kept.vote.current_term = {4};
        kept.snapshot.last_included = position(covered, 2);
        kept.log = log_terms{position(covered, 2)};
        kept.configurations.push_back({{}, voters_only({s1, s2, s3})});
        kept.lost_through = position(7, 3);
        const auto heard = step(initial_state(s2, plain(), kept, 1),
                                received{s1, heartbeat(4, position(covered, 2)), {}}, {});
        CHECK(heard.next.tasks->lost_through.has_value() == (covered < 7));
    }
}

TEST_CASE("all that a server had is lost, and comes back") {
    auto c = damaged_at_s2();
    c.crash(s2);
    c.damage_log_after(s2, {0});
    c.restart(s2);
    CHECK(c.last(s2) == 0);
    CHECK(c.at(s2).tasks->lost_through == position(2, 1));
    c.heartbeat(s1);
    c.settle();
    CHECK(c.last(s2) == 2);
    CHECK_FALSE(is_missing_entries(c, s2));
    CHECK(c.safe());
}

TEST_CASE("a read of a server that lost entries sees what was committed") {
    auto c = damaged_at_s2();
    c.heartbeat(s1);
    c.give(s2, read_requested{});
    c.settle();
    c.heartbeat(s1);
    c.settle();
    CHECK(c.commit(s2) == 2);
    CHECK(c.safe());
}

TEST_CASE("a membership known only from lost entries elects nobody") {
    // s2 alone was the cluster; then s1 and s3 came to it. It has lost that, and takes itself for
    // the whole.
    cluster c{voters_only({s2}), plain()};
    c.add_outsider(s1);
    c.add_outsider(s3);
    c.elect(s2);
    c.change(s2, {{s1, member_part::voter}, {s2, member_part::voter}, {s3, member_part::voter}});
    c.settle();
    c.run_for(milliseconds(2000));
    REQUIRE(c.at(s2).members().members.size() == 3);
    const auto end = c.last(s2);
    c.crash(s2);
    c.damage_log_after(s2, {1});
    c.restart(s2);
    REQUIRE(c.at(s2).members().members.size() == 1);
    c.time_out(s2);
    c.settle();
    CHECK(c.at(s2).is_follower());
    c.run_for(milliseconds(2000));
    REQUIRE(c.leader().has_value());
    CHECK(c.leader() != s2);
    CHECK(c.last(s2) > end);
    CHECK(c.at(s2).members().members.size() == 3);
    CHECK_FALSE(is_missing_entries(c, s2));
    CHECK(c.safe());
}
