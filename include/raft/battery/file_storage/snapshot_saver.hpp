// SPDX-License-Identifier: BSL-1.0
//
// Writes a snapshot of this server's own into a file that does not count yet, whole and synced. A
// thread does it beside the one that flushes the log, so that votes and entries never wait for a
// snapshot. It rests after each piece as long as the piece took: the disk is the log's for half of
// the time at least, and nobody has much to write back at once.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <utility>

#include <raft/battery/file_storage/own_snapshot.hpp>
#include <raft/battery/file_storage/snapshot_file.hpp>

namespace raft::wal {

template <class Files>
class snapshot_saver {
public:
    /// `storage_failed`: nothing is written any more.
    snapshot_saver(Files& files, std::string path, const std::atomic<bool>& storage_failed)
        : files_{&files}, path_{std::move(path)}, storage_failed_{storage_failed} {}

    snapshot_saver(const snapshot_saver&) = delete;
    snapshot_saver& operator=(const snapshot_saver&) = delete;

    ~snapshot_saver() {
        if (!thread_.joinable()) return;
        {
            const std::lock_guard lock{mutex_};
            ending_ = true;
        }
        changed_.notify_one();
        thread_.join();
    }

    /// From now on a thread writes; it calls `tell` when it has done so.
    void start_thread(std::function<void()> tell) {
        tell_ = std::move(tell);
        thread_ = std::thread{[this] { run(); }};
    }

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] bool is_writing() const { return now() == phase::writing; }
    /// Whether there is a result.
    [[nodiscard]] bool has_written() const { return now() == phase::written; }

    /// Begins to write a snapshot, which stays where it is until there is a result. Without a
    /// thread there is one at the end of this call.
    void begin(const own_snapshot& snapshot) {
        phase_.store(phase::writing, std::memory_order_release);
        if (!thread_.joinable() || snapshot.withheld) return write(snapshot);
        {
            const std::lock_guard lock{mutex_};
            wanted_ = &snapshot;
        }
        changed_.notify_one();
    }

    /// Why it could not be written; otherwise the file is `release`d.
    [[nodiscard]] failure result() {
        phase_.store(phase::idle, std::memory_order_release);
        return std::exchange(failed_, std::nullopt);
    }
    [[nodiscard]] open_file<Files> release() { return draft_.release(); }
    void close() { draft_.close(); }

    /// It rests no more: somebody waits for the end.
    void hurry() {
        {
            const std::lock_guard lock{mutex_};
            hurries_ = true;
        }
        changed_.notify_one();
    }

private:
    using clock = std::chrono::steady_clock;
    enum class phase { idle, writing, written };

    [[nodiscard]] phase now() const { return phase_.load(std::memory_order_acquire); }

    void run() {
        for (std::unique_lock lock{mutex_};;) {
            changed_.wait(lock, [this] { return wanted_ != nullptr || ending_; });
            const auto* wanted = std::exchange(wanted_, nullptr);
            if (wanted == nullptr) return;
            lock.unlock();
            write(*wanted);
            tell_();
            lock.lock();
        }
    }

    void write(const own_snapshot& snapshot) {
        int cause = snapshot_draft<Files>::begin(*files_, path_, draft_);
        own_snapshot_sink sink{[&](std::span<const std::byte> piece) {
            if (cause == 0 && !storage_failed_) cause = write_piece(piece);
        }};
        if (cause == 0 && snapshot.fill) snapshot.fill(sink);
        sink.end();
        if (cause == 0 && !storage_failed_)
            cause = draft_.finish(snapshot.last_included, snapshot.members, snapshot.withheld);
        if (cause == 0 && !storage_failed_) cause = draft_.sync();
        failed_ = check(cause, "write", path_);
        phase_.store(phase::written, std::memory_order_release);
    }

    [[nodiscard]] int write_piece(std::span<const std::byte> piece) {
        const auto began = clock::now();
        int cause = draft_.append(piece);
        if (cause == 0) cause = draft_.sync();
        if (cause == 0 && thread_.joinable()) rest(clock::now() - began);
        return cause;
    }

    void rest(clock::duration length) {
        std::unique_lock lock{mutex_};
        changed_.wait_for(lock, length, [this] { return hurries_; });
    }

    Files* files_;
    std::string path_;
    const std::atomic<bool>& storage_failed_;
    std::function<void()> tell_{};
    snapshot_draft<Files> draft_{};
    failure failed_{};
    std::atomic<phase> phase_ = phase::idle;
    std::mutex mutex_{};
    std::condition_variable changed_{};
    const own_snapshot* wanted_ = nullptr;
    bool hurries_ = false;
    bool ending_ = false;
    std::thread thread_{};
};

}  // namespace raft::wal
