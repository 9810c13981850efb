// SPDX-License-Identifier: BSL-1.0
//
// Receives a snapshot in chunks, so that a crash costs little of it. From time to time what has
// come is synced, and then a mark in the place of the header says how much that is, of which
// snapshot, and with which checksum. The mark itself reaches the disk with the next sync at the
// latest. After a crash the transfer goes on from the mark, if the bytes are still what it says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <raft/battery/file_storage/snapshot_file.hpp>

namespace raft::wal {

inline constexpr std::uint64_t received_magic = 0x7472617074666172;  // "raftpart"

[[nodiscard]] inline std::vector<std::byte> encoded_mark(const received_part& part) {
    std::vector<std::byte> sector(snapshot_header_bytes);
    const auto& [last_included, size, checksum] = part.description;
    put(sector, 0, received_magic);
    put(sector, 8, format_version);
    put(sector, 16, last_included.index.value);
    put(sector, 24, last_included.term.value);
    put(sector, 32, size);
    put(sector, 40, checksum);
    put(sector, 44, part.checksum);
    put(sector, 48, part.bytes);
    put(sector, 12, snapshot_header_crc(sector));
    return sector;
}

[[nodiscard]] inline std::optional<received_part> decode_mark(std::span<const std::byte> sector) {
    if (get<std::uint64_t>(sector, 0) != received_magic ||
        !is_known_format(get<std::uint32_t>(sector, 8)) ||
        get<std::uint32_t>(sector, 12) != snapshot_header_crc(sector))
        return std::nullopt;
    const core::log_position last_included{{get<std::uint64_t>(sector, 16)},
                                           {get<std::uint64_t>(sector, 24)}};
    return received_part{
        {last_included, get<std::uint64_t>(sector, 32), get<std::uint32_t>(sector, 40)},
        get<std::uint64_t>(sector, 48),
        get<std::uint32_t>(sector, 44)};
}

template <class Files>
class snapshot_receiver {
public:
    snapshot_receiver(Files& files, std::string directory)
        : files_{&files}, directory_{std::move(directory)} {}

    [[nodiscard]] std::string path() const { return path_of(directory_, receiving_name); }

    /// Goes on with what there is in `path`; `found` says what that is, if it can be told.
    [[nodiscard]] failure resume(std::optional<received_part>& found) {
        std::vector<std::byte> sector(snapshot_header_bytes);
        {
            open_file<Files> file;
            std::size_t got = 0;
            int cause = open_into(*files_, path(), file_opening::read_only, file);
            if (cause == 0) cause = files_->read(file.handle(), 0, sector, got);
            if (auto failed = check(cause, "read", path())) return failed;
        }
        const auto mark = decode_mark(sector);
        if (!mark) return std::nullopt;
        const int cause = snapshot_draft<Files>::resume(*files_, path(), mark->bytes, draft_);
        if (auto failed = check(cause, "read", path())) return failed;
        if (draft_.size() == mark->bytes && draft_.checksum() == mark->checksum) {
            found = mark;
            description_ = mark->description;
            marked_ = mark->bytes;
        } else {
            draft_.close();
        }
        return std::nullopt;
    }

    void close() { draft_.close(); }

    /// Whether a chunk for this offset goes on with what is there.
    [[nodiscard]] bool goes_on(const core::snapshot_description& snapshot,
                               std::uint64_t offset) const {
        return offset == 0 ||
               (draft_.is_open() && description_ == snapshot && offset <= draft_.size());
    }

    /// Bytes that are there already are skipped; others must follow them. Where there is no room
    /// for them the same chunk can be received again, unless `goes_on` says otherwise: then what
    /// was here is gone.
    [[nodiscard]] failure receive(const core::snapshot_description& snapshot, std::uint64_t offset,
                                  std::span<const std::byte> bytes) {
        if (!goes_on(snapshot, offset))
            return file_storage_error{path() + ": a chunk for offset " + std::to_string(offset) +
                                      " does not follow the " + std::to_string(draft_.size()) +
                                      " bytes that are there"};
        if (offset == 0)
            if (auto failed = begin(snapshot)) return failed;
        const auto known = draft_.size() - offset;
        if (known >= bytes.size()) return std::nullopt;
        const int cause = draft_.append(bytes.subspan(static_cast<std::size_t>(known)));
        if (auto failed = check(cause, "write", path())) return failed;
        return draft_.size() - marked_ < bytes_between_marks ? std::nullopt : mark(snapshot);
    }

    /// Whether all of it is there.
    [[nodiscard]] bool has_all(const core::snapshot_description& snapshot) const {
        return draft_.is_open() && description_ == snapshot && draft_.size() == snapshot.size;
    }

    /// Completes the file and syncs it.
    [[nodiscard]] failure finish(const core::snapshot_description& snapshot,
                                 const configuration& members, bool withheld) {
        if (snapshot.size == 0)
            if (auto failed = receive(snapshot, 0, {})) return failed;
        if (!has_all(snapshot))
            return file_storage_error{path() + ": the snapshot to install is not complete"};
        if (draft_.checksum() != snapshot.checksum)
            return file_storage_error{path() + ": the snapshot to install has another checksum"};
        const int cause = draft_.finish(snapshot.last_included, members, withheld);
        if (auto failed = check(cause, "write", path())) return failed;
        return sync();
    }

    /// The file, which is finished.
    [[nodiscard]] open_file<Files> release() { return draft_.release(); }

private:
    static constexpr std::uint64_t bytes_between_marks = 1024 * 1024;

    [[nodiscard]] failure begin(const core::snapshot_description& snapshot) {
        marked_ = 0;
        description_ = snapshot;
        return check(snapshot_draft<Files>::begin(*files_, path(), draft_), "create", path());
    }

    /// A mark that there is no room for is set with the next one.
    [[nodiscard]] failure mark(const core::snapshot_description& snapshot) {
        if (auto failed = sync()) return failed;
        auto failed = marked_ == 0 ? check(files_->sync_directory(directory_), "sync", directory_)
                                   : std::nullopt;
        const auto sector = encoded_mark({snapshot, draft_.size(), draft_.checksum()});
        if (!failed) failed = check(draft_.write_header(sector), "write", path());
        if (!failed) marked_ = draft_.size();
        return failed && !failed->no_room ? failed : std::nullopt;
    }

    /// If it fails, what was received may be lost: none of it is there any more.
    [[nodiscard]] failure sync() {
        auto failed = check(draft_.sync(), "sync", path());
        if (failed) draft_.close();
        return failed;
    }

    Files* files_;
    std::string directory_;
    snapshot_draft<Files> draft_{};
    core::snapshot_description description_{};  ///< What the draft is of.
    std::uint64_t marked_ = 0;                  ///< How many bytes the last mark speaks of.
};

}  // namespace raft::wal
