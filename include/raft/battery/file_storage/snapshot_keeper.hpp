// SPDX-License-Identifier: BSL-1.0
//
// Writes snapshots, this server's own and received ones, and makes them the current one: written
// under another name, synced, renamed, the directory synced; only then is the older one removed.
// Used by the thread that flushes; only `current` may be asked from others.
//
// This server's own are written in slices between flushes of the log, so that votes and entries
// never wait for a whole snapshot. Where there is no room an own snapshot waits in memory, and is
// begun anew (the log still has everything).
//
// A received one is staged chunk by chunk: before anybody counts on a chunk it is on the disk, and
// before anybody counts on the last one the file is complete, synced and has its name. So there is
// always room to install it. If the process ends before that, it is found as the newest snapshot,
// and may be: a leader sends only what is committed. A chunk for which there is no room can be
// staged again.
#pragma once

#include <algorithm>
#include <cerrno>
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
    core::log_position last_included{};
    configuration members{};
    bool withheld = false;  ///< There is no state to it.
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

    /// Whether a chunk for this offset goes on with what is there.
    [[nodiscard]] bool goes_on(const core::snapshot_description& snapshot,
                               std::uint64_t offset) const {
        return holds(snapshot) || receiver_.goes_on(snapshot, offset);
    }

    /// Writes a chunk, which goes on with what is there. Where there is no room for it, it can be
    /// received again as long as it still does.
    [[nodiscard]] failure receive(const core::snapshot_description& snapshot, std::uint64_t offset,
                                  std::span<const std::byte> bytes) {
        if (holds(snapshot)) return std::nullopt;
        if (auto failed = forget_staged()) return failed;
        return receiver_.receive(snapshot, offset, bytes);
    }

    /// The same; after the last chunk nothing is left to do that could meet no room.
    [[nodiscard]] failure stage(const core::snapshot_description& snapshot,
                                const configuration& members, std::uint64_t offset,
                                std::span<const std::byte> bytes) {
        if (auto failed = receive(snapshot, offset, bytes)) return failed;
        if (!holds(snapshot) && !receiver_.has_all(snapshot)) return std::nullopt;
        return complete(snapshot, members, false);
    }

    [[nodiscard]] failure install(const core::snapshot_description& snapshot,
                                  const configuration& members, bool withheld) {
        if (!holds(snapshot))
            if (auto failed = forget_staged()) return failed;
        if (auto failed = complete(snapshot, members, withheld)) return failed;
        is_named_ = false;
        return publish(std::exchange(staged_, nullptr), 1);
    }

    /// The current snapshot goes, and those without a state that wait to become it; says how many
    /// of these there were.
    [[nodiscard]] failure drop(std::size_t& given_up) {
        given_up = 0;
        if (!waiting_.empty() && waiting_.front().withheld)
            if (auto failed = give_up_draft()) return failed;
        given_up = std::erase_if(waiting_, [](const own_snapshot& each) { return each.withheld; });
        const auto before = current().snapshot;
        if (!before) return std::nullopt;
        if (auto failed = remove_for_good(*files_, directory_, before->path())) return failed;
        const std::lock_guard lock{mutex_};
        current_ = {nullptr, current_.installed + 1};
        return std::nullopt;
    }

    // ----------------------------------------------------------------------------- own snapshots

    void save(own_snapshot snapshot) { waiting_.push_back(std::move(snapshot)); }

    /// How many are not finished.
    [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

    /// Writes a little of the first of them, and completes it after the last piece. Where there is
    /// no room, `stalled` says so, and the next call begins it anew.
    [[nodiscard]] failure save_some(failure& stalled) {
        const auto& saving = waiting_.front();
        if (!saved_.is_open() && is_covered(saving.last_included.index)) {
            waiting_.pop_front();
            return std::nullopt;
        }
        auto failed = write_some(saving);
        if (failed && failed->no_room) {
            stalled = std::move(failed);
            return give_up_draft();
        }
        if (!failed && !saved_.is_open()) waiting_.pop_front();
        return failed;
    }

private:
    [[nodiscard]] std::string saving_path() const { return path_of(directory_, saving_name); }

    /// The next piece, or after the last one all the rest; then the draft is no longer open.
    [[nodiscard]] failure write_some(const own_snapshot& saving) {
        const auto path = saving_path();
        int cause = 0;
        if (!saved_.is_open()) {
            next_piece_ = 0;
            cause = snapshot_draft<Files>::begin(*files_, path, saved_);
        }
        if (cause == 0 && next_piece_ == saving.pieces.size()) return complete(saving);
        if (cause == 0) cause = saved_.append(saving.pieces[next_piece_++]);
        if (cause == 0) cause = saved_.sync();
        return check(cause, "write", path);
    }

    /// What there is of it would only take the place that others need.
    [[nodiscard]] failure give_up_draft() {
        if (!saved_.is_open()) return std::nullopt;
        saved_.close();
        const int cause = files_->remove(saving_path());
        if (cause == ENOENT || is_no_room(cause)) return std::nullopt;
        return check(cause, "remove", saving_path());
    }

    [[nodiscard]] failure complete(const own_snapshot& saving) {
        const auto draft_path = saving_path();
        const auto index = saving.last_included.index;
        int cause = saved_.finish(saving.last_included, saving.members, saving.withheld);
        if (cause == 0) cause = saved_.sync();
        if (auto failed = check(cause, "write", draft_path)) return failed;
        if (is_covered(index)) {
            saved_.close();
            return check(files_->remove(draft_path), "remove", draft_path);
        }
        const auto path = snapshot_path(directory_, index);
        if (auto failed = check(files_->rename(draft_path, path), "rename", draft_path))
            return failed;
        if (auto failed = check(files_->sync_directory(directory_), "sync", directory_))
            return failed;
        current_snapshot opened;
        if (auto failed = snapshot_file<Files>::take_over(*files_, path, saved_.release(), opened))
            return failed;
        return publish(std::move(opened), 0);
    }

    /// Whether the current snapshot is of this state or of a later one.
    [[nodiscard]] bool is_covered(log_index last) const {
        const auto now = current().snapshot;
        return now && now->stored().description.last_included.index >= last;
    }

    /// Whether the file of this received snapshot is complete; its name may not be for good.
    [[nodiscard]] bool holds(const core::snapshot_description& snapshot) const {
        return staged_ && staged_->stored().description == snapshot;
    }

    /// Has a received snapshot complete, under its name for good.
    [[nodiscard]] failure complete(const core::snapshot_description& snapshot,
                                   const configuration& members, bool withheld) {
        if (is_named_) return std::nullopt;
        if (!staged_) {
            const auto draft_path = receiver_.path();
            const auto path = snapshot_path(directory_, snapshot.last_included.index);
            if (auto failed = receiver_.finish(snapshot, members, withheld)) return failed;
            if (auto failed = check(files_->rename(draft_path, path), "rename", draft_path))
                return failed;
            if (auto failed =
                    snapshot_file<Files>::take_over(*files_, path, receiver_.release(), staged_))
                return failed;
        }
        if (auto failed = check(files_->sync_directory(directory_), "sync", directory_))
            return failed;
        is_named_ = true;
        return std::nullopt;
    }

    /// What was staged and never installed goes; its name may be that of the current one by now.
    [[nodiscard]] failure forget_staged() {
        if (!staged_) return std::nullopt;
        const auto now = current().snapshot;
        if (!now || now->path() != staged_->path())
            if (auto failed = remove_for_good(*files_, directory_, staged_->path())) return failed;
        staged_.reset();
        is_named_ = false;
        return std::nullopt;
    }

    /// The one before goes; if there is no room for that, when the storage is opened the next time.
    [[nodiscard]] failure publish(current_snapshot newest, std::uint64_t installed) {
        const auto before = current().snapshot;
        const auto path = newest->path();
        {
            const std::lock_guard lock{mutex_};
            current_.snapshot = std::move(newest);
            current_.installed += installed;
        }
        if (!before || before->path() == path) return std::nullopt;
        auto failed = check(files_->remove(before->path()), "remove", before->path());
        return failed && !failed->no_room ? failed : std::nullopt;
    }

    Files* files_;
    std::string directory_;
    mutable std::mutex mutex_{};
    published current_{};
    snapshot_receiver<Files> receiver_;
    current_snapshot staged_{};  ///< Received, complete, and not installed.
    bool is_named_ = false;      ///< Its name is sure to stay.
    snapshot_draft<Files> saved_{};
    std::size_t next_piece_ = 0;  ///< Of the first of those that wait.
    std::deque<own_snapshot> waiting_{};
};

}  // namespace raft::wal
