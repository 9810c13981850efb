// SPDX-License-Identifier: BSL-1.0
//
// Writes snapshots, this server's own and received ones, and makes them the current one: written
// under another name, synced, renamed, the directory synced; only then is the older one removed.
// Used by the thread that flushes; only `current` may be asked from others.
//
// This server's own are written in slices between flushes of the log, so that votes and entries
// never wait for a whole snapshot. When the disk is full, an own snapshot waits in memory and is
// tried again (the log still has everything); a received one fails the storage.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <raft/battery/file_storage/snapshot_receiver.hpp>

namespace raft::wal {

/// A snapshot as its state machine wrote it, on its way to the disk.
struct own_snapshot {
    log_position last_included{};
    configuration members{};
    std::vector<std::vector<std::byte>> pieces{};
};

/// Where the state machine writes it to.
class own_snapshot_sink {
public:
    explicit own_snapshot_sink(own_snapshot& snapshot) : pieces_{snapshot.pieces} {}

    void write(std::span<const std::byte> bytes) {
        while (!bytes.empty()) {
            if (pieces_.empty() || pieces_.back().size() == piece_bytes)
                pieces_.emplace_back().reserve(std::min(piece_bytes, bytes.size()));
            auto& piece = pieces_.back();
            const auto part = bytes.first(std::min(bytes.size(), piece_bytes - piece.size()));
            piece.insert(piece.end(), part.begin(), part.end());
            bytes = bytes.subspan(part.size());
        }
    }

private:
    /// How much is written and synced at once, between two flushes of the log.
    static constexpr std::size_t piece_bytes = 1024 * 1024;

    std::vector<std::vector<std::byte>>& pieces_;
};

/// What `fill` holds of the state is not held any longer than until it has written it.
template <class Fill>
void fill_and_destroy(Fill fill, own_snapshot& snapshot) {
    own_snapshot_sink sink{snapshot};
    fill(sink);
}

template <class Files>
class snapshot_keeper {
public:
    using current_snapshot = std::shared_ptr<const snapshot_file<Files>>;

    struct published {
        current_snapshot snapshot{};  ///< The newest durable one, or null.
        std::uint64_t installed = 0;  ///< How many received ones have become the current one.
    };

    snapshot_keeper(Files& files, std::string directory)
        : files_{&files}, directory_{directory}, receiver_{files, std::move(directory)} {}

    /// Any thread.
    [[nodiscard]] published current() const {
        const std::lock_guard lock{mutex_};
        return current_;
    }

    void resume(current_snapshot found) { current_.snapshot = std::move(found); }

    // ------------------------------------------------------------------------ received snapshots

    [[nodiscard]] snapshot_receiver<Files>& receiver() { return receiver_; }

    [[nodiscard]] failure install(const snapshot_description& snapshot,
                                  const configuration& members) {
        if (auto failed = receiver_.finish(snapshot, members)) return failed;
        return make_current(receiver_.path(), snapshot.last_included.index, 1);
    }

    // ----------------------------------------------------------------------------- own snapshots

    void save(own_snapshot snapshot) { waiting_.push_back(std::move(snapshot)); }

    /// How many are not finished.
    [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

    /// Writes a little of the first of them, and completes it after the last piece. When the disk
    /// is full, `stalled` says so, and the next call begins it anew.
    [[nodiscard]] failure save_some(failure& stalled) {
        const auto path = path_of(directory_, saving_name);
        auto& saving = waiting_.front();
        const auto index = saving.last_included.index;
        if (!saved_.is_open() && is_covered(index)) {
            waiting_.pop_front();
            return std::nullopt;
        }
        const int cause = write_some(path, saving);
        if (is_out_of_space(cause)) {
            stalled = system_failure("write", path, cause);
            if (!saved_.is_open()) return std::nullopt;
            saved_.close();
            // What there is of it would only take the place that others need.
            return check(files_->remove(path), "remove", path);
        }
        if (auto failed = check(cause, "write", path)) return failed;
        if (saved_.is_open()) return std::nullopt;
        waiting_.pop_front();
        if (is_covered(index)) return check(files_->remove(path), "remove", path);
        return make_current(path, index, 0);
    }

private:
    /// The next piece, or after the last one all the rest; then the draft is closed.
    [[nodiscard]] int write_some(const std::string& path, const own_snapshot& saving) {
        if (!saved_.is_open()) {
            next_piece_ = 0;
            if (const int cause = snapshot_draft<Files>::begin(*files_, path, saved_)) return cause;
        }
        if (next_piece_ < saving.pieces.size()) {
            if (const int cause = saved_.append(saving.pieces[next_piece_])) return cause;
            ++next_piece_;
            return saved_.sync();
        }
        const int cause = saved_.finish(saving.last_included, saving.members);
        if (cause == 0) saved_.close();
        return cause;
    }

    /// Whether the current snapshot is of this state or of a later one.
    [[nodiscard]] bool is_covered(log_index last) const {
        const auto now = current().snapshot;
        return now && now->stored().description.last_included.index >= last;
    }

    [[nodiscard]] failure make_current(const std::string& draft_path, log_index last,
                                       std::uint64_t installed) {
        const auto path = snapshot_path(directory_, last);
        if (auto failed = check(files_->rename(draft_path, path), "rename", draft_path))
            return failed;
        if (auto failed = check(files_->sync_directory(directory_), "sync", directory_))
            return failed;
        current_snapshot opened;
        if (auto failed = snapshot_file<Files>::open(*files_, path, opened)) return failed;
        const auto before = current().snapshot;
        {
            const std::lock_guard lock{mutex_};
            current_.snapshot = std::move(opened);
            current_.installed += installed;
        }
        if (!before || before->path() == path) return std::nullopt;
        return check(files_->remove(before->path()), "remove", before->path());
    }

    Files* files_;
    std::string directory_;
    mutable std::mutex mutex_{};
    published current_{};
    snapshot_receiver<Files> receiver_;
    snapshot_draft<Files> saved_{};
    std::size_t next_piece_ = 0;  ///< Of the first of those that wait.
    std::deque<own_snapshot> waiting_{};
};

}  // namespace raft::wal
