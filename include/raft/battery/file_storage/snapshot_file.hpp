// SPDX-License-Identifier: BSL-1.0
//
// What a snapshot looks like on the disk, and how it is written and read: a header of one sector,
// the data, then a checksum for each block of data, so that any part can be read and verified by
// itself. The header is written last; a file counts only once it has been synced and renamed. Which
// snapshot is the current one is decided elsewhere.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <raft/battery/file_storage/file.hpp>
#include <raft/battery/file_storage/record.hpp>
#include <raft/policy.hpp>

namespace raft::wal {

inline constexpr std::size_t snapshot_header_bytes = sector_bytes;
inline constexpr std::size_t snapshot_block_bytes = 64 * 1024;
inline constexpr std::uint64_t snapshot_magic = 0x70616E7374666172;  // "raftsnap"
static_assert(56 + configuration_head_bytes + 8 * core::members_max <= snapshot_header_bytes);

[[nodiscard]] inline std::string snapshot_path(const std::string& directory, log_index last) {
    return path_of(directory, numbered_name(snapshot_prefix, last.value));
}

[[nodiscard]] constexpr std::uint64_t snapshot_blocks(std::uint64_t size) {
    return (size + snapshot_block_bytes - 1) / snapshot_block_bytes;
}

[[nodiscard]] inline std::uint32_t snapshot_header_crc(std::span<const std::byte> sector) {
    return wire::crc32c(sector.subspan(16), wire::crc32c(sector.first(12)));
}

/// A snapshot that is being written, under a name that does not count yet.
template <class Files>
class snapshot_draft {
public:
    [[nodiscard]] static int begin(Files& files, const std::string& path, snapshot_draft& draft) {
        draft = snapshot_draft{};
        draft.files_ = &files;
        return open_into(files, path, file_opening::fresh, draft.file_);
    }

    /// Goes on with a draft of so many bytes, or of as many as there are.
    [[nodiscard]] static int resume(Files& files, const std::string& path, std::uint64_t size,
                                    snapshot_draft& draft) {
        draft = snapshot_draft{};
        draft.files_ = &files;
        if (const int cause = open_into(files, path, file_opening::existing, draft.file_))
            return cause;
        std::vector<std::byte> bytes(16 * snapshot_block_bytes);
        for (std::size_t got = 1; got > 0 && draft.size_ < size;) {
            const auto part = std::span{bytes}.first(static_cast<std::size_t>(
                std::min<std::uint64_t>(bytes.size(), size - draft.size_)));
            const auto at = snapshot_header_bytes + draft.size_;
            if (const int cause = files.read(draft.file_.handle(), at, part, got)) return cause;
            draft.count(part.first(got));
        }
        return 0;
    }

    [[nodiscard]] bool is_open() const { return file_.is_open(); }
    [[nodiscard]] std::uint64_t size() const { return size_; }
    /// Of all bytes.
    [[nodiscard]] std::uint32_t checksum() const { return checksum_; }

    [[nodiscard]] int append(std::span<const std::byte> bytes) {
        if (const int cause = files_->write(file_.handle(), snapshot_header_bytes + size_, bytes))
            return cause;
        count(bytes);
        return 0;
    }

    /// Puts something in the place of the header.
    [[nodiscard]] int write_header(std::span<const std::byte> sector) {
        return files_->write(file_.handle(), 0, sector);
    }

    /// What was written survives a crash. If it fails, nothing since the last call of this may.
    [[nodiscard]] int sync() { return files_->sync(file_.handle()); }

    /// Completes the file, which is to be synced then.
    [[nodiscard]] int finish(core::log_position last_included, const configuration& members,
                             bool withheld) {
        std::vector<std::byte> table(checksums_.size() * 4);
        for (std::size_t i = 0; i < checksums_.size(); ++i) put(table, 4 * i, checksums_[i]);
        const auto table_at = snapshot_header_bytes + size_;
        if (const int cause = files_->write(file_.handle(), table_at, table)) return cause;

        std::vector<std::byte> header(snapshot_header_bytes);
        put(header, 0, snapshot_magic);
        put(header, 8, format_version);
        put(header, 16, last_included.index.value);
        put(header, 24, last_included.term.value);
        put(header, 32, size_);
        put(header, 40, wire::crc32c(table));
        put(header, 44, checksum_);
        put(header, 48, std::uint8_t{withheld});
        encode(members, std::span{header}.subspan(56));
        put(header, 12, snapshot_header_crc(header));
        return write_header(header);
    }

    void close() { file_.close(); }
    /// The file, which is not the draft's any longer.
    [[nodiscard]] open_file<Files> release() { return std::move(file_); }

private:
    void count(std::span<const std::byte> bytes) {
        checksum_ = wire::crc32c(bytes, checksum_);
        while (!bytes.empty()) {
            const auto in_block = static_cast<std::size_t>(size_ % snapshot_block_bytes);
            const auto piece = bytes.first(std::min(bytes.size(), snapshot_block_bytes - in_block));
            if (in_block == 0) checksums_.push_back(0);
            checksums_.back() = wire::crc32c(piece, checksums_.back());
            size_ += piece.size();
            bytes = bytes.subspan(piece.size());
        }
    }

    Files* files_ = nullptr;
    open_file<Files> file_{};
    std::uint64_t size_ = 0;
    std::uint32_t checksum_ = 0;
    std::vector<std::uint32_t> checksums_{};
};

/// A snapshot that counts. What it says never changes; its file may lose its name while it is read.
template <class Files>
class snapshot_file {
public:
    [[nodiscard]] static failure open(Files& files, const std::string& path,
                                      std::shared_ptr<const snapshot_file>& opened) {
        open_file<Files> file;
        const int cause = open_into(files, path, file_opening::read_only, file);
        if (auto failed = check(cause, "open", path)) return failed;
        return take_over(files, path, std::move(file), opened);
    }

    /// The same of a file that is open, and has this name.
    [[nodiscard]] static failure take_over(Files& files, const std::string& path,
                                           open_file<Files> file,
                                           std::shared_ptr<const snapshot_file>& opened) {
        auto snapshot = std::make_shared<snapshot_file>();
        snapshot->files_ = &files;
        snapshot->path_ = path;
        snapshot->file_ = std::move(file);
        if (auto failed = snapshot->read_header()) return failed;
        if (auto failed = snapshot->read_table()) return failed;
        opened = std::move(snapshot);
        return std::nullopt;
    }

    [[nodiscard]] const stored_snapshot& stored() const { return stored_; }
    [[nodiscard]] const std::string& path() const { return path_; }

    /// Reads whole blocks, from the block of `offset` on, until `length` bytes from `offset` are
    /// there or the data ends, and verifies them. `wanted` becomes the part of `buffer` asked for.
    [[nodiscard]] failure read(std::uint64_t offset, std::uint64_t length,
                               std::vector<std::byte>& buffer,
                               std::span<const std::byte>& wanted) const {
        const auto size = stored_.description.size;
        wanted = {};
        if (offset >= size) return std::nullopt;
        length = std::min(length, size - offset);
        const auto begin = offset / snapshot_block_bytes * snapshot_block_bytes;
        const auto end = std::min(size, rounded_up(offset + length, snapshot_block_bytes));
        buffer.resize(static_cast<std::size_t>(end - begin));
        if (auto failed = read_exactly(snapshot_header_bytes + begin, buffer)) return failed;
        for (std::size_t at = 0; at < buffer.size(); at += snapshot_block_bytes) {
            const auto block =
                std::span{buffer}.subspan(at, std::min(snapshot_block_bytes, buffer.size() - at));
            const auto number = static_cast<std::size_t>((begin + at) / snapshot_block_bytes);
            if (wire::crc32c(block) != get<std::uint32_t>(table_, 4 * number))
                return damage(path_, snapshot_header_bytes + begin + at,
                              "a block of snapshot data does not match its checksum");
        }
        wanted = std::span{buffer}.subspan(static_cast<std::size_t>(offset - begin),
                                           static_cast<std::size_t>(length));
        return std::nullopt;
    }

    /// Reads everything once.
    [[nodiscard]] failure verify() const {
        std::vector<std::byte> buffer;
        std::span<const std::byte> read_back;
        constexpr std::uint64_t step = 16 * snapshot_block_bytes;
        for (std::uint64_t at = 0; at < stored_.description.size; at += step)
            if (auto failed = read(at, step, buffer, read_back)) return failed;
        return std::nullopt;
    }

private:
    [[nodiscard]] failure read_exactly(std::uint64_t offset, std::span<std::byte> bytes) const {
        std::size_t got = 0;
        if (auto failed = check(files_->read(file_.handle(), offset, bytes, got), "read", path_))
            return failed;
        if (got == bytes.size()) return std::nullopt;
        return damage(path_, offset + got, "the file ends too early");
    }

    [[nodiscard]] failure read_header() {
        std::vector<std::byte> header(snapshot_header_bytes);
        if (auto failed = read_exactly(0, header)) return failed;
        if (get<std::uint64_t>(header, 0) != snapshot_magic)
            return damage(path_, 0, "it does not begin as a snapshot does");
        if (auto failed = check_format(path_, get<std::uint32_t>(header, 8))) return failed;
        auto members = decode_configuration(std::span{header}.subspan(56));
        if (get<std::uint32_t>(header, 12) != snapshot_header_crc(header) || !members)
            return damage(path_, 0, "the header does not match its checksum");
        auto& description = stored_.description;
        description.last_included = {{get<std::uint64_t>(header, 16)},
                                     {get<std::uint64_t>(header, 24)}};
        description.size = get<std::uint64_t>(header, 32);
        table_crc_ = get<std::uint32_t>(header, 40);
        description.checksum = get<std::uint32_t>(header, 44);
        stored_.withheld = get<std::uint8_t>(header, 48) != 0;
        stored_.members = *std::move(members);
        return std::nullopt;
    }

    [[nodiscard]] failure read_table() {
        const auto table_at = snapshot_header_bytes + stored_.description.size;
        const auto table_bytes = 4 * snapshot_blocks(stored_.description.size);
        std::uint64_t file_bytes = 0;
        if (auto failed = check(files_->size(file_.handle(), file_bytes), "measure", path_))
            return failed;
        if (file_bytes < table_at + table_bytes)
            return damage(path_, file_bytes, "the file ends too early");
        table_.resize(static_cast<std::size_t>(table_bytes));
        if (auto failed = read_exactly(table_at, table_)) return failed;
        if (wire::crc32c(table_) != table_crc_)
            return damage(path_, table_at, "the checksums of the blocks are damaged themselves");
        return std::nullopt;
    }

    Files* files_ = nullptr;
    std::string path_{};
    open_file<Files> file_{};
    stored_snapshot stored_{};
    std::uint32_t table_crc_ = 0;
    std::vector<std::byte> table_{};
};

/// Opens the snapshot that ends at this entry, by its name, and reads everything in it once.
template <class Files>
[[nodiscard]] failure open_snapshot(Files& files, const std::string& directory, log_index last,
                                    std::shared_ptr<const snapshot_file<Files>>& opened) {
    const auto path = snapshot_path(directory, last);
    if (auto failed = snapshot_file<Files>::open(files, path, opened)) return failed;
    if (opened->stored().description.last_included.index != last)
        return damage(path, 16, "it is another snapshot, under a wrong name");
    return opened->verify();
}

}  // namespace raft::wal
