// SPDX-License-Identifier: BSL-1.0
//
// Goal: an empty storage takes part only by an explicit birth, and a history, once taken, stays.
// Method: three nodes, some of whose storages are new or emptied.
#include <optional>

#include <doctest/doctest.h>

#include <support/trio.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

/// Starts `id` again, on an emptied storage if so, and without a birth; whether it takes part.
bool restart(trio& c, std::uint64_t id, bool emptied) {
    c.up.erase(id);
    if (emptied) c.disks[id] = {};
    c.options[id - 1].birth.reset();
    c.up.try_emplace(id, c.options[id - 1], list{}, c.wires.port_of({id}), c.disks[id], c.clock);
    return c.up.at(id).start();
}

}  // namespace

TEST_CASE("F1 the default of a node is to take part in nothing on an empty storage") {
    trio c;
    CHECK_FALSE(restart(c, 1, true));
    CHECK(c[1].status().not_born);
    CHECK_FALSE(c[1].status().storage_failed);
    CHECK_FALSE(c[1].status().history);
    std::optional<refusal> told;
    c[1].propose(1, [&](const auto& given) { told = std::get<refusal>(given); });
    REQUIRE(told);
    CHECK(told->reason == refusal_reason::not_born);
    const auto no_snapshot = c[1].take_snapshot();
    REQUIRE(no_snapshot);
    CHECK(no_snapshot->reason == refusal_reason::not_born);
    c.pass(5000);
    CHECK(c[1].status().current_term == term_number{});
    CHECK(c.leader_id() != 1);
}

TEST_CASE("F1 a node goes on with the storage that it had, without a birth") {
    trio c;
    c.leader();
    for (std::uint64_t id = 1; id <= 3; ++id) {
        CHECK(restart(c, id, false));
        CHECK(c[id].status().history == history_id{1});
    }
    c.pass(5000);
    CHECK(c.leader_id() > 0);
}

TEST_CASE("F1 two founders with empty disks lose nothing that the third holds") {
    trio c;
    const auto leader = c.leader_id();
    const auto wiped = leader % 3 + 1;
    const auto fresh = wiped % 3 + 1;
    restart(c, fresh, true);
    for (int i = 0; i < 50; ++i) c[leader].propose(i, [](const auto&) {});
    c.pass(500);
    REQUIRE(c[leader].state_machine().items.size() == 50);
    c.cut[leader] = true;
    CHECK_FALSE(restart(c, wiped, true));
    CHECK_FALSE(restart(c, fresh, true));
    c.pass(10'000);
    for (const auto id : {wiped, fresh}) CHECK_FALSE(c[id].protocol_state().is_leader());
    c.cut.clear();
    c.pass(5000);
    CHECK(c[leader].state_machine().items.size() == 50);
}

TEST_CASE("F1 a storage keeps to its history, whatever birth it is given later") {
    trio c;
    c.options[0].birth = history_id{2};
    c.start(1);
    CHECK(c[1].status().history == history_id{1});
}
