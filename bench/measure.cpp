// SPDX-License-Identifier: BSL-1.0
//
// Clocks, processors and the counting allocator.
#include "measure.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <ctime>
#include <new>

#include <malloc.h>
#include <sched.h>

namespace {

std::uint64_t allocation_count = 0;
std::int64_t allocated_bytes = 0;

}  // namespace

void* operator new(std::size_t size) {
    auto* const place = std::malloc(size);
    if (place == nullptr) std::abort();
    ++allocation_count;
    allocated_bytes += static_cast<std::int64_t>(malloc_usable_size(place));
    return place;
}

void operator delete(void* place) noexcept {
    allocated_bytes -= static_cast<std::int64_t>(malloc_usable_size(place));
    std::free(place);
}

void operator delete(void* place, std::size_t) noexcept { operator delete(place); }

namespace bench {

void pin_to_one_processor() {
    const auto processor = sched_getcpu();
    if (processor < 0) return;
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(static_cast<std::size_t>(processor), &only);
    static_cast<void>(sched_setaffinity(0, sizeof only, &only));
}

std::int64_t cpu_time() {
    timespec used{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return std::int64_t{used.tv_sec} * 1'000'000'000 + used.tv_nsec;
}

std::uint64_t allocations() { return allocation_count; }

std::int64_t bytes_in_use() { return allocated_bytes; }

std::vector<measurement> measure_in_turn(const std::vector<contestant>& all, int rounds) {
    for (const auto& each : all) each.run(each.repetitions / 8);
    std::vector<std::vector<double>> times(all.size());
    std::vector<std::uint64_t> allocated(all.size());
    for (int round = 0; round < rounds; ++round) {
        for (std::size_t i = 0; i < all.size(); ++i) {
            const auto entries = static_cast<double>(all[i].repetitions * all[i].entries);
            const auto allocations_before = allocations();
            const auto before = cpu_time();
            all[i].run(all[i].repetitions);
            const auto spent = static_cast<double>(cpu_time() - before);
            allocated[i] += allocations() - allocations_before;
            times[i].push_back(spent / entries);
        }
    }
    std::vector<measurement> measured;
    for (std::size_t i = 0; i < all.size(); ++i) {
        std::sort(times[i].begin(), times[i].end());
        const auto entries = static_cast<double>(all[i].repetitions * all[i].entries);
        measured.push_back({.cpu_ns = times[i][times[i].size() / 2],
                            .min = times[i].front(),
                            .max = times[i].back(),
                            .allocations = static_cast<double>(allocated[i]) / (entries * rounds)});
    }
    return measured;
}

}  // namespace bench
