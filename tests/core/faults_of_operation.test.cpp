// SPDX-License-Identifier: BSL-1.0
//
// Goal: what an operator, a disk or a network ordinarily does never stops a majority that lives.
// Method: each fault that was found from outside, by its number, as a story of a few servers.
#include <cstdint>
#include <optional>
#include <vector>

#include <doctest/doctest.h>

#include <support/messages.hpp>
#include <support/slow_disks.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

/// Three servers, of which s1 leads and s3 has just died.
cluster two_of_three() {
    auto c = steady(3, {});
    c.run_for(usual_timeout);
    REQUIRE(c.leader() == s1);
    c.crash(s3);
    return c;
}

/// s1 is a learner of a group whose three voters sleep, and has just started.
cluster with_sleeping_voters() {
    settings config{};
    config.quiescence = true;
    auto members = voters_only({s1, s2, s3, s4});
    members.voters.erase(slot{3});
    cluster c{members, config};
    c.elect(s1);
    c.run_for(usual_timeout * 4);
    REQUIRE(c.at(s1).is_leader());
    REQUIRE_FALSE(c.deadline(s1, timer::heartbeat));
    REQUIRE_FALSE(c.deadline(s2, timer::election));
    return c;
}

[[nodiscard]] std::optional<refusal_reason> refused(const cluster& c) {
    const auto& refusal = c.last_effects().rare->refused;
    return refusal ? std::optional{refusal->reason} : std::nullopt;
}

}  // namespace

// ------------------------------------------------------------------------------------- slow disks

TEST_CASE(
    "F7 disks slower than two election timeouts still elect a leader, which stays and writes") {
    for (const std::int64_t flush : {200, 350, 700, 2000, 3000}) {
        CAPTURE(flush);
        settings config{};
        config.election_timeout = milliseconds(300);
        config.heartbeat_interval = milliseconds(60);
        slow_disks s{cluster{3, config}, milliseconds(flush)};
        REQUIRE(s.run_until([&] { return s.servers.leader().has_value(); }, milliseconds(60'000)));
        s.run_for(milliseconds(20'000));
        const auto leader = *s.servers.leader();
        const auto term = s.servers.term(leader);
        std::uint64_t written = 0;
        for (int i = 0; i < 5; ++i) {
            s.servers.propose(leader);
            const auto last = s.servers.last(leader);
            written +=
                s.run_until([&] { return s.servers.commit(leader) >= last; }, milliseconds(20'000));
        }
        CHECK(written == 5);
        CHECK(s.servers.leader() == leader);
        CHECK(s.servers.term(leader) == term);
        CHECK(s.servers.safe());
    }
}

TEST_CASE("F7 disks that become slow under a leader cost no election") {
    slow_disks s{steady(3, {}), milliseconds(1)};
    for (const std::int64_t flush : {200, 350, 700, 2000}) {
        s.flush = milliseconds(flush);
        for (int i = 0; i < 10; ++i) {
            s.servers.propose(s1);
            s.run_for(milliseconds(500));
        }
    }
    CHECK(s.servers.leader() == s1);
    CHECK(s.servers.term(s1) == 1);
}

TEST_CASE("F7 a candidate whose own vote is not durable begins no other election") {
    cluster c{3, settings{}};
    c.hold_disk(s1);
    c.time_out(s1);
    c.deliver(s1, {s2, s3});
    c.deliver(s2, s1);
    REQUIRE(c.at(s1).is_candidate());
    REQUIRE(c.term(s1) == 1);
    for (int i = 0; i < 5; ++i) c.time_out(s1);
    CHECK(c.term(s1) == 1);
    c.release_disk(s1);
    c.settle();
    CHECK(c.at(s1).is_leader());
}

TEST_CASE("F7 after each election in vain a candidate waits longer, up to a bound") {
    auto config = plain();
    cluster c{3, config};
    c.isolate(s1);
    for (int i = 0; i < 8; ++i) {
        c.time_out(s1);
        const auto wait = *c.deadline(s1, timer::election) - c.now();
        const auto factor = std::int64_t{1} << (i < 3 ? i : 3);
        CHECK(wait >= usual_timeout * factor);
        CHECK(wait < usual_timeout * (factor * 2));
    }
}

// ---------------------------------------------------------------------------------- live majority

TEST_CASE(
    "F11 a change that would leave no live majority is refused and leaves nothing in the log") {
    auto c = two_of_three();
    const auto last = c.last(s1);
    const std::vector<std::vector<member>> wanted{
        {{s1}, {s3}},
        {{s1}, {s3}, {s2, member_part::learner}},
        {{s3}},
    };
    for (const auto& each : wanted) {
        c.ask_to_change(s1, each);
        CHECK_FALSE(refused(c));
        std::optional<refusal> answer;
        for (int i = 0; i < 30 && !answer; ++i) {
            c.let_time_pass(settings{}.heartbeat_interval);
            c.heartbeat(s1);
            answer = c.last_effects().rare->change_refused;
            c.settle();
        }
        REQUIRE(answer);
        CHECK(answer->reason == refusal_reason::no_live_majority);
        CHECK(c.last(s1) == last);
        CHECK(c.at(s1).is_leader());
    }
    c.propose(s1);
    c.settle();
    CHECK(c.commit(s1) == last + 1);
}

TEST_CASE("F11 a majority that does not live has an election timeout to answer") {
    auto c = two_of_three();
    REQUIRE(usual_timeout == milliseconds(1000));
    c.ask_to_change(s1, {{s1}, {s3}});
    c.settle();
    c.let_time_pass(milliseconds(999));
    c.heartbeat(s1);
    CHECK_FALSE(c.last_effects().rare->change_refused);
    c.settle();
    c.let_time_pass(milliseconds(1));
    c.heartbeat(s1);
    CHECK(c.last_effects().rare->change_refused);
}

TEST_CASE("F11 what was heard before the request proves nobody alive") {
    auto c = steady(3, {});
    c.run_for(usual_timeout);
    c.heartbeat(s1);
    c.settle();
    c.crash(s3);  // It answered a moment ago.
    c.ask_to_change(s1, {{s1}, {s3}});
    c.settle();
    CHECK(c.at(s1).members().members.size() == 3);
}

TEST_CASE("F11 a change that leaves a live majority takes one round and begins") {
    auto c = two_of_three();
    c.ask_to_change(s1, {{s1}, {s2}});
    CHECK_FALSE(refused(c));
    c.run_for(settings{}.heartbeat_interval * 3);
    CHECK(c.at(s1).members() == voters_only({s1, s2}));
    CHECK(c.commit(s1) == c.last(s1));
}

TEST_CASE("F11 in a joint change both halves must live") {
    auto c = steady(5, {});
    c.run_for(usual_timeout);
    c.crash(s4);
    c.crash(s5);
    c.ask_to_change(s1, {{s1}, {s4}, {s5}});
    c.run_for(usual_timeout * 3);
    CHECK(c.at(s1).members() == voters_only({s1, s2, s3, s4, s5}));
    CHECK(c.at(s1).is_leader());
    c.ask_to_change(s1, {{s1}, {s2}, {s4}});
    c.run_for(usual_timeout * 3);
    CHECK(c.at(s1).members().all_voters().size() == 3);
    CHECK(c.commit(s1) == c.last(s1));
}

TEST_CASE("F11 a new voter that dies once it has caught up is not waited for") {
    auto c = steady(3, {});
    c.add_outsider(s4);
    c.crash(s3);
    c.ask_to_change(s1, {{s1}, {s3}, {s4}});
    c.settle();
    c.crash(s4);
    c.run_for(usual_timeout * 30);
    CHECK(c.at(s1).is_leader());
    CHECK(c.at(s1).members() == voters_only({s1, s2, s3}));
}

TEST_CASE("F11 a change that is forced begins at once") {
    auto c = two_of_three();
    c.change(s1, {{s1}, {s3}});
    CHECK(c.at(s1).members() == voters_only({s1, s3}));
}

TEST_CASE("F11 leadership that is lost while a change waits refuses it") {
    auto c = two_of_three();
    c.ask_to_change(s1, {{s1}, {s3}});
    c.give(s1, step_down_requested{});
    REQUIRE(c.last_effects().rare->change_refused);
    CHECK(c.last_effects().rare->change_refused->reason == refusal_reason::leadership_lost);
}

TEST_CASE("F11 leadership goes to nobody who was not heard for an election timeout") {
    auto c = two_of_three();
    c.run_for(usual_timeout * 2);
    REQUIRE(c.leader() == s1);
    c.give(s1, transfer_requested{s3});
    CHECK(refused(c) == refusal_reason::member_unreachable);
    c.give(s1, transfer_requested{s2});
    CHECK_FALSE(refused(c));
}

// --------------------------------------------------------------------------------- sleeping groups

TEST_CASE("F13 a learner that starts while its group sleeps wakes it and is brought up to date") {
    auto c = with_sleeping_voters();
    c.crash(s4);
    c.restart(s4);
    REQUIRE(c.commit(s4) == 0);
    c.run_for(usual_timeout * 4);
    CHECK(c.commit(s4) == c.commit(s1));
    CHECK_FALSE(c.deadline(s1, timer::heartbeat));
}

TEST_CASE("F13 whatever is asked of a member that knows no leader wakes the group") {
    for (int request = 0; request < 3; ++request) {
        auto c = with_sleeping_voters();
        c.crash(s4);
        c.restart(s4);
        switch (request) {
        case 0: c.give(s4, wake_requested{}); break;
        case 1: c.give(s4, read_requested{}); break;
        case 2: c.give(s4, forward_requested{1}); break;
        }
        c.settle();
        CHECK(c.deadline(s1, timer::heartbeat).has_value());
    }
}

TEST_CASE("F13 a voter that has lost entries wakes its group and gets them back") {
    auto c = with_sleeping_voters();
    c.crash(s3);
    c.damage_log_after(s3, {0});
    c.restart(s3);
    c.run_for(usual_timeout * 6);
    CHECK(c.last(s3) == c.last(s1));
    CHECK_FALSE(c.at(s3).tasks->lost_through);
}

TEST_CASE("F13 a member that was removed does not keep the group awake") {
    auto c = with_sleeping_voters();
    c.crash(s4);
    c.change(s1, {{s1}, {s2}, {s3}});
    c.run_for(usual_timeout * 8);
    REQUIRE_FALSE(c.deadline(s1, timer::heartbeat));
    c.restart(s4);
    c.run_for(usual_timeout * 8);
    CHECK_FALSE(c.deadline(s1, timer::heartbeat));
    CHECK_FALSE(c.deadline(s2, timer::election));
}

// ------------------------------------------------------------------------------------ lost entries

TEST_CASE("F14 lost entries that a snapshot covers are not lost") {
    auto c = steady(3, {});
    for (int i = 0; i < 5; ++i) {
        c.propose(s1);
        c.settle();
    }
    c.heartbeat(s1);
    c.settle();
    for (const auto id : {s1, s2, s3}) {
        c.take_snapshot(id);
        c.crash(id);
        c.damage_log_after(id, c.at(id).log.base().index);
    }
    for (const auto id : {s1, s2, s3}) {
        c.restart(id);
        CHECK_FALSE(c.at(id).tasks->lost_through);
        CHECK(c.last_effects().rare->lost_regained);
    }
    c.run_for(usual_timeout * 5);
    CHECK(c.leader().has_value());
    CHECK(c.safe());
}

TEST_CASE("F14 a snapshot that ends before what was lost does not cover it") {
    auto c = steady(3, {});
    c.take_snapshot(s2);
    c.propose(s1);
    c.settle();
    c.crash(s2);
    c.damage_log_after(s2, {1});
    c.restart(s2);
    CHECK(c.at(s2).tasks->lost_through == position(2, 1));
}

// ------------------------------------------------------------------------------------------- hints

TEST_CASE("F15 a rejection that waits for the disk has the hint that it would have had at once") {
    for (const bool knows_term : {false, true}) {
        cluster c{3, plain()};
        c.place(s2, {4}, {1, 2, 2, 4});
        if (knows_term) c.inject(s3, s2, ask(5, log_start));
        c.inject(s1, s2, heartbeat(5, position(4, 1)));
        const auto rejection = newest<append_entries_rejection>(c, s2, s1);
        REQUIRE(rejection);
        CHECK(rejection->hint == position(1, 1));
    }
}

// ------------------------------------------------------------------------------------------- terms

TEST_CASE("F17 no message moves the term further than an honest server can have come") {
    const auto far = core::term_step_max + 2;
    const auto huge = (std::uint64_t{1} << 63U) - 1;
    for (const auto term : {far, huge}) {
        auto c = steady(3, {});
        const auto before = c.at(s2);
        const std::vector<message> forged{
            ask(term, position(9, term)),
            request_pre_vote{{term}, position(9, term)},
            pre_vote_reply{{term}, false},
            no(term),
            heartbeat(term, log_start),
            ack(term, 1),
            reject(term, 1, {}),
            timeout_now{{term}, {1}},
            wake_up{{term}},
            fall_asleep{{term}, {}},
            request_read_index{{term}, {1}},
            install_snapshot{.term = {term}, .last_included = position(5, 1), .size = 1},
            forward_proposal{{term}, {1, 1}, 1},
        };
        for (const auto& each : forged)
            for (const auto id : {s1, s2}) {
                c.inject(s3, id, each);
                CHECK(c.last_effects().rare->implausible == implausible_term{s3, {term}});
                CHECK(c.network().empty());
                CHECK(c.term(id) == 1);
            }
        const forward_proposal commands{{term}, {1, 1}, 1};
        c.give(s2, forward_obstructed{s3, commands, refusal_reason::too_many_pending});
        CHECK(c.last_effects().rare->implausible == implausible_term{s3, {term}});
        CHECK(c.at(s2) == before);
        c.run_for(usual_timeout * 3);
        CHECK(c.leader() == s1);
        CHECK(c.term(s1) == 1);
    }
}

TEST_CASE("F17 a server that was away for as many elections as there can be is heard") {
    auto c = steady(3, plain());
    c.inject(s3, s2, ask(core::term_step_max + 1, position(9, 1)));
    CHECK(c.term(s2) == core::term_step_max + 1);
}

// ---------------------------------------------------------------------------------------- removal

namespace {

/// s3 was removed while it was away, and is back.
cluster without_s3(const settings& config = {}) {
    auto c = steady(3, config);
    c.crash(s3);
    c.change(s1, {{s1}, {s2}});
    c.run_for(usual_timeout * 2);
    REQUIRE(c.at(s2).members() == voters_only({s1, s2}));
    c.restart(s3);
    return c;
}

}  // namespace

TEST_CASE("F8 a server that was removed while it was away hears it and stands no more") {
    for (const bool pre_vote : {true, false}) {
        settings config{};
        config.pre_vote = pre_vote;
        auto c = without_s3(config);
        c.run_for(usual_timeout * 4);
        REQUIRE(c.at(s3).tasks->removed_at);
        CHECK(*c.at(s3).tasks->removed_at == c.at(s1).configurations.back().index);
        CHECK(c.at(s3).is_follower());
        const auto term = c.term(s3);
        c.run_for(usual_timeout * 10);
        CHECK(c.term(s3) == term);
        CHECK(c.leader() == s1);
        CHECK(c.term(s1) == 1);
        // It hears so again after a restart.
        c.crash(s3);
        c.restart(s3);
        CHECK_FALSE(c.at(s3).tasks->removed_at);
        c.run_for(usual_timeout * 4);
        CHECK(c.at(s3).tasks->removed_at);
    }
}

TEST_CASE("F8 a server that was removed and is a member again stands again") {
    auto c = without_s3();
    c.run_for(usual_timeout * 4);
    REQUIRE(c.at(s3).tasks->removed_at);
    c.change(s1, {{s1}, {s2}, {s3}});
    c.run_for(usual_timeout * 4);
    CHECK_FALSE(c.at(s3).tasks->removed_at);
    CHECK(c.at(s1).members().is_voter(s3));
    c.crash(s1);
    c.crash(s2);
    c.restart(s2);
    for (int i = 0; i < 10 && c.leader() != s3; ++i) {
        c.time_out(s3);
        c.settle();
    }
    CHECK(c.leader() == s3);
}

TEST_CASE("F8 nobody is said to be removed who may know a newer configuration") {
    auto c = without_s3();
    // Its log is as good as that of s2: it may have been added again.
    c.inject(s4, s2, request_pre_vote{{9}, position(99, 8)});
    CHECK(count<removal_notice>(c, s2, s4) == 0);
    c.inject(s4, s2, request_pre_vote{{9}, log_start});
    CHECK(count<removal_notice>(c, s2, s4) == 1);
}

TEST_CASE("F8 nobody is said to be removed whom no committed change has removed") {
    auto c = steady(3, {});
    // The first configuration is no change that was committed: s4 may be about to join.
    c.inject(s4, s2, request_pre_vote{{9}, log_start});
    CHECK(count<removal_notice>(c, s2, s4) == 0);
    c.lose_all();
    c.change(s1, {{s1}, {s2}});
    c.deliver(s1, s2);
    REQUIRE_FALSE(c.at(s2).members().slot_of(s3));
    REQUIRE(c.commit(s2) < c.last(s2));
    c.inject(s3, s2, request_pre_vote{{9}, log_start});
    CHECK(count<removal_notice>(c, s2, s3) == 0);
}

TEST_CASE("F8 a notice is believed of members and of configurations that are news alone") {
    auto c = steady(3, {});
    const removal_notice notice{{1}, {9}};
    c.inject(s4, s2, notice);
    CHECK_FALSE(c.at(s2).tasks->removed_at);
    c.inject(s1, s2, removal_notice{{1}, {0}});
    CHECK_FALSE(c.at(s2).tasks->removed_at);
    c.inject(s3, s1, notice);
    CHECK(c.at(s1).is_leader());
    c.inject(s3, s2, removal_notice{{7}, {9}});
    CHECK(c.term(s2) == 1);  // It starts no election again, in whatever term that would be.
    CHECK(c.at(s2).tasks->removed_at == log_index{9});
    CHECK(c.last_effects().rare->removed == log_index{9});
    c.inject(s3, s2, removal_notice{{7}, {9}});
    CHECK_FALSE(c.last_effects().rare->removed);  // Operators are told once.
    c.heartbeat(s1);
    c.settle();
    CHECK_FALSE(c.at(s2).tasks->removed_at);
}
