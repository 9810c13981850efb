// SPDX-License-Identifier: BSL-1.0
//
// The times of flushes: each in the bucket that it belongs to, as Prometheus counts them.
#include "flush_times.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <doctest/doctest.h>

using namespace raft_kv;
using namespace std::chrono_literals;

TEST_CASE("flush times: each is counted in the first bucket whose bound it does not exceed") {
    flush_times times;
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < flush_bounds.size(); ++i) {
        times.add(flush_bounds[i]);
        times.add(flush_bounds[i] + 1ns);
        CHECK(times.report().within[i] == (i == 0 ? 1 : 2));
        CHECK(times.report().within[i + 1] == 1);
        CHECK(times.report().count() == (count += 2));
    }
    CHECK(times.report().max == 2500ms + 1ns);
    times.add(1ns);
    CHECK(times.report().within[0] == 2);
    CHECK(times.report().max == 2500ms + 1ns);
}

TEST_CASE("flush times: their sum and the longest of them are told") {
    flush_times times;
    CHECK(times.report().count() == 0);
    CHECK(times.report().sum == 0ns);
    for (const auto each : {3ms, 40ms, 7ms}) times.add(each);
    CHECK(times.report().sum == 50ms);
    CHECK(times.report().max == 40ms);
}

TEST_CASE("flush times: files time their syncs, those that fail as well") {
    const auto times = std::make_shared<flush_times>();
    timed_files files{times};
    CHECK(files.sync(-1) != 0);
    CHECK(times->report().count() == 1);
}
