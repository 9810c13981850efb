// SPDX-License-Identifier: BSL-1.0
//
// In steady state neither core nor node asks for memory: an allocator that counts watches 10,000
// proposals over memory storage and memory network. It only counts, so other tests do not mind it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <vector>

#include <doctest/doctest.h>

#include <support/hosts.hpp>

#include "../../bench/cluster.hpp"

namespace {

/// Of this thread: what storages do on threads of their own is not looked at here.
thread_local std::uint64_t allocations = 0;

}  // namespace

// None inline: g++ would see `malloc` where `new` is called, and `free` of what came from `new`,
// and warn.
[[gnu::noinline]] void* operator new(std::size_t size) {
    ++allocations;
    auto* const place = std::malloc(size == 0 ? 1 : size);
    if (place == nullptr) throw std::bad_alloc{};
    return place;
}

[[gnu::noinline]] void operator delete(void* place) noexcept { std::free(place); }

[[gnu::noinline]] void operator delete(void* place, std::size_t) noexcept { std::free(place); }

namespace {

constexpr std::uint64_t proposals = 10'000;

template <class Work>
std::uint64_t allocations_of(Work work) {
    const auto before = allocations;
    work();
    return allocations - before;
}

TEST_CASE("steady state: one proposal at a time allocates nothing") {
    bench::cluster<16> servers{3, bench::compaction::none};
    servers.elect_first();
    // The memory storage holds its log in a ring that doubles; this fills it beyond what follows.
    for (std::uint64_t i = 0; i < 2 * proposals; ++i) servers.replicate({});
    CHECK(allocations_of([&] {
              for (std::uint64_t i = 0; i < proposals; ++i) servers.replicate({});
          }) == 0);
    servers.check_all_applied(3 * proposals);
}

TEST_CASE("steady state: batches of proposals allocate nothing") {
    constexpr std::uint64_t batch = 50;
    const std::vector<bench::payload<16>> commands(batch);
    bench::cluster<16> servers{3, bench::compaction::none};
    servers.elect_first();
    for (std::uint64_t i = 0; i < 2 * proposals; i += 2 * batch) {
        servers.replicate_in_calls(commands);
        servers.replicate_in_one_call(commands);
    }
    CHECK(allocations_of([&] {
              for (std::uint64_t i = 0; i < proposals / 2; i += batch) {
                  servers.replicate_in_calls(commands);
                  servers.replicate_in_one_call(commands);
              }
          }) == 0);
    servers.check_all_applied(3 * proposals);
}

TEST_CASE("steady state: the log is compacted at the cost of one allocation a snapshot") {
    bench::cluster<16> servers{3, bench::compaction::periodic};
    servers.elect_first();
    for (std::uint64_t i = 0; i < proposals; ++i) servers.replicate({});
    const auto snapshots = 3 * (2 * proposals / bench::compaction_interval -
                                proposals / bench::compaction_interval);
    const auto spent = allocations_of([&] {
        for (std::uint64_t i = 0; i < proposals; ++i) servers.replicate({});
    });
    // The storage gives the node a description of the snapshot, with the members' list in it.
    CHECK(spent <= snapshots);
    servers.check_all_applied(2 * proposals);
}

TEST_CASE("steady state: hosts with many groups allocate nothing, busy, falling asleep or waking") {
    constexpr std::uint64_t groups = 50;
    raft::testing::hosts all{3, groups};
    const auto work = [&](int rounds) {
        for (int i = 0; i < rounds; ++i) {
            for (std::uint64_t group = 1; group <= groups; ++group)
                all[group % 3 + 1].use({group},
                                       [](auto& node) { node.propose(1, [](const auto&) {}); });
            all.settle();
            all.run_for(raft::milliseconds(i % 2 == 0 ? 20 : 2'000));
        }
    };
    work(40);  // The storages' rings have room for 64 entries now.
    CHECK(allocations_of([&] { work(10); }) == 0);
    CHECK(all.sum_of(1, groups) == 50);
    CHECK_FALSE(all.deadline());
}

}  // namespace
