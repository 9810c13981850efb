// SPDX-License-Identifier: BSL-1.0
//
// Goal: a leader takes entries only while a majority has room for them, and takes them again as
// soon as it has; what the protocol itself writes is not refused. Method: servers say in their
// answers that they are full, in every configuration in which that matters.
#include <cstdint>
#include <optional>
#include <vector>

#include <doctest/doctest.h>

#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

constexpr void set_full(cluster& c, member_id id, bool full) {
    c.give(id, room_changed{full});
    // A heartbeat that brings news of the commit index alone is not answered, the next one is.
    for (int i = 0; i < 2; ++i) {
        c.heartbeat(*c.leader());
        c.settle();
    }
}

/// Whether `id` takes an entry. If not it says why, and nothing has changed.
constexpr bool takes(cluster& c, member_id id) {
    const auto before = c.at(id);
    c.propose(id);
    if (c.last_effects().proposal) return true;
    return !(c.last_effects().rare->refused == refusal{refusal_reason::no_space, id} &&
             c.at(id) == before && c.network().empty());
}

[[nodiscard]] constexpr bool a_majority_must_have_room() {
    auto c = steady(3, {});
    set_full(c, s2, true);
    const bool one = takes(c, s1);
    c.settle();
    set_full(c, s3, true);
    const bool two = takes(c, s1);
    set_full(c, s2, false);
    const bool again = takes(c, s1);
    c.settle();
    return one && !two && again && c.commit(s1) == c.last(s1) && c.safe();
}

}  // namespace

static_assert(a_majority_must_have_room());

TEST_CASE("S56 entries are refused while a majority has no room for them, and taken when it has") {
    CHECK(a_majority_must_have_room());
    auto c = steady(5, {});
    for (const auto id : {s2, s3}) set_full(c, id, true);
    CHECK(takes(c, s1));
    c.settle();
    set_full(c, s4, true);
    CHECK_FALSE(takes(c, s1));
}

TEST_CASE("who has no room is not sent the same entries again and again") {
    auto c = steady(3, {});
    set_full(c, s2, true);
    const auto term = c.at(s1).current_term;
    const auto known = c.at(s1).log.last();
    c.propose(s1, 2);
    c.lose_all();
    // Entries are lost; what it replies to a heartbeat makes the leader send them again, once.
    c.inject(s2, s1, append_entries_rejection{term, next(known.index), known, {}, false});
    REQUIRE(c.sent<append_entries>(s1, s2));
    c.lose_all();
    // It takes none, and replies as to a heartbeat, as often as they come.
    c.inject(s2, s1, append_entries_reply{term, known.index, {}, true});
    CHECK(c.network().empty());
    c.inject(s2, s1, append_entries_reply{term, known.index, {}, false});
    CHECK(c.sent<append_entries>(s1, s2));
}

TEST_CASE("a leader that is full itself takes nothing, and answers reads all the same") {
    auto c = steady(3, {});
    set_full(c, s1, true);
    CHECK_FALSE(takes(c, s1));
    c.give(s1, read_requested{});
    CHECK(c.last_effects().rare->read.has_value());
    c.settle();
    set_full(c, s1, false);
    CHECK(takes(c, s1));
}

TEST_CASE("learners and strangers that are full hold nobody up") {
    configuration members = voters_only({s1, s2, s3, s4, s5});
    members.voters = member_set::first(3);
    cluster c{members, settings{}};
    c.elect(s1);
    for (const auto id : {s4, s5, s3}) set_full(c, id, true);
    c.inject(s7, s1, append_entries_reply{{1}, {1}, {0}, true});
    CHECK(takes(c, s1));
    c.settle();
    set_full(c, s2, true);
    CHECK_FALSE(takes(c, s1));
}

TEST_CASE("while a change is joint both majorities must have room") {
    for (const auto& full : {std::vector{s2, s3}, std::vector{s4, s5}}) {
        configuration joint = voters_only({s1, s2, s3, s4, s5, s6});
        joint.voters = member_set::from_bits(0b000'111);
        joint.outgoing_voters = member_set::from_bits(0b111'000);
        cluster c{joint, settings{}};
        c.time_out(s1);
        while (!c.at(s1).is_leader()) c.deliver_nth(0);
        c.lose_all();
        REQUIRE(c.at(s1).members().is_joint());
        for (const auto id : full) {
            CHECK(takes(c, s1));
            c.lose_all();
            c.inject(id, s1, append_entries_reply{c.at(s1).current_term, {}, {0}, true});
            c.lose_all();
        }
        CHECK_FALSE(takes(c, s1));
        c.inject(full[0], s1, append_entries_reply{c.at(s1).current_term, {}, {0}, false});
        c.lose_all();
        CHECK(takes(c, s1));
    }
}

TEST_CASE("the first entry of a leader and configurations are appended by who is full") {
    auto c = steady(3, {});
    c.add_outsider(s4);
    for (const auto id : {s1, s2}) set_full(c, id, true);
    c.change(s1, {{s1}, {s3}, {s4}});
    CHECK(c.last_effects().rare->change.has_value());
    c.run_for(usual_timeout * 3);
    CHECK(c.at(s1).members() == voters_only({s1, s3, s4}));
    CHECK_FALSE(takes(c, s1));
    c.give(s1, transfer_requested{s3});
    c.settle();
    CHECK(c.leader() == s3);
    c.give(s3, transfer_requested{s1});
    c.settle();
    CHECK(c.leader() == s1);
    CHECK(c.commit(s1) == c.last(s1));
    CHECK(c.safe());
}

TEST_CASE("who is full is said again after the members have moved, and to a new leader") {
    auto c = steady(4, {});
    for (const auto id : {s3, s4}) set_full(c, id, true);
    CHECK_FALSE(takes(c, s1));
    c.change(s1, {{s1}, {s3}, {s4}});
    c.run_for(usual_timeout * 2);
    REQUIRE(c.at(s1).members() == voters_only({s1, s3, s4}));
    CHECK_FALSE(takes(c, s1));
    set_full(c, s4, false);
    CHECK(takes(c, s1));
    c.settle();
    set_full(c, s1, true);
    c.give(s1, transfer_requested{s4});
    c.settle();
    REQUIRE(c.leader() == s4);
    CHECK_FALSE(takes(c, s4));
    set_full(c, s3, false);
    CHECK(takes(c, s4));
}
