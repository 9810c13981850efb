// SPDX-License-Identifier: BSL-1.0
//
// A witness votes and acknowledges, and holds no commands: what its node stores and sends.
#include <map>
#include <vector>

#include <doctest/doctest.h>

#include <support/trio.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

/// Two servers with the data and, as the third, a witness.
struct duo_and_witness : trio {
    duo_and_witness() {
        up.clear();
        for (auto& each : options) {
            each.initial.witnesses = member_set::of(slot{2});
            start(each.id.value);
        }
    }

    /// How many commands the log of `id` holds.
    std::size_t commands_of(std::uint64_t id) {
        const auto& log = up.at(id).protocol_state().log;
        std::size_t count = 0;
        if (log.base().index == log.last_index()) return count;
        for (const auto& each :
             disks[id].entries(next(log.base().index), log.last_index(), 1 << 20))
            count += each.command.has_value();
        return count;
    }
};

}  // namespace

TEST_CASE("a witness keeps which entries there are, and none of their commands") {
    duo_and_witness c;
    const auto leader = c.leader_id();
    CHECK(leader != 3);
    for (int i = 0; i < 5; ++i) c[leader].propose(i, [](const auto&) {});
    c.pass(200);
    CHECK(c[3].protocol_state().commit_index == c[leader].protocol_state().commit_index);
    CHECK(c.commands_of(3) == 0);
    CHECK(c.commands_of(leader) > 0);
    CHECK(c[3].state_machine().items.empty());
}

TEST_CASE("with a witness one of the two others may fail, whichever leads, and nothing is lost") {
    duo_and_witness c;
    const auto leader = c.leader_id();
    const auto other = 3 - leader;
    for (int i = 0; i < 5; ++i) c[leader].propose(i, [](const auto&) {});
    c.pass(200);
    c.cut[leader] = true;
    c.pass(3000);
    CHECK(c[other].protocol_state().is_leader());
    std::optional<outcome<std::size_t>> told;
    c[other].propose(5, [&](const auto& given) { told = given; });
    c.pass(200);
    REQUIRE(told);
    CHECK(std::holds_alternative<applied<std::size_t>>(*told));
    CHECK(c[other].state_machine().items == std::vector<int>{0, 1, 2, 3, 4, 5});

    // The one that lacks the sixth cannot lead now: the witness knows of it.
    c.cut[other] = true;
    c.cut.erase(leader);
    c.pass(5000);
    CHECK_FALSE(c[leader].protocol_state().is_leader());
    c.cut.erase(other);
    c.pass(3000);
    CHECK(c[leader].state_machine().items.size() == 6);
}

TEST_CASE("a witness compacts, restarts, and is caught up without the data") {
    duo_and_witness c;
    const auto leader = c.leader_id();
    c.cut[3] = true;
    for (int i = 0; i < 20; ++i) {
        c[leader].propose(i, [](const auto&) {});
        c.pass(10);
    }
    REQUIRE_FALSE(c[leader].take_snapshot());
    c.pass(50);
    c.cut.erase(3);
    c.pass(500);
    CHECK(c[3].protocol_state().commit_index == c[leader].protocol_state().commit_index);
    CHECK(c[3].protocol_state().snapshot.size == 0);
    CHECK(c[3].protocol_state().snapshot.last_included.index > log_index{});
    c[leader].propose(20, [](const auto&) {});
    c.pass(100);
    REQUIRE_FALSE(c[3].take_snapshot());
    c.pass(50);
    CHECK(c[3].protocol_state().snapshot.size == 0);
    c.start(3);
    c.pass(500);
    CHECK(c[3].protocol_state().commit_index == c[leader].protocol_state().commit_index);
    CHECK(c.commands_of(3) == 0);
}

namespace {

void change(duo_and_witness& c, std::vector<member> wanted) {
    auto& leader = c[c.leader_id()];
    std::optional<change_outcome> told;
    leader.change_members(leader.status().configuration, std::move(wanted),
                          [&](const change_outcome& given) { told = given; });
    c.pass(2000);
    REQUIRE(told);
    CHECK(*told == change_outcome{change_result::completed});
}

void propose(duo_and_witness& c, int from, int to) {
    for (int i = from; i < to; ++i) c[c.leader_id()].propose(i, [](const auto&) {});
    c.pass(200);
}

}  // namespace

TEST_CASE("F16 a server that was a witness and is a voter has every command, and leads with them") {
    for (const bool snapshots : {false, true})
        for (const bool restarted : {false, true}) {
            duo_and_witness c;
            const auto leader = c.leader_id();
            propose(c, 0, 5);
            if (snapshots) {
                REQUIRE_FALSE(c[3].take_snapshot());
                REQUIRE_FALSE(c[leader].take_snapshot());
                c.pass(50);
            }
            REQUIRE(c[3].status().lacks_from);
            CHECK(c[3].status().last_applied == log_index{});
            change(c, {{{1}}, {{2}}});
            if (restarted) c.start(3);
            change(c, {{{1}}, {{2}}, {{3}}});
            c.pass(500);
            CHECK_FALSE(c[3].status().lacks_from);
            CHECK(c[3].state_machine().items == std::vector<int>{0, 1, 2, 3, 4});
            propose(c, 5, 8);
            CHECK(c[3].state_machine().items == c[leader].state_machine().items);
            REQUIRE_FALSE(c[leader].transfer_leadership(member_id{3}));
            c.pass(500);
            CHECK(c.leader_id() == 3);
            std::optional<std::size_t> read;
            c[3].read([&](const read_outcome& ready) {
                if (std::holds_alternative<read_ready>(ready))
                    read = c[3].state_machine().items.size();
            });
            c.pass(500);
            CHECK(read == 8);
            c.start(3);
            c.pass(2000);
            CHECK(c[3].state_machine().items == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7});
        }
}
