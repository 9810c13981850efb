// SPDX-License-Identifier: BSL-1.0
//
// Goal: the simulator does the same for the same seed, runs a state machine of anybody's, and sees
// when its servers come to differ. Method: a sum as a state machine, which adds what only one
// server knows where a test wants that. What it finds in raft itself is in tests/README.md.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include <raft/testing/simulator.hpp>

using namespace raft;
using namespace raft::testing;

namespace {

struct sum {
    using command = std::uint64_t;
    using result = std::uint64_t;
    static inline bool is_deterministic = true;
    static inline std::uint64_t made = 0;
    std::uint64_t own_number = ++made;
    std::uint64_t all = 0;

    result apply(log_index index, command added) {
        all += added;
        if (!is_deterministic && index.value > 100) all += own_number % 2;
        return all;
    }
    void save(auto& sink) const { save_value(sink, all); }
    [[nodiscard]] bool restore(auto& source) { return restore_value(source, all); }
};

/// Its clients: each adds a number, once, and reads see a sum that never shrinks.
struct sum_workload {
    using state_machine = sum;
    using command = sum::command;
    using result = sum::result;
    using request = std::uint64_t;
    struct question {
        std::uint64_t known = 0;
    };
    std::uint64_t known = 0;
    bool is_wrong = false;

    request next_request(std::uint32_t, simulation::dice& luck) { return luck.below(1000); }
    bool may_repeat(request) const { return false; }
    command command_of(request added) const { return added; }
    void on_applied(log_index, command, result) {}
    void on_answer(std::uint32_t, request, log_index, result all) { known = std::max(known, all); }
    void on_never(request) {}
    question next_question(simulation::dice&) { return {known}; }
    void on_read(const question& asked, const sum& read) {
        is_wrong = is_wrong || read.all < asked.known;
        known = std::max(known, read.all);
    }
    const char* violation() const { return is_wrong ? "a sum has shrunk" : nullptr; }
};

simulator_report run_of(std::uint64_t seed, simulation::profile chosen) {
    sum::made = 0;
    return simulator<sum_workload>{{.seed = seed, .profile = chosen, .events = 20'000}}.run();
}

}  // namespace

TEST_CASE("a seed makes the same run each time, and another seed another run") {
    for (const auto chosen : simulation::profiles) {
        CAPTURE(name_of(chosen));
        const auto once = run_of(1, chosen);
        CHECK(once.violation == "");
        CHECK(once.entries > 0);
        const auto again = run_of(1, chosen);
        CHECK(once.digest == again.digest);
        CHECK(once.faults.all() == again.faults.all());
        CHECK(once.digest != run_of(2, chosen).digest);
    }
}

TEST_CASE("servers whose state machine is not deterministic are found to differ") {
    sum::is_deterministic = false;
    const auto found = run_of(1, simulation::profile::calm);
    sum::is_deterministic = true;
    CHECK(found.violation == "two servers have applied the same, and their states differ");
}

TEST_CASE("what a disk loses can be missed where others have become durable after it") {
    constexpr auto size = faulty_files::sector_bytes;
    const std::vector<std::byte> text(size, std::byte{'x'});
    faulty_files files;
    faulty_files::handle opened{};
    REQUIRE(files.open("d/f", wal::file_opening::fresh, opened) == 0);
    REQUIRE(files.allocate(opened, 4 * size) == 0);
    const auto put = [&](std::uint64_t sector) {
        REQUIRE(files.write(opened, sector * size, text) == 0);
        return files.settled_sectors("d/f");
    };
    const auto sync = [&] {
        REQUIRE(files.sync(opened) == 0);
        return files.settled_sectors("d/f");
    };
    CHECK(put(0) == 0);
    CHECK(sync() == 0);
    CHECK(put(1) == 0);
    CHECK(sync() == 1);
    CHECK(put(2) == 1);
    REQUIRE(files.sync_directory("d") == 0);
    CHECK(files.after_power_loss({survival::kind::kept}).settled_sectors("d/f") == 1);
    CHECK(sync() == 2);
}
