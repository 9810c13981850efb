// SPDX-License-Identifier: BSL-1.0
//
// Backups as files: what is written is read, what was changed is refused with its place, nothing is
// overwritten, and an empty directory begins with the state.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <unistd.h>

#include <raft/battery/file_storage/backup.hpp>

namespace backup_test {

using namespace raft;

namespace {

class scratch_directory {
public:
    scratch_directory() {
        auto path = (std::filesystem::temp_directory_path() / "raft-backup-XXXXXX").string();
        REQUIRE(::mkdtemp(path.data()) != nullptr);
        path_ = path;
    }
    scratch_directory(const scratch_directory&) = delete;
    scratch_directory& operator=(const scratch_directory&) = delete;
    ~scratch_directory() { std::filesystem::remove_all(path_); }
    [[nodiscard]] std::string operator/(const char* name) const { return path_ + "/" + name; }

private:
    std::string path_{};
};

std::vector<std::byte> some_state(std::size_t size) {
    std::vector<std::byte> bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 7 + i / 251);
    return bytes;
}

backup::contents description_of(std::span<const std::byte> state) {
    return {.history = {77},
            .state = {{{900}, {12}}, state.size(), wire::crc32c(state)},
            .members = core::voters_only({{1}, {2}, {3}})};
}

std::string said(const std::optional<file_storage_error>& failed) {
    return failed ? failed->message : "";
}

void write_backup(const std::string& path, std::span<const std::byte> state) {
    backup::writer writer;
    REQUIRE(said(writer.begin(path, description_of(state))).empty());
    for (std::size_t at = 0; at < state.size(); at += 50'000)
        REQUIRE(
            said(writer.append(state.subspan(at, std::min<std::size_t>(50'000, state.size() - at))))
                .empty());
    REQUIRE(said(writer.finish()).empty());
}

/// The state, or why it cannot be read.
std::optional<file_storage_error> read_backup(const std::string& path,
                                              std::vector<std::byte>& state) {
    backup::reader reader;
    if (auto failed = reader.open(path)) return failed;
    for (;;) {
        std::span<const std::byte> bytes;
        if (auto failed = reader.next(bytes)) return failed;
        if (bytes.empty()) return std::nullopt;
        state.insert(state.end(), bytes.begin(), bytes.end());
    }
}

void flip(const std::string& path, std::uint64_t offset) {
    std::fstream file{path, std::ios::in | std::ios::out | std::ios::binary};
    file.seekg(static_cast<std::streamoff>(offset));
    const auto byte = static_cast<char>(file.get() ^ 1);
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(byte);
}

}  // namespace

TEST_CASE("backup: what is written is read again, whatever its length") {
    scratch_directory directory;
    for (const std::size_t size : {0U, 1U, 65'536U, 65'537U, 300'000U}) {
        CAPTURE(size);
        const auto path = directory / "backup";
        const auto state = some_state(size);
        write_backup(path, state);
        std::vector<std::byte> found;
        CHECK(said(read_backup(path, found)).empty());
        CHECK(found == state);
        backup::reader reader;
        REQUIRE_FALSE(reader.open(path).has_value());
        CHECK(reader.description().state == description_of(state).state);
        CHECK(reader.description().history == history_id{77});
        CHECK(reader.description().members == description_of(state).members);
        std::filesystem::remove(path);
    }
}

TEST_CASE("backup: one flipped bit anywhere is refused with its place") {
    scratch_directory directory;
    const auto path = directory / "backup";
    write_backup(path, some_state(150'000));
    const auto bytes = std::filesystem::file_size(path);
    for (std::uint64_t at = 0; at < bytes; at += at < backup::header_bytes ? 1 : 1'009) {
        CAPTURE(at);
        flip(path, at);
        std::vector<std::byte> found;
        const auto failed = read_backup(path, found);
        REQUIRE(failed.has_value());
        if (at >= backup::header_bytes) {
            constexpr auto block = backup::block_bytes + sizeof(std::uint32_t);
            const auto begin = (at - backup::header_bytes) / block * block + backup::header_bytes;
            CHECK(failed->offset == begin);
            CHECK(failed->message.find("at offset " + std::to_string(begin)) != std::string::npos);
        }
        flip(path, at);
    }
}

TEST_CASE("backup: a file that was cut short or goes on or is of another format is refused") {
    scratch_directory directory;
    const auto path = directory / "backup";
    write_backup(path, some_state(150'000));
    const auto bytes = std::filesystem::file_size(path);
    std::vector<std::byte> found;
    for (const auto size : {std::uint64_t{0}, std::uint64_t{511}, bytes / 2, bytes - 1}) {
        const auto shorter = directory / "shorter";
        std::filesystem::copy_file(path, shorter);
        std::filesystem::resize_file(shorter, size);
        const auto failed = read_backup(shorter, found);
        REQUIRE(failed.has_value());
        CHECK(failed->offset == size);
        std::filesystem::remove(shorter);
    }
    std::ofstream{path, std::ios::app} << 'x';
    CHECK(said(read_backup(path, found)).find("goes on behind its end") != std::string::npos);
    const auto other = directory / "other";
    std::ofstream{other} << std::string(1000, 'r');
    CHECK(said(read_backup(other, found)).find("is no backup") != std::string::npos);
    CHECK(said(read_backup(directory / "none", found)).find("cannot open") != std::string::npos);
}

TEST_CASE("backup: no file is overwritten, and what is not whole has no name") {
    scratch_directory directory;
    const auto path = directory / "backup";
    const auto state = some_state(1000);
    {
        backup::writer writer;
        REQUIRE_FALSE(writer.begin(path, description_of(state)).has_value());
        REQUIRE_FALSE(writer.append(std::span{state}.first(999)).has_value());
        CHECK(said(writer.finish()).find("999 bytes, and 1000 were announced") !=
              std::string::npos);
        CHECK_FALSE(std::filesystem::exists(path));
    }
    CHECK_FALSE(std::filesystem::exists(path + ".part"));
    backup::writer late;
    REQUIRE_FALSE(late.begin(path, description_of(state)).has_value());
    std::ofstream{path} << "precious";
    backup::writer refused;
    CHECK(said(refused.begin(path, description_of(state))).find("not overwritten") !=
          std::string::npos);
    REQUIRE_FALSE(late.append(state).has_value());
    CHECK(late.finish().has_value());
    CHECK(std::filesystem::file_size(path) == 8);
}

TEST_CASE("backup: an empty directory begins with the state in a new history and once") {
    scratch_directory directory;
    const auto data = directory / "data";
    const auto state = some_state(3'000'000);
    const auto what = description_of(state);
    const auto members = core::voters_only({{4}, {5}});
    std::size_t reads = 0;
    std::size_t reads_most = 99;
    const auto begin = [&](history_id history) {
        return backup::begin_from_state<std::string>(
            data, {}, history, what.state, members,
            [&](std::uint64_t at, std::span<std::byte> bytes) {
                std::ranges::copy(std::span{state}.subspan(at, bytes.size()), bytes.begin());
                return ++reads <= reads_most;
            });
    };
    SUBCASE("at once") {}
    SUBCASE("after it was cut off") {
        reads_most = 2;
        CHECK(begin({88}).has_value());
        reads_most = 99;
    }
    CHECK(said(begin({88})).empty());
    reads = 0;
    CHECK(said(begin({88})).empty());
    CHECK(reads == 0);
    CHECK(said(begin({89})).find("is not empty") != std::string::npos);

    auto opened = file_storage<std::string>::open(data, {});
    auto& storage = std::get<file_storage<std::string>>(opened);
    CHECK(storage.history() == history_id{88});
    const auto kept = storage.recover();
    REQUIRE(kept.snapshot.has_value());
    CHECK(kept.snapshot->description == what.state);
    CHECK(kept.snapshot->members == members);
    CHECK(kept.vote.current_term == what.state.last_included.term);
    CHECK_FALSE(kept.vote.voted_for.has_value());
    const auto held = storage.snapshot();
    REQUIRE(held.has_value());
    const auto bytes = storage.read_snapshot(1'000'000, 1000);
    CHECK(std::ranges::equal(bytes, std::span{state}.subspan(1'000'000, 1000)));

    auto source = backup::source::open(data, what.state.last_included.index, {88});
    REQUIRE(std::holds_alternative<backup::source>(source));
    CHECK(std::get<0>(source).description().state == what.state);
}

}  // namespace backup_test
