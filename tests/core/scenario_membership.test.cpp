// SPDX-License-Identifier: BSL-1.0
//
// Goal: the membership becomes what was asked for, and no two majorities ever decide apart. Method:
// the scenarios of the list (S…) and bugs that other libraries had (B…), on virtual time; the
// configurations through which a leader goes are written down one by one.
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

constexpr member_id s8{8};

std::vector<member> voters(std::initializer_list<member_id> ids) {
    std::vector<member> all;
    for (const auto id : ids) all.push_back({id});
    return all;
}

/// Servers 1 to `members`, of which s1 leads, and `others` that belong to no cluster yet.
cluster led_by_s1(std::size_t members, std::initializer_list<member_id> others = {},
                  const settings& config = {}) {
    auto c = steady(members, config);
    for (const auto id : others) c.add_outsider(id);
    return c;
}

/// Why the last request was refused.
std::optional<refusal_reason> refused(const cluster& c) {
    if (!c.last_effects().rare->refused) return std::nullopt;
    return c.last_effects().rare->refused->reason;
}

/// Lets time pass, and gives the configurations that the last leader of it appended or received.
std::vector<configuration> went_through(cluster& c, duration length) {
    const auto before = c.at(*c.leader()).configurations.back().index;
    c.run_for(length);
    std::vector<configuration> all;
    if (!c.leader()) return all;
    for (const auto& each : c.at(*c.leader()).configurations)
        if (each.index > before) all.push_back(each.value);
    return all;
}

/// The membership is this one, committed, and works.
bool is_settled_as(cluster& c, const std::vector<member>& wanted) {
    const auto leader = c.leader();
    if (!leader || membership_of(c.at(*leader).members()) != wanted) return false;
    if (c.at(*leader).members().is_changing()) return false;
    c.propose(*leader);
    const auto last = c.last(*leader);
    c.run_for(usual_timeout);
    bool committed = true;
    for (const auto& each : wanted)
        if (c.running(each.id)) committed = committed && c.commit(each.id) >= last;
    return committed && c.safe();
}

/// Goes on, message by message, until the leader's newest configuration is joint.
bool becomes_joint(cluster& c) {
    for (int i = 0; i < 1000 && c.leader(); ++i) {
        if (c.at(*c.leader()).members().is_joint()) return true;
        if (!c.network().empty())
            c.deliver_nth(0);
        else
            c.heartbeat(*c.leader());
    }
    return false;
}

}  // namespace

TEST_CASE("S77 while a change is under way a second one is refused, and changes nothing") {
    auto c = led_by_s1(3, {s4, s5});
    c.change(s1, voters({s1, s2, s3, s4, s5}));
    REQUIRE_FALSE(refused(c).has_value());
    const auto try_another = [&] {
        const auto before = c.at(s1);
        c.change(s1, voters({s1, s2}));
        CHECK(refused(c) == refusal_reason::change_in_progress);
        CHECK(c.at(s1) == before);
    };
    try_another();  // The new servers are learners yet.
    REQUIRE(becomes_joint(c));
    try_another();
    c.run_for(usual_timeout * 2);
    CHECK(is_settled_as(c, voters({s1, s2, s3, s4, s5})));
    c.change(s1, voters({s1, s2}));
    CHECK_FALSE(refused(c).has_value());
}

TEST_CASE("S78 a new leader changes nothing before it knows what it inherited") {
    auto c = led_by_s1(3, {s4});
    c.isolate(s3);
    c.change(s1, voters({s1, s2, s3, s4}));
    c.deliver(s1, s2);  // s2 holds a configuration that it does not know to be committed.
    c.crash(s1);
    c.lose_all();
    c.heal();
    c.cut(s2, s3);
    c.time_out(s2);
    c.inject(s3, s2, pre_vote_reply{{2}, true});
    c.inject(s3, s2, yes(2));
    REQUIRE(c.at(s2).is_leader());
    REQUIRE(c.at(s2).members().slot_of(s4).has_value());
    const auto before = c.at(s2);
    c.change(s2, voters({s2, s3}));
    CHECK(refused(c) == refusal_reason::leader_not_ready);
    CHECK(c.at(s2) == before);
    c.heal();
    c.run_for(usual_timeout);
    REQUIRE(c.leader() == s2);
    CHECK(is_settled_as(c, voters({s1, s2, s3, s4})));  // It finished what it inherited.
}

TEST_CASE("S79 B50 of two leaders who remove different servers only one can have its way") {
    auto c = led_by_s1(4);
    c.isolate(s1);
    c.change(s1, voters({s1, s2, s3}));  // Two of three would do, but nobody hears of it.
    CHECK(c.at(s1).members().voters.size() == 3);
    c.let_time_pass(usual_timeout * 2);
    c.fire(s2, timer::election);
    while (!c.at(s2).is_leader() && !c.network().empty()) c.deliver_nth(0);
    REQUIRE(c.at(s2).is_leader());
    c.lose_all();
    c.change(s2, voters({s2, s3, s4}));
    CHECK(refused(c) == refusal_reason::leader_not_ready);
    CHECK(c.at(s2).members().voters.size() == 4);
    c.heartbeat(s2);
    c.settle();
    REQUIRE(c.commit(s2) == c.last(s2));
    c.cut(s2, s3);
    c.change(s2, voters({s2, s3, s4}));
    CHECK_FALSE(refused(c).has_value());
    c.settle();
    REQUIRE(c.commit(s2) == c.last(s2));  // By s2 and s4.
    c.crash(s2);
    c.heal();
    c.heartbeat(s1);
    c.settle();
    for (int i = 0; i < 5; ++i) {
        c.time_out(s1);  // Two of its three would do, but s3 has what s2 had to commit first.
        c.settle();
        CHECK_FALSE(c.at(s1).is_leader());
    }
    c.run_for(usual_timeout * 20);
    CHECK(c.leader() == s4);
    CHECK(is_settled_as(c, voters({s2, s3, s4})));
}

TEST_CASE(
    "S81 one voter is added without a joint phase, two with one, which ends by itself, once") {
    for (const bool two : {false, true}) {
        auto c = led_by_s1(1, {s2, s3});
        c.propose(s1, 5);
        const auto wanted = two ? voters({s1, s2, s3}) : voters({s1, s2});
        c.change(s1, wanted);
        CHECK(c.at(s1).members().voters.size() == 1);
        CHECK_FALSE(c.at(s1).members().next_voters.empty());
        const auto steps = went_through(c, usual_timeout * 3);
        REQUIRE(steps.size() == (two ? 2 : 1));
        CHECK(steps.front().is_joint() == two);
        CHECK_FALSE(steps.back().is_changing());
        CHECK(is_settled_as(c, wanted));
    }
}

TEST_CASE("S81 in the joint phase both majorities must agree") {
    for (const bool new_ones_first : {false, true}) {
        auto c = led_by_s1(3, {s4, s5, s6});
        c.change(s1, voters({s4, s5, s6}));
        REQUIRE(becomes_joint(c));
        const auto joint_at = c.at(s1).configurations.back().index;
        c.lose_all();
        const auto early = new_ones_first ? std::vector{s4, s5, s6} : std::vector{s2, s3, s4};
        for (const auto id : early) c.inject(id, s1, ack(1, joint_at.value));
        CHECK(c.at(s1).commit_index < joint_at);
        c.inject(new_ones_first ? s2 : s5, s1, ack(1, joint_at.value));
        CHECK(c.at(s1).commit_index == joint_at);
    }
}

TEST_CASE(
    "S81 B53 whoever leads next leaves the joint phase, though the leader that began it died") {
    for (const auto next : {s2, s3, s4}) {
        CAPTURE(next.value);
        auto c = led_by_s1(3, {s4, s5});
        c.change(s1, voters({s1, s2, s3, s4, s5}));
        REQUIRE(becomes_joint(c));
        c.deliver(s1, {s2, s3, s4, s5});
        c.lose_all();
        c.crash(s1);
        REQUIRE(c.at(next).members().is_joint());
        c.elect(next);
        c.run_for(usual_timeout * 2);
        CHECK(is_settled_as(c, voters({s1, s2, s3, s4, s5})));
    }
}

TEST_CASE("B53 a leader at its limit of uncommitted entries leaves the joint phase all the same") {
    settings config{};
    config.pending_entries = 4;
    auto c = led_by_s1(3, {s4, s5}, config);
    c.change(s1, voters({s1, s2, s3, s4, s5}));
    REQUIRE(becomes_joint(c));
    for (int i = 0; i < 10; ++i) c.propose(s1);
    CHECK(refused(c) == refusal_reason::too_many_pending);
    c.run_for(usual_timeout * 2);
    CHECK(is_settled_as(c, voters({s1, s2, s3, s4, s5})));
}

TEST_CASE("B55 a joint phase one of whose halves has no majority waits, and ends when it has one") {
    auto c = led_by_s1(3, {s4, s5, s6});
    c.change(s1, voters({s4, s5, s6}));
    REQUIRE(becomes_joint(c));
    c.settle();
    c.crash(s4);
    c.crash(s5);
    c.run_for(usual_timeout * 20);
    for (const auto id : {s1, s2, s3, s6}) CHECK_FALSE(c.at(id).is_leader());
    c.restart(s5);
    c.run_for(usual_timeout * 20);
    CHECK(is_settled_as(c, voters({s4, s5, s6})));
}

TEST_CASE("S82 a leader that is replaced completes the change, then another leads") {
    auto c = led_by_s1(3, {s4});
    c.propose(s1, 3);
    c.change(s1, voters({s2, s3, s4}));
    c.run_for(usual_timeout * 10);
    REQUIRE(c.leader().has_value());
    CHECK(c.leader() != s1);
    CHECK(is_settled_as(c, voters({s2, s3, s4})));
    const auto term = c.term(*c.leader());
    for (int i = 0; i < 5; ++i) {
        c.fire(s1, timer::election);
        c.run_for(settings{}.heartbeat_interval * 2);
    }
    CHECK_FALSE(c.at(s1).is_leader());
    CHECK(c.term(*c.leader()) == term);
    CHECK(c.safe());
}

TEST_CASE("S82 all servers can be replaced in one change, with no overlap") {
    for (const bool many : {false, true}) {
        auto c = many ? led_by_s1(2, {s3, s4}) : led_by_s1(1, {s2});
        c.propose(s1, 5);
        const auto wanted = many ? voters({s3, s4}) : voters({s2});
        c.change(s1, wanted);
        c.run_for(usual_timeout * 10);
        CHECK(is_settled_as(c, wanted));
        CHECK(c.last(many ? s3 : s2) > 5);
        c.crash(s1);
        if (many) c.crash(s2);
        c.run_for(usual_timeout * 10);
        CHECK(is_settled_as(c, wanted));
    }
}

TEST_CASE("S82 a change may name as many servers as a configuration can, old and new together") {
    const auto half = members_max / 2;
    auto c = steady(half);
    std::vector<member> wanted;
    for (auto id = half + 1; id <= members_max; ++id) {
        c.add_outsider({id});
        wanted.push_back({{id}});
    }
    c.propose(s1, 3);
    c.change(s1, wanted);
    c.run_for(usual_timeout * 10);
    CHECK(is_settled_as(c, wanted));
    CHECK(c.safe());

    // One more is refused, and nothing is changed.
    c.run_for(usual_timeout * 10);
    REQUIRE(c.leader());
    const auto leader = *c.leader();
    auto too_many = wanted;
    for (std::uint64_t id = 1; id <= half + 1; ++id) too_many.push_back({{members_max + id}});
    const auto before = c.at(leader);
    c.change(leader, too_many);
    CHECK(refused(c) == refusal_reason::too_many_members);
    CHECK(c.at(leader) == before);
}

TEST_CASE("S82 a member that is dead can be removed, and replaced, by those that live") {
    auto c = led_by_s1(3, {s4});
    c.propose(s1, 3);
    c.crash(s3);
    c.change(s1, voters({s1, s2}));
    c.run_for(usual_timeout * 4);
    CHECK(is_settled_as(c, voters({s1, s2})));
    c.change(s1, voters({s1, s2, s4}));
    c.run_for(usual_timeout * 4);
    CHECK(is_settled_as(c, voters({s1, s2, s4})));

    // With the new one one of them may fail again.
    c.crash(s2);
    c.run_for(usual_timeout * 4);
    REQUIRE(c.leader());
    c.propose(*c.leader());
    const auto last = c.last(*c.leader());
    c.run_for(usual_timeout);
    CHECK(c.commit(s4) == last);
    CHECK(c.safe());
}

TEST_CASE("S83 a change is completed if, and only if, both majorities are alive") {
    struct row {
        std::size_t before;
        std::vector<member> wanted;
        std::vector<member_id> down;
        bool completes;
    };
    const std::vector<row> rows{
        // abc to cde
        {3, voters({s3, s4, s5}), {s2}, true},
        {3, voters({s3, s4, s5}), {s2, s3}, false},
        {3, voters({s3, s4, s5}), {s3}, true},
        {3, voters({s3, s4, s5}), {s3, s5}, false},
        // abcdef to abcgh
        {6, voters({s1, s2, s3, s7, s8}), {s5, s6}, true},
        {6, voters({s1, s2, s3, s7, s8}), {s4, s5, s6}, false},
        {6, voters({s1, s2, s3, s7, s8}), {s2, s3}, true},
        {6, voters({s1, s2, s3, s7, s8}), {s2, s3, s7}, false},
        // abcde to abcdefg
        {5, voters({s1, s2, s3, s4, s5, s6, s7}), {s4, s5}, true},
        {5, voters({s1, s2, s3, s4, s5, s6, s7}), {s3, s4, s5}, false},
        {5, voters({s1, s2, s3, s4, s5, s6, s7}), {s4, s5, s6, s7}, false},
    };
    for (const auto& each : rows) {
        CAPTURE(&each - rows.data());
        auto c = led_by_s1(each.before);
        for (auto id = each.before + 1; id <= 8; ++id) c.add_outsider({id});
        c.change(s1, each.wanted);
        REQUIRE(becomes_joint(c));
        for (const auto id : each.down) c.crash(id);
        c.run_for(usual_timeout * 20);
        const bool complete = c.leader() && !c.at(*c.leader()).members().is_changing();
        CHECK(complete == each.completes);
        if (complete) CHECK(is_settled_as(c, each.wanted));
        for (const auto id : each.down) c.restart(id);
        c.run_for(usual_timeout * 20);
        CHECK(is_settled_as(c, each.wanted));
    }
}

TEST_CASE("S86 what a removed server says later is nothing to the leader") {
    auto c = led_by_s1(3);
    c.change(s1, voters({s1, s2}));
    c.run_for(usual_timeout);
    REQUIRE(is_settled_as(c, voters({s1, s2})));
    c.propose(s1);
    c.lose_all();
    c.let_time_pass(milliseconds(1));
    const auto before = c.at(s1);
    const auto term = c.term(s1);
    const auto last = c.last(s1);
    c.inject(s3, s1, ack(term, last, 99));
    c.inject(s3, s1, reject(term, last, log_start));
    c.inject(s3, s1, yes(term));
    c.inject(s3, s1, install_snapshot_reply{{term}, {1}, 0, {}});
    CHECK(c.at(s1) == before);
    CHECK(c.network().empty());
}

TEST_CASE("S86 a server that was removed stands until it knows that to be committed") {
    for (const std::uint64_t commit : {1U, 2U}) {
        CAPTURE(commit);
        recovered_state kept;
        kept.vote.current_term = {1};
        kept.log.append({1}, 2);
        kept.configurations.push_back({{}, voters_only({s1, s2, s3})});
        kept.configurations.push_back({{2}, voters_only({s2, s3})});
        const auto heard = step(initial_state(s1, plain(), kept, 1),
                                received{s2, heartbeat(1, position(2, 1), commit), {}}, {});
        REQUIRE(heard.next.commit_index == log_index{commit});
        const auto later = instant{} + settings{}.election_timeout * 3;
        const auto fired = step(heard.next, timer_fired{timer::election}, later);
        CHECK(fired.next.is_candidate() == (commit < 2));
    }
}

TEST_CASE("S86 B59 a leader that its own change leaves out commits it before it goes") {
    auto c = led_by_s1(3);
    c.change(s1, voters({s2, s3}));
    CHECK_FALSE(c.at(s1).members().slot_of(s1).has_value());
    CHECK(c.at(s1).is_leader());
    const auto removal = c.last(s1);
    c.deliver(s1, s2);
    c.deliver(s2, s1);
    CHECK(c.commit(s1) < removal);  // One of two, and its own log does not count.
    CHECK(c.at(s1).is_leader());
    c.deliver(s1, s3);
    c.deliver(s3, s1);
    CHECK(c.commit(s1) == removal);
    c.run_for(usual_timeout * 10);
    CHECK_FALSE(c.at(s1).is_leader());
    for (const auto id : {s2, s3}) CHECK(c.commit(id) >= removal);
    CHECK(is_settled_as(c, voters({s2, s3})));
}

TEST_CASE("S89 a member is made a learner and a voter again and again, and goes on all the while") {
    auto c = led_by_s1(3);
    for (int i = 0; i < 6; ++i) {
        auto wanted = voters({s1, s2, s3});
        if (i % 2 == 0) wanted[2].part = member_part::learner;
        c.change(s1, wanted);
        CHECK_FALSE(refused(c).has_value());
        c.run_for(usual_timeout * 2);
        CHECK(is_settled_as(c, wanted));
        CHECK(c.leader() == s1);
        CHECK(progress_of(c, s1, s3).match_index.value == c.last(s1));
    }
}

TEST_CASE("B63 of two who add servers at once the second is told, and asks again") {
    auto c = led_by_s1(3, {s4, s5});
    const auto seen = c.at(s1).configurations.back().index;
    c.give(s1, change_requested{seen, voters({s1, s2, s3, s4})});
    REQUIRE_FALSE(refused(c).has_value());
    c.run_for(usual_timeout * 2);
    const auto before = c.at(s1);
    c.give(s1, change_requested{seen, voters({s1, s2, s3, s5})});
    CHECK(refused(c) == refusal_reason::configuration_changed);
    CHECK(c.at(s1) == before);
    c.change(s1, voters({s1, s2, s3, s4, s5}));
    c.run_for(usual_timeout * 2);
    CHECK(is_settled_as(c, voters({s1, s2, s3, s4, s5})));
}

TEST_CASE("B78 who lost its disk comes back as another server, and votes when it has the log") {
    auto c = led_by_s1(3, {s4});
    c.isolate(s2);
    c.propose(s1, 5);
    c.settle();
    REQUIRE(c.commit(s1) == 6);  // On s1 and s3, whose disk is lost now.
    c.crash(s3);
    c.heal();
    c.run_for(usual_timeout);
    c.isolate(s4);
    c.change(*c.leader(), voters({s1, s2, s4}));
    c.run_for(usual_timeout * 3);
    CHECK_FALSE(c.at(s1).members().is_joint());
    CHECK_FALSE(c.at(s1).members().is_voter(s4));
    c.heal();
    c.run_for(usual_timeout * 3);
    CHECK(is_settled_as(c, voters({s1, s2, s4})));
    c.crash(s1);
    c.run_for(usual_timeout * 10);
    CHECK(is_settled_as(c, voters({s1, s2, s4})));
    CHECK(c.last(s4) >= 6);
}
