// SPDX-License-Identifier: BSL-1.0
//
// Goal: a majority is more than half, and in a joint configuration of both halves. Method: every
// set of up to seven members against a count by hand, and rows for what is no configuration.
#include <array>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include <raft/core/configuration.hpp>
#include <raft/core/quorum.hpp>

using namespace raft;
using namespace raft::core;

namespace {

constexpr member_set set_of(std::uint32_t bits) { return member_set::from_bits(bits); }

constexpr configuration seven() { return voters_only({{1}, {2}, {3}, {4}, {5}, {6}, {7}}); }

/// How many of these voters are in the set, counted one by one.
std::size_t count_in(std::uint32_t voters, std::uint32_t agreeing) {
    std::size_t found = 0;
    for (unsigned i = 0; i < members_max; ++i)
        found += (voters >> i & 1U) != 0 && (agreeing >> i & 1U) != 0;
    return found;
}

bool more_than_half(std::uint32_t voters, std::uint32_t agreeing) {
    return count_in(voters, agreeing) > count_in(voters, voters) / 2;
}

}  // namespace

TEST_CASE("S26 a majority of one to seven voters is more than half of them") {
    for (std::size_t size = 1; size <= 7; ++size) {
        const auto voters = member_set::first(size);
        auto c = seven();
        c.voters = voters;
        for (std::uint32_t bits = 0; bits < 128; ++bits) {
            CAPTURE(size);
            CAPTURE(bits);
            CHECK(is_quorum(c, set_of(bits)) == more_than_half(voters.bits(), bits));
        }
    }
}

TEST_CASE("B07 half of the voters is no majority and learners do not help") {
    auto c = seven();
    c.voters = member_set::first(4);
    CHECK_FALSE(is_quorum(c, set_of(0b000'0011)));
    CHECK_FALSE(is_quorum(c, set_of(0b111'0011)));
    CHECK(is_quorum(c, set_of(0b000'0111)));
}

TEST_CASE("§6 a joint configuration needs a majority of each half") {
    for (const std::uint32_t incoming : {0b000'0111U, 0b001'1111U, 0b111'0000U, 0b000'0001U})
        for (const std::uint32_t outgoing : {0b000'0111U, 0b000'1110U, 0b111'0000U, 0b000'1000U}) {
            auto c = seven();
            c.voters = set_of(incoming);
            c.outgoing_voters = set_of(outgoing);
            for (std::uint32_t bits = 0; bits < 128; ++bits) {
                CAPTURE(incoming);
                CAPTURE(outgoing);
                CAPTURE(bits);
                CHECK(is_quorum(c, set_of(bits)) ==
                      (more_than_half(incoming, bits) && more_than_half(outgoing, bits)));
            }
        }
}

TEST_CASE("B17 what a quorum has reached is what a count of every order of values gives") {
    std::array<std::uint64_t, 5> values{};
    const auto value_of = [&](slot member) { return log_index{values[member.value]}; };
    auto c = seven();
    for (std::uint32_t voters = 1; voters < 32; ++voters)
        for (std::uint32_t code = 0; code < 4 * 4 * 4 * 4 * 4; ++code) {
            auto rest = code;
            for (auto& value : values) {
                value = rest % 4;
                rest /= 4;
            }
            std::uint64_t expected = 0;
            for (std::uint64_t reached = 1; reached < 4; ++reached) {
                std::uint32_t there = 0;
                for (unsigned i = 0; i < 5; ++i)
                    if (values[i] >= reached) there |= 1U << i;
                if (more_than_half(voters, there)) expected = reached;
            }
            c.voters = set_of(voters);
            REQUIRE(quorum_reached(c, value_of) == log_index{expected});
        }
}

TEST_CASE("§6 in a joint configuration the slower half decides what is reached") {
    auto c = voters_only({{1}, {2}, {3}, {4}, {5}, {6}});
    const std::array<std::uint64_t, 6> values{9, 8, 7, 3, 2, 1};
    const auto value_of = [&](slot member) { return log_index{values[member.value]}; };
    CHECK(quorum_reached(c, value_of) == log_index{3});
    c.voters = set_of(0b000'111);
    CHECK(quorum_reached(c, value_of) == log_index{8});
    c.outgoing_voters = set_of(0b111'000);
    CHECK(quorum_reached(c, value_of) == log_index{2});
    c.outgoing_voters = set_of(0b001'100);
    CHECK(quorum_reached(c, value_of) == log_index{3});
}

TEST_CASE("B08 a stranger has no slot and a learner is not a voter") {
    auto c = voters_only({{10}, {20}, {30}});
    c.voters = set_of(0b011);
    CHECK(c.slot_of({20}) == slot{1});
    CHECK(c.id_of({1}) == member_id{20});
    CHECK_FALSE(c.slot_of({99}).has_value());
    CHECK(c.is_voter({10}));
    CHECK_FALSE(c.is_voter({30}));
    CHECK_FALSE(c.is_voter({99}));
    c.outgoing_voters = set_of(0b100);
    CHECK(c.is_voter({30}));
    CHECK(c.is_joint());
}

TEST_CASE("a configuration from outside is refused unless it can be one") {
    CHECK(is_valid(configuration{}));
    CHECK(is_valid(seven()));

    auto no_voter = seven();
    no_voter.voters = {};
    CHECK_FALSE(is_valid(no_voter));
    auto twice = seven();
    twice.members = {{1}, {2}, {3}, {4}, {5}, {6}, {1}};
    CHECK_FALSE(is_valid(twice));
    auto voter_without_member = seven();
    voter_without_member.members.keep_only(member_set::first(6));
    CHECK_FALSE(is_valid(voter_without_member));
    auto old_voter_without_member = seven();
    old_voter_without_member.outgoing_voters = set_of(0b1000'0000);
    CHECK_FALSE(is_valid(old_voter_without_member));
    auto only_old = configuration{};
    only_old.outgoing_voters = set_of(1);
    CHECK_FALSE(is_valid(only_old));

    std::vector<member_id> many;
    for (std::uint64_t id = 1; id <= members_max; ++id) many.push_back({id});
    CHECK(is_valid(voters_only(many)));
    CHECK(voters_only(many).voters.size() == members_max);
    many.push_back({members_max + 1});
    CHECK_FALSE(is_valid({.members = many, .voters = member_set::first(3)}));
}

TEST_CASE("a set of members is visited in the order of the slots") {
    std::vector<unsigned> seen;
    for (const auto member : set_of(0x8000'0015U)) seen.push_back(member.value);
    CHECK(seen == std::vector<unsigned>{0, 2, 4, 31});

    auto set = set_of(0b101);
    set.insert({1});
    CHECK(set == member_set::first(3));
    CHECK(set.without(slot{0}) == set_of(0b110));
    CHECK(set.without(slot{7}) == set);
    CHECK((set & set_of(0b1001)) == set_of(0b1));
    CHECK((set | set_of(0b1001)) == set_of(0b1111));
    CHECK(member_set::first(members_max).size() == members_max);
    CHECK(member_set::first(0).empty());
    CHECK_FALSE(set.contains({31}));
}

TEST_CASE("a configuration from outside names each member once, voters and learners among them") {
    const auto three = voters_only({{1}, {2}, {3}});
    CHECK(is_valid(three));
    CHECK_FALSE(is_valid(voters_only({{1}, {2}, {2}})));
    CHECK_FALSE(is_valid(voters_only({{1}, {2}, {1}})));
    auto stranger = three;
    stranger.voters = member_set::from_bits(0b1111);
    CHECK_FALSE(is_valid(stranger));
    auto both = three;
    both.next_voters = member_set::from_bits(0b011);
    both.next_learners = member_set::from_bits(0b110);
    CHECK_FALSE(is_valid(both));
    both.next_learners = member_set::from_bits(0b100);
    CHECK(is_valid(both));
}

TEST_CASE("a configuration from outside has witnesses for fewer than half of its voters") {
    for (std::size_t voters = 1; voters <= 5; ++voters)
        for (std::size_t witnesses = 0; witnesses <= voters; ++witnesses) {
            auto c = voters_only({{1}, {2}, {3}, {4}, {5}});
            c.voters = member_set::first(voters);
            c.witnesses = member_set::first(witnesses);
            CHECK(is_valid(c) == (witnesses * 2 < voters));
        }
}
