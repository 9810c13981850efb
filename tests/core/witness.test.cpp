// SPDX-License-Identifier: BSL-1.0
//
// Goal: a witness votes and acknowledges, holds no data, never leads, and no entry that was
// committed with its help is ever lost. Method: three servers, of which s3 is a witness, lose one
// after the other of the two that hold the data.
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include <raft/core/membership.hpp>
#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

[[nodiscard]] constexpr configuration with_witness_s3() {
    auto members = voters_only({s1, s2, s3});
    members.witnesses = member_set::of(slot{2});
    return members;
}

[[nodiscard]] constexpr cluster led_by_s1(const settings& config = {}) {
    cluster c{with_witness_s3(), config};
    c.elect(s1);
    c.heartbeat(s1);
    c.settle();
    return c;
}

/// With its witness alone s1 commits what s2 does not get; then s1 is away and s2 is back.
[[nodiscard]] constexpr bool no_entry_is_lost_with_the_server_that_holds_it() {
    auto c = led_by_s1();
    c.crash(s2);
    c.propose(s1, 3);
    c.settle();
    const bool committed = c.commit(s1) == 4;
    c.crash(s1);
    c.restart(s2);
    for (int i = 0; i < 2; ++i) {
        c.time_out(s2);
        c.settle();
    }
    const bool waited = !c.leader();
    c.restart(s1);
    c.elect(s1);
    c.heartbeat(s1);
    c.settle();
    return committed && waited && c.commit(s2) == 5 && c.safe();
}

/// A witness and the server that has everything go on, whichever was away.
[[nodiscard]] constexpr bool a_witness_and_one_server_go_on() {
    auto c = led_by_s1();
    c.propose(s1, 3);
    c.settle();
    c.crash(s1);
    c.run_for(usual_timeout * 5);
    const bool led = c.leader() == s2;
    c.propose(s2, 2);
    c.settle();
    return led && c.commit(s2) == c.last(s2) && c.commit(s2) >= 7 && c.safe();
}

}  // namespace

static_assert(no_entry_is_lost_with_the_server_that_holds_it());
static_assert(a_witness_and_one_server_go_on());

TEST_CASE("a witness keeps what it helped to commit from being lost") {
    CHECK(no_entry_is_lost_with_the_server_that_holds_it());
    CHECK(a_witness_and_one_server_go_on());
}

TEST_CASE("a witness never stands for election, told to or not, first of a cluster or not") {
    for (const bool pre_vote : {false, true}) {
        settings config{};
        config.pre_vote = pre_vote;
        config.first_election_at_once = true;
        auto members = voters_only({s1, s2, s3});
        members.witnesses = member_set::of(slot{0});
        cluster c{members, config};
        c.elect(s2);
        c.heartbeat(s2);
        c.settle();
        c.inject(s2, s1, timeout_now{c.at(s1).current_term, c.at(s1).log.last_index()});
        CHECK(c.at(s1).is_follower());
        CHECK(c.network().empty());
        const auto before = c.at(s2);
        c.give(s2, transfer_requested{s1});
        CHECK(c.last_effects().rare->refused == refusal{refusal_reason::cannot_lead, s2});
        CHECK(c.at(s2) == before);
        c.crash(s2);
        c.crash(s3);
        for (int i = 0; i < 5; ++i) c.time_out(s1);
        CHECK(c.at(s1).is_follower());
        CHECK(c.term(s1) == 1);
        CHECK(c.network().empty());
    }
}

TEST_CASE("a witness that is behind gets the description of the snapshot alone, and goes on") {
    settings config{};
    config.retained_entries = 0;
    for (const bool restarted : {false, true}) {
        auto c = led_by_s1(config);
        c.isolate(s3);
        c.propose(s1, 5);
        c.settle();
        c.take_snapshot(s1);
        c.heal();
        c.cut(s1, s2);
        c.heartbeat(s1);
        while (!newest<install_snapshot>(c, s1, s3)) c.deliver_nth(0);
        CHECK(newest<install_snapshot>(c, s1, s3)->size == 0);
        c.settle();
        CHECK(c.at(s3).snapshot.last_included.index == log_index{6});
        if (restarted) {
            c.crash(s3);
            c.restart(s3);
            c.heartbeat(s1);
            c.settle();
        }
        c.propose(s1);
        c.settle();
        CHECK(c.commit(s1) == 7);
        c.take_snapshot(s3);
        CHECK(c.at(s3).log.base().index == c.at(s3).commit_index);
        c.heal();
        c.run_for(usual_timeout);
        CHECK(c.commit(s2) == 7);
        CHECK(c.safe());
    }
}

TEST_CASE("a witness that was restarted still refuses its vote to who lacks what it acknowledged") {
    auto c = led_by_s1();
    c.isolate(s2);
    c.propose(s1);
    c.settle();
    REQUIRE(c.commit(s1) == 2);
    c.crash(s1);
    c.crash(s3);
    c.restart(s3);
    c.let_time_pass(usual_timeout * 2);
    c.inject(s2, s3, ask(9, position(1, 1)));
    CHECK_FALSE(granted(c, s3, s2));
    c.inject(s1, s3, ask(10, position(2, 1)));
    CHECK(granted(c, s3, s1));
}

TEST_CASE("in every majority of every valid configuration there is a server with the data") {
    for (std::uint32_t voters = 1; voters < 128; ++voters)
        for (std::uint32_t witnesses = 0; witnesses < 128; ++witnesses) {
            const auto all = member_set::from_bits(voters);
            if ((witnesses & ~voters) != 0 || !hold_data(all, member_set::from_bits(witnesses)))
                continue;
            for (std::uint32_t some = 1; some < 128; ++some)
                if ((some & ~voters) == 0 &&
                    is_quorum({.members = {}, .voters = all}, member_set::from_bits(some)))
                    REQUIRE((some & ~witnesses) != 0);
        }
}

TEST_CASE("too many witnesses are refused, and so is another part for who is or was none") {
    auto c = led_by_s1();
    c.add_outsider(s4);
    constexpr auto witness = member_part::witness;
    const std::vector<member> wrong[] = {
        {{s3, witness}},
        {{s1}, {s3, witness}},
        {{s1}, {s2}, {s3, witness}, {s4, witness}},
        {{s1}, {s2}, {s3}},
        {{s1}, {s2}, {s3, member_part::learner}},
        {{s1}, {s2, witness}, {s3, witness}},
        {{s1}, {s2, witness}, {s4}},
    };
    for (const auto& each : wrong) {
        const auto before = c.at(s1);
        c.change(s1, each);
        CHECK(c.last_effects().rare->refused == refusal{refusal_reason::invalid_configuration, s1});
        CHECK(c.at(s1) == before);
    }
}

TEST_CASE("a witness is replaced by another, by a full server, and leaves") {
    constexpr auto witness = member_part::witness;
    const std::vector<member> wanted[] = {
        {{s1}, {s2}, {s4, witness}},
        {{s1}, {s2}, {s4}},
        {{s1}, {s2}},
        {{s1}},
    };
    for (const auto& each : wanted) {
        auto c = led_by_s1();
        c.add_outsider(s4);
        c.change(s1, each);
        c.run_for(usual_timeout * 3);
        CHECK(membership_of(c.at(s1).members()) == each);
        c.propose(s1);
        c.settle();
        CHECK(c.commit(s1) == c.last(s1));
        for (std::uint64_t id = 1; id <= 4; ++id)
            CHECK(c.at(s1).members().is_witness({id}) ==
                  (each.size() == 3 && id == 4 && each[2].part == witness));
        CHECK(c.safe());
    }
}
