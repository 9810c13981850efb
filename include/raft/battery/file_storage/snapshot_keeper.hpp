// SPDX-License-Identifier: BSL-1.0
//
// Writes snapshots, this server's own and received ones, and makes them the current one: written
// under another name, synced, renamed, the directory synced; only then is the older one removed.
// Used by the thread that flushes; only `current` may be asked from others.
//
// This server's own are written beside the log (`snapshot_saver`). Where there is no room for one
// it waits, and is begun anew (the log still has everything).
//
// A received one is staged chunk by chunk: before anybody counts on a chunk it is on the disk, and
// before anybody counts on the last one the file is complete, synced and has its name. So there is
// always room to install it. If the process ends before that, it is found as the newest snapshot,
// and may be: a leader sends only what is committed. A chunk for which there is no room can be
// staged again.
#pragma once

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <raft/battery/file_storage/snapshot_receiver.hpp>
#include <raft/battery/file_storage/snapshot_saver.hpp>

namespace raft::wal {

template <class Files>
class snapshot_keeper {
public:
    using current_snapshot = std::shared_ptr<const snapshot_file<Files>>;

    struct published {
        current_snapshot snapshot{};  ///< The newest durable one, or null.
        std::uint64_t installed = 0;  ///< How many received ones have become the current one.
    };

    snapshot_keeper(Files& files, const std::string& directory,
                    const std::atomic<bool>& storage_failed)
        : files_{&files}
        , directory_{directory}
        , receiver_{files, directory}
        , saver_{files, path_of(directory, saving_name), storage_failed} {}

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

    [[nodiscard]] snapshot_saver<Files>& saver() { return saver_; }
    [[nodiscard]] const snapshot_saver<Files>& saver() const { return saver_; }

    /// Begins to write the first of them, or makes it the current one when it is written. Where
    /// there is no room, `stalled` says so, and the next call begins it anew.
    [[nodiscard]] failure save_some(failure& stalled) {
        const auto& saving = waiting_.front();
        if (!saver_.has_written()) {
            if (is_covered(saving.last_included.index)) return end_saving();
            saver_.begin(saving);
            if (saver_.is_writing()) return std::nullopt;
        }
        auto failed = saver_.result();
        if (!failed) failed = complete_saved(saving.last_included.index);
        if (!failed) return end_saving();
        if (!failed->no_room) return failed;
        stalled = std::move(failed);
        return give_up_draft();
    }

private:
    failure end_saving() {
        waiting_.pop_front();
        return std::nullopt;
    }

    /// What there is of it would only take the place that others need.
    [[nodiscard]] failure give_up_draft() {
        saver_.close();
        const int cause = files_->remove(saver_.path());
        if (cause == ENOENT || is_no_room(cause)) return std::nullopt;
        return check(cause, "remove", saver_.path());
    }

    /// What was written becomes the current one, unless a later one has by now.
    [[nodiscard]] failure complete_saved(log_index last) {
        const auto& draft_path = saver_.path();
        if (is_covered(last)) {
            saver_.close();
            return check(files_->remove(draft_path), "remove", draft_path);
        }
        const auto path = snapshot_path(directory_, last);
        if (auto failed = check(files_->rename(draft_path, path), "rename", draft_path))
            return failed;
        if (auto failed = check(files_->sync_directory(directory_), "sync", directory_))
            return failed;
        current_snapshot opened;
        if (auto failed = snapshot_file<Files>::take_over(*files_, path, saver_.release(), opened))
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
    current_snapshot staged_{};          ///< Received, complete, and not installed.
    bool is_named_ = false;              ///< Its name is sure to stay.
    std::list<own_snapshot> waiting_{};  ///< The first is being written; it stays where it is.
    snapshot_saver<Files> saver_;
};

}  // namespace raft::wal
