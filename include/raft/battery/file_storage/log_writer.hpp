// SPDX-License-Identifier: BSL-1.0
//
// Puts records into segments. Used by the thread that flushes, and by nothing else.
//
// Rules: a segment is allocated before it is needed, so that a full disk is noticed while there is
// still room, and stays open, so that it takes no file descriptor when it is; it is synced before
// the next one is begun; the length of the next, then its header, then the note of it
// (newest_segment.hpp) are each synced before what follows, the first record last; segments are
// removed from the oldest on, each removal synced before the next.
//
// What failed because there was no room can be asked for again, and goes on where it was. A sync of
// records cannot: see `for_good`.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <raft/battery/file_storage/file.hpp>
#include <raft/battery/file_storage/lost_mark.hpp>
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
        if (ahead_.empty())
            if (auto failed = allocate_next()) return failed;
        header.first_sequence = next_sequence_;
        if (auto failed = write_header(header)) return failed;
        if (auto failed = note_begun(header)) return failed;
        file_ = std::move(ahead_.front());
        ahead_.pop_front();
        path_ = segment_path(directory_, header.number);
        header_ = header;
        noted_ = next_sequence_;
        return std::nullopt;
    }

    /// Seals the records in `records` and writes them to the current segment.
    [[nodiscard]] failure append(std::span<std::byte> records, std::uint64_t offset) {
        auto sequence = next_sequence_;
        for (std::size_t at = 0; at < records.size();) {
            const auto rest = records.subspan(at);
            const auto bytes = static_cast<std::size_t>(built_bytes(rest));
            seal(rest.first(bytes), {header_.number, offset + at}, sequence++, first_unsynced_);
            at += bytes;
        }
        unsynced_ = true;
        if (auto failed = check(files_->write(file_.handle(), offset, records), "write", path_))
            return failed;
        next_sequence_ = sequence;
        return std::nullopt;
    }

    [[nodiscard]] failure sync() {
        if (!unsynced_) return std::nullopt;
        if (auto failed = for_good(check(files_->sync(file_.handle()), "sync", path_)))
            return failed;
        unsynced_ = false;
        first_unsynced_ = next_sequence_;
        return std::nullopt;
    }

    /// Notes how far the log is durable now, without a sync (newest_segment.hpp). Nobody counts on
    /// it: where there is no room for it, the next note says it too.
    [[nodiscard]] failure note_durable() {
        if (noted_ == first_unsynced_) return std::nullopt;
        auto failed = write_note({header_, first_unsynced_});
        if (!failed) noted_ = first_unsynced_;
        return failed && !failed->no_room ? failed : std::nullopt;
    }

    /// Allocates segments until there are `count` after the current one. Where there is no room for
    /// that there are fewer, and a later call tries again.
    [[nodiscard]] failure allocate_ahead(std::uint64_t count) {
        while (allocated_ahead() < count)
            if (auto failed = allocate_next()) return failed->no_room ? std::nullopt : failed;
        return std::nullopt;
    }

    /// No segment takes this of what the disk still has: it is for a snapshot, without which the
    /// log would never get shorter.
    void leave_room(std::uint64_t bytes) { left_for_others_ = bytes; }

    /// The newest segment that has its place on the disk.
    [[nodiscard]] std::uint64_t allocated() const { return header_.number + allocated_ahead(); }
    [[nodiscard]] std::uint64_t allocated_ahead() const { return ahead_.size(); }

    [[nodiscard]] failure remove_segment(std::uint64_t number) {
        return remove_for_good(*files_, directory_, segment_path(directory_, number));
    }

    /// Entries up to there are about to go, though this server has acknowledged them.
    [[nodiscard]] failure note_loss(core::log_position lost_through) {
        return put_lost_mark(*files_, directory_, {lost_through, std::nullopt});
    }

    /// What was lost is in the log again.
    [[nodiscard]] failure forget_loss() {
        return remove_for_good(*files_, directory_, path_of(directory_, lost_name));
    }

private:
    [[nodiscard]] failure open_note() {
        const auto path = path_of(directory_, newest_name);
        return check(open_into(*files_, path, file_opening::existing, note_), "open", path);
    }

    [[nodiscard]] failure write_note(const newest_segment& newest) {
        return check(files_->write(note_.handle(), 0, encoded(newest)), "write",
                     path_of(directory_, newest_name));
    }

    /// The header of the next segment, which has its place, and its length if it needs more.
    [[nodiscard]] failure write_header(const segment_header& header) {
        const auto path = segment_path(directory_, header.number);
        const auto file = ahead_.front().handle();
        int cause = 0;
        if (header.capacity > segment_bytes_) {
            cause = files_->allocate(file, header.capacity);
            if (cause == 0) cause = files_->sync(file);
            if (auto failed = check(cause, "allocate", path)) return failed;
        }
        std::vector<std::byte> sector(segment_header_bytes);
        encode(header, sector);
        cause = files_->write(file, 0, sector);
        if (cause == 0) cause = files_->sync(file);
        return check(cause, "write", path);
    }

    [[nodiscard]] failure note_begun(const segment_header& header) {
        const newest_segment newest{header, header.first_sequence};
        if (!note_.is_open()) {
            if (auto failed = note_newest_segment(*files_, directory_, newest)) return failed;
            return open_note();
        }
        if (auto failed = write_note(newest)) return failed;
        return check(files_->sync(note_.handle()), "sync", path_of(directory_, newest_name));
    }

    [[nodiscard]] failure check_room(const std::string& path) {
        if constexpr (requires(std::uint64_t & bytes) { files_->available(directory_, bytes); }) {
            if (left_for_others_ == 0) return std::nullopt;
            std::uint64_t available = 0;
            const int cause = files_->available(directory_, available);
            if (auto failed = check(cause, "look at the disk of", directory_)) return failed;
            if (available < segment_bytes_ + left_for_others_)
                return file_storage_error{path + ": what the disk still has is for a snapshot",
                                          true};
        }
        return std::nullopt;
    }

    [[nodiscard]] failure allocate_next() {
        const auto path = segment_path(directory_, allocated() + 1);
        if (auto failed = check_room(path)) return failed;
        open_file<Files> file;
        int cause = open_into(*files_, path, file_opening::fresh, file);
        if (cause == 0) cause = files_->allocate(file.handle(), segment_bytes_);
        if (cause == 0) cause = files_->sync(file.handle());
        if (cause == 0) cause = files_->sync_directory(directory_);
        auto failed = check(cause, "allocate", path);
        if (!failed) {
            ahead_.push_back(std::move(file));
        } else if (failed->no_room && file.is_open()) {
            // What there is of it would only take the place that others need.
            file.close();
            if (auto kept = check(files_->remove(path), "remove", path)) return kept;
        }
        return failed;
    }

    Files* files_;
    std::string directory_;
    std::uint64_t segment_bytes_;
    std::uint64_t left_for_others_ = 0;  ///< Of what the disk has, in bytes.
    std::string path_{};
    open_file<Files> file_{};
    open_file<Files> note_{};
    segment_header header_{};               ///< Of the current segment.
    std::deque<open_file<Files>> ahead_{};  ///< Those after it that have their place.
    std::uint64_t next_sequence_ = 1;
    std::uint64_t first_unsynced_ = 1;
    std::uint64_t noted_ = 1;  ///< All records before this one are noted as durable.
    bool unsynced_ = false;
};

}  // namespace raft::wal
