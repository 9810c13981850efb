// SPDX-License-Identifier: BSL-1.0
#include "staged_state.hpp"

#include <algorithm>
#include <filesystem>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include "limits.hpp"

#include <raft/battery/file_storage/backup.hpp>

namespace raft_kv {

namespace {

using file = raft::wal::open_file<raft::wal::posix_files>;

std::string path_in(const std::string& directory) { return directory + "/restored"; }

/// The checksum of the file, and its length.
struct measured {
    std::uint64_t size = 0;
    std::uint32_t checksum = 0;
};

std::variant<measured, std::string> measure(const std::string& path) {
    raft::wal::posix_files files;
    file opened;
    const auto cause =
        raft::wal::open_into(files, path, raft::wal::file_opening::read_only, opened);
    if (const auto failed = raft::wal::check(cause, "open", path)) return failed->message;
    measured all;
    std::vector<std::byte> bytes(limits::mebibyte);
    for (std::size_t got = 1; got > 0; all.size += got) {
        const auto read = files.read(opened.handle(), all.size, bytes, got);
        if (const auto failed = raft::wal::check(read, "read", path)) return failed->message;
        all.checksum = raft::wire::crc32c(std::span{bytes}.first(got), all.checksum);
    }
    return all;
}

raft::configuration members_of(const birth_record& birth) {
    std::vector<raft::member_id> members;
    for (const auto& each : birth.founders) members.push_back({each.id});
    return raft::core::voters_only(std::move(members));
}

}  // namespace

std::optional<std::string> staged_state::take(std::uint64_t offset, std::string_view bytes) {
    if (offset != 0 && offset != size_)
        return "the bytes from " + std::to_string(size_) + " on are missing";
    const auto path = path_in(directory_);
    raft::wal::posix_files files;
    file opened;
    const auto how =
        offset == 0 ? raft::wal::file_opening::fresh : raft::wal::file_opening::existing;
    auto failed = raft::wal::check(raft::wal::open_into(files, path, how, opened), "open", path);
    if (!failed)
        failed = raft::wal::check(
            files.write(opened.handle(), offset, std::as_bytes(std::span{bytes})), "write", path);
    if (!failed) failed = raft::wal::check(files.sync(opened.handle()), "sync", path);
    if (failed) return failed->message;
    size_ = offset + bytes.size();
    return std::nullopt;
}

std::optional<std::string>
staged_state::complete(const raft::core::snapshot_description& state) const {
    const auto found = measure(path_in(directory_));
    if (const auto* wrong = std::get_if<std::string>(&found)) return *wrong;
    const auto& [size, checksum] = std::get<measured>(found);
    if (size != state.size || checksum != state.checksum)
        return "the state that came is not the one that the cluster begins with";
    raft::wal::posix_files files;
    const auto failed = raft::wal::check(files.sync_directory(directory_), "sync", directory_);
    return failed ? std::optional{failed->message} : std::nullopt;
}

bool is_restored_by(const std::string& directory, const birth_record& birth, bool log_is_empty) {
    std::error_code ignored;
    return birth.begins_with &&
           (log_is_empty || std::filesystem::exists(path_in(directory), ignored));
}

std::optional<std::string> install_state(const std::string& directory, const birth_record& birth) {
    if (auto wrong = obstacle_to_state(directory, birth)) return wrong;
    const auto path = path_in(directory);
    raft::wal::posix_files files;
    file opened;
    const auto cause =
        raft::wal::open_into(files, path, raft::wal::file_opening::read_only, opened);
    if (const auto failed = raft::wal::check(cause, "open", path)) return failed->message;
    raft::file_storage_options options{};
    options.segment_bytes = limits::segment_bytes;
    const auto failed = raft::backup::begin_from_state<std::string>(
        directory, std::move(options), birth.history, *birth.begins_with, members_of(birth),
        [&](std::uint64_t at, std::span<std::byte> bytes) {
            std::size_t got = 0;
            return files.read(opened.handle(), at, bytes, got) == 0 && got == bytes.size();
        });
    if (failed) return failed->message;
    const auto removed = raft::wal::check(files.remove(path), "remove", path);
    return removed ? std::optional{removed->message} : std::nullopt;
}

std::optional<std::string> obstacle_to_state(const std::string& directory,
                                             const birth_record& birth) {
    if (!birth.begins_with) return std::nullopt;
    const auto wrong = staged_state{directory}.complete(*birth.begins_with);
    if (!wrong) return std::nullopt;
    return "the cluster began with the state of a backup, which this server has not got (" +
           *wrong + "): it comes back as its next incarnation, with --join";
}

}  // namespace raft_kv
