// SPDX-License-Identifier: BSL-1.0
//
// Many groups with files, flushed by one thread: the host says which need it.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <raft/battery/file_storage.hpp>
#include <raft/testing/faulty_files.hpp>
#include <support/hosts.hpp>

using namespace raft;
using namespace raft::wire;
using namespace raft::core;
using namespace raft::testing;

namespace {

using storage = file_storage<int, faulty_files>;
using server = node<tally, outbox<int>::port, storage&, manual_clock&>;

/// A host of groups of one member each, over files that are flushed when the test says so.
struct filed_host {
    manual_clock clock{};
    std::vector<std::uint64_t> woken{};  ///< Groups whose storage has made progress.
    std::deque<storage> disks{};
    host<server> groups{{1}};

    explicit filed_host(std::uint64_t count) {
        for (std::uint64_t group = 1; group <= count; ++group) {
            file_storage_options options{
                .segment_bytes = 4096, .cache_bytes = 2048, .mode = flush_mode::manual};
            options.wake = [this, group] { woken.push_back(group); };
            auto opened = storage::open(std::to_string(group), options, faulty_files{});
            REQUIRE(std::holds_alternative<storage>(opened));
            disks.push_back(std::get<storage>(std::move(opened)));
            REQUIRE(groups.add({group},
                               {{1}, voters_only({{1}}), history_id{1}, sleepy_groups(), group},
                               tally{}, disks.back(), clock));
        }
    }

    /// What is due, until nothing is.
    void turn() {
        groups.poll(clock.now());
        while (flush() != 0) groups.poll(clock.now());
    }

    /// Flushes those that were used; says how many that were.
    std::size_t flush() {
        std::size_t flushed = 0;
        groups.each_used([&](group_id, server& used) {
            used.storage().flush();
            ++flushed;
        });
        for (const auto group : std::exchange(woken, {})) groups.made_progress({group});
        return flushed;
    }

    void propose(std::uint64_t group, int amount) {
        REQUIRE(groups.use(
            {group}, [&](server& used) { used.propose(amount, [](const outcome<int>&) {}); }));
    }
    [[nodiscard]] int sum(std::uint64_t group) const {
        return groups.find({group})->state_machine().sum;
    }
};

}  // namespace

TEST_CASE("groups with files are flushed together, those that were used and no others") {
    filed_host one{50};
    one.turn();
    one.clock.advance_to(one.clock.now() + std::chrono::seconds{2});
    one.turn();
    REQUIRE_FALSE(one.groups.deadline());
    CHECK(one.flush() == 0);

    one.propose(7, 3);
    one.propose(9, 4);
    one.propose(9, 5);
    CHECK(one.sum(7) == 0);
    CHECK(one.sum(9) == 0);  // Not durable, not applied.
    CHECK(one.flush() == 2);
    one.groups.poll(one.clock.now());
    CHECK(one.sum(7) == 3);
    CHECK(one.sum(9) == 9);
}

TEST_CASE("a group that was used and removed is not flushed") {
    filed_host one{3};
    one.turn();
    one.propose(2, 1);
    REQUIRE(one.groups.remove({2}));
    CHECK(one.flush() == 0);
    one.propose(1, 1);
    CHECK(one.flush() == 1);
}
