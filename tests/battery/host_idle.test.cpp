// SPDX-License-Identifier: BSL-1.0
//
// Ten thousand groups that sleep, and the hazards of sleeping (B45), as hosts meet them: each test
// says which.
#include <chrono>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include <support/hosts.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

constexpr auto timeout = settings{}.election_timeout;

/// Hosts whose groups have elected their leaders, hold one command each, and sleep.
hosts asleep(std::uint64_t host_count, std::uint64_t groups, std::uint64_t seed = 1) {
    return hosts{host_count, groups, sleepy_groups(), {}, seed};
}

void let_sleep(hosts& all) {
    all.run_for(timeout * 4);
    REQUIRE_FALSE(all.deadline());
}

/// A client of one group: proposes wherever it finds a leader, every 10 ms, until it is applied.
bool commits_within(hosts& all, std::uint64_t group, duration patience) {
    const auto end = all.now() + std::chrono::nanoseconds{patience.nanoseconds};
    for (;;) {
        const auto leader = all.leader_of(group);
        if (leader != 0 && all.propose(leader, group, 1)) return true;
        if (all.now() >= end) return false;
        all.run_for(milliseconds(10));
    }
}

}  // namespace

TEST_CASE("10,000 idle groups of three are silent for 10 minutes and commit when they are needed") {
    constexpr std::uint64_t groups = 10'000;
    auto all = asleep(3, groups);
    let_sleep(all);
    std::vector<std::uint64_t> leader_of(groups + 1);
    std::vector<std::uint64_t> led(4);
    for (std::uint64_t group = 1; group <= groups; ++group)
        ++led[leader_of[group] = all.leader_of(group)];
    CHECK(led[0] == 0);
    for (std::uint64_t id = 1; id <= 3; ++id) CHECK(led[id] >= groups / 3);

    const auto messages_before = all.messages;
    const auto turns_before = all.turns;
    all.run_for(milliseconds(600'000));
    CHECK(all.messages == messages_before);
    CHECK(all.turns == turns_before);
    CHECK_FALSE(all.deadline());

    // A third of the leaders die, and then all groups are needed at the same time.
    all.kill(1);
    for (std::uint64_t group = 1; group <= groups; ++group)
        REQUIRE(all[2].use({group}, [](hosts::server& node) { CHECK_FALSE(node.wake()); }));
    const auto end = all.now() + std::chrono::nanoseconds{(timeout * 2).nanoseconds};
    std::vector<std::uint64_t> waiting;
    for (std::uint64_t group = 1; group <= groups; ++group) waiting.push_back(group);
    for (;;) {
        std::erase_if(waiting, [&](std::uint64_t group) {
            const auto leader = all.leader_of(group);
            return leader != 0 && all.propose(leader, group, 1);
        });
        if (all.now() >= end) break;
        all.run_for(milliseconds(10));
    }
    CHECK(waiting.empty());
    std::uint64_t deposed = 0;
    for (std::uint64_t group = 1; group <= groups; ++group)
        if (leader_of[group] != 1 && all.leader_of(group) != leader_of[group]) ++deposed;
    CHECK(deposed == 0);

    let_sleep(all);
    for (std::uint64_t group = 1; group <= groups; ++group) {
        REQUIRE(all.sum_of(2, group) == 1);
        REQUIRE(all.sum_of(3, group) == 1);
    }
}

TEST_CASE("B45 a group whose leader's host died elects another when anybody asks for it") {
    for (const std::uint64_t asked : {2U, 3U})
        for (std::uint64_t seed = 1; seed <= 20; ++seed) {
            CAPTURE(seed);
            auto all = asleep(3, 3, seed);
            let_sleep(all);
            REQUIRE(all.leader_of(3) == 1);
            all.kill(1);
            all.run_for(milliseconds(600'000));
            CHECK_FALSE(all.deadline());
            CHECK_FALSE(all.propose(asked, 3, 1));
            CHECK(commits_within(all, 3, timeout * 2));
        }
}

TEST_CASE("B45 what was written without a sleeper is not lost, nor the group (tikv#16429)") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        CAPTURE(seed);
        auto all = asleep(3, 3, seed);
        let_sleep(all);
        REQUIRE(all.leader_of(3) == 1);
        all.cut(1, 2);  // Nobody tells host 2 of what is written now.
        REQUIRE(all.propose(1, 3, 7));
        let_sleep(all);
        all.cut(1, 3);
        // Host 2 is asked. It cannot win, and the one that can is asleep.
        CHECK_FALSE(all.propose(2, 3, 1));
        all.run_for(timeout * 2);
        CHECK(all.state_of(3, 3).is_leader());
        CHECK(all.propose(3, 3, 1));
        CHECK(all.sum_of(2, 3) == 8);
    }
}

TEST_CASE("B45 wake-ups that are lost delay an election and do not prevent it") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        CAPTURE(seed);
        auto all = asleep(5, 5, seed);
        let_sleep(all);
        REQUIRE(all.leader_of(5) == 1);
        all.kill(1);
        for (const std::uint64_t other : {3U, 4U, 5U}) all.cut(2, other);
        CHECK_FALSE(all.propose(2, 5, 1));
        all.join_all();
        CHECK(commits_within(all, 5, timeout * 4));
    }
}

TEST_CASE("B45 a leader that sleeps is not deposed by one whom it cannot reach (cockroach#26257)") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        CAPTURE(seed);
        auto all = asleep(3, 3, seed);
        let_sleep(all);
        REQUIRE(all.leader_of(3) == 1);
        all.cut(1, 2);
        CHECK_FALSE(all.propose(2, 3, 1));  // Wakes host 3, which can reach the leader.
        all.run_for(timeout * 20);
        CHECK(all.leader_of(3) == 1);
        CHECK(all.state_of(1, 3).current_term.value == 1);
        CHECK(all.propose(1, 3, 1));
        all.join_all();
        let_sleep(all);
        CHECK(all.leader_of(3) == 1);
        CHECK(all.sum_of(2, 3) == 1);
    }
}

TEST_CASE("B45 followers that wake without their leader elect once, and not in circles") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        CAPTURE(seed);
        auto all = asleep(3, 3, seed);
        let_sleep(all);
        REQUIRE(all.leader_of(3) == 1);
        all.cut(1, 2);
        all.cut(1, 3);
        CHECK_FALSE(all.propose(2, 3, 1));
        all.join_all();  // They are awake, the leader is not, and nobody has told it.
        let_sleep(all);
        const auto leader = all.leader_of(3);
        const auto term = all.state_of(leader, 3).current_term;
        CHECK(term.value <= 3);
        CHECK(all.propose(leader, 3, 1));
        let_sleep(all);
        CHECK(all.leader_of(3) == leader);
        CHECK(all.state_of(leader, 3).current_term == term);
    }
}

TEST_CASE("B45 a host that starts again deposes nobody, and all sleep again") {
    constexpr std::uint64_t groups = 300;
    auto all = asleep(3, groups);
    let_sleep(all);
    all.kill(1);
    all.start(1);
    all.run_for(timeout * 6);
    CHECK_FALSE(all.deadline());
    for (std::uint64_t group = 1; group <= groups; ++group) {
        const auto leader = all.leader_of(group);
        REQUIRE(leader != 0);
        REQUIRE(all.propose(leader, group, 5));
        if (group % 3 != 0) REQUIRE(all.state_of(leader, group).current_term.value == 1);
    }
    let_sleep(all);
    for (std::uint64_t group = 1; group <= groups; ++group) REQUIRE(all.sum_of(1, group) == 5);
}

TEST_CASE("B45 a host that is heard does not stand for a group that it leads no more") {
    // cockroach#315: heartbeats merged between hosts kept followers of such a group waiting.
    auto config = sleepy_groups();
    config.quiescence = false;
    hosts all{3, 300, config};
    all.run_for(timeout);
    REQUIRE(all.leader_of(3) == 1);
    REQUIRE(all[1].remove({3}));
    const auto batches_before = all.batches;
    const auto end = all.now() + std::chrono::nanoseconds{(timeout * 2).nanoseconds};
    all.run_to(end);
    CHECK(all.batches > batches_before);
    const bool elected = all.state_of(2, 3).is_leader() || all.state_of(3, 3).is_leader();
    CHECK(elected);
    CHECK(all.leader_of(6) == 1);
    CHECK(all[1].statistics().unknown_group > 0);
}
