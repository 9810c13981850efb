// SPDX-License-Identifier: BSL-1.0
//
// Goal: a member keeps its place from joining to leaving, and what is known by places stays true
// over a change of members (§6). Method: rosters by hand, and changes of a leader that has readers,
// full members and progress.
#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

#include <raft/core/quorum.hpp>
#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

constexpr slot place(std::uint8_t number) { return {number}; }

std::vector<member_id> ids_of(const roster& members) { return {members.begin(), members.end()}; }

}  // namespace

TEST_CASE("a newcomer takes the first free place, and the others keep theirs") {
    roster members{s1, s2, s3};
    members.keep_only(member_set::of(place(0)) | member_set::of(place(2)));
    CHECK(members.size() == 2);
    CHECK(members.places() == 3);
    CHECK_FALSE(members.find(s2));
    CHECK(members.find(s3) == place(2));
    CHECK(members.add(s4) == place(1));
    CHECK(members.add(s5) == place(3));
    CHECK(ids_of(members) == std::vector{s1, s4, s3, s5});
    CHECK(members.find(s1) == place(0));
    CHECK(members.find(s3) == place(2));
}

TEST_CASE("a roster of more members than there can be has no place for the last") {
    std::vector<member_id> ids;
    for (std::uint64_t id = 1; id <= members_max + 1; ++id) ids.push_back({id});
    const roster members{ids};
    CHECK(members.find(ids[members_max - 1]) == place(members_max - 1));
    CHECK_FALSE(members.find(ids[members_max]));
    CHECK_FALSE(is_valid({.members = members, .voters = member_set::first(3)}));
}

TEST_CASE("places at the end of a roster that nobody has are gone") {
    roster members{s1, s2, s3};
    members.keep_only(member_set::of(place(0)));
    CHECK(members.places() == 1);
    CHECK(members == roster{s1});
    members.keep_only({});
    CHECK(members == roster{});
}

TEST_CASE("a roster is written down without gaps") {
    roster members{s1, s2, s3, s4};
    members.keep_only(member_set::from_bits(0b1010));
    CHECK(members.without_gaps(member_set::from_bits(0b1000)) == member_set::from_bits(0b10));
    CHECK(members.without_gaps(member_set::from_bits(0b0010)) == member_set::from_bits(0b01));
    CHECK(members.without_gaps(members.everyone()) == member_set::first(2));
}

TEST_CASE("configurations are equal if the same members have the same parts") {
    auto a = voters_only({s1, s2, s3});
    a.members.keep_only(member_set::from_bits(0b101));
    a.voters = member_set::from_bits(0b101);
    CHECK(a == voters_only({s1, s3}));
    CHECK(a == voters_only({s3, s1}));
    CHECK_FALSE(a == voters_only({s1, s2}));
    CHECK_FALSE(a == voters_only({s1, s2, s3}));
    auto learner = voters_only({s1, s3});
    learner.voters.erase(place(1));
    CHECK_FALSE(a == learner);
    auto witness = voters_only({s1, s3});
    witness.witnesses.insert(place(1));
    CHECK_FALSE(a == witness);
}

TEST_CASE("what a leader knows of members that stay is true after a change") {
    auto c = steady(4, {});
    c.inject(s4, s1, append_entries_reply{{1}, {1}, {0}, true});
    c.inject(s3, s1, request_read_index{{1}, {1}});
    c.lose_all();
    const auto third = c.at(s1).peers[2];
    c.change(s1, {{s1}, {s3}, {s4}});
    const auto& leader = *std::get_if<leader_state>(&c.at(s1).role);
    CHECK(c.at(s1).members().slot_of(s3) == place(2));
    CHECK(c.at(s1).peers[2].match_index == third.match_index);
    CHECK(leader.full == member_set::of(place(3)));
    CHECK(leader.readers == member_set::of(place(2)));
    c.settle();
    CHECK(c.safe());
}

TEST_CASE("what a leader knew of a member that left is not taken for what its successor has") {
    auto c = steady(3, {});
    c.add_outsider(s4);
    c.inject(s2, s1, append_entries_reply{{1}, {1}, {0}, true});
    c.change(s1, {{s1}, {s3}});
    c.run_for(settings{}.election_timeout);
    REQUIRE(c.at(s1).members() == voters_only({s1, s3}));
    CHECK(std::get_if<leader_state>(&c.at(s1).role)->full.empty());
    c.isolate(s4);
    c.change(s1, {{s1}, {s3}, {s4}});
    const auto newcomer = c.at(s1).members().slot_of(s4);
    REQUIRE(newcomer == place(1));
    CHECK(c.at(s1).peers[1].match_index == log_index{});
    CHECK(c.at(s1).peers[1].mode == replication_mode::probe);
    c.heal();
    c.run_for(settings{}.election_timeout * 3);
    CHECK(c.at(s1).members() == voters_only({s1, s3, s4}));
    CHECK(c.log(s4) == c.log(s1));
    CHECK(c.safe());
}

TEST_CASE("a change goes on as soon as its entry is committed") {
    auto c = steady(3, {});
    c.change(s1, {{s1}});
    REQUIRE(c.at(s1).members().is_joint());
    c.settle();
    CHECK(c.at(s1).members() == voters_only({s1}));
    CHECK_FALSE(std::get_if<leader_state>(&c.at(s1).role)->changing);
    CHECK(c.safe());
}

TEST_CASE("a leader that is a quorum by itself appends one configuration in a step") {
    for (const bool durable_at_once : {false, true}) {
        settings config{};
        config.durable_at_once = durable_at_once;
        cluster c{1, config};
        c.elect(s1);
        c.settle();
        c.add_outsider(s2);
        c.add_outsider(s3);
        c.keep_history();
        c.change(s1, {{s1}, {s2}, {s3}});
        c.run_for(config.election_timeout * 3);
        CHECK(c.at(s1).members() == voters_only({s1, s2, s3}));
        for (const auto& each : c.history()) {
            const auto& write = each.out.write;
            if (write && write->entries && write->entries->source == entry_source::configuration)
                CHECK(write->entries->first == write->entries->last);
        }
        CHECK(c.log(s2) == c.log(s1));
        CHECK(c.safe());
    }
}

TEST_CASE("a change that fails as soon as it has begun is taken back in the next step") {
    settings config{};
    config.durable_at_once = true;
    auto members = voters_only({s1, s2});
    members.voters = member_set::first(1);
    cluster c{members, config};
    c.elect(s1);
    c.settle();
    c.crash(s2);
    c.run_for(config.election_timeout * 20);
    c.keep_history();
    const auto before = c.last(s1);
    c.change(s1, {{s1}, {s2}});
    CHECK(c.last(s1) == before + 1);
    c.run_for(config.heartbeat_interval);
    CHECK(c.last(s1) == before + 2);
    CHECK(c.at(s1).members() == members);
    CHECK_FALSE(std::get_if<leader_state>(&c.at(s1).role)->changing);
    for (const auto& each : c.history())
        if (const auto& write = each.out.write; write && write->entries)
            CHECK(write->entries->first == write->entries->last);
    CHECK(c.safe());
}

TEST_CASE("a reader that leaves is sent no confirmation") {
    auto c = steady(3, {});
    c.inject(s3, s1, request_read_index{{1}, {1}});
    c.lose_all();
    REQUIRE(std::get_if<leader_state>(&c.at(s1).role)->readers == member_set::of(place(2)));
    c.change(s1, {{s1}, {s2}});
    REQUIRE_FALSE(c.at(s1).members().slot_of(s3));
    CHECK(std::get_if<leader_state>(&c.at(s1).role)->readers.empty());
    c.settle();
    c.run_for(settings{}.heartbeat_interval * 2);
    CHECK(c.at(s1).members() == voters_only({s1, s2}));
    CHECK(c.safe());
}

TEST_CASE("§5.3 a newcomer is sent what comes after all that the leader had when it joined") {
    auto c = steady(3, {});
    c.add_outsider(s4);
    c.propose(s1, 3);
    c.settle();
    const auto last = c.at(s1).log.last();
    c.change(s1, {{s1}, {s2}, {s3}, {s4}});
    const auto first = c.sent<append_entries>(s1, s4);
    REQUIRE(first);
    CHECK(first->prev == last);
}

TEST_CASE("a message to a member that its own step removes is addressed to it") {
    auto c = steady(3, {});
    c.change(s1, {{s1}, {s2}});
    auto s = c.at(s1);
    REQUIRE_FALSE(s.members().slot_of(s3));
    CHECK(s.identity_of(place(2)) == s3);
    CHECK(s.identity_of(place(1)) == s2);
}

TEST_CASE("a witness that a step removes gets no commands from that step") {
    auto before = voters_only({s1, s2, s3});
    before.witnesses.insert(place(2));
    cluster c{before, {}};
    c.elect(s1);
    c.settle();
    c.change(s1, {{s1}, {s2}});
    const auto& s = c.at(s1);
    REQUIRE_FALSE(s.members().slot_of(s3));
    const auto all = member_set::first(3).without(place(0));
    CHECK(s.witnesses_among(all) == member_set::of(place(2)));
    CHECK(withholds_commands(s, s3));
    CHECK_FALSE(withholds_commands(s, s2));
}
