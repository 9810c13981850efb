// SPDX-License-Identifier: BSL-1.0
//
// Small parts that the rest of `file_storage` is written with: an error that says which file and
// where, an open file that closes itself, names of files, numbers as little-endian bytes.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <raft/battery/file_storage/posix_files.hpp>

namespace raft {

/// Why a storage could not be opened, or has failed: one sentence that names the file, the place
/// in it where that is known, and the cause.
struct file_storage_error {
    std::string message{};
    /// There was no room for it, or no file descriptor: later the same may go well.
    bool no_room = false;
    std::string file{};                     ///< Of damage: which file is not as it was written …
    std::optional<std::uint64_t> offset{};  ///< … and from where on.
};

namespace wal {

/// An error, or none.
using failure = std::optional<file_storage_error>;

/// Whether it may go well later: the disk, or the part of it that this user may have, is full, or
/// as many files are open as may be. Every other cause is final.
[[nodiscard]] constexpr bool is_no_room(int cause) {
    return cause == ENOSPC || cause == EDQUOT || cause == EFBIG || cause == EMFILE ||
           cause == ENFILE;
}

[[nodiscard]] inline file_storage_error system_failure(std::string_view action,
                                                       const std::string& path, int cause) {
    return {"cannot " + std::string{action} + " " + path + ": " +
                std::generic_category().message(cause),
            is_no_room(cause)};
}

[[nodiscard]] inline failure check(int cause, std::string_view action, const std::string& path) {
    if (cause == 0) return std::nullopt;
    return system_failure(action, path, cause);
}

/// Whatever the cause, nobody can do it again: a sync that fails has lost what it should have
/// synced.
[[nodiscard]] inline failure for_good(failure failed) {
    if (failed) failed->no_room = false;
    return failed;
}

[[nodiscard]] inline file_storage_error damage(const std::string& path, std::uint64_t offset,
                                               std::string_view what) {
    return {path + " is damaged at offset " + std::to_string(offset) + ": " + std::string{what},
            false, path, offset};
}

/// What to do when a small file is lost that says whose log this is, or how far it goes: nobody
/// else knows what this server has promised.
inline constexpr std::string_view way_on =
    "; put a copy of it back, or let this server come back as another member, with an empty "
    "directory";

/// Such a file is not as it was written.
[[nodiscard]] inline file_storage_error damage_of_note(const std::string& path) {
    return damage(path, 0, "it does not match its checksum" + std::string{way_on});
}

/// Closes itself. The `Files` that opened it must live longer.
template <class Files>
class open_file {
public:
    open_file() = default;
    open_file(Files& files, typename Files::handle handle) : files_{&files}, handle_{handle} {}
    open_file(open_file&& other) noexcept
        : files_{std::exchange(other.files_, nullptr)}, handle_{other.handle_} {}
    open_file& operator=(open_file&& other) noexcept {
        if (this == &other) return *this;
        close();
        files_ = std::exchange(other.files_, nullptr);
        handle_ = other.handle_;
        return *this;
    }
    open_file(const open_file&) = delete;
    open_file& operator=(const open_file&) = delete;
    ~open_file() { close(); }

    [[nodiscard]] bool is_open() const { return files_ != nullptr; }
    [[nodiscard]] typename Files::handle handle() const { return handle_; }

    void close() {
        if (files_ != nullptr) files_->close(handle_);
        files_ = nullptr;
    }

private:
    Files* files_ = nullptr;
    typename Files::handle handle_{};
};

template <class Files>
[[nodiscard]] int open_into(Files& files, const std::string& path, file_opening opening,
                            open_file<Files>& file) {
    typename Files::handle handle{};
    const int cause = files.open(path, opening, handle);
    if (cause == 0) file = open_file<Files>{files, handle};
    return cause;
}

[[nodiscard]] inline std::string path_of(const std::string& directory, std::string_view name) {
    return directory + "/" + std::string{name};
}

/// Reads a whole file.
template <class Files>
[[nodiscard]] failure read_whole(Files& files, const std::string& path,
                                 std::vector<std::byte>& bytes) {
    open_file<Files> file;
    if (auto failed = check(open_into(files, path, file_opening::read_only, file), "open", path))
        return failed;
    std::uint64_t size = 0;
    if (auto failed = check(files.size(file.handle(), size), "measure", path)) return failed;
    bytes.resize(static_cast<std::size_t>(size));
    std::size_t got = 0;
    if (auto failed = check(files.read(file.handle(), 0, bytes, got), "read", path)) return failed;
    if (got != bytes.size()) return damage(path, got, "the file became shorter meanwhile");
    return std::nullopt;
}

/// Makes `path` a file of these bytes, at once and for good: it is written under the name `draft`
/// first.
template <class Files>
[[nodiscard]] failure put_whole(Files& files, const std::string& directory, std::string_view draft,
                                const std::string& path, std::span<const std::byte> bytes) {
    const auto draft_path = path_of(directory, draft);
    open_file<Files> file;
    int cause = open_into(files, draft_path, file_opening::fresh, file);
    if (cause == 0) cause = files.write(file.handle(), 0, bytes);
    if (cause == 0) cause = files.sync(file.handle());
    if (auto failed = check(cause, "write", draft_path)) return failed;
    file.close();
    if (auto failed = check(files.rename(draft_path, path), "rename", draft_path)) return failed;
    return check(files.sync_directory(directory), "sync", directory);
}

/// Removes a file, if it is still there, so that it does not come back.
template <class Files>
[[nodiscard]] failure remove_for_good(Files& files, const std::string& directory,
                                      const std::string& path) {
    const int cause = files.remove(path);
    if (cause != ENOENT)
        if (auto failed = check(cause, "remove", path)) return failed;
    return check(files.sync_directory(directory), "sync", directory);
}

/// `prefix` and a number in 16 hexadecimal digits, so that names sort as numbers do.
[[nodiscard]] inline std::string numbered_name(std::string_view prefix, std::uint64_t number) {
    std::string name{prefix};
    for (int shift = 60; shift >= 0; shift -= 4)
        name += "0123456789abcdef"[(number >> shift) & 0xFU];
    return name;
}

[[nodiscard]] inline std::optional<std::uint64_t> number_of_name(std::string_view prefix,
                                                                 std::string_view name) {
    if (!name.starts_with(prefix) || name.size() != prefix.size() + 16) return std::nullopt;
    std::uint64_t number = 0;
    for (const char digit : name.substr(prefix.size())) {
        const auto value = std::string_view{"0123456789abcdef"}.find(digit);
        if (value == std::string_view::npos) return std::nullopt;
        number = number << 4U | value;
    }
    return number;
}

inline constexpr std::string_view segment_prefix = "log-";
inline constexpr std::string_view snapshot_prefix = "snapshot-";
inline constexpr std::string_view saving_name = "saving.tmp";
inline constexpr std::string_view receiving_name = "receiving.tmp";
inline constexpr std::string_view lost_name = "lost-entries";
inline constexpr std::string_view lost_draft_name = "lost-entries.tmp";
inline constexpr std::string_view cut_name = "cut.tmp";
inline constexpr std::string_view newest_name = "newest-segment";
inline constexpr std::string_view newest_draft_name = "newest-segment.tmp";
inline constexpr std::string_view lock_name = "LOCK";

/// The numbers in the names that begin with `prefix`, sorted.
[[nodiscard]] inline std::vector<std::uint64_t> numbers_in(const std::vector<std::string>& names,
                                                           std::string_view prefix) {
    std::vector<std::uint64_t> numbers;
    for (const auto& name : names)
        if (const auto number = number_of_name(prefix, name)) numbers.push_back(*number);
    std::sort(numbers.begin(), numbers.end());
    return numbers;
}

[[nodiscard]] inline std::vector<std::uint64_t> segments_in(const std::vector<std::string>& names) {
    return numbers_in(names, segment_prefix);
}

[[nodiscard]] inline bool has_name(const std::vector<std::string>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

[[nodiscard]] inline std::string segment_path(const std::string& directory, std::uint64_t number) {
    return path_of(directory, numbered_name(segment_prefix, number));
}

template <class Unsigned>
void put(std::span<std::byte> bytes, std::size_t at, Unsigned value) {
    for (std::size_t i = 0; i < sizeof(Unsigned); ++i)
        bytes[at + i] = static_cast<std::byte>(value >> (8 * i));
}

template <class Unsigned>
[[nodiscard]] Unsigned get(std::span<const std::byte> bytes, std::size_t at) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(Unsigned); ++i)
        value |= static_cast<std::uint64_t>(bytes[at + i]) << (8 * i);
    return static_cast<Unsigned>(value);
}

[[nodiscard]] inline bool all_zero(std::span<const std::byte> bytes) {
    return bytes.empty() || (bytes[0] == std::byte{} &&
                             std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

/// Where the last byte that is not zero ends.
[[nodiscard]] inline std::size_t nonzero_end(std::span<const std::byte> bytes) {
    constexpr std::size_t step = 4096;
    while (bytes.size() >= step && all_zero(bytes.last(step)))
        bytes = bytes.first(bytes.size() - step);
    while (!bytes.empty() && bytes.back() == std::byte{}) bytes = bytes.first(bytes.size() - 1);
    return bytes.size();
}

[[nodiscard]] constexpr std::uint64_t rounded_up(std::uint64_t value, std::uint64_t unit) {
    return (value + unit - 1) / unit * unit;
}

}  // namespace wal
}  // namespace raft
