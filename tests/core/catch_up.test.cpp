// SPDX-License-Identifier: BSL-1.0
//
// Goal: new voters vote when they have caught up, and a change whose newcomers do not is given up
// (thesis §4.2.1). Method: newcomers that are dead, slow, full or need a snapshot, by hand-made
// clocks.
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <vector>

#include <doctest/doctest.h>

#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

/// s1 leads s1 to s3, and has begun to add s4 in vain so far: it gets nothing.
cluster adding_s4(const settings& config) {
    auto c = steady(3, config);
    c.keep_history();
    c.add_outsider(s4);
    c.change(s1, {{s1}, {s2}, {s3}, {s4}});
    c.lose(s1, s4);
    c.settle();
    return c;
}

/// Messages among all but s4, whose own wait.
void settle_without_s4(cluster& c) {
    for (std::size_t i = 0; i < c.network().size();)
        if (c.network()[i].from == s4 || c.network()[i].to == s4) {
            ++i;
        } else {
            c.deliver_nth(i);
            i = 0;
        }
}

void pass_without_s4(cluster& c, duration length) {
    const auto half = length.nanoseconds / 2;
    for (const auto part : {half, length.nanoseconds - half}) {
        c.let_time_pass({part});
        settle_without_s4(c);
        c.heartbeat(s1);
        settle_without_s4(c);
    }
}

std::uint8_t rounds(const cluster& c) {
    return c.at(s1).tasks->catch_up ? c.at(s1).tasks->catch_up->number : std::uint8_t{0};
}

/// An election timeout later s4 answers that it holds the entries up to `match`, and gets no more.
void hear_from_s4(cluster& c, log_index match) {
    pass_without_s4(c, usual_timeout);
    c.lose(s1, s4);
    c.inject(s4, s1, append_entries_reply{{1}, match, {}});
}

/// The change is over within a few heartbeats: how it ended.
std::optional<change_result> ending(cluster& c) {
    for (int i = 0; i < 10; ++i) {
        c.heartbeat(s1);
        c.settle();
    }
    std::optional<change_result> last;
    for (const auto& each : c.history())
        if (each.out.rare->change_ended) last = each.out.rare->change_ended;
    return last;
}

/// Every round of the newcomer takes as long as this, in which new entries come.
cluster with_rounds_of(duration length, int count) {
    settings config{};
    config.catch_up_rounds = 3;
    auto c = adding_s4(config);
    c.heartbeat(s1);  // A round begins.
    for (int i = 0; i < count; ++i) {
        CHECK(rounds(c) == i + 1);
        pass_without_s4(c, length);
        c.settle();
        c.propose(s1);
        c.heartbeat(s1);
    }
    return c;
}

}  // namespace

TEST_CASE("a newcomer that answers nothing is given up after ten election timeouts") {
    auto c = adding_s4({});
    c.isolate(s4);
    const auto old = c.at(s1).configurations.front().value;
    for (int i = 0; i < 10; ++i) {
        REQUIRE(c.at(s1).members().is_changing());
        if (i < 9) pass_without_s4(c, usual_timeout);
    }
    pass_without_s4(c, usual_timeout + duration{-1});
    REQUIRE(c.at(s1).members().is_changing());
    c.let_time_pass(duration{1});
    c.heartbeat(s1);
    CHECK(c.at(s1).members() == old);
    c.settle();
    CHECK(ending(c) == change_result::aborted);
    CHECK(c.at(s1).members() == old);
    c.heal();
    c.change(s1, {{s1}, {s2}, {s3}, {s4}});
    CHECK_FALSE(c.last_effects().rare->refused.has_value());
    c.run_for(usual_timeout * 3);
    CHECK(c.at(s1).members() == voters_only({s1, s2, s3, s4}));
    CHECK(c.safe());
}

TEST_CASE("a newcomer that catches up within an election timeout votes then") {
    for (const int slow_rounds : {0, 1, 2}) {
        auto c = with_rounds_of(usual_timeout, slow_rounds);
        pass_without_s4(c, usual_timeout + duration{-1});
        c.settle();
        CHECK(c.at(s1).members().is_changing());
        CHECK(ending(c) == change_result::completed);
        CHECK(c.at(s1).members() == voters_only({s1, s2, s3, s4}));
        CHECK(c.safe());
    }
}

TEST_CASE("a newcomer whose last round took an election timeout is given up") {
    auto c = with_rounds_of(usual_timeout, 3);
    CHECK(ending(c) == change_result::aborted);
    CHECK(c.at(s1).members() == voters_only({s1, s2, s3}));
    CHECK(c.safe());
}

TEST_CASE("a newcomer that answers and stays where it is is given up after ten election timeouts") {
    auto c = adding_s4({});
    c.heartbeat(s1);  // A round begins.
    for (int i = 0; i < 10; ++i) {
        REQUIRE(c.at(s1).members().is_changing());
        hear_from_s4(c, {});
    }
    CHECK(ending(c) == change_result::aborted);
    CHECK(c.at(s1).members() == voters_only({s1, s2, s3}));
    CHECK(c.safe());
}

TEST_CASE("a newcomer that goes on slowly is waited for") {
    auto c = adding_s4({});
    c.propose(s1, 3);
    settle_without_s4(c);
    c.heartbeat(s1);  // A round begins.
    for (std::uint64_t held = 1; held < 4; ++held) {
        for (int i = 0; i < 8; ++i) hear_from_s4(c, {0});
        hear_from_s4(c, {held});
        REQUIRE(c.at(s1).members().is_changing());
    }
    for (int i = 0; i < 11; ++i) hear_from_s4(c, {0});
    CHECK(ending(c) == change_result::aborted);
}

TEST_CASE("of several newcomers the slowest must go on") {
    auto c = steady(3, {});
    c.add_outsider(s4);
    c.add_outsider(s5);
    c.keep_history();
    c.isolate(s5);
    c.change(s1, {{s1}, {s2}, {s3}, {s4}, {s5}});
    c.settle();
    for (int i = 0; i < 12; ++i) {  // s4 has all that is new.
        c.propose(s1);
        c.run_for(usual_timeout);
        c.inject(s5, s1, append_entries_reply{{1}, {}, {}});
    }
    CHECK(ending(c) == change_result::aborted);
    CHECK(c.at(s1).members() == voters_only({s1, s2, s3}));
    CHECK(c.safe());
}

TEST_CASE("a newcomer whose disk is full is given up") {
    auto c = adding_s4({});
    c.give(s4, room_changed{true});
    c.inject(s4, s1, append_entries_reply{{1}, {0}, {0}, true});
    CHECK(ending(c) == change_result::aborted);
    CHECK(c.at(s1).members() == voters_only({s1, s2, s3}));
}

TEST_CASE("a learner that is to vote is not removed when it does not catch up") {
    auto members = voters_only({s1, s2, s3, s4});
    members.voters = member_set::first(3);
    cluster c{members, settings{}};
    c.elect(s1);
    c.crash(s4);
    c.change(s1, {{s1}, {s2}, {s3}, {s4}});
    c.run_for(usual_timeout * 12);
    CHECK(c.at(s1).members() == members);
    CHECK_FALSE(c.at(s1).members().is_changing());
    CHECK(c.safe());
}

TEST_CASE("of several newcomers each must catch up, and new learners are not waited for") {
    auto c = steady(1, {});
    for (const auto id : {s2, s3, s4}) c.add_outsider(id);
    c.isolate(s4);
    c.change(s1, {{s1}, {s2}, {s3}, {s4, member_part::learner}});
    c.run_for(usual_timeout * 2);
    CHECK(c.at(s1).members().voters == member_set::first(3));
    CHECK_FALSE(c.at(s1).members().is_changing());
    c.isolate(s3);
    c.propose(s1);
    c.run_for(usual_timeout);
    CHECK(c.commit(s1) == c.last(s1));
    CHECK(c.safe());
}

TEST_CASE("a newcomer that needs the snapshot gets it, takes its own, and votes") {
    settings config{};
    config.retained_entries = 0;
    for (const bool takes_its_own : {false, true}) {
        auto c = steady(1, config);
        c.add_outsider(s2);
        c.propose(s1, 5);
        c.settle();
        c.take_snapshot(s1);
        c.change(s1, {{s1}, {s2}});
        for (int i = 0; i < 40; ++i) {
            if (takes_its_own) c.take_snapshot(s2);
            c.network().empty() ? c.run_for(settings{}.heartbeat_interval) : void(c.deliver_nth(0));
        }
        CHECK(c.at(s1).members() == voters_only({s1, s2}));
        CHECK(c.at(s2).members() == voters_only({s1, s2}));
        c.crash(s2);
        c.restart(s2);
        CHECK(c.at(s2).members() == voters_only({s1, s2}));
        c.run_for(usual_timeout);
        c.give(s1, transfer_requested{s2});
        c.settle();
        CHECK(c.leader() == s2);
        CHECK(c.safe());
    }
}

TEST_CASE("a change whose newcomer answers and never catches up can be taken back") {
    auto c = adding_s4({});
    const auto old = c.at(s1).configurations.front().value;
    for (int i = 0; i < 9; ++i) {
        hear_from_s4(c, {});
        REQUIRE(c.at(s1).members().is_changing());
    }
    c.change(s1, {{s1}, {s2}});
    CHECK(c.last_effects().rare->refused->reason == refusal_reason::change_in_progress);
    const auto seen = c.at(s1).configurations.back().index;
    c.give(s1, change_requested{previous(seen), {{s1}, {s2}, {s3}}});
    CHECK(c.last_effects().rare->refused->reason == refusal_reason::configuration_changed);
    c.give(s1, change_requested{seen, {{s3}, {s2}, {s1}}});
    CHECK(c.last_effects().rare->change == c.at(s1).log.last_index());
    CHECK(c.at(s1).members() == old);
    c.isolate(s4);
    c.settle();
    CHECK(ending(c) == change_result::aborted);
    c.change(s1, {{s1}, {s2}});
    CHECK_FALSE(c.last_effects().rare->refused.has_value());
    CHECK(c.safe());
}

TEST_CASE("a change is not taken back before it is committed, nor once it is joint") {
    auto c = steady(3);
    c.add_outsider(s4);
    c.add_outsider(s5);
    const std::vector<member> before{{s1}, {s2}, {s3}};
    c.change(s1, {{s1}, {s4}, {s5}});
    c.change(s1, before);
    CHECK(c.last_effects().rare->refused->reason == refusal_reason::change_in_progress);
    while (!c.at(s1).members().is_joint()) {
        if (c.network().empty()) c.heartbeat(s1);
        c.deliver_nth(0);
    }
    c.change(s1, before);
    CHECK(c.last_effects().rare->refused->reason == refusal_reason::change_in_progress);
    CHECK(c.safe());
}

TEST_CASE(
    "a joint change is not taken back by asking for its new voters, and the others to learn") {
    auto c = steady(5);
    c.change(s1, {{s1}, {s2}});
    auto s = c.at(s1);
    REQUIRE(s.members().is_joint());
    s.commit_index = s.configurations.back().index;  // A transfer can keep it so for a time.
    const auto learns = member_part::learner;
    const change_requested wanted{s.commit_index,
                                  {{s1}, {s2}, {s3, learns}, {s4, learns}, {s5, learns}}};
    const auto taken = step(s, wanted, c.now());
    REQUIRE(taken.out.rare->refused.has_value());
    CHECK(taken.out.rare->refused->reason == refusal_reason::change_in_progress);
}

TEST_CASE("who leads in the midst of a change begins the rounds of the newcomers anew") {
    auto c = with_rounds_of(usual_timeout, 2);
    REQUIRE(rounds(c) == 3);
    c.give(s1, transfer_requested{s2});
    settle_without_s4(c);
    REQUIRE(c.leader() == s2);
    c.heartbeat(s2);
    settle_without_s4(c);
    c.heartbeat(s2);
    REQUIRE(c.at(s2).tasks->catch_up.has_value());
    CHECK(c.at(s2).tasks->catch_up->number == 1);
    c.run_for(usual_timeout * 2);
    CHECK(c.at(s2).members() == voters_only({s1, s2, s3, s4}));
    CHECK(c.safe());
}
