// SPDX-License-Identifier: BSL-1.0
//
// Goal: each group of a host is a replica of its own, whatever happens to the others, to its host,
// or to its directory. Method: hosts in one process, with real files and connections; what is
// waited for has a bound.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include <asio/use_future.hpp>
#include <doctest/doctest.h>

#include <support/replica_hosts.hpp>

using raft_kv::outside::eventually;
using support::await;
using support::replica_hosts;
using support::replica_patience;

TEST_CASE("replica host: any host takes proposals and answers reads, for each group apart") {
    replica_hosts all;
    all.start_all();
    all.add_everywhere(1, 10);
    for (std::uint64_t number = 1; number <= 10; ++number) {
        const auto amount = static_cast<std::int64_t>(number);
        CHECK(all.count(number % 3 + 1, number, amount) == amount);
        CHECK(all.value((number + 1) % 3 + 1, number) == amount);
    }
}

TEST_CASE("replica host: a hundred groups hold what they answered after all hosts were killed") {
    replica_hosts all;
    all.of_group.config.quiescence = true;
    all.of_group.config.first_election_at_once = true;
    all.of_group.config.election_timeout = raft::milliseconds(1'000);
    constexpr std::uint64_t groups = 100;
    for (int round = 0; round < 2; ++round) {
        all.start_all();
        all.add_everywhere(1, groups);
        std::vector<std::future<raft::outcome<std::int64_t>>> coming;
        for (std::uint64_t number = 1; number <= groups; ++number)
            coming.push_back(all.of(number % 3 + 1, number)
                                 .propose({static_cast<std::int64_t>(number), {}},
                                          std::chrono::seconds{30}, asio::use_future));
        int applied = 0;
        for (auto& each : coming)
            applied += std::holds_alternative<raft::applied<std::int64_t>>(await(std::move(each)));
        CHECK(applied == groups);
        for (const std::uint64_t id : {1U, 2U, 3U}) all.kill(id);
    }
    all.start_all();
    for (std::uint64_t number = 1; number <= groups; number += 33) {
        all.add_everywhere(number);
        CHECK(all.value(1, number) == 2 * static_cast<std::int64_t>(number));
    }
}

TEST_CASE("replica host: the groups go on without a host, and it catches up when it is back") {
    replica_hosts all;
    all.of_group.snapshot_after_bytes = 20'000;
    all.start_all();
    all.add_everywhere(1, 5);
    for (std::uint64_t number = 1; number <= 5; ++number) {
        CHECK(all.count(1, number, 1) == 1);
        all.let_lead(3, number);  // Else what host 2 has been handed would be unknown.
    }
    all.kill(2);
    for (std::uint64_t number = 1; number <= 5; ++number)
        for (std::int64_t sum = 2; sum <= 10; ++sum) {
            const auto given =
                await(all.of(3, number).propose({1, std::string(5'000, 'x')}, asio::use_future));
            CHECK(std::holds_alternative<raft::applied<std::int64_t>>(given));
        }
    all.start(2);
    for (std::uint64_t number = 1; number <= 5; ++number) {
        all.add(2, number);
        CHECK(all.value(2, number) == 10);
    }
}

TEST_CASE("replica host: who stops hands its leaderships on, and leaves nothing open") {
    replica_hosts all;
    all.start_all();
    for (std::uint64_t number = 1; number <= 6; ++number) {
        all.add_everywhere(number);
        CHECK(all.count(1, number, 1) == 1);
        all.let_lead(1, number);
    }
    await(all.at(1).stop(asio::use_future));
    for (std::uint64_t number = 1; number <= 6; ++number) {
        CHECK_FALSE(all.at(1).find({number}).has_value());
        CHECK(all.status(2, number).leader != raft::member_id{1});
        CHECK(all.count(2, number, 1) == 2);
    }
    all.kill(1);
    all.start(1);
    all.add(1, 3);
    CHECK(all.value(1, 3) == 2);
}

TEST_CASE("replica host: a group is stopped and taken up again while the others go on") {
    replica_hosts all;
    all.start_all();
    all.add_everywhere(1, 2);
    CHECK(all.count(1, 1, 5) == 5);
    const auto twice = all.try_to_add(1, 1, all.options_of(1));
    REQUIRE(twice.has_value());
    CHECK(*twice == "group 1 is here already");
    const auto gone = all.of(1, 1);
    await(all.of(1, 1).stop(asio::use_future));
    CHECK(std::holds_alternative<raft::refusal>(
        await(replica_hosts::group{gone}.propose({1, {}}, asio::use_future))));
    CHECK(all.count(1, 2, 7) == 7);
    all.add(1, 1);
    CHECK(all.count(1, 1, 1) == 6);
}

TEST_CASE("replica host: a group is moved to another host by its members") {
    replica_hosts all{4};
    all.start_all();
    for (const std::uint64_t id : {1U, 2U, 3U}) all.add(id, 1);
    CHECK(all.count(1, 1, 9) == 9);
    auto joining = all.options_of(1);
    joining.joins = true;
    CHECK_FALSE(all.try_to_add(4, 1, joining).has_value());
    const std::vector<raft::member> wanted{
        {raft::member_on({2})}, {raft::member_on({3})}, {raft::member_on({4})}};
    const auto changed = eventually(replica_patience, [&] {
        for (const std::uint64_t id : {1U, 2U, 3U}) {
            const auto given = await(all.of(id, 1).change_members(wanted, asio::use_future));
            const auto* ended = std::get_if<raft::core::change_result>(&given);
            if (ended != nullptr && *ended == raft::core::change_result::completed) return true;
            const auto* refused = std::get_if<raft::refusal>(&given);
            if (refused != nullptr && refused->reason == raft::refusal_reason::nothing_to_do)
                return true;
        }
        return false;
    });
    CHECK(changed);
    await(all.of(1, 1).stop(asio::use_future));
    CHECK(all.value(4, 1) == 9);
    CHECK(all.count(4, 1, 1) == 10);
}

TEST_CASE("F1 replica host: a group whose directory is lost is refused until it joins anew") {
    replica_hosts all;
    all.start_all();
    all.add_everywhere(1);
    CHECK(all.count(1, 1, 3) == 3);
    all.let_lead(1, 1);
    all.kill(2);
    std::filesystem::remove_all(all.directory(2) + "/group-1");
    all.start(2);
    const auto wrong = all.try_to_add(2, 1, all.options_of(1));
    REQUIRE(wrong.has_value());
    CHECK(wrong->find("is another one than this member had") != std::string::npos);
    auto next = all.options_of(1);
    next.incarnation = 1;
    next.joins = true;
    CHECK_FALSE(all.try_to_add(2, 1, next).has_value());
    CHECK(all.count(1, 1, 1) == 4);
}

TEST_CASE("F1 replica host: a host whose directory is lost is taken by no other") {
    replica_hosts all;
    all.start_all();
    all.add_everywhere(1);
    CHECK(all.count(1, 1, 3) == 3);
    for (const std::uint64_t id : {1U, 2U, 3U})  // Each has met each.
        CHECK(eventually(replica_patience, [&] { return all.value(id, 1) == 3; }));
    all.let_lead(1, 1);
    all.kill(2);
    all.kill(3);
    std::filesystem::remove_all(all.directory(2));
    all.prepare(2);
    all.start(2);
    all.add(2, 1);
    const auto given =
        await(all.of(2, 1).propose({1, {}}, std::chrono::milliseconds{1'500}, asio::use_future));
    CHECK_FALSE(std::holds_alternative<raft::applied<std::int64_t>>(given));
    all.start(3);
    all.add(3, 1);
    CHECK(all.count(1, 1, 1) == 4);
}

TEST_CASE("replica host: a directory of another history, or of no host, is refused by name") {
    replica_hosts all;
    all.start_all();
    all.add_everywhere(1);
    CHECK(all.count(1, 1, 3) == 3);
    await(all.of(1, 1).stop(asio::use_future));
    auto other = all.options_of(1);
    other.history = {5};
    const auto wrong = all.try_to_add(1, 1, other);
    REQUIRE(wrong.has_value());
    CHECK(wrong->find("belongs to another history") != std::string::npos);
    replica_hosts::host twice{{.id = {1}, .directory = all.directory(1), .hosts = {}}};
    CHECK(twice.start().has_value());
    const auto bare = all.directory(9);
    replica_hosts::host unprepared{{.id = {9}, .directory = bare, .hosts = {}}};
    const auto why = unprepared.start();
    REQUIRE(why.has_value());
    CHECK(why->find("is not prepared") != std::string::npos);
}
