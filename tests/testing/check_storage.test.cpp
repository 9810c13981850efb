// SPDX-License-Identifier: BSL-1.0
//
// Goal: `check_storage` finds each clause that a storage breaks, and the storages of this library
// break none. Method: a model that is sound, and has a fault for each clause, by the clause's name.
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <raft/battery/file_storage.hpp>
#include <raft/battery/memory_storage.hpp>
#include <raft/testing/check_storage.hpp>
#include <raft/testing/faulty_files.hpp>
#include <support/modelled_storage.hpp>

namespace storage_conformance_test {

using raft::testing::check_storage;
using clause = raft::testing::storage_clause;

const std::vector<std::string> commands{"a", "bc", "", "longer than the others", "def"};

raft::testing::storage_report checked_with(std::optional<clause> wrong) {
    return check_storage<std::string>(
        [wrong] {
            raft::testing::modelled_place made;
            made.disk->wrong = wrong;
            return made;
        },
        commands);
}

/// A storage that lives as long as the place.
struct memory_place {
    std::unique_ptr<raft::memory_storage<std::string>> kept =
        std::make_unique<raft::memory_storage<std::string>>();
    [[nodiscard]] raft::memory_storage<std::string>* open() { return kept.get(); }
};

/// Files in memory, of which a crash leaves what it may.
struct file_place {
    using storage = raft::file_storage<std::string, raft::testing::faulty_files>;
    raft::testing::faulty_files files{};

    [[nodiscard]] std::unique_ptr<storage> open() {
        auto opened =
            storage::open("s", {.segment_bytes = 4096, .mode = raft::flush_mode::manual}, files);
        REQUIRE(std::holds_alternative<storage>(opened));
        return std::make_unique<storage>(std::get<storage>(std::move(opened)));
    }
    static void settle(storage& used) {
        for (int i = 0; i < 10 && used.awaits_flush(); ++i) used.flush();
    }
    void fill() { files.set_capacity(files.bytes_used()); }
    void make_room() { files.set_capacity(1'000'000); }
    void fail() { files.fail_at(files.changes() + 1, EIO); }
    void crash(std::uint64_t seed) {
        files = files.after_power_loss({raft::testing::survival::kind::mixed, seed});
    }
};

template <class Enum>
Enum next_of(Enum each) {
    return Enum(int(each) + 1);
}

TEST_CASE("check_storage: a sound storage breaks no clause, and all are checked") {
    const auto report = checked_with(std::nullopt);
    CHECK(report.text() == "");
    for (clause each{}; describe(each) != "unknown clause"; each = next_of(each)) {
        CAPTURE(describe(each));
        CHECK(report.was_checked(each));
    }
}

TEST_CASE("check_storage: for each clause a faulty storage fails by its name") {
    int count = 0;
    for (clause each{}; describe(each) != "unknown clause"; each = next_of(each)) {
        const auto report = checked_with(each);
        CAPTURE(describe(each));
        CAPTURE(report.text());
        CHECK(report.is_broken(each));
        ++count;
    }
    CHECK(count == 40);
}

TEST_CASE("check_storage: memory_storage keeps the contract of a storage") {
    CHECK(check_storage<std::string>([] { return memory_place{}; }, commands).text() == "");
}

TEST_CASE("check_storage: file_storage keeps the contract of a storage, whatever a crash leaves") {
    const auto report = check_storage<std::string>([] { return file_place{}; }, commands);
    CHECK(report.text() == "");
    CHECK(report.was_checked(clause::vote_before_entries));
    CHECK(report.was_checked(clause::staged_is_kept));
    CHECK(report.was_checked(clause::full_is_said));
    CHECK(report.was_checked(clause::failure_is_final));
}

}  // namespace storage_conformance_test
