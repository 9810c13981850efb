// SPDX-License-Identifier: BSL-1.0
//
// Hosts: what they merge, to whom they give their time, and what they refuse.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <support/dice.hpp>
#include <support/hosts.hpp>
#include <support/trio.hpp>

using namespace raft;
using namespace raft::wire;
using namespace raft::core;
using namespace raft::testing;

namespace {

using part = batch_part<int>;

settings awake() {
    auto config = sleepy_groups();
    config.quiescence = false;
    return config;
}

node_options alone(std::uint64_t id = 1) {
    return {{id}, voters_only({{id}}), history_id{1}, awake(), id};
}

/// A host with a few groups of one member each, which needs nobody else.
template <class Node>
struct lone_host {
    manual_clock clock{};
    std::map<std::uint64_t, memory_storage<int>> disks{};
    host<Node> groups{{1}};

    explicit lone_host(std::uint64_t count) {
        for (std::uint64_t group = 1; group <= count; ++group) add(group);
        groups.poll(clock.now());
    }
    bool add(std::uint64_t group) {
        return groups.add({group}, alone(), tally{}, disks[group], clock);
    }
    void propose(std::uint64_t group, int count) {
        const std::vector<int> ones(static_cast<std::size_t>(count), 1);
        groups.use({group}, [&](Node& node) {
            node.propose(std::span<const int>{ones}, [](std::size_t, const auto&) {});
        });
    }
    [[nodiscard]] int sum(std::uint64_t group) const {
        return groups.find({group})->state_machine().sum;
    }
};

using lone = lone_host<hosts::server>;

constexpr limits few_at_a_time{.apply_batch = 2, .applied_per_call = 4};
using slow_server =
    node<tally, outbox<int>::port, memory_storage<int>&, manual_clock&, few_at_a_time>;

request_vote some_request() { return {.term = {9}, .last_log = {}}; }

/// A batch of one message of that group.
batch<int> saying(std::uint64_t group, member_id from, member_id to) {
    batch<int> said;
    said.add({group}, from, to, message{some_request()}, {});
    return said;
}

}  // namespace

TEST_CASE("groups of one host elect, commit and apply, each by itself") {
    hosts all{3, 30, awake()};
    for (std::uint64_t group = 1; group <= 30; ++group) {
        const auto leader = all.leader_of(group);
        CHECK(leader == group % 3 + 1);
        CHECK(all.propose(leader, group, static_cast<int>(group)));
    }
    all.run_for(milliseconds(100));
    for (std::uint64_t id = 1; id <= 3; ++id)
        for (std::uint64_t group = 1; group <= 30; ++group)
            CHECK(all.sum_of(id, group) == static_cast<int>(group));
}

TEST_CASE("the heartbeats of all groups to one host leave as one batch") {
    hosts all{3, 999, awake()};
    all.run_for(settings{}.heartbeat_interval * 10);
    const auto [turns, batches, messages] = std::tuple{all.turns, all.batches, all.messages};
    all.run_for(settings{}.heartbeat_interval * 10);
    // All were elected at the same time: ten times a heartbeat of 333 groups on each host to both
    // others, and the answers; some of these go with the answering host's own heartbeats.
    CHECK(all.turns - turns == 10);
    CHECK(all.batches - batches == 10 * 9);
    CHECK(all.messages - messages == 10 * 3 * 2 * 2 * 333);
}

TEST_CASE("heartbeats of groups elected at different times wait for one another") {
    auto config = awake();
    config.first_election_at_once = false;
    hosts all{3, 999, config, {.heartbeats_within = milliseconds(20)}};
    all.run_for(settings{}.election_timeout * 4);
    const auto [turns, batches, messages] = std::tuple{all.turns, all.batches, all.messages};
    all.run_for(settings{}.heartbeat_interval * 10);
    CHECK(all.turns - turns <= 50);  // One every 20 ms.
    CHECK(all.batches - batches <= 50 * 12);
    CHECK(all.messages - messages == 10 * 999 * 2 * 2);
}

TEST_CASE("each group that is due gets one turn in a poll, however much one has to do") {
    lone_host<slow_server> one{3};
    one.propose(1, 1000);
    one.propose(2, 12);
    one.propose(3, 6);
    CHECK(one.sum(1) == 4);
    CHECK(one.sum(2) == 4);
    CHECK(one.sum(3) == 4);
    for (int turn = 2; turn <= 5; ++turn) {
        REQUIRE(one.groups.deadline());
        CHECK(*one.groups.deadline() <= one.clock.now());
        one.groups.poll(one.clock.now());
        CHECK(one.sum(1) == 4 * turn);
        CHECK(one.sum(2) == std::min(4 * turn, 12));
        CHECK(one.sum(3) == 6);
    }
}

TEST_CASE("a group that always has more to do does not keep the timers of others waiting") {
    lone_host<slow_server> one{2};
    one.propose(1, 1000);
    one.clock.advance_to(one.clock.now() + std::chrono::seconds{1});
    REQUIRE(one.groups.find({2})->deadline() < one.clock.now());
    one.groups.poll(one.clock.now());
    CHECK(one.groups.find({1})->deadline() < one.clock.now());
    CHECK(one.groups.find({2})->deadline() > one.clock.now());
}

TEST_CASE("a poll looks at no group whose time has not come") {
    hosts all{3, 300};
    all.run_for(settings{}.election_timeout * 4);
    REQUIRE_FALSE(all[1].deadline());
    REQUIRE(all.propose(all.leader_of(7), 7, 1));  // One of them is awake now.
    REQUIRE(all[1].deadline());
    const auto messages = all.messages;
    all.run_for(settings{}.heartbeat_interval);
    CHECK(all.messages - messages <= 4);
}

TEST_CASE("a busy group does not keep another's entries out of a batch") {
    constexpr batch_limits narrow{
        .bytes = 64, .bytes_of_group = 48, .bytes_at_least = 8, .messages = 1000};
    hosts all{3, 6, awake(), {.batches = narrow}};
    REQUIRE(all.leader_of(3) == 1);
    REQUIRE(all.leader_of(6) == 1);
    const std::vector<int> many(200, 1);
    REQUIRE(all[1].use({3}, [&](hosts::server& node) {
        node.propose(std::span{many}, [](std::size_t, const outcome<int>&) {});
    }));
    CHECK(all.propose(1, 6, 5));
    CHECK(all.sum_of(1, 6) == 5);
    all.run_for(milliseconds(2'000));
    CHECK(all.sum_of(1, 3) == 200);
    CHECK(all.most_bytes <= 64 + 8);
    CHECK(all.most_bytes >= 48);
}

TEST_CASE("a batch that is not taken waits, within its bounds, and goes with the next") {
    outbox<int> waiting{{.bytes = 16, .bytes_of_group = 12, .bytes_at_least = 4, .messages = 3}};
    outbox<int>::port first{waiting, {1}, {1}};
    outbox<int>::port second{waiting, {2}, {1}};
    const member_id other{2};
    const std::vector<entry<int>> three(3, {{1}, 7});
    CHECK(first.room(other) == 12);
    first.send({&other, 1}, append_entries{}, {.entries = three});
    CHECK(first.room(other) == 0);
    CHECK(second.room(other) == 4);
    waiting.send_all([](member_id, const auto&) { return false; });
    CHECK(first.room(other) == 4);  // What is left of 16: it is a turn later.
    second.send({&other, 1}, append_entries{}, {.entries = std::span{three}.first(1)});
    CHECK(first.room(other) == 0);
    second.send({&other, 1}, fall_asleep{}, {});
    second.send({&other, 1}, fall_asleep{}, {});
    CHECK(waiting.dropped() == 1);
    std::size_t messages = 0;
    waiting.send_all([&](member_id to, const batch<int>& said) {
        CHECK(to == other);
        messages += said.size();
        return true;
    });
    CHECK(messages == 3);
    CHECK(first.room(other) == 12);
}

TEST_CASE("groups come and go while others run") {
    lone one{2};
    CHECK_FALSE(one.add(2));
    CHECK_FALSE(one.groups.add({3}, alone(2), tally{}, one.disks[3], one.clock));
    CHECK(one.groups.size() == 2);
    one.propose(1, 3);
    CHECK(one.sum(1) == 3);

    CHECK(one.groups.remove({1}));
    CHECK_FALSE(one.groups.remove({1}));
    CHECK(one.groups.find({1}) == nullptr);
    CHECK_FALSE(one.groups.use({1}, [](hosts::server&) { FAIL("it is gone"); }));
    one.groups.made_progress({1});
    one.clock.advance_to(one.clock.now() + std::chrono::seconds{10});
    one.groups.poll(one.clock.now());

    CHECK(one.add(1));
    one.clock.advance_to(one.clock.now() + std::chrono::seconds{10});
    one.groups.poll(one.clock.now());
    one.propose(1, 1);
    CHECK(one.sum(1) == 4);  // Its storage kept the rest.
    one.propose(2, 1);
    CHECK(one.sum(2) == 1);
}

TEST_CASE("a group may be removed, and another made, from within a call of it") {
    lone one{2};
    one.groups.use({1}, [&](hosts::server& node) {
        node.propose(5, [&](const outcome<int>& given) {
            CHECK(std::holds_alternative<applied<int>>(given));
            CHECK(one.groups.remove({1}));
            CHECK(one.groups.find({1}) == nullptr);
            CHECK(one.add(3));
        });
        CHECK(node.state_machine().sum == 5);  // It lives until its calls have returned.
    });
    CHECK(one.groups.size() == 2);
    CHECK(one.add(4));
    one.clock.advance_to(one.clock.now() + std::chrono::seconds{10});
    one.groups.poll(one.clock.now());
    for (const std::uint64_t group : {2U, 3U, 4U}) {
        one.propose(group, 1);
        CHECK(one.sum(group) == 1);
    }
}

TEST_CASE("each group that did something is told once, whoever had its place before") {
    lone one{3};
    std::vector<std::uint64_t> told_of;
    const auto listen = [&](group_id group, hosts::server&) { told_of.push_back(group.value); };
    one.groups.each_used(listen);
    told_of.clear();
    one.propose(3, 1);
    one.propose(1, 1);
    one.propose(3, 1);
    CHECK(one.groups.remove({1}));
    CHECK(one.add(4));
    one.groups.each_used(listen);
    CHECK(told_of == std::vector<std::uint64_t>{3, 4});
    one.groups.each_used(listen);
    CHECK(told_of.size() == 2);
}

TEST_CASE("what is for nobody here, or from nobody there, is counted and does nothing") {
    hosts all{3, 3, awake()};
    const auto before = all.state_of(1, 2);
    auto& here = all[1];
    here.deliver({2}, saying(99, {2}, {1}));
    CHECK(here.statistics() == host_statistics{.unknown_group = 1});
    here.deliver({2}, saying(2, {3}, {1}));                // Host 2 does not speak for host 3,
    here.deliver({2}, saying(2, {1}, {1}));                // nor for this one,
    here.deliver({2}, saying(2, member_on({3}, 2), {1}));  // nor for another life of host 3;
    here.deliver({2}, saying(2, {2}, member_on({1}, 1)));  // and this is not that member.
    here.deliver({2}, saying(2, {2}, {3}));
    CHECK(here.statistics() == host_statistics{.unknown_group = 1, .misdirected = 5});
    CHECK(all.state_of(1, 2) == before);
    here.deliver({2}, saying(2, member_on({2}, 7), {1}));  // A stranger, as far as the group knows.
    CHECK(here.statistics().misdirected == 5);
}

TEST_CASE("a member's id says its host and its incarnation there") {
    static_assert(member_on({7}) == member_id{7});
    static_assert(host_of(member_on({7}, 3)) == member_id{7});
    static_assert(member_on({7}, 3) != member_on({7}, 4));
    lone one{0};
    const auto second = member_on({1}, 2);
    CHECK(one.groups.add({1}, {second, voters_only({second}), history_id{1}, awake(), 1}, tally{},
                         one.disks[1], one.clock));
    one.groups.poll(one.clock.now());
    one.propose(1, 2);
    CHECK(one.sum(1) == 2);
}

TEST_CASE("a storage that has made progress gets its group a turn") {
    using wayward_server = node<tally, outbox<int>::port, wayward_storage&, manual_clock&>;
    manual_clock clock;
    wayward_storage disk;
    host<wayward_server> one{{1}};
    REQUIRE(one.add({1}, alone(), tally{}, disk, clock));
    one.poll(clock.now());
    disk.held = true;
    one.use({1}, [](wayward_server& node) { node.propose(4, [](const outcome<int>&) {}); });
    one.poll(clock.now());
    CHECK(one.find({1})->state_machine().sum == 0);
    disk.held = false;
    one.made_progress({1});
    CHECK(one.deadline() == clock.now());
    one.poll(clock.now());
    CHECK(one.find({1})->state_machine().sum == 4);
    disk.broken = true;
    one.made_progress({1});
    one.poll(clock.now());
    CHECK(one.find({1})->protocol_state().is_halted());
    CHECK_FALSE(one.deadline());
}

TEST_CASE("a group whose storage makes no sense is not added") {
    lone one{0};
    auto& disk = one.disks[1];
    disk.save({{5}, {1}}, voters_only({{1}}), [](auto&) {});
    CHECK_FALSE(one.add(1));  // A tally has no snapshots.
    CHECK(one.groups.size() == 0);
    CHECK(one.add(2));
}

TEST_CASE(
    "an agenda gives the earliest first, in order of entry, whatever is moved and cancelled") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        CAPTURE(seed);
        dice random{seed};
        raft::detail::agenda<int> tested;
        std::map<std::size_t, std::pair<int, std::uint64_t>> expected;
        std::uint64_t order = 0;
        for (int i = 0; i < 2'000; ++i) {
            const auto who = static_cast<std::size_t>(random.below(40));
            const auto when = static_cast<int>(random.below(50));
            switch (random.below(4)) {
            case 0:
                tested.cancel(who);
                expected.erase(who);
                break;
            case 1: {
                using item = std::pair<std::pair<int, std::uint64_t>, std::size_t>;
                std::optional<item> first;
                for (const auto& [group, at] : expected)
                    if (!first || at < first->first) first = item{at, group};
                CHECK(tested.first() == (first ? std::optional{first->first.first} : std::nullopt));
                const auto due = tested.take_due(when, tested.entered());
                const bool is_due = first && first->first.first <= when;
                CHECK(due == (is_due ? std::optional{first->second} : std::nullopt));
                if (due) expected.erase(*due);
                break;
            }
            default:
                tested.set(who, when);
                if (!expected.contains(who) || expected[who].first != when)
                    expected[who] = {when, ++order};
            }
        }
    }
}
