// SPDX-License-Identifier: BSL-1.0
//
// What a node tells those who ask for more than a proposal: changes of membership, reads anywhere,
// giving leadership up, and what is done when too much is waiting.
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <support/trio.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

std::vector<member> voters(std::initializer_list<std::uint64_t> ids) {
    std::vector<member> all;
    for (const auto id : ids) all.push_back({{id}, member_part::voter});
    return all;
}

}  // namespace

TEST_CASE("a change of membership is told when it is complete") {
    trio c;
    const auto leader = c.leader_id();
    const auto gone = leader % 3 + 1;
    const auto kept = gone % 3 + 1;
    c.pass(100);
    std::optional<change_outcome> heard;
    const auto based_on = c[leader].status().configuration;
    c[leader].change_members(based_on, voters({leader, kept}),
                             [&](const change_outcome& told) { heard = told; });
    CHECK_FALSE(heard);
    c.pass(500);
    REQUIRE(heard);
    CHECK(*heard == change_outcome{change_result::completed});
    CHECK(c[leader].status().members.size() == 2);
    CHECK_FALSE(c[leader].status().changing);

    heard.reset();
    c[leader].change_members(based_on, voters({leader}),
                             [&](const change_outcome& told) { heard = told; });
    REQUIRE(heard);
    CHECK(std::get<refusal>(*heard).reason == refusal_reason::configuration_changed);
}

TEST_CASE(
    "F5 who asked for a change hears that it is taken back and who took it back that it is done") {
    trio c;
    const auto leader = c.leader_id();
    c.pass(100);
    std::vector<change_outcome> heard;
    const auto change = [&](std::initializer_list<std::uint64_t> ids) {
        c[leader].change_members(c[leader].status().configuration, voters(ids),
                                 [&](const change_outcome& told) { heard.push_back(told); });
    };
    change({1, 2, 3, 4});  // Nobody runs the fourth.
    c.pass(100);
    REQUIRE(c[leader].status().changing);
    change({1, 2, 3});
    c.pass(200);
    const change_outcome given_up{change_result::aborted};
    const change_outcome completed{change_result::completed};
    CHECK(heard == std::vector{given_up, completed});
    CHECK(c[leader].status().members.size() == 3);
    CHECK_FALSE(c[leader].status().changing);
}

TEST_CASE("a leader that was asked to remove itself hears that it is done") {
    trio c;
    const auto leader = c.leader_id();
    c.pass(100);
    std::optional<change_outcome> ended;
    c[leader].change_members(c[leader].status().configuration,
                             voters({leader % 3 + 1, (leader + 1) % 3 + 1}),
                             [&](const change_outcome& given) { ended = given; });
    c.pass(500);
    REQUIRE(ended);
    CHECK(*ended == change_outcome{change_result::completed});
    CHECK(std::string_view{c[leader].status().role} != "leader");
}

TEST_CASE("a change whose leader is deposed is unknown, and whoever leads goes on with it") {
    trio c;
    const auto old = c.leader_id();
    c.pass(100);
    std::optional<change_outcome> heard;
    c[old].change_members(c[old].status().configuration, voters({1, 2, 3, 4}),
                          [&](const change_outcome& told) { heard = told; });
    c.pass(20);
    REQUIRE_FALSE(c[old].step_down());
    c.pass(20);
    REQUIRE(heard);
    CHECK(*heard == change_outcome{unknown{}});
    c.pass(10'000);
    const auto next = c.leader_id();
    CHECK(c[next].status().members.size() == 3);
    CHECK_FALSE(c[next].status().changing);
}

TEST_CASE("S96 a follower answers a linearizable read from its own state machine") {
    trio c;
    const auto leader = c.leader_id();
    const auto other = leader % 3 + 1;
    c[leader].propose(7, [](const auto&) {});
    std::optional<read_outcome> heard;
    c[other].read([&](const read_outcome& told) { heard = told; });
    CHECK_FALSE(heard);
    c.pass(200);
    REQUIRE(heard);
    REQUIRE(std::holds_alternative<read_ready>(*heard));
    CHECK(c[other].state_machine().items == std::vector<int>{7});
}

TEST_CASE("a follower's read is refused when its leader is lost") {
    trio c;
    const auto leader = c.leader_id();
    const auto other = leader % 3 + 1;
    c.cut[leader] = true;
    std::optional<read_outcome> heard;
    c[other].read([&](const read_outcome& told) { heard = told; });
    c.pass(2000);
    REQUIRE(heard);
    REQUIRE(std::holds_alternative<refusal>(*heard));
    CHECK(std::get<refusal>(*heard).reason == refusal_reason::leadership_lost);
}

TEST_CASE("a stale read is served at once from what is there, or refused") {
    trio c;
    const auto leader = c.leader_id();
    const auto other = leader % 3 + 1;
    c[leader].propose(7, [](const auto&) {});
    c.pass(200);
    const read_requested stale{read_consistency::stale, milliseconds(500)};
    int served = 0;
    const auto count = [&](const read_outcome& told) {
        served += std::holds_alternative<read_ready>(told);
    };
    c[other].read(stale, count);
    CHECK(served == 1);
    c.cut[leader] = c.cut[other] = true;
    c.pass(200);
    c[other].read(stale, count);
    CHECK(served == 2);
    c.pass(400);
    c[other].read(stale, count);
    CHECK(served == 2);
}

TEST_CASE("servers without room say so, and the leader refuses for all of them") {
    trio c;
    const auto leader = c.leader_id();
    c[leader].propose(1, [](const auto&) {});
    c.pass(100);
    for (std::uint64_t id = 1; id <= 3; ++id)
        if (id != leader) c.disks[id].free = 0;
    std::vector<outcome<std::size_t>> told;
    const auto note = [&](const auto& outcome) { told.push_back(outcome); };
    c[leader].propose(2, note);
    c.pass(200);
    CHECK(told.empty());
    c[leader].propose(3, note);
    REQUIRE(told.size() == 1);
    CHECK(std::get<refusal>(told[0]).reason == refusal_reason::no_space);

    for (std::uint64_t id = 1; id <= 3; ++id) c.disks[id].free = 1U << 30U;
    c.pass(500);
    REQUIRE(told.size() == 2);
    CHECK(std::holds_alternative<applied<std::size_t>>(told[1]));
    c[leader].propose(3, note);
    c.pass(100);
    CHECK(told.size() == 3);
    CHECK(std::holds_alternative<applied<std::size_t>>(told.back()));
}

TEST_CASE(
    "F3 a server whose disk has little room takes the entries that fit, and is not full then") {
    trio c;
    const auto leader = c.leader_id();
    c[leader].propose(1, [](const auto&) {});
    c.pass(100);
    for (std::uint64_t id = 1; id <= 3; ++id)
        if (id != leader) c.disks[id].free = 0;
    std::size_t applied_commands = 0;
    const std::vector<int> commands{2, 3, 4, 5, 6};
    c[leader].propose(std::span<const int>{commands}, [&](std::size_t, const auto& outcome) {
        if (std::holds_alternative<applied<std::size_t>>(outcome)) ++applied_commands;
    });
    c.pass(500);
    CHECK(applied_commands == 0);

    for (std::uint64_t id = 1; id <= 3; ++id)
        if (id != leader) c.disks[id].free = 2 * sizeof(int);
    c.pass(500);
    CHECK(applied_commands == commands.size());
    for (std::uint64_t id = 1; id <= 3; ++id) CHECK_FALSE(c[id].protocol_state().disk.full);
}

TEST_CASE("bytes that are not applied yet are bounded, at the leader and at followers") {
    trio_over<wayward_storage, limits{.unapplied_bytes = 10 * sizeof(int)}> c;
    const auto leader = c.leader_id();
    const auto other = leader % 3 + 1;
    for (std::uint64_t id = 1; id <= 3; ++id) c.cut[id] = id != leader;
    std::erase_if(c.cut, [](const auto& each) { return !each.second; });
    std::size_t told = 0;
    for (int i = 0; i < 10; ++i) c[leader].propose(i, [&](const auto&) { ++told; });
    CHECK(told == 0);
    std::optional<outcome<std::size_t>> eleventh;
    c[leader].propose(10, [&](const auto& given) { eleventh = given; });
    REQUIRE(eleventh);
    CHECK(std::get<refusal>(*eleventh).reason == refusal_reason::too_many_pending);

    c.cut.clear();
    c.pass(500);
    CHECK(told == 10);
    eleventh.reset();
    c[leader].propose(10, [&](const auto& given) { eleventh = given; });
    c.pass(100);
    REQUIRE(eleventh);
    CHECK(std::holds_alternative<applied<std::size_t>>(*eleventh));
    CHECK(c[other].state_machine().items.size() == 11);
}

TEST_CASE("a snapshot is begun by itself when enough was applied since the last") {
    trio c;
    for (auto& each : c.options) each.snapshot_after_entries = 8;
    for (std::uint64_t id = 1; id <= 3; ++id) c.start(id);
    const auto leader = c.leader_id();
    for (int i = 0; i < 40; ++i) {
        c[leader].propose(i, [](const auto&) {});
        c.pass(10);
    }
    for (std::uint64_t id = 1; id <= 3; ++id) {
        CHECK(c[id].status().snapshot.last_included.index >= log_index{33});
        CHECK(c[id].state_machine().items.size() == 40);
    }
}
