// SPDX-License-Identifier: BSL-1.0
//
// The part of `file_storage` that has a thread: takes over what has been begun, all that waits at
// once, carries it out with one sync at the end, and says how far it has come. Also the part that
// remembers that the storage has failed. It decides nothing about the log.
//
// Threads: `flush` and the destructor belong to the owner; `begin` and everything that only asks
// may be called from any thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include <raft/battery/file_storage/log_writer.hpp>
#include <raft/battery/file_storage/snapshot_keeper.hpp>
#include <raft/policy.hpp>

namespace raft::wal {

/// Records from `begin` on in the batch's bytes go to the current segment, at `offset`.
struct append_records {
    std::uint64_t offset = 0;
    std::size_t begin = 0;
    std::size_t size = 0;
};

struct begin_segment {
    segment_header header{};
};

/// Once everything in the batch is durable.
struct remove_segments {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
};

struct receive_chunk {
    snapshot_description snapshot{};
    std::uint64_t offset = 0;
    std::vector<std::byte> bytes{};
};

struct install_received {
    snapshot_description snapshot{};
    configuration members{};
};

/// What was lost is in the log again, and durable.
struct loss_forgotten {};

using operation = std::variant<append_records, begin_segment, remove_segments, receive_chunk,
                               install_received, own_snapshot, loss_forgotten>;

/// What has been begun and not yet been taken over by the flusher. Used again and again.
struct batch {
    static constexpr std::size_t bytes_kept = 4 * 1024 * 1024;

    std::vector<std::byte> bytes{};  ///< Records, built and not yet sealed.
    std::vector<operation> operations{};
    std::optional<write_sequence> last{};

    [[nodiscard]] bool empty() const { return operations.empty() && !last; }
    void cover(write_sequence sequence) { last = std::max(last.value_or(sequence), sequence); }
    void clear() {
        bytes.clear();
        if (bytes.capacity() > bytes_kept) bytes.shrink_to_fit();
        operations.clear();
        last.reset();
    }
};

template <class Files>
class flusher {
public:
    flusher(Files& files, const std::string& directory, std::uint64_t segment_bytes,
            std::uint64_t segments_ahead, std::function<void()> wake)
        : log_{files, directory, segment_bytes}
        , snapshots_{files, directory}
        , segments_ahead_{segments_ahead}
        , wake_{std::move(wake)} {}

    flusher(const flusher&) = delete;
    flusher& operator=(const flusher&) = delete;

    /// Finishes what has been begun, if there is a thread to do it.
    ~flusher() {
        if (!thread_.joinable()) return;
        {
            const std::lock_guard lock{mutex_};
            ending_ = true;
        }
        work_arrived_.notify_one();
        thread_.join();
    }

    // ------------------------------------------------------------- before the first write begins

    [[nodiscard]] log_writer<Files>& log() { return log_; }
    [[nodiscard]] snapshot_keeper<Files>& snapshots() { return snapshots_; }
    [[nodiscard]] const snapshot_keeper<Files>& snapshots() const { return snapshots_; }

    void start_thread() {
        thread_ = std::thread{[this] { run(); }};
    }

    // --------------------------------------------------------------------------- while it is used

    /// Adds to what has been begun: `add(batch&)` is called at once, unless the storage has failed.
    /// Any thread.
    template <class Add>
    void begin(Add add) {
        if (failed()) return;
        bool was_idle = false;
        {
            const std::lock_guard lock{mutex_};
            add(waiting_);
            was_idle = std::exchange(idle_, false);
        }
        if (was_idle) work_arrived_.notify_one();
    }

    /// Carries out all that has been begun, in the caller's thread.
    void flush() {
        {
            const std::lock_guard lock{mutex_};
            std::swap(waiting_, current_);
        }
        snapshot_stalled_ = false;
        carry_out();
        while (must_save()) save_some();
        allocate_ahead();
    }

    [[nodiscard]] storage_progress progress() const {
        const bool failed = failed_.load(std::memory_order_acquire);
        return {{durable_.load(std::memory_order_acquire)}, failed};
    }

    [[nodiscard]] bool failed() const { return failed_.load(std::memory_order_acquire); }
    [[nodiscard]] std::uint64_t allocated() const {
        return allocated_.load(std::memory_order_acquire);
    }

    /// Why it failed; empty if it did not.
    [[nodiscard]] std::string error() const {
        const std::lock_guard lock{notes_mutex_};
        return error_;
    }

    /// Why an own snapshot has to wait; empty if none has to.
    [[nodiscard]] std::string snapshot_error() const {
        const std::lock_guard lock{notes_mutex_};
        return snapshot_error_;
    }

    /// Whether own snapshots are on their way.
    [[nodiscard]] bool is_saving() const { return saving_.load(std::memory_order_acquire) != 0; }
    void note_begun_snapshot() { saving_.fetch_add(1, std::memory_order_acq_rel); }

    /// The first failure counts; from then on nothing changes on the disk. Any thread.
    void fail(const file_storage_error& error) {
        {
            const std::lock_guard lock{notes_mutex_};
            if (error_.empty()) error_ = error.message;
        }
        failed_.store(true, std::memory_order_release);
    }

    /// Tries to have as many segments ahead as there should be, and publishes how many there are.
    void allocate_ahead() {
        if (failed()) return;
        const auto before = allocated();
        if (auto failed = log_.allocate_ahead(segments_ahead_)) fail(*failed);
        allocated_.store(log_.allocated(), std::memory_order_release);
        const bool changed = before != 0 && log_.allocated() != before;
        if ((changed || failed()) && wake_) wake_();
    }

private:
    /// How long a full disk is left alone before the next attempt to get a part of it.
    static constexpr std::chrono::seconds pause_when_full{1};

    void run() {
        for (std::unique_lock lock{mutex_};;) {
            const auto has_work = [&] { return ending_ || !waiting_.empty(); };
            if (!has_work() && !must_save()) {
                idle_ = true;
                if (is_short_of_space())
                    work_arrived_.wait_for(lock, pause_when_full, has_work);
                else
                    work_arrived_.wait(lock, has_work);
            }
            idle_ = false;
            if (ending_ && waiting_.empty() && !must_save()) return;
            std::swap(waiting_, current_);
            lock.unlock();
            if (current_.empty()) snapshot_stalled_ = false;
            carry_out();
            // First the snapshot: it is what makes room on a disk that is nearly full.
            if (must_save()) save_some();
            allocate_ahead();
            lock.lock();
        }
    }

    [[nodiscard]] bool must_save() const {
        return !failed() && snapshots_.waiting() != 0 && !snapshot_stalled_;
    }

    [[nodiscard]] bool is_short_of_space() const {
        return !failed() && (log_.allocated_ahead() < segments_ahead_ || snapshot_stalled_);
    }

    /// Carries out `current_` and makes it durable.
    void carry_out() {
        removals_.clear();
        for (auto& each : current_.operations) {
            if (failed()) break;
            if (auto failed = std::visit([this](auto& what) { return this->perform(what); }, each))
                fail(*failed);
        }
        if (!failed())
            if (auto failed = log_.sync()) fail(*failed);
        const bool advanced = current_.last.has_value();
        if (!failed() && advanced) durable_.store(current_.last->value, std::memory_order_release);
        current_.clear();
        if ((advanced || failed()) && wake_) wake_();
        note_durable();
        for (const auto& each : removals_)
            for (auto number = each.first; number <= each.last && !failed(); ++number)
                if (auto failed = log_.remove_segment(number)) fail(*failed);
        if (!removals_.empty()) snapshot_stalled_ = false;
    }

    /// After those who wait have been told: nobody waits for this.
    void note_durable() {
        if (failed()) return;
        if (auto failed = log_.note_durable()) fail(*failed);
        if (failed() && wake_) wake_();
    }

    [[nodiscard]] failure perform(const append_records& records) {
        return log_.append(std::span{current_.bytes}.subspan(records.begin, records.size),
                           records.offset);
    }
    [[nodiscard]] failure perform(const begin_segment& next) {
        return log_.begin_segment(next.header);
    }
    [[nodiscard]] failure perform(const remove_segments& range) {
        removals_.push_back(range);
        return std::nullopt;
    }
    [[nodiscard]] failure perform(const receive_chunk& chunk) {
        return snapshots_.receiver().receive(chunk.snapshot, chunk.offset, chunk.bytes);
    }
    /// The log's records before it are durable before the snapshot takes their place.
    [[nodiscard]] failure perform(const install_received& install) {
        if (auto failed = log_.sync()) return failed;
        return snapshots_.install(install.snapshot, install.members);
    }
    [[nodiscard]] failure perform(own_snapshot& snapshot) {
        snapshots_.save(std::move(snapshot));
        return std::nullopt;
    }

    [[nodiscard]] failure perform(const loss_forgotten&) { return log_.forget_loss(); }

    void save_some() {
        failure stalled;
        const auto waiting = snapshots_.waiting();
        if (auto failed = snapshots_.save_some(stalled)) fail(*failed);
        snapshot_stalled_ = stalled.has_value();
        if (stalled) {
            const std::lock_guard lock{notes_mutex_};
            snapshot_error_ = stalled->message;
        }
        if (snapshots_.waiting() < waiting) {
            saving_.fetch_sub(1, std::memory_order_acq_rel);
            const std::lock_guard lock{notes_mutex_};
            snapshot_error_.clear();
        }
        if ((stalled || snapshots_.waiting() < waiting || failed()) && wake_) wake_();
    }

    log_writer<Files> log_;
    snapshot_keeper<Files> snapshots_;
    std::uint64_t segments_ahead_;
    std::function<void()> wake_;

    std::mutex mutex_{};
    std::condition_variable work_arrived_{};
    batch waiting_{};
    bool idle_ = false;
    bool ending_ = false;
    batch current_{};
    std::vector<remove_segments> removals_{};
    bool snapshot_stalled_ = false;  ///< The disk was full; to be tried again after a pause.

    std::atomic<std::uint64_t> durable_ = 0;
    std::atomic<std::uint64_t> allocated_ = 0;
    std::atomic<std::uint64_t> saving_ = 0;
    std::atomic<bool> failed_ = false;
    mutable std::mutex notes_mutex_{};
    std::string error_{};
    std::string snapshot_error_{};
    std::thread thread_{};
};

}  // namespace raft::wal
