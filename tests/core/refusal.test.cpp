// SPDX-License-Identifier: BSL-1.0
//
// Goal: what cannot be done is refused with its reason and changes nothing. Method: for each reason
// that the core gives, and each request that it can be given for, one refused request.
#include <cstdint>
#include <optional>
#include <vector>

#include <doctest/doctest.h>

#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

using enum refusal_reason;
using membership = std::vector<member>;

/// Whether `id` refuses the request for this reason, naming its leader, and nothing has changed.
template <class Request>
[[nodiscard]] constexpr bool refuses(cluster& c, member_id id, const Request& request,
                                     refusal_reason reason) {
    const auto before = c.at(id);
    const auto messages = c.network().size();
    c.give(id, request);
    return c.last_effects().rare->refused == refusal{reason, before.current_leader()} &&
           c.at(id) == before && c.network().size() == messages;
}

[[nodiscard]] constexpr change_requested change_to(const cluster& c, member_id id,
                                                   membership wanted) {
    return {c.at(id).configurations.back().index, std::move(wanted)};
}

/// A change that would be valid.
[[nodiscard]] constexpr change_requested growth(const cluster& c, member_id id) {
    return change_to(c, id, {{s1}, {s2}, {s3}, {s4}});
}

[[nodiscard]] constexpr bool not_leader_refuses_all(cluster c, member_id id) {
    return refuses(c, id, proposed{1}, not_leader) &&
           refuses(c, id, transfer_requested{s1}, not_leader) &&
           refuses(c, id, transfer_requested{}, not_leader) &&
           refuses(c, id, step_down_requested{}, not_leader) &&
           refuses(c, id, growth(c, id), not_leader);
}

[[nodiscard]] constexpr bool followers_and_candidates_refuse() {
    auto c = steady(3, {});
    const bool following = not_leader_refuses_all(c, s2);
    c.time_out(s2);
    c.lose_all();
    return following && c.at(s2).is_candidate() && not_leader_refuses_all(c, s2) &&
           refuses(c, s2, read_requested{}, not_leader) &&
           refuses(c, s2, read_requested{read_consistency::stale, milliseconds(9)}, too_stale);
}

/// Of the members s1 to s3; s4 is new.
[[nodiscard]] constexpr bool odd_memberships_are_refused() {
    auto c = steady(3, {});
    constexpr auto learner = member_part::learner;
    constexpr auto witness = member_part::witness;
    membership too_many{{s1}, {s2}, {s3}};
    for (std::uint64_t id = 4; id <= members_max + 1; ++id) too_many.push_back({{id}});
    membership too_many_together;
    for (std::uint64_t id = 10; id < 10 + members_max - 2; ++id)
        too_many_together.push_back({{id}});
    return refuses(c, s1, change_to(c, s1, {}), invalid_configuration) &&
           refuses(c, s1, change_to(c, s1, {{s1, learner}}), invalid_configuration) &&
           refuses(c, s1, change_to(c, s1, {{s1}, {s2}, {s1}}), invalid_configuration) &&
           refuses(c, s1, change_to(c, s1, {{s4}, {s5}, {s4, learner}}), invalid_configuration) &&
           refuses(c, s1, change_to(c, s1, {{s1}, {s4, witness}}), invalid_configuration) &&
           refuses(c, s1, change_to(c, s1, {{s1}, {s2}, {s3, witness}}), invalid_configuration) &&
           refuses(c, s1, change_to(c, s1, {{s1}, {s2}, {s3}}), nothing_to_do) &&
           refuses(c, s1, change_to(c, s1, {{s3}, {s1}, {s2}}), nothing_to_do) &&
           refuses(c, s1, change_to(c, s1, too_many), too_many_members) &&
           refuses(c, s1, change_to(c, s1, too_many_together), too_many_members) &&
           refuses(c, s1, change_requested{{9}, {{s1}}}, configuration_changed);
}

}  // namespace

static_assert(followers_and_candidates_refuse());
static_assert(odd_memberships_are_refused());

TEST_CASE("who does not lead refuses what only a leader does, and says who leads") {
    CHECK(followers_and_candidates_refuse());
}

TEST_CASE("memberships that cannot be are refused, each for its reason") {
    CHECK(odd_memberships_are_refused());
}

TEST_CASE("S77 S78 a change is refused by who is not ready, or is changing or handing over") {
    cluster c{3};
    c.add_outsider(s4);
    c.elect(s1, {s2});
    REQUIRE(c.commit(s1) == 0);
    CHECK(refuses(c, s1, growth(c, s1), leader_not_ready));
    c.settle();
    const auto stale = growth(c, s1);
    c.give(s1, stale);
    REQUIRE(c.last_effects().rare->change == log_index{2});
    CHECK(refuses(c, s1, growth(c, s1), change_in_progress));
    CHECK(refuses(c, s1, stale, change_in_progress));
    c.run_for(settings{}.election_timeout * 2);
    REQUIRE(c.at(s1).members() == voters_only({s1, s2, s3, s4}));
    CHECK(refuses(c, s1, stale, configuration_changed));
    c.isolate(s2);
    c.propose(s1);
    c.give(s1, transfer_requested{s2});
    c.lose_all();
    CHECK(refuses(c, s1, change_to(c, s1, {{s1}}), transfer_in_progress));
    CHECK(refuses(c, s1, transfer_requested{s3}, transfer_in_progress));
    CHECK(refuses(c, s1, proposed{1}, transfer_in_progress));
}

TEST_CASE("transfers that cannot be are refused, each for its reason") {
    configuration members = voters_only({s1, s2, s3, s4});
    members.voters = member_set::first(3);
    members.witnesses = member_set::of(slot{2});
    cluster c{members, settings{}};
    c.elect(s1);
    CHECK(refuses(c, s1, transfer_requested{s1}, nothing_to_do));
    CHECK(refuses(c, s1, transfer_requested{s3}, cannot_lead));
    CHECK(refuses(c, s1, transfer_requested{s4}, cannot_lead));
    CHECK(refuses(c, s1, transfer_requested{s5}, unknown_member));
    cluster alone{1};
    alone.elect(s1);
    CHECK(refuses(alone, s1, transfer_requested{}, no_candidate));
}

TEST_CASE("proposals that cannot be taken are refused, each for its reason") {
    auto config = settings{};
    config.pending_entries = 4;
    auto c = steady(3, config);
    CHECK(refuses(c, s1, proposed{0}, nothing_to_do));
    CHECK(refuses(c, s1, proposed{5}, too_many_pending));
    c.propose(s1, 3);
    c.lose_all();
    CHECK(refuses(c, s1, proposed{2}, too_many_pending));
    c.give(s1, room_changed{true});
    CHECK(refuses(c, s1, proposed{1}, no_space));
}

TEST_CASE("reads that cannot be served are refused, each for its reason") {
    auto c = steady(3, {});
    for (const auto id : {s1, s2}) {
        CHECK(refuses(c, id, read_requested{read_consistency::lease}, no_lease));
        CHECK(refuses(c, id, read_requested{read_consistency::stale, duration{-1}}, too_stale));
    }
    c.let_time_pass(milliseconds(10));
    for (const auto id : {s1, s2})
        CHECK(refuses(c, id, read_requested{read_consistency::stale, milliseconds(9)}, too_stale));
}

TEST_CASE("B70 a server whose storage failed refuses everything") {
    for (const auto id : {s1, s2}) {
        auto c = steady(3, {});
        c.give(id, raft::core::storage_failed{});
        CHECK(refuses(c, id, proposed{1}, refusal_reason::storage_failed));
        for (const auto kind :
             {read_consistency::linearizable, read_consistency::lease, read_consistency::stale})
            CHECK(refuses(c, id, read_requested{kind, milliseconds(9)},
                          refusal_reason::storage_failed));
        CHECK(refuses(c, id, transfer_requested{s3}, refusal_reason::storage_failed));
        CHECK(refuses(c, id, step_down_requested{}, refusal_reason::storage_failed));
        CHECK(refuses(c, id, growth(c, id), refusal_reason::storage_failed));
    }
}
