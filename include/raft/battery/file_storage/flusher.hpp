// SPDX-License-Identifier: BSL-1.0
//
// The part of `file_storage` that has a thread: takes over what has been begun, all that waits at
// once, carries it out with one sync at the end, and says how far it has come. Also the part that
// remembers that the storage has failed. It decides nothing about the log.
//
// What meets no room waits, with all that has to come after it, and is tried again after a pause:
// an operation of the log with the operations behind it, a snapshot and a chunk of one by
// themselves, a removal as well. Every other failure is final.
//
// Threads: `flush` and the destructor belong to the owner; `begin` and everything that only asks
// may be called from any thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
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
#include <raft/battery/file_storage/operations.hpp>
#include <raft/battery/file_storage/snapshot_keeper.hpp>
#include <raft/policy.hpp>

namespace raft::wal {

template <class Files>
class flusher {
public:
    flusher(Files& files, const std::string& directory, std::uint64_t segment_bytes,
            std::uint64_t segments_ahead, std::function<void()> wake)
        : log_{files, directory, segment_bytes}
        , snapshots_{files, directory, failed_}
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
        snapshots_.saver().hurry();
        thread_.join();
    }

    // ------------------------------------------------------------- before the first write begins

    [[nodiscard]] log_writer<Files>& log() { return log_; }
    [[nodiscard]] snapshot_keeper<Files>& snapshots() { return snapshots_; }
    [[nodiscard]] const snapshot_keeper<Files>& snapshots() const { return snapshots_; }

    void start_threads() {
        snapshots_.saver().start_thread([this] { take_saved(); });
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

    /// Has this chunk on the disk as soon as there is room for it, in place of one that waits, and
    /// not before all writes that were begun earlier are durable.
    void stage(staged_chunk chunk) {
        bool was_idle = false;
        {
            const std::lock_guard lock{mutex_};
            arrived_ = std::move(chunk);
            staging_.store(staging::under_way, std::memory_order_release);
            was_idle = std::exchange(idle_, false);
        }
        if (was_idle) work_arrived_.notify_one();
    }

    /// What has become of the chunk that was staged last.
    [[nodiscard]] staging staged() const { return staging_.load(std::memory_order_acquire); }

    /// Whether a write, or a chunk that was staged, waits for room.
    [[nodiscard]] bool waits_for_room() const {
        return waits_for_room_.load(std::memory_order_acquire);
    }
    /// Why; empty if none does.
    [[nodiscard]] std::string room_error() const {
        const std::lock_guard lock{notes_mutex_};
        return room_error_;
    }

    /// Whether there is something for `flush` to do, or to try again.
    [[nodiscard]] bool awaits_flush() {
        const std::lock_guard lock{mutex_};
        return has_work() || stalled_.any();
    }

    /// Carries out all that has been begun, in the caller's thread. What another thread begins
    /// meanwhile does not wait for the rest of a snapshot.
    void flush() {
        try_everything_again();
        do {
            while (take_over()) work();
            if (must_save()) save_some();
        } while (must_save());
        allocate_ahead();
        tell_what_waits();
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
        log_.leave_room(room_for_snapshot());
        if (auto failed = log_.allocate_ahead(segments_ahead_)) fail(*failed);
        allocated_.store(log_.allocated(), std::memory_order_release);
        const bool changed = before != 0 && log_.allocated() != before;
        if ((changed || failed()) && wake_) wake_();
    }

private:
    using clock = std::chrono::steady_clock;

    /// How long what has met no room is left alone before the next attempt.
    static constexpr std::chrono::seconds pause_without_room{1};

    /// What has met no room, and is not tried again before a pause.
    struct stalls {
        bool log = false;       ///< The operation to go on with, and all behind it.
        bool chunk = false;     ///< The chunk that is to be staged.
        bool snapshot = false;  ///< The first of the own snapshots.
        bool removal = false;
        [[nodiscard]] bool any() const { return log || chunk || snapshot || removal; }
    };

    void run() {
        for (std::unique_lock lock{mutex_};;) {
            if (!has_work()) wait_for_work(lock);
            idle_ = false;
            const bool is_done = stalled_.log || (waiting_.empty() && current_.empty());
            if (ending_ && is_done && !must_save() && !is_writing_snapshot()) return;
            lock.unlock();
            if (stalled_.any() && clock::now() >= try_again_at_) try_everything_again();
            if (take_over()) work();
            // First the snapshot: it is what makes room on a disk that is nearly full.
            if (must_save()) save_some();
            allocate_ahead();
            tell_what_waits();
            lock.lock();
        }
    }

    void wait_for_work(std::unique_lock<std::mutex>& lock) {
        idle_ = true;
        const auto has_some = [this] { return has_work(); };
        const bool is_short = log_.allocated_ahead() < segments_ahead_ || stalled_.any();
        if (failed() || !is_short) return work_arrived_.wait(lock, has_some);
        if (!stalled_.any()) try_again_at_ = clock::now() + pause_without_room;
        work_arrived_.wait_until(lock, try_again_at_, has_some);
    }

    /// With the lock.
    [[nodiscard]] bool has_work() const {
        const bool has_chunk = arrived_ || (chunk_ && !stalled_.chunk);
        const bool has_writes = !waiting_.empty() || !current_.empty();
        return (ending_ && !is_writing_snapshot()) || must_save() ||
               (!stalled_.log && (has_writes || has_chunk));
    }

    [[nodiscard]] bool is_writing_snapshot() const { return snapshots_.saver().is_writing(); }

    [[nodiscard]] bool must_save() const {
        return !failed() && snapshots_.waiting() != 0 && !stalled_.snapshot &&
               !is_writing_snapshot();
    }

    /// A snapshot is written: it can become the current one. In the thread that wrote it. The lock
    /// is for the flushing thread that is about to wait; that one alone says whether it is idle.
    void take_saved() {
        { const std::lock_guard lock{mutex_}; }
        work_arrived_.notify_one();
    }

    void try_everything_again() { stalled_ = {}; }

    /// The next one is larger than the last by a quarter at most, as a rule.
    [[nodiscard]] std::uint64_t room_for_snapshot() const {
        const auto last = snapshots_.current().snapshot;
        if (!last) return 0;
        const auto bytes = last->stored().description.size;
        return bytes + bytes / 4;
    }

    /// What meets no room for the first time begins the pause.
    void stall(bool& which) {
        if (!stalled_.any()) try_again_at_ = clock::now() + pause_without_room;
        which = true;
    }

    void tell_what_waits() {
        const bool waits = stalled_.log || stalled_.chunk;
        if (waits == waits_for_room()) return;
        if (!waits) {
            const std::lock_guard lock{notes_mutex_};
            room_error_.clear();
        }
        waits_for_room_.store(waits, std::memory_order_release);
        if (wake_) wake_();
    }

    void note_room_error(const failure& failed) {
        const std::lock_guard lock{notes_mutex_};
        room_error_ = failed->message;
    }

    /// Takes over what has been begun, once all that was before is carried out; whether there is
    /// anything to do. A chunk comes after the writes that were begun before it.
    [[nodiscard]] bool take_over() {
        if (stalled_.log) return false;
        const std::lock_guard lock{mutex_};
        if (current_.empty()) {
            std::swap(waiting_, current_);
            if (arrived_) {
                chunk_ = std::exchange(arrived_, std::nullopt);
                stalled_.chunk = false;
            }
        }
        return !current_.empty() || (chunk_ && !stalled_.chunk) || must_remove();
    }

    void work() {
        if (failed()) return forget_everything();
        if (!carry_out()) return;
        while (must_remove()) remove_some();
        if (chunk_ && !stalled_.chunk) stage_chunk();
    }

    /// Nothing is changed any more.
    void forget_everything() {
        current_.clear();
        removals_.clear();
        chunk_.reset();
    }

    /// Carries out `current_`, from where it was left, and makes it durable; whether it could.
    bool carry_out() {
        if (!perform_all()) return false;
        if (!failed())
            if (auto failed = log_.sync()) fail(*failed);
        const bool advanced = current_.last.has_value();
        if (!failed() && advanced) durable_.store(current_.last->value, std::memory_order_release);
        current_.clear();
        performed_ = 0;
        if ((advanced || failed()) && wake_) wake_();
        note_durable();
        return !failed();
    }

    /// False if one of them waits for room.
    [[nodiscard]] bool perform_all() {
        auto& all = current_.operations;
        for (; performed_ < all.size() && !failed(); ++performed_) {
            auto failed =
                std::visit([this](auto& what) { return this->perform(what); }, all[performed_]);
            if (failed && failed->no_room) {
                note_room_error(failed);
                stall(stalled_.log);
                return false;
            }
            if (failed) fail(*failed);
        }
        return true;
    }

    /// After those who wait have been told: nobody waits for this.
    void note_durable() {
        if (failed()) return;
        if (auto failed = log_.note_durable()) fail(*failed);
        if (failed() && wake_) wake_();
    }

    [[nodiscard]] bool must_remove() const {
        return !failed() && !stalled_.removal && (!removals_.empty() || loss_is_made_good_);
    }

    /// A segment, or the mark of what was lost: the writes that were begun before it was given up
    /// are durable.
    void remove_some() {
        auto failed =
            removals_.empty() ? log_.forget_loss() : log_.remove_segment(removals_.front().first);
        if (failed && failed->no_room) return stall(stalled_.removal);
        if (failed) return fail(*failed);
        stalled_.snapshot = false;
        if (removals_.empty())
            loss_is_made_good_ = false;
        else if (removals_.front().first++ == removals_.front().last)
            removals_.erase(removals_.begin());
    }

    void stage_chunk() {
        const auto& chunk = *chunk_;
        const auto goes_on = [&] { return snapshots_.goes_on(chunk.snapshot, chunk.offset); };
        if (!goes_on()) return end_staging(staging::lost);
        auto failed = snapshots_.stage(chunk.snapshot, chunk.members, chunk.offset, chunk.bytes);
        if (!failed) return end_staging(staging::kept);
        if (!failed->no_room) {
            fail(*failed);
            if (wake_) wake_();
        } else if (!goes_on()) {
            end_staging(staging::lost);
        } else {
            note_room_error(failed);
            stall(stalled_.chunk);
        }
    }

    void end_staging(staging outcome) {
        chunk_.reset();
        {
            const std::lock_guard lock{mutex_};
            if (!arrived_) staging_.store(outcome, std::memory_order_release);
        }
        if (wake_) wake_();
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
        return snapshots_.receive(chunk.snapshot, chunk.offset, chunk.bytes);
    }
    /// The log's records before it are durable before the snapshot takes their place.
    [[nodiscard]] failure perform(const install_received& install) {
        if (auto failed = log_.sync()) return failed;
        return snapshots_.install(install.snapshot, install.members, install.withheld);
    }
    /// The mark is durable before the log is cut: else, after a crash, nobody would know what this
    /// server had acknowledged.
    [[nodiscard]] failure perform(const loss_noted& noted) {
        loss_is_made_good_ = false;
        return log_.note_loss(noted.lost_through);
    }
    /// The log says first that it begins anew.
    [[nodiscard]] failure perform(const snapshot_dropped&) {
        if (auto failed = log_.sync()) return failed;
        std::size_t given_up = 0;
        auto failed = snapshots_.drop(given_up);
        saving_.fetch_sub(given_up, std::memory_order_acq_rel);
        return failed;
    }
    [[nodiscard]] failure perform(own_snapshot& snapshot) {
        snapshots_.save(std::move(snapshot));
        return std::nullopt;
    }

    [[nodiscard]] failure perform(const loss_forgotten&) {
        loss_is_made_good_ = true;
        return std::nullopt;
    }

    void save_some() {
        failure stalled;
        const auto waiting = snapshots_.waiting();
        if (auto failed = snapshots_.save_some(stalled)) fail(*failed);
        if (stalled) {
            stall(stalled_.snapshot);
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

    std::atomic<bool> failed_ = false;
    std::mutex mutex_{};
    std::condition_variable work_arrived_{};

    log_writer<Files> log_;
    snapshot_keeper<Files> snapshots_;
    std::uint64_t segments_ahead_;
    std::function<void()> wake_;

    batch waiting_{};
    std::optional<staged_chunk> arrived_{};
    bool idle_ = false;
    bool ending_ = false;

    batch current_{};
    std::size_t performed_ = 0;  ///< Of the operations in `current_`.
    std::vector<remove_segments> removals_{};
    bool loss_is_made_good_ = false;
    std::optional<staged_chunk> chunk_{};
    stalls stalled_{};
    clock::time_point try_again_at_{};

    std::atomic<std::uint64_t> durable_ = 0;
    std::atomic<std::uint64_t> allocated_ = 0;
    std::atomic<std::uint64_t> saving_ = 0;
    std::atomic<staging> staging_ = staging::kept;
    std::atomic<bool> waits_for_room_ = false;
    mutable std::mutex notes_mutex_{};
    std::string error_{};
    std::string snapshot_error_{};
    std::string room_error_{};
    std::thread thread_{};
};

}  // namespace raft::wal
