// SPDX-License-Identifier: BSL-1.0
//
// A storage in a directory of files: a segmented log that holds term, vote and entries together,
// and snapshots beside it. It satisfies `storage_for<file_storage<Command>, Command>`.
//
// Its rules, each in its own file under file_storage/:
// * Term and vote are never written apart from the entries that need them (record.hpp).
// * One sync makes everything durable that waits; `write` never waits for the disk (flusher.hpp).
// * Segments have their place on the disk before they are needed, so that `room` shrinks before
//   anything fails (log_writer.hpp).
// * What a crash interrupted is told from damage; damage refuses to start (torn_tail.hpp), or, if
//   that is asked for and safe, is left to the other servers to make good (damaged_log.hpp).
// * A segment that was in use is missed when it is gone (newest_segment.hpp).
// * The log goes only when a snapshot that covers it is durable (snapshot_keeper.hpp).
// * No room is no failure (a full disk, a quota, no file descriptor; file.hpp says which errors
//   that are): what meets it waits. Every other error of writing and syncing is final: nothing is
//   tried twice, nothing more is changed.
// * All files are reached through `Files` (posix_files.hpp), which a test can replace.
//
// It does not protect against somebody who changes files on purpose, and two copies of a directory
// must never be used as two servers.
//
// Threads: a storage is used from one thread at a time; its own thread writes and syncs, and calls
// `wake`; another writes this server's own snapshots. Only `progress` and `error` may be
// called from any thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <raft/battery/file_storage/entry_reader.hpp>
#include <raft/battery/file_storage/flusher.hpp>
#include <raft/battery/file_storage/log_builder.hpp>
#include <raft/battery/file_storage/opening.hpp>
#include <raft/battery/file_storage/options.hpp>
#include <raft/battery/file_storage/posix_files.hpp>
#include <raft/codec/command.hpp>
#include <raft/policy.hpp>

namespace raft {

template <policy::checked_encodable Command, wal::storage_files Files = wal::posix_files>
class file_storage {
public:
    using opened = std::variant<file_storage, file_storage_error>;

    /// Opens the storage in `directory`, which is created if need be (its parent must exist).
    /// Blocks while it reads the whole log. Nobody else can open it until this one is destroyed.
    [[nodiscard]] static opened open(std::string directory, file_storage_options options = {},
                                     Files files = Files{}) {
        file_storage storage{std::move(directory), std::move(options), std::move(files)};
        if (auto failed = storage.start()) return *std::move(failed);
        return opened{std::in_place_index<0>, std::move(storage)};
    }

    // -------------------------------------------------------------------------- what there was

    /// What was found when it was opened. Once.
    [[nodiscard]] recovered recover() { return std::move(recovered_); }

    /// Whether nothing had been written to it before it was opened.
    [[nodiscard]] bool was_empty() const { return recovered_.empty; }

    /// What was noticed and put right when it was opened, a line each: the rest of an interrupted
    /// write that was cut off, an unfinished snapshot that was removed.
    [[nodiscard]] const std::vector<std::string>& report() const { return report_; }

    /// Which storage this is: another one after its directory was lost.
    [[nodiscard]] storage_mark mark() const { return history_.mark; }

    /// Which history it belongs to; none of a new one, or one of an older version.
    [[nodiscard]] std::optional<history_id> history() const { return history_.history; }

    /// Keeps which history it belongs to, as `history_keeping_storage` says. Blocks for the disk.
    [[nodiscard]] bool keep_history(history_id history) {
        history_.history = history;
        auto failed = wal::put_history(parts_->files, parts_->directory, history_);
        if (failed) parts_->work.fail(*failed);
        return !failed;
    }

    /// How many bytes of the log and the snapshot were read when it was opened.
    [[nodiscard]] std::uint64_t bytes_read_at_start() const { return bytes_read_at_start_; }

    // --------------------------------------------------------------------------------- the log

    /// Begins a write, as the concept says. Takes memory until it is durable, no more than `room`
    /// had said. If there is no room for it after all, it waits, and all that is begun after it.
    void write(const core::log_write& w, std::span<const entry<Command>> entries,
               const core::indexed_configuration* configuration) {
        parts_->work.begin([&](wal::batch& work) {
            work.cover(w.sequence);
            if (w.entries) {
                log_.append(work, w, entries, configuration);
            } else if (w.vote) {
                log_.persist(work, *w.vote);
            }
        });
        log_.cache().shrink(options_.cache_bytes, progress().durable);
    }

    /// Entries, as the concept says. Blocks for the disk where they are no longer in memory. If
    /// they have become damaged there, the storage fails; without a file descriptor it cannot read
    /// them now.
    [[nodiscard]] std::span<const entry<Command>> entries(log_index first, log_index last,
                                                          std::size_t bytes_max) {
        if (parts_->work.failed()) return {};
        const auto& shape = log_.shape();
        auto& cache = log_.cache();
        core::require(first > shape.base().index && first <= last && last <= shape.last_index());
        if (cache.holds(first)) return cache.view(first, last, bytes_max);
        if (!cache.empty()) last = std::min(last, previous(cache.first()));
        return read_back(first, last, std::min(bytes_max, read_bytes_max));
    }

    /// The bytes that a command takes in the log.
    [[nodiscard]] std::size_t size_of(const Command& command) const {
        return codec<Command>::size(command) + wal::entry_overhead_bytes;
    }

    /// How many bytes of entries can be begun until the disk is full; some place is kept back for
    /// votes and the protocol's own entries. It grows again when the log is discarded or others
    /// free the disk. An entry longer than an eighth of a segment may not fit though this says so.
    [[nodiscard]] std::uint64_t room() const {
        const auto allocated = parts_->work.allocated();
        if (parts_->work.failed() || allocated < log_.tail().segment) return 0;
        const auto ahead = allocated - log_.tail().segment;
        const auto usable = options_.segment_bytes - wal::segment_header_bytes;
        // Where one segment ends and another begins, an entry may not fit into what is left.
        const auto wasted = ahead * (options_.segment_bytes / 8);
        const auto kept_back = wasted + std::min(reserve_bytes_max, options_.segment_bytes / 8);
        const auto left = log_.tail_capacity() - log_.tail().offset + ahead * usable;
        return left > kept_back ? left - kept_back : 0;
    }

    /// The log up to `through` may go, segment by segment, as far as a durable snapshot covers it.
    void discard(log_index through) {
        const auto snapshot = parts_->work.snapshots().current().snapshot;
        if (!snapshot) return;
        const auto covered = snapshot->stored().description.last_included.index;
        forget_through(std::min({through, covered, log_.shape().last_index()}));
    }

    /// How many bytes of the log whoever has the entries up to `index` lacks: no fewer, and at most
    /// what was replaced there, and 16 KiB, more. Of entries that were discarded nothing is known.
    [[nodiscard]] std::uint64_t bytes_after(log_index index) const {
        return index >= log_.shape().last_index() ? 0 : log_.map().bytes_after(index);
    }

    /// What `recovered::lost_through` spoke of is durable in the log again, as the concept says.
    void forget_loss() {
        parts_->work.begin(
            [](wal::batch& work) { work.operations.emplace_back(wal::loss_forgotten{}); });
    }

    /// Begins to end the log, as `witness_storage` says.
    void cut(const core::log_cut& w) {
        const auto last = w.last_kept;
        parts_->work.begin([&](wal::batch& work) {
            work.operations.emplace_back(wal::loss_noted{w.lost_through});
            if (last.index > log_index{}) {
                log_.end(work, last);
            } else {
                log_.begin_anew(work, last);
                work.operations.emplace_back(wal::snapshot_dropped{});
            }
            work.cover(w.sequence);
        });
    }

    /// How far it has come. Any thread.
    [[nodiscard]] storage_progress progress() const { return parts_->work.progress(); }

    /// Why it has failed, with the file and the cause; empty if it has not. Any thread.
    [[nodiscard]] std::string error() const { return parts_->work.error(); }

    // ------------------------------------------------------------------------------- snapshots

    /// Begins a snapshot of this server's own, as the concept says. What `fill` writes stays in
    /// memory until it is durable. Without room that is tried again every second, see
    /// `snapshot_error`; the log stays until then.
    template <class Fill>
    void save(core::log_position last_included, const configuration& members, Fill&& fill) {
        const bool withheld = log_.lacks_from() && *log_.lacks_from() <= last_included.index;
        save({last_included, members, withheld, withheld ? nullptr : wal::filled_now(fill)});
    }

    /// The same, with `fill` called on a thread of its own (`background_snapshot_storage`), and
    /// anew each time that there was no room; in `flush_mode::manual` by `flush`. What it writes
    /// goes to the disk in pieces of 1 MiB, of which one is in memory. At most one is written at a
    /// time, with a rest after each piece as long as the piece took.
    template <class Fill>
    void save_later(core::log_position last_included, const configuration& members, Fill fill) {
        save({last_included, members, false, wal::kept_fill(std::move(fill))});
    }

    /// Whether a snapshot that `save` or `save_later` began is on its way.
    [[nodiscard]] bool is_saving() const { return parts_->work.is_saving(); }

    /// Why a snapshot that was begun has to wait; empty if none has to.
    [[nodiscard]] std::string snapshot_error() const { return parts_->work.snapshot_error(); }

    /// Begins to have a chunk on the disk, as `staging_storage` says.
    void stage(const core::snapshot_description& snapshot, const configuration& members,
               std::uint64_t offset, std::span<const std::byte> bytes) {
        staged_chunk_ = {{}, snapshot, offset, bytes.size()};
        parts_->work.stage({snapshot, members, offset, {bytes.begin(), bytes.end()}});
    }
    [[nodiscard]] staging staged() const { return parts_->work.staged(); }

    /// Whether a write, or a chunk that was staged, waits for room.
    [[nodiscard]] bool waits_for_room() const { return parts_->work.waits_for_room(); }

    /// Why; empty if none does. Any thread.
    [[nodiscard]] std::string room_error() const { return parts_->work.room_error(); }

    void write_chunk(const core::chunk_write& w, std::span<const std::byte> bytes) {
        const bool is_there =
            staged() == staging::kept &&
            staged_chunk_ == core::chunk_write{{}, w.snapshot, w.offset, bytes.size()};
        parts_->work.begin([&](wal::batch& work) {
            if (!is_there)
                work.operations.emplace_back(
                    wal::receive_chunk{w.snapshot, w.offset, {bytes.begin(), bytes.end()}});
            work.cover(w.sequence);
        });
    }

    void install(const core::snapshot_install& w, const configuration& members) {
        const auto base = w.snapshot.last_included;
        parts_->work.begin([&](wal::batch& work) {
            work.operations.emplace_back(wal::install_received{w.snapshot, members, w.withheld});
            if (w.withheld)
                log_.note_missing(base.index);
            else
                log_.note_state(base.index);
            if (!w.keep_suffix) log_.begin_anew(work, base);
            work.cover(w.sequence);
        });
        forget_through(std::min(base.index, log_.shape().last_index()));
    }

    /// The newest durable snapshot. `read_snapshot` reads from the one that this gave last, so that
    /// none that `save` began takes its place between two reads. One that is installed does.
    [[nodiscard]] std::optional<stored_snapshot> snapshot() const {
        parts_->pinned = parts_->work.snapshots().current();
        if (!parts_->pinned.snapshot) return std::nullopt;
        return parts_->pinned.snapshot->stored();
    }

    /// Bytes of the snapshot, as the concept says, verified. Blocks for the disk.
    [[nodiscard]] std::span<const std::byte> read_snapshot(std::uint64_t offset,
                                                           std::uint64_t length) {
        auto& pinned = parts_->pinned;
        auto newest = parts_->work.snapshots().current();
        if (!pinned.snapshot || pinned.installed != newest.installed) pinned = std::move(newest);
        if (!pinned.snapshot || parts_->work.failed()) return {};
        std::span<const std::byte> wanted;
        if (auto failed = pinned.snapshot->read(offset, length, snapshot_bytes_, wanted)) {
            parts_->work.fail(*failed);
            return {};
        }
        return wanted;
    }

    // ----------------------------------------------------------------------------- manual mode

    /// Whether there is something for `flush` to do, or to try again.
    [[nodiscard]] bool awaits_flush() const { return parts_->work.awaits_flush(); }

    /// Carries out everything that has been begun. Only in `flush_mode::manual`.
    void flush() {
        core::require(options_.mode == flush_mode::manual);
        parts_->work.flush();
    }

private:
    static constexpr std::uint64_t segment_bytes_min = 4 * 1024;
    static constexpr std::uint64_t segments_ahead = 1;
    static constexpr std::uint64_t reserve_bytes_max = 64 * 1024;
    static constexpr std::size_t read_bytes_max = 1024 * 1024;

    /// What must stay where it is while the storage is moved. Destroyed from the end on: the
    /// threads before the lock.
    struct parts {
        parts(Files given, std::string path, const file_storage_options& options)
            : files{std::move(given)}
            , directory{std::move(path)}
            , work{files, directory, options.segment_bytes, segments_ahead, options.wake} {}

        Files files;
        std::string directory;
        wal::open_file<Files> lock{};
        wal::flusher<Files> work;
        typename wal::snapshot_keeper<Files>::published pinned{};
        wal::entry_reader<Files> reader{};
    };

    [[nodiscard]] static file_storage_options rounded(file_storage_options options) {
        options.segment_bytes =
            wal::rounded_up(std::max(options.segment_bytes, segment_bytes_min), wal::sector_bytes);
        return options;
    }

    file_storage(std::string directory, file_storage_options options, Files files)
        : options_{rounded(std::move(options))}, log_{options_.segment_bytes} {
        parts_ = std::make_unique<parts>(std::move(files), std::move(directory), options_);
    }

    [[nodiscard]] wal::failure start() {
        wal::opened_directory<Files> found;
        wal::directory_opener<Files> opener{parts_->files, parts_->directory,
                                            parts_->work.snapshots().receiver(),
                                            options_.recover_damaged_log};
        if (auto failed = opener.open(found)) return failed;
        parts_->lock = std::move(found.lock);
        parts_->work.snapshots().resume(found.snapshot);
        report_ = std::move(found.log.report);
        bytes_read_at_start_ = found.log.bytes_read;
        if (found.snapshot) bytes_read_at_start_ += found.snapshot->stored().description.size;
        const bool empty = found.log.next_sequence == 1 && !found.snapshot;
        if (auto failed = resume_log(found.log)) return failed;
        if (found.snapshot_replaces_log) {
            const auto base = found.snapshot->stored().description.last_included;
            parts_->work.begin([&](wal::batch& work) { log_.begin_anew(work, base); });
            parts_->work.flush();
        }
        if (parts_->work.failed()) return file_storage_error{parts_->work.error()};
        describe(empty, std::move(found));
        if (options_.mode == flush_mode::thread) parts_->work.start_threads();
        return std::nullopt;
    }

    [[nodiscard]] wal::failure resume_log(wal::recovered_log& found) {
        log_.resume(found);
        auto& writer = parts_->work.log();
        if (log_.tail().segment == 0) {
            const auto header = log_.next_segment(options_.segment_bytes);
            if (auto failed = writer.begin_segment(header)) return failed;
        } else if (auto failed = writer.resume(found.tail, found.next_sequence)) {
            return failed;
        }
        parts_->work.allocate_ahead();
        return std::nullopt;
    }

    void describe(bool empty, wal::opened_directory<Files> found) {
        const auto& shape = log_.shape();
        recovered_ = {.vote = log_.vote(),
                      .log_base = shape.base(),
                      .runs = shape.runs(),
                      .last_index = shape.last_index(),
                      .configurations = std::move(found.log.configurations),
                      .empty = empty};
        if (found.snapshot) recovered_.snapshot = found.snapshot->stored();
        if (found.snapshot && found.snapshot->stored().withheld)
            log_.note_missing(found.snapshot->stored().description.last_included.index);
        recovered_.lacks_from = log_.lacks_from();
        recovered_.history = found.history.history;
        history_ = found.history;
        recovered_.incoming = found.incoming;
        recovered_.lost_through = found.lost_through;
    }

    void save(wal::own_snapshot snapshot) {
        parts_->work.begin([&](wal::batch& work) {
            parts_->work.note_begun_snapshot();
            work.operations.emplace_back(std::move(snapshot));
        });
    }

    void forget_through(log_index through) {
        const auto gone = log_.forget_through(through);
        if (!gone) return;
        parts_->work.begin([&](wal::batch& work) { work.operations.emplace_back(*gone); });
    }

    // ------------------------------------------------------------------------------ reading back

    [[nodiscard]] std::span<const entry<Command>> read_back(log_index first, log_index last,
                                                            std::size_t bytes_max) {
        read_back_.clear();
        std::size_t bytes = 0;
        wal::failure undecodable;
        auto failed = parts_->reader.read(
            parts_->files, parts_->directory, log_.map().find(first), first, last,
            [&](log_index index, term_number term, const wal::stored_command& stored) {
                bytes += wal::entry_overhead_bytes + (stored ? stored->size() : 0);
                if (!read_back_.empty() && bytes > bytes_max) return false;
                entry<Command> value{.term = term};
                if (stored) value.command = codec<Command>::decode(*stored);
                if (stored && !value.command)
                    undecodable =
                        file_storage_error{parts_->directory + ": the command of entry " +
                                           std::to_string(index.value) + " cannot be decoded"};
                if (undecodable) return false;
                read_back_.push_back(std::move(value));
                return true;
            });
        if (!failed) failed = std::move(undecodable);
        if (!failed) return read_back_;
        if (!failed->no_room) parts_->work.fail(*failed);
        return {};
    }

    file_storage_options options_;
    std::unique_ptr<parts> parts_{};
    recovered recovered_{};
    std::vector<std::string> report_{};
    wal::log_builder<Command> log_;
    std::uint64_t bytes_read_at_start_ = 0;
    std::vector<entry<Command>> read_back_{};
    std::vector<std::byte> snapshot_bytes_{};
    wal::storage_history history_{};
    core::chunk_write staged_chunk_{};
};

}  // namespace raft
