// SPDX-License-Identifier: BSL-1.0
//
// Goal: every request gets its outcome, and nothing is said that is not so. Method: nodes over
// memory batteries on a clock that the test moves, with a storage that can be slow, full or broken.
#include <limits>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <support/trio.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

/// Keeps the order in which a node writes and sends.
struct noted_wires {
    words& done;
    void send(std::span<const member_id>, const message&, const attachment<int>&) {
        done.emplace_back("send");
    }
    std::size_t room(member_id) { return 1; }
};
template <bool AtOnce>
struct noted_storage : memory_storage<int> {
    static constexpr bool durable_at_once = AtOnce;
    words& done;
    explicit noted_storage(words& kept) : done{kept} {}
    void write(const log_write& begun, std::span<const entry<int>> entries,
               const indexed_configuration* members) {
        done.emplace_back("write");
        memory_storage<int>::write(begun, entries, members);
    }
};

}  // namespace

TEST_CASE("a proposal is answered with the state machine's result once it is applied") {
    trio c;
    told heard;
    c.leader().propose(7, heard.listener());
    CHECK(heard.words.empty());
    c.deliver();
    CHECK(heard.words == words{"applied 1"});
    for (std::uint64_t id = 1; id <= 3; ++id) CHECK(c[id].state_machine().items == std::vector{7});
}

TEST_CASE("commands proposed together are answered one by one, in order") {
    trio c;
    words heard;
    const std::vector<int> commands{1, 2, 3};
    c.leader().propose(std::span<const int>{commands},
                       [&](std::size_t i, const outcome<std::size_t>& given) {
                           heard.push_back(std::to_string(i) + " " + told::in_words(given));
                       });
    c.deliver();
    CHECK(heard == words{"0 applied 1", "1 applied 2", "2 applied 3"});
}

TEST_CASE("a follower refuses a proposal, and says who leads") {
    trio c;
    const auto leader = c.leader_id();
    const auto other = leader % 3 + 1;
    std::optional<refusal> heard;
    c[other].propose(1, [&](const auto& given) { heard = std::get<refusal>(given); });
    REQUIRE(heard);
    CHECK(*heard == refusal{refusal_reason::not_leader, member_id{leader}});
}

TEST_CASE("a proposal whose leader is deposed is unknown, then lost when another takes its index") {
    trio c;
    const auto old = c.leader_id();
    c.cut[old] = true;
    told heard;
    c[old].propose(7, heard.listener());
    c.deliver();
    const auto now = c.leader_id();
    REQUIRE(now != old);
    c.leader().propose(8, [](const auto&) {});
    c.pass(1000);
    CHECK(heard.words == words{"unknown"});
    c.cut.clear();
    c.pass(500);
    CHECK(heard.words == words{"unknown", "lost"});
    CHECK(c[old].state_machine().items == std::vector{8});
}

TEST_CASE("a proposal whose leader is deposed is unknown, then applied when its entry survives") {
    trio c;
    const auto old = c.leader_id();
    told heard;
    c.disks[old].held = true;
    for (std::uint64_t id = 1; id <= 3; ++id) c.disks[id].held = true;
    c[old].propose(7, heard.listener());
    c.deliver();
    c.cut[old] = true;  // The others have the entry, but this one does not hear that they have.
    for (std::uint64_t id = 1; id <= 3; ++id) c.disks[id].held = false;
    c.pass(2000);
    c.cut.clear();
    c.pass(500);
    CHECK(heard.words == words{"unknown", "applied 1"});
}

TEST_CASE("a read is served when the state machine has what was committed before it") {
    trio c;
    auto& leader = c.leader();
    leader.propose(7, [](const auto&) {});
    c.deliver();
    std::vector<int> seen;
    leader.read([&](const read_outcome& given) {
        REQUIRE(std::holds_alternative<read_ready>(given));
        seen = leader.state_machine().items;
    });
    CHECK(seen.empty());
    c.deliver();
    CHECK(seen == std::vector{7});
}

TEST_CASE("a read that waits when leadership is lost is refused with the reason") {
    trio c;
    const auto old = c.leader_id();
    c.cut[old] = true;
    std::optional<refusal> heard;
    c[old].read([&](const read_outcome& given) { heard = std::get<refusal>(given); });
    c.pass(1500);
    REQUIRE(heard);
    CHECK(heard->reason == refusal_reason::leadership_lost);
}

TEST_CASE("callables may propose and read while they are called") {
    trio c;
    auto& leader = c.leader();
    told heard;
    int rest = 40;
    struct again {
        server& at;
        told& heard;
        int& rest;
        void operator()(const outcome<std::size_t>& given) const {
            heard.words.push_back(told::in_words(given));
            at.read(*this);
        }
        void operator()(const read_outcome& given) const {
            REQUIRE(std::holds_alternative<read_ready>(given));
            CHECK(at.state_machine().items.back() == rest);
            if (--rest > 0) at.propose(rest, *this);
        }
    };
    leader.propose(rest, again{leader, heard, rest});
    c.deliver();
    CHECK(heard.words.size() == 40);
    CHECK(heard.words.back() == "applied 40");
}

TEST_CASE("a command that no message could carry is refused") {
    manual_clock clock;
    wires_type wires;
    node<list, wires_type::port, memory_storage<int>, manual_clock&, limits{.message_bytes = 2}>
        small{{{1}, voters_only({{1}}), history_id{1}, {}, 1}, {}, wires.port_of({1}), {}, clock};
    REQUIRE(small.start());
    told heard;
    small.propose(1, heard.listener());
    CHECK(heard.words == words{told::refused(refusal_reason::too_large)});
}

TEST_CASE("a command that the disk has no room for is refused, and taken when it has") {
    trio c;
    told heard;
    const auto leader = c.leader_id();
    c.disks[leader].free = 2;
    c[leader].propose(1, heard.listener());
    CHECK(heard.words == words{told::refused(refusal_reason::no_space)});
    c.disks[leader].free = 1000;
    c[leader].propose(1, heard.listener());
    c.deliver();
    CHECK(heard.words.back() == "applied 1");
}

TEST_CASE("proposals beyond the limit of what may wait are refused, and taken again later") {
    settings few;
    few.pending_entries = 4;
    trio c{few};
    auto& leader = c.leader();
    told heard;
    for (int i = 0; i < 6; ++i) leader.propose(i, heard.listener());
    const auto refused = told::refused(refusal_reason::too_many_pending);
    CHECK(heard.words == words{refused, refused});
    c.deliver();
    leader.propose(9, heard.listener());
    c.deliver();
    CHECK(heard.words.back() == "applied 5");
}

TEST_CASE("nothing is acknowledged that is not durable on a majority") {
    trio c;
    const auto leader = c.leader_id();
    told heard;
    for (std::uint64_t id = 1; id <= 3; ++id) c.disks[id].held = true;
    c[leader].propose(7, heard.listener());
    c.deliver();
    CHECK(heard.words.empty());
    c.disks[leader].held = false;
    c[leader].poll();
    c.deliver();
    CHECK(heard.words.empty());
    c.disks[leader % 3 + 1].held = false;
    c[leader % 3 + 1].poll();
    c.deliver();
    CHECK(heard.words == words{"applied 1"});
}

TEST_CASE("a node whose storage fails stops leading and refuses, and the others go on") {
    trio c;
    const auto old = c.leader_id();
    told heard;
    c.disks[old].broken = true;
    c.disks[old].held = true;
    c[old].propose(7, heard.listener());
    CHECK(c[old].status().storage_failed);
    CHECK(heard.words == words{"unknown"});
    c[old].propose(8, heard.listener());
    CHECK(heard.words.back() == told::refused(refusal_reason::storage_failed));
    CHECK_FALSE(c[old].protocol_state().is_leader());
    CHECK_FALSE(c[old].deadline());
    c.pass(2000);
    CHECK(c.leader_id() != old);
}

TEST_CASE("durable at once or not, a vote is written before it is told") {
    words done;
    const node_options options{{1}, voters_only({{1}, {2}, {3}}), history_id{1}, {}, 1};
    const request_vote ask{.term = {1}, .last_log = {}, .leadership_transfer = true};
    manual_clock clock;
    using eager_storage = noted_storage<true>;
    node<list, noted_wires, eager_storage, manual_clock&> eager{
        options, {}, {done}, eager_storage{done}, clock};
    REQUIRE(eager.start());
    eager.receive({2}, ask, {});
    CHECK(done == words{"write", "send"});
    done.clear();
    using patient_storage = noted_storage<false>;
    node<list, noted_wires, patient_storage, manual_clock&> patient{
        options, {}, {done}, patient_storage{done}, clock};
    REQUIRE(patient.start());
    patient.receive({2}, ask, {});
    CHECK(done == words{"write", "send"});
}

TEST_CASE("a node made again on its storage knows what it knew") {
    trio c;
    c.leader().propose(7, [](const auto&) {});
    c.deliver();
    const auto term = c[1].status().current_term;
    for (std::uint64_t id = 1; id <= 3; ++id) c.start(id);
    CHECK(c[1].status().current_term == term);
    CHECK(c[1].state_machine().items.empty());
    c.leader();
    c.pass(200);
    for (std::uint64_t id = 1; id <= 3; ++id) CHECK(c[id].state_machine().items == std::vector{7});
}

TEST_CASE_TEMPLATE("§7 a node restores its snapshot, and a follower that is far behind is sent it",
                   storage, wayward_storage, memory_storage<int>) {
    trio_over<storage> c;
    const auto leader = c.leader_id();
    const auto behind = leader % 3 + 1;
    c.cut[behind] = true;
    for (int i = 0; i < 20; ++i) {
        c[leader].propose(i, [](const auto&) {});
        c.deliver();
    }
    CHECK_FALSE(c[leader].take_snapshot());
    CHECK(c[leader].take_snapshot() == refusal{refusal_reason::nothing_to_do, member_id{leader}});
    CHECK(c[leader].status().first_log_index > log_index{1});
    c.cut.clear();
    c.pass(300);
    CHECK(c[behind].state_machine().items == c[leader].state_machine().items);
    CHECK(c[behind].status().snapshot == c[leader].status().snapshot);

    c.start(leader);
    CHECK(c[leader].state_machine().items.size() == 20);
}

TEST_CASE("a message that lacks what it speaks of is ignored") {
    trio c;
    const auto leader = c.leader_id();
    const auto other = leader % 3 + 1;
    const auto before = c[other].protocol_state();
    const auto last = before.log.last();
    const entry<int> foreign{last.term, 1};
    append_entries lies{
        .term = last.term, .prev = last, .last_index = last.index + 5, .entries_term = last.term};
    c[other].receive({leader}, message{lies}, {.entries = {&foreign, 1}});
    lies.last_index = previous(last.index);
    c[other].receive({leader}, message{lies}, {});
    const install_snapshot bare{.term = last.term, .last_included = {{99}, last.term}, .size = 4};
    c[other].receive({leader}, message{bare}, {});
    CHECK(c[other].protocol_state() == before);
}

TEST_CASE("entries beside a message that takes none are ignored with it, by a full server too") {
    trio c;
    const auto leader = c.leader_id();
    const auto other = leader % 3 + 1;
    c.disks[other].free = 0;
    const auto before = c[other].protocol_state();
    const entry<int> foreign{before.log.last_term(), 1};
    c[other].receive({leader}, message{timeout_now{before.current_term, before.log.last_index()}},
                     {.entries = {&foreign, 1}});
    CHECK(c[other].protocol_state() == before);
}

TEST_CASE("leadership is handed over, and comes back to nobody by itself") {
    trio c;
    const auto old = c.leader_id();
    const auto target = old % 3 + 1;
    CHECK_FALSE(c[old].transfer_leadership(member_id{target}));
    c.deliver();
    CHECK(c.leader_id() == target);
    CHECK(c[target].transfer_leadership(member_id{target})->reason ==
          refusal_reason::nothing_to_do);
    CHECK(c[old].transfer_leadership(member_id{target})->reason == refusal_reason::not_leader);
}
