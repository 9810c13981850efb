// SPDX-License-Identifier: BSL-1.0
//
// `file_storage` over real files: the same rules through system calls, in a directory of the test's
// own.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <raft/battery/file_storage.hpp>

namespace {

using storage = raft::file_storage<std::string>;
using entry = raft::entry<std::string>;

class scratch_directory {
public:
    scratch_directory() {
        auto pattern = (std::filesystem::temp_directory_path() / "raft-XXXXXX").string();
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
    }
    ~scratch_directory() { std::filesystem::remove_all(path_); }
    scratch_directory(const scratch_directory&) = delete;
    scratch_directory& operator=(const scratch_directory&) = delete;

    [[nodiscard]] std::string path() const { return path_ + "/data"; }
    [[nodiscard]] std::string segment() const { return path() + "/log-0000000000000001"; }
    [[nodiscard]] std::string note() const { return path() + "/newest-segment"; }
    [[nodiscard]] std::string note_before_last() const { return path_ + "/note"; }

private:
    std::string path_{};
};

raft::file_storage_options manual() {
    return {.segment_bytes = 64 * 1024, .mode = raft::flush_mode::manual};
}

std::string error_of(const std::string& directory) {
    auto opened = storage::open(directory, manual());
    const auto* error = std::get_if<raft::file_storage_error>(&opened);
    return error != nullptr ? error->message : "";
}

storage opened(const std::string& directory) {
    auto result = storage::open(directory, manual());
    REQUIRE_MESSAGE(std::holds_alternative<storage>(result), error_of(directory));
    return std::get<storage>(std::move(result));
}

void append(storage& to, std::uint64_t sequence, std::uint64_t index, const std::string& command) {
    const std::vector<entry> entries{{{1}, command}};
    to.write(
        {.sequence = {sequence},
         .vote = raft::core::hard_state{{1}, raft::member_id{2}},
         .entries = raft::core::append{{index}, {index}, {1}, raft::core::entry_source::proposed}},
        entries, nullptr);
    to.flush();
    REQUIRE(to.error() == "");
}

/// Ten entries of 1000 bytes, each flushed by itself.
void fill(const scratch_directory& scratch) {
    auto s = opened(scratch.path());
    static_cast<void>(s.recover());
    for (std::uint64_t i = 1; i <= 10; ++i) {
        if (i == 10) std::filesystem::copy_file(scratch.note(), scratch.note_before_last());
        append(s, i, i, std::string(1000, static_cast<char>('a' + i)));
    }
}

void overwrite(const std::string& path, std::streamoff offset, const std::string& bytes) {
    std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
    file.seekp(offset);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    REQUIRE(file.good());
}

/// Each record of `fill` takes its header, the vote, the entries' part, a length and the command.
constexpr std::streamoff record_bytes = (32 + 24 + 28 + 4 + 1000 + 31) / 32 * 32;

}  // namespace

TEST_CASE("file storage on real files: what was written is found again") {
    const scratch_directory scratch;
    fill(scratch);
    auto s = opened(scratch.path());
    const auto found = s.recover();
    CHECK_FALSE(found.empty);
    CHECK(found.last_index == raft::log_index{10});
    CHECK(found.vote == raft::core::hard_state{{1}, raft::member_id{2}});
    CHECK(found.runs == std::vector<raft::core::term_run>{{{1}, {1}}});
    CHECK(s.report().empty());
    CHECK(s.entries({3}, {3}, 1)[0].command == std::string(1000, 'd'));
}

TEST_CASE("file storage on real files: nobody else can use the directory") {
    const scratch_directory scratch;
    {
        const auto s = opened(scratch.path());
        CHECK(error_of(scratch.path()) ==
              scratch.path() + " is in use: another process holds " + scratch.path() + "/LOCK");
    }
    CHECK(error_of(scratch.path()) == "");
}

TEST_CASE(
    "file storage on real files: a directory that cannot be made is an error with its cause") {
    const scratch_directory scratch;
    CHECK(error_of(scratch.path() + "/deeper/still").find("No such file or directory") !=
          std::string::npos);
    fill(scratch);
    CHECK(error_of(scratch.segment()).find("Not a directory") != std::string::npos);
}

TEST_CASE(
    "file storage on real files: a flipped byte in the middle is refused with file and offset") {
    const scratch_directory scratch;
    fill(scratch);
    overwrite(scratch.segment(), 512 + 3 * record_bytes + 500, "#");
    CHECK(error_of(scratch.path()) == scratch.segment() + " is damaged at offset " +
                                          std::to_string(512 + 3 * record_bytes) +
                                          ": a record does not match its checksum");
}

TEST_CASE("B73 file storage on real files: a torn tail is cut off, reported, and written over") {
    const scratch_directory scratch;
    fill(scratch);
    const auto begin = 512 + 9 * record_bytes;
    const auto sector = (begin / 512 + 1) * 512;
    overwrite(scratch.segment(), sector, std::string(1024, '\0'));
    CHECK(error_of(scratch.path()) == scratch.segment() + " is damaged at offset " +
                                          std::to_string(begin) +
                                          ": records that were durable are missing");
    std::filesystem::copy_file(scratch.note_before_last(), scratch.note(),
                               std::filesystem::copy_options::overwrite_existing);
    {
        auto s = opened(scratch.path());
        CHECK(s.recover().last_index == raft::log_index{9});
        REQUIRE(s.report().size() == 1);
        CHECK(s.report()[0].find("from offset " + std::to_string(begin) + " are cut off") !=
              std::string::npos);
        append(s, 1, 10, "after the crash");
    }
    auto s = opened(scratch.path());
    CHECK(s.recover().last_index == raft::log_index{10});
    CHECK(s.report().empty());
    CHECK(s.entries({10}, {10}, 1)[0].command == "after the crash");
}

TEST_CASE("B73 file storage on real files: a tail of zeros is the end of the log") {
    const scratch_directory scratch;
    fill(scratch);
    overwrite(scratch.segment(), 512 + 10 * record_bytes, std::string(4096, '\0'));
    auto s = opened(scratch.path());
    CHECK(s.recover().last_index == raft::log_index{10});
    CHECK(s.report().empty());
}

TEST_CASE("file storage on real files: a truncated header and a wrong version are refused") {
    const scratch_directory scratch;
    fill(scratch);
    overwrite(scratch.segment(), 8, "\x09");
    CHECK(error_of(scratch.path()) ==
          scratch.segment() + " has format version 9, this library reads versions up to 2");
    std::filesystem::resize_file(scratch.segment(), 100);
    CHECK(error_of(scratch.path()) ==
          scratch.segment() + " is damaged at offset 100: the file ends within the header");
}

TEST_CASE("file storage on real files: snapshots replace the log, and old segments go") {
    const scratch_directory scratch;
    {
        auto s = opened(scratch.path());
        static_cast<void>(s.recover());
        for (std::uint64_t i = 1; i <= 200; ++i) append(s, i, i, std::string(1000, 'x'));
        CHECK(std::filesystem::exists(scratch.segment()));
        s.save({{150}, {1}}, raft::core::voters_only({{1}, {2}}), [](auto& sink) {
            const std::vector<std::byte> state(200'000, std::byte{42});
            sink.write(state);
        });
        s.discard({150});
        s.flush();
        CHECK(std::filesystem::exists(scratch.segment()));
        REQUIRE(s.snapshot().has_value());
        s.discard({150});
        s.flush();
        CHECK_FALSE(std::filesystem::exists(scratch.segment()));
        CHECK(s.error() == "");
    }
    auto s = opened(scratch.path());
    const auto found = s.recover();
    CHECK(found.log_base.index <= raft::log_index{150});
    CHECK(found.log_base.index > raft::log_index{50});
    CHECK(found.last_index == raft::log_index{200});
    CHECK(found.snapshot->members == raft::core::voters_only({{1}, {2}}));
    CHECK(s.read_snapshot(199'999, 10).size() == 1);
    CHECK(s.read_snapshot(199'999, 10)[0] == std::byte{42});
}

TEST_CASE("file storage on real files: it can be moved, its thread goes on") {
    const scratch_directory scratch;
    {
        auto result = storage::open(scratch.path());
        REQUIRE(std::holds_alternative<storage>(result));
        auto s = std::get<storage>(std::move(result));
        static_cast<void>(s.recover());
        for (std::uint64_t i = 1; i <= 1000; ++i) {
            const std::vector<entry> entries{{{1}, std::string(100, 'x')}};
            s.write({.sequence = {i}, .entries = raft::core::append{{i}, {i}, {1}, {}}}, entries,
                    nullptr);
        }
        auto moved = std::move(s);
        CHECK(moved.entries({1000}, {1000}, 1).size() == 1);
        CHECK(moved.room() > 0);
    }
    auto s = opened(scratch.path());
    CHECK(s.recover().last_index == raft::log_index{1000});
}

TEST_CASE("F26 what a storage creates is for its user alone") {
    using std::filesystem::perms;
    const scratch_directory scratch;
    fill(scratch);
    {
        auto s = opened(scratch.path());
        s.save({{10}, {1}}, raft::core::voters_only({{1}}), [](auto&) {});
        s.flush();
    }
    const auto mode = [](const auto& path) { return std::filesystem::status(path).permissions(); };
    CHECK(mode(scratch.path()) == perms::owner_all);
    for (const auto& each : std::filesystem::directory_iterator{scratch.path()}) {
        CAPTURE(each.path().string());
        CHECK(mode(each.path()) == (perms::owner_read | perms::owner_write));
    }
}

TEST_CASE("F9 on a real disk a start reads about what was written, also the second time") {
    const scratch_directory scratch;
    const auto probe = scratch.path() + "-probe";
    raft::wal::posix_files files;
    raft::wal::open_file<raft::wal::posix_files> file;
    std::uint64_t first_data = 0;
    REQUIRE(open_into(files, probe, raft::wal::file_opening::fresh, file) == 0);
    REQUIRE(files.allocate(file.handle(), 1 << 20) == 0);
    REQUIRE(files.next_data(file.handle(), 0, first_data) == 0);
    if (first_data == 0) return;  // This file system does not tell what was never written.

    for (int start = 0; start < 3; ++start) {
        CAPTURE(start);
        auto opened = storage::open(scratch.path(),
                                    {.segment_bytes = 8 << 20, .mode = raft::flush_mode::manual});
        auto& disk = std::get<storage>(opened);
        CHECK(disk.bytes_read_at_start() < 1 << 20);
        const auto index = raft::next(disk.recover().last_index);
        const entry one{{1}, "word"};
        disk.write({{index.value}, std::nullopt, raft::core::append{index, index, {1}}}, {&one, 1},
                   nullptr);
        disk.flush();
    }
}
