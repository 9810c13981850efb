// SPDX-License-Identifier: BSL-1.0
//
// Goal: a log without commands is known for what it is: whoever has one does not lead, answer or
// apply what it lacks, and gets the commands before it is anything that needs them. Method: a
// server that was a witness, in every way to be one, and then is a voter or a learner.
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <raft/core/membership.hpp>
#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

constexpr auto witness = member_part::witness;
constexpr auto learner = member_part::learner;

[[nodiscard]] std::optional<log_index> lacks_from(const cluster& c, member_id id) {
    return c.at(id).tasks->lacks_from;
}

/// s1 leads s2 and s3; s4 came as a witness, which has acknowledged five commands.
cluster with_witness_s4(const settings& config = {}) {
    cluster c{3, config};
    c.elect(s1);
    c.add_outsider(s4);
    c.change(s1, {{s1}, {s2}, {s3}, {s4, witness}});
    c.run_for(usual_timeout * 3);
    REQUIRE(c.at(s1).members().is_witness(s4));
    c.propose(s1, 5);
    c.run_for(usual_timeout);
    REQUIRE(c.commit(s4) == c.commit(s1));
    return c;
}

void remove_s4(cluster& c) {
    c.change(s1, {{s1}, {s2}, {s3}});
    c.run_for(usual_timeout * 2);
    REQUIRE_FALSE(c.at(s1).members().slot_of(s4));
}

/// s3 leaves, comes back as a witness beside a voter s4, and acknowledges four commands.
void bring_s3_back_as_witness(cluster& c) {
    c.change(s1, {{s1}, {s2}});
    c.run_for(usual_timeout);
    c.add_outsider(s4);
    c.change(s1, {{s1}, {s2}, {s4}});
    c.run_for(usual_timeout * 2);
    c.change(s1, {{s1}, {s2}, {s4}, {s3, witness}});
    c.run_for(usual_timeout * 2);
    c.propose(s1, 4);
    c.run_for(usual_timeout);
}

/// All of the log of `id` has its commands, and is the leader's.
[[nodiscard]] bool is_whole(const cluster& c, member_id id) {
    return !lacks_from(c, id) && !c.at(id).tasks->lost_through && c.last(id) == c.last(s1) &&
           c.commit(id) == c.commit(s1);
}

}  // namespace

TEST_CASE("F16 a witness knows from where its log lacks commands, after a restart too") {
    auto c = with_witness_s4();
    CHECK(lacks_from(c, s4) == log_index{1});
    CHECK(applicable_index(c.at(s4)) == log_index{});
    c.crash(s4);
    c.restart(s4);
    CHECK(lacks_from(c, s4) == log_index{1});
    for (const auto id : {s1, s2, s3}) CHECK_FALSE(lacks_from(c, id));
}

TEST_CASE("F16 what a log lacks is known until the last entry that lacks it is cut off") {
    const auto c = with_witness_s4();
    const auto first = *lacks_from(c, s4);
    auto s = c.at(s4);
    cut_off_log(s, first);
    CHECK(s.tasks->lacks_from == first);
    cut_off_log(s, previous(first));
    CHECK_FALSE(s.tasks->lacks_from);
}

TEST_CASE("F16 a server that was a witness gets all commands before it votes as another part") {
    for (const auto part : {member_part::voter, learner})
        for (const bool restarted : {false, true}) {
            auto c = with_witness_s4();
            remove_s4(c);
            if (restarted) {
                c.crash(s4);
                c.restart(s4);
            }
            c.change(s1, {{s1}, {s2}, {s3}, {s4, part}});
            bool early = false;
            for (int i = 0; i < 100; ++i) {
                c.run_for(milliseconds(5));
                const auto& members = c.at(s1).members();
                early = early || (members.is_voter(s4) && lacks_from(c, s4));
            }
            c.run_for(usual_timeout * 4);
            CHECK_FALSE(early);
            CHECK(is_whole(c, s4));
            CHECK(applicable_index(c.at(s4)) == c.at(s4).commit_index);
            if (part == learner) continue;
            c.give(s1, transfer_requested{s4});
            c.settle();
            CHECK(c.leader() == s4);
            CHECK(c.safe());
        }
}

TEST_CASE(
    "F16 a server that was only begun to be made a witness is one until it has the commands") {
    auto c = steady(3, {});
    c.propose(s1, 3);
    c.settle();
    c.add_outsider(s4);
    c.change(s1, {{s1}, {s2}, {s3}, {s4, witness}});
    c.deliver(s1, s4);
    c.deliver(s4, s1);
    c.deliver(s1, s4);
    c.cut(s4, s1);
    c.settle();
    c.heal();
    REQUIRE(lacks_from(c, s4) == log_index{1});
    c.change(s1, {{s1}, {s2}, {s3}});  // Taken back.
    c.run_for(usual_timeout * 3);
    REQUIRE_FALSE(c.at(s1).members().slot_of(s4));
    c.change(s1, {{s1}, {s2}, {s3}, {s4}});
    c.run_for(usual_timeout * 4);
    CHECK(is_whole(c, s4));
    CHECK(c.at(s1).members().is_voter(s4));
}

TEST_CASE("F16 a witness with a snapshot of its own gets a state before it is a voter") {
    settings config{};
    config.retained_entries = 2;
    for (const bool leader_has_snapshot : {false, true}) {
        auto c = with_witness_s4(config);
        c.take_snapshot(s4);
        REQUIRE(lacks_snapshot_state(c.at(s4)));
        if (leader_has_snapshot) c.take_snapshot(s1);
        c.crash(s4);
        c.restart(s4);
        CHECK(lacks_from(c, s4) == log_index{1});
        remove_s4(c);
        c.change(s1, {{s1}, {s2}, {s3}, {s4}});
        c.run_for(usual_timeout * 4);
        CHECK(is_whole(c, s4));
        CHECK_FALSE(lacks_snapshot_state(c.at(s4)));
        CHECK(c.at(s1).members().is_voter(s4));
        CHECK(c.safe());
    }
}

TEST_CASE("F16 a snapshot that a voter takes as a witness is dropped before it is a voter again") {
    settings config{};
    config.retained_entries = 100;  // All of the log stays before the snapshot.
    auto c = steady(3, config);
    c.propose(s1, 4);
    c.run_for(usual_timeout);
    bring_s3_back_as_witness(c);
    c.take_snapshot(s3);
    REQUIRE(lacks_snapshot_state(c.at(s3)));
    REQUIRE(c.at(s3).log.base().index < previous(*lacks_from(c, s3)));
    c.change(s1, {{s1}, {s2}, {s4}});
    c.run_for(usual_timeout);
    c.change(s1, {{s1}, {s2}, {s4}, {s3}});
    c.deliver(s1, s3);
    CHECK(c.at(s3).snapshot == snapshot_description{});
    c.run_for(usual_timeout * 4);
    CHECK(is_whole(c, s3));
    CHECK(c.safe());
}

TEST_CASE("F16 a witness that got a snapshot's description alone gets the snapshot") {
    settings config{};
    config.retained_entries = 0;
    auto c = with_witness_s4(config);
    c.isolate(s4);
    c.propose(s1, 5);
    c.settle();
    c.take_snapshot(s1);
    c.heal();
    c.run_for(usual_timeout);
    REQUIRE(c.at(s4).snapshot.last_included.index == c.at(s1).snapshot.last_included.index);
    REQUIRE(lacks_snapshot_state(c.at(s4)));
    remove_s4(c);
    c.change(s1, {{s1}, {s2}, {s3}, {s4}});
    c.run_for(usual_timeout * 4);
    CHECK(is_whole(c, s4));
    CHECK(c.at(s4).snapshot.size == 1);
}

TEST_CASE("F16 a voter that comes back as a witness keeps what it has and lacks the rest") {
    auto c = steady(3, {});
    c.propose(s1, 4);
    c.run_for(usual_timeout);
    const auto whole = c.commit(s3);
    bring_s3_back_as_witness(c);
    REQUIRE(c.commit(s3) == c.commit(s1));
    REQUIRE(lacks_from(c, s3));
    CHECK(lacks_from(c, s3)->value > whole);
    const auto before = *lacks_from(c, s3);
    CHECK(applicable_index(c.at(s3)) == previous(before));
    c.change(s1, {{s1}, {s2}, {s4}});
    c.run_for(usual_timeout);
    c.change(s1, {{s1}, {s2}, {s4}, {s3}});
    c.lose_all();
    c.inject(s1, s3, heartbeat(c.term(s1), log_start));
    REQUIRE(c.last_effects().rare->cut);
    CHECK(c.last_effects().rare->cut->last_kept.index == previous(before));
    CHECK(c.at(s3).log.last_index() == previous(before));
    CHECK(c.at(s3).tasks->lost_through);
    c.run_for(usual_timeout * 4);
    CHECK(is_whole(c, s3));
}

TEST_CASE("F16 a snapshot that ends with the first command that is missing has no state") {
    recovered_state kept;
    kept.snapshot = {position(5, 1), 0, 0};
    kept.log = log_terms{position(5, 1)};
    kept.configurations.push_back({{}, voters_only({s1, s2, s3})});
    for (const auto& [missing, known] :
         {std::pair{log_index{5}, log_index{1}}, std::pair{log_index{6}, log_index{6}}}) {
        kept.lacks_from = missing;
        CHECK(initial_state(s3, settings{}, kept, 1).tasks->lacks_from == known);
    }
}

TEST_CASE("F16 a snapshot up to the first command that is missing stays when the rest goes") {
    recovered_state kept;
    kept.vote.current_term = {1};
    kept.snapshot = {position(5, 1), 7, 0};
    kept.log = log_terms{position(5, 1)};
    kept.log.append({1}, 3);
    kept.configurations.push_back({{}, voters_only({s1, s2, s3})});
    kept.lacks_from = log_index{6};
    auto s = initial_state(s3, settings{}, kept, 1);
    effects out;
    advance(s, s1, heartbeat(1, position(5, 1)), nullptr, false, instant{}, out);
    CHECK(s.log.last() == position(5, 1));
    CHECK(s.snapshot == kept.snapshot);
    CHECK_FALSE(s.tasks->lacks_from);
}

TEST_CASE("F16 whoever lacks commands does not stand, reads nothing and takes no snapshot") {
    auto c = with_witness_s4();
    remove_s4(c);
    c.crash(s4);
    // It was told no more than that it is a voter: the commands never came.
    recovered_state kept;
    kept.vote.current_term = c.at(s4).current_term;
    kept.log = c.at(s4).log;
    kept.configurations.push_back({{}, voters_only({s1, s2, s3, s4})});
    kept.lacks_from = log_index{3};
    auto s = initial_state(s4, settings{}, kept, 1);
    s.commit_index = s.log.last_index();
    const auto fired = step(s, timer_fired{timer::election}, c.now());
    CHECK(fired.next.is_follower());
    for (const auto kind : {read_consistency::linearizable, read_consistency::stale}) {
        const auto read = step(s, read_requested{kind, usual_timeout}, c.now());
        REQUIRE(read.out.rare->refused);
        CHECK(read.out.rare->refused->reason == refusal_reason::not_leader);
        CHECK_FALSE(read.out.rare->read);
    }
    CHECK(step(s, forward_requested{1}, c.now()).out.rare->refused);
    CHECK_FALSE(may_take_snapshot(s, s.commit_index));
    CHECK(may_take_snapshot(s, {2}));
    CHECK(applicable_index(s) == log_index{2});
}

TEST_CASE("F16 what a witness promised stands while it gets the commands") {
    auto c = with_witness_s4();
    const auto promised = c.at(s4).log.last();
    remove_s4(c);
    c.change(s1, {{s1}, {s2}, {s3}, {s4}});
    c.deliver(s1, s4);
    REQUIRE(c.at(s4).tasks->lost_through);
    CHECK(at_least_as_up_to_date(*c.at(s4).tasks->lost_through, promised));
    c.let_time_pass(usual_timeout * 3);
    c.inject(s3, s4, ask(9, position(promised.index.value - 1, promised.term.value)));
    CHECK_FALSE(granted(c, s4, s3));
}

TEST_CASE("F16 a crash while the part without commands goes leaves the server lacking them") {
    auto c = with_witness_s4();
    remove_s4(c);
    c.change(s1, {{s1}, {s2}, {s3}, {s4}});
    c.hold_disk(s4);
    c.deliver(s1, s4);
    CHECK_FALSE(lacks_from(c, s4));
    c.crash(s4);
    c.restart(s4);
    CHECK(lacks_from(c, s4) == log_index{1});
    c.run_for(usual_timeout * 4);
    CHECK(is_whole(c, s4));
}
