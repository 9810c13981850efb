// SPDX-License-Identifier: BSL-1.0
//
// Puts records into segments. Used by the thread that flushes, and by nothing else.
//
// Rules: a segment is allocated before it is needed, so that a full disk is noticed while there is
// still room; it is synced before the next one is begun; the length of the next, then its header,
// then the note of it (newest_segment.hpp) are each synced before what follows, the first record
// last; segments are removed from the oldest on, each removal synced before the next.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <raft/battery/file_storage/file.hpp>
#include <raft/battery/file_storage/newest_segment.hpp>
#include <raft/battery/file_storage/record.hpp>

namespace raft::wal {

template <class Files>
class log_writer {
public:
    log_writer(Files& files, std::string directory, std::uint64_t segment_bytes)
        : files_{&files}, directory_{std::move(directory)}, segment_bytes_{segment_bytes} {}

    /// Goes on in a segment that exists.
    [[nodiscard]] failure resume(const segment_header& header, std::uint64_t next_sequence) {
        header_ = header;
        allocated_ = header.number;
        next_sequence_ = first_unsynced_ = noted_ = next_sequence;
        path_ = segment_path(directory_, header.number);
        if (auto failed =
                check(open_into(*files_, path_, file_opening::existing, file_), "open", path_))
            return failed;
        return open_note();
    }

    /// Begins the segment after the current one.
    [[nodiscard]] failure begin_segment(segment_header header) {
        if (auto failed = sync()) return failed;
        while (allocated_ < header.number)
            if (auto failed = check(allocate(allocated_ + 1), "allocate",
                                    segment_path(directory_, allocated_ + 1)))
                return failed;
        path_ = segment_path(directory_, header.number);
        if (auto failed =
                check(open_into(*files_, path_, file_opening::existing, file_), "open", path_))
            return failed;
        if (header.capacity > segment_bytes_)
            if (auto failed = lengthen(header.capacity)) return failed;
        header.first_sequence = noted_ = next_sequence_;
        header_ = header;
        std::vector<std::byte> sector(segment_header_bytes);
        encode(header, sector);
        if (auto failed = check(files_->write(file_.handle(), 0, sector), "write", path_))
            return failed;
        unsynced_ = true;
        if (auto failed = sync()) return failed;
        if (auto failed = note_newest_segment(*files_, directory_, {header, noted_})) return failed;
        return note_.is_open() ? std::nullopt : open_note();
    }

    /// Seals the records in `records` and writes them to the current segment.
    [[nodiscard]] failure append(std::span<std::byte> records, std::uint64_t offset) {
        for (std::size_t at = 0; at < records.size();) {
            const auto rest = records.subspan(at);
            const auto bytes = static_cast<std::size_t>(built_bytes(rest));
            seal(rest.first(bytes), {header_.number, offset + at}, next_sequence_, first_unsynced_);
            ++next_sequence_;
            at += bytes;
        }
        unsynced_ = true;
        return check(files_->write(file_.handle(), offset, records), "write", path_);
    }

    [[nodiscard]] failure sync() {
        if (!unsynced_) return std::nullopt;
        if (auto failed = check(files_->sync(file_.handle()), "sync", path_)) return failed;
        unsynced_ = false;
        first_unsynced_ = next_sequence_;
        return std::nullopt;
    }

    /// Notes how far the log is durable now, without a sync (newest_segment.hpp).
    [[nodiscard]] failure note_durable() {
        if (noted_ == first_unsynced_) return std::nullopt;
        noted_ = first_unsynced_;
        return check(files_->write(note_.handle(), 0, encoded(newest_segment{header_, noted_})),
                     "write", path_of(directory_, newest_name));
    }

    /// Allocates segments until there are `count` after the current one. The disk being full is no
    /// failure: then there are fewer, and a later call tries again.
    [[nodiscard]] failure allocate_ahead(std::uint64_t count) {
        while (allocated_ < header_.number + count) {
            const int cause = allocate(allocated_ + 1);
            if (is_out_of_space(cause)) return std::nullopt;
            if (cause != 0)
                return system_failure("allocate", segment_path(directory_, allocated_ + 1), cause);
        }
        return std::nullopt;
    }

    /// The newest segment that has its place on the disk.
    [[nodiscard]] std::uint64_t allocated() const { return allocated_; }
    [[nodiscard]] std::uint64_t allocated_ahead() const { return allocated_ - header_.number; }

    [[nodiscard]] failure remove_segment(std::uint64_t number) {
        const auto path = segment_path(directory_, number);
        if (auto failed = check(files_->remove(path), "remove", path)) return failed;
        return check(files_->sync_directory(directory_), "sync", directory_);
    }

    /// What was lost is in the log again.
    [[nodiscard]] failure forget_loss() {
        const auto path = path_of(directory_, lost_name);
        if (auto failed = check(files_->remove(path), "remove", path)) return failed;
        return check(files_->sync_directory(directory_), "sync", directory_);
    }

private:
    [[nodiscard]] failure open_note() {
        const auto path = path_of(directory_, newest_name);
        return check(open_into(*files_, path, file_opening::existing, note_), "open", path);
    }

    [[nodiscard]] failure lengthen(std::uint64_t capacity) {
        const int cause = files_->allocate(file_.handle(), capacity);
        if (auto failed = check(cause, "allocate", path_)) return failed;
        return check(files_->sync(file_.handle()), "sync", path_);
    }

    [[nodiscard]] int allocate(std::uint64_t number) {
        const auto path = segment_path(directory_, number);
        open_file<Files> file;
        int cause = open_into(*files_, path, file_opening::fresh, file);
        if (cause == 0) cause = files_->allocate(file.handle(), segment_bytes_);
        if (cause == 0) cause = files_->sync(file.handle());
        if (cause == 0) cause = files_->sync_directory(directory_);
        if (cause == 0) allocated_ = number;
        // What there is of it would only take the place that others need.
        if (is_out_of_space(cause) && file.is_open()) {
            file.close();
            if (const int failed = files_->remove(path)) return failed;
        }
        return cause;
    }

    Files* files_;
    std::string directory_;
    std::uint64_t segment_bytes_;
    std::string path_{};
    open_file<Files> file_{};
    open_file<Files> note_{};
    segment_header header_{};  ///< Of the current segment.
    std::uint64_t allocated_ = 0;
    std::uint64_t next_sequence_ = 1;
    std::uint64_t first_unsynced_ = 1;
    std::uint64_t noted_ = 1;  ///< All records before this one are noted as durable.
    bool unsynced_ = false;
};

}  // namespace raft::wal
