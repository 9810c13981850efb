// SPDX-License-Identifier: BSL-1.0
//
// Goal: what a server begins with, and what an input finds that has nothing to say, are as they
// should be at their edges. Method: single steps there, each of which a changed operator once
// survived.
#include <doctest/doctest.h>

#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

recovered_state three_servers() {
    recovered_state kept;
    kept.configurations.push_back({{}, voters_only({s1, s2, s3})});
    return kept;
}

}  // namespace

TEST_CASE("S22 a vote given in the term of the last entry holds after a restart") {
    auto kept = three_servers();
    kept.log.append({2}, 1);
    kept.vote = {{2}, s2};
    CHECK(initial_state(s1, settings{}, kept, 1).voted_for == s2);
    kept.vote = {{1}, s2};  // A snapshot brought the entry, and its term was not durable.
    const auto later = initial_state(s1, settings{}, kept, 1);
    CHECK(later.current_term == term_number{2});
    CHECK_FALSE(later.voted_for);
}

TEST_CASE("§7 a snapshot that was coming goes on after a restart if it is newer than the own") {
    auto kept = three_servers();
    kept.log = log_terms{{{3}, {1}}};
    kept.snapshot.last_included = {{3}, {1}};
    kept.vote.current_term = {1};
    kept.incoming.emplace();
    for (const std::uint64_t index : {2U, 3U, 4U}) {
        kept.incoming->description.last_included = {{index}, {1}};
        const auto s = initial_state(s1, settings{}, kept, 1);
        CHECK(s.tasks->incoming.has_value() == (index > 3));
    }
}

TEST_CASE("durable at once: a message whose parts are at hand is answered in the same step") {
    auto config = plain();
    config.durable_at_once = true;
    auto s = initial_state(s1, config, three_servers(), 1);
    effects out;
    advance(s, s2, append_entries{.term = {1}, .last_index = {1}, .entries_term = {1}}, nullptr,
            false, instant{}, out);
    CHECK(s.disk.durable == s.disk.issued);
    REQUIRE(out.messages.size() == 1);
    CHECK(std::get<append_entries_reply>(out.messages[0].body).match_index == log_index{1});
}

TEST_CASE("who sleeps and is let sleep once more sleeps on as it was") {
    settings config;
    config.quiescence = true;
    cluster c{3, config};
    c.elect(s1);
    c.run_for(config.election_timeout);
    const auto asleep = c.at(s2);
    REQUIRE(std::get_if<follower_state>(&asleep.role)->asleep);
    const auto again = step(
        asleep, received{s1, fall_asleep{asleep.current_term, asleep.log.last()}, {}}, c.now());
    CHECK(again.next.seed == asleep.seed);
    CHECK(again.out.messages.empty());
    CHECK_FALSE(again.out.commit);
}

TEST_CASE("thesis 6.2 what is forwarded by the server itself, or to one that halted, is nothing") {
    auto c = steady(3);
    const forward_proposal asked{c.at(s1).current_term, {1, 1}, 1};
    const auto before = c.at(s1);
    c.give(s1, forward_obstructed{s1, asked, refusal_reason::no_space});
    CHECK(c.at(s1) == before);
    CHECK(c.last_effects() == effects{});
    c.give(s1, storage_failed{});
    const auto halted = c.at(s1);
    c.give(s1, forward_obstructed{s2, asked, refusal_reason::no_space});
    CHECK(c.at(s1) == halted);
    CHECK(c.last_effects() == effects{});
}

TEST_CASE("S77 a change that names a server twice is refused, whatever places they have") {
    auto c = steady(3);
    const auto voters = [](std::initializer_list<member_id> ids) {
        std::vector<member> all;
        for (const auto id : ids) all.push_back({id, member_part::voter});
        return all;
    };
    for (const auto& wanted :
         {voters({s1, s2, s2}), voters({s2, s1, s2}), voters({s1, s2, s3, s3})}) {
        c.give(s1, change_requested{c.at(s1).configurations.back().index, wanted});
        REQUIRE(c.last_effects().rare->refused);
        CHECK(c.last_effects().rare->refused->reason == refusal_reason::invalid_configuration);
    }
}

TEST_CASE("the deadline of a server is the first of its timers") {
    const instant early{1};
    const instant late{2};
    CHECK_FALSE(timers{}.deadline().has_value());
    CHECK(timers{.election = late}.deadline() == late);
    CHECK(timers{.heartbeat = late}.deadline() == late);
    CHECK(timers{.election = late, .heartbeat = early}.deadline() == early);
    CHECK(timers{.election = early, .heartbeat = late}.deadline() == early);
}

TEST_CASE("a timer that fires is no longer set") {
    cluster c{1, plain()};
    c.elect(s1);
    CHECK_FALSE(c.deadline(s1, timer::election).has_value());
    const auto fired = step(c.at(s1), timer_fired{timer::election}, c.now());
    CHECK_FALSE(fired.next.timers.election.has_value());
}
