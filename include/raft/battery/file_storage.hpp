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
// `wake`; another is there while `save_later` fills a snapshot. Only `progress` and `error` may be
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
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include <raft/battery/file_storage/entry_cache.hpp>
#include <raft/battery/file_storage/entry_encoding.hpp>
#include <raft/battery/file_storage/entry_reader.hpp>
#include <raft/battery/file_storage/flusher.hpp>
#include <raft/battery/file_storage/log_map.hpp>
#include <raft/battery/file_storage/opening.hpp>
#include <raft/battery/file_storage/options.hpp>
#include <raft/battery/file_storage/posix_files.hpp>
#include <raft/codec/command.hpp>
#include <raft/policy.hpp>

namespace raft {

template <checked_encodable Command, storage_files Files = posix_files>
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

    /// How many bytes of the log and the snapshot were read when it was opened.
    [[nodiscard]] std::uint64_t bytes_read_at_start() const { return bytes_read_at_start_; }

    // --------------------------------------------------------------------------------- the log

    /// Begins a write, as the concept says. Takes memory until it is durable, no more than `room`
    /// had said. If there is no room for it after all, it waits, and all that is begun after it.
    void write(const log_write& w, std::span<const entry<Command>> entries,
               const indexed_configuration* configuration) {
        parts_->work.begin([&](wal::batch& work) {
            work.cover(w.sequence);
            if (w.entries) {
                append(work, w, entries, configuration);
            } else if (w.vote) {
                emit(work, wal::record_header_bytes + wal::vote_part_bytes,
                     [&](wal::record_builder& record) { record.vote(*w.vote); });
                vote_ = *w.vote;
            }
        });
        cache_.shrink(options_.cache_bytes, progress().durable);
    }

    /// Entries, as the concept says. Blocks for the disk where they are no longer in memory. If
    /// they have become damaged there, the storage fails; without a file descriptor it cannot read
    /// them now.
    [[nodiscard]] std::span<const entry<Command>> entries(log_index first, log_index last,
                                                          std::size_t bytes_max) {
        if (parts_->work.failed()) return {};
        require(first > shape_.base().index && first <= last && last <= shape_.last_index());
        if (cache_.holds(first)) return cache_.view(first, last, bytes_max);
        if (!cache_.empty()) last = std::min(last, previous(cache_.first()));
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
        if (parts_->work.failed() || allocated < tail_.segment) return 0;
        const auto ahead = allocated - tail_.segment;
        const auto usable = options_.segment_bytes - wal::segment_header_bytes;
        // Where one segment ends and another begins, an entry may not fit into what is left.
        const auto wasted = ahead * (options_.segment_bytes / 8);
        const auto kept_back = wasted + std::min(reserve_bytes_max, options_.segment_bytes / 8);
        const auto left = tail_capacity_ - tail_.offset + ahead * usable;
        return left > kept_back ? left - kept_back : 0;
    }

    /// The log up to `through` may go, segment by segment, as far as a durable snapshot covers it.
    void discard(log_index through) {
        const auto snapshot = parts_->work.snapshots().current().snapshot;
        if (!snapshot) return;
        const auto covered = snapshot->stored().description.last_included.index;
        forget_through(std::min({through, covered, shape_.last_index()}));
    }

    /// What `recovered::lost_through` spoke of is durable in the log again, as the concept says.
    void forget_loss() {
        parts_->work.begin(
            [](wal::batch& work) { work.operations.emplace_back(wal::loss_forgotten{}); });
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
    void save(log_position last_included, const configuration& members, Fill&& fill) {
        wal::own_snapshot snapshot{.last_included = last_included, .members = members};
        wal::own_snapshot_sink sink{snapshot};
        fill(sink);
        parts_->work.begin([&](wal::batch& work) {
            parts_->work.note_begun_snapshot();
            work.operations.emplace_back(std::move(snapshot));
        });
    }

    /// The same, with `fill` called on a thread of its own while this storage is used
    /// (`background_snapshot_storage`). If another such `fill` runs, blocks until it has returned.
    template <class Fill>
    void save_later(log_position last_included, const configuration& members, Fill fill) {
        parts_->work.note_begun_snapshot();
        parts_->filling = std::jthread{
            [&work = parts_->work, last_included, members, filled = std::move(fill)]() mutable {
                wal::own_snapshot snapshot{.last_included = last_included, .members = members};
                wal::fill_and_destroy(std::move(filled), snapshot);
                work.begin(
                    [&](wal::batch& batch) { batch.operations.emplace_back(std::move(snapshot)); });
            }};
    }

    /// Whether a snapshot that `save` or `save_later` began is on its way.
    [[nodiscard]] bool is_saving() const { return parts_->work.is_saving(); }

    /// Why a snapshot that was begun has to wait; empty if none has to.
    [[nodiscard]] std::string snapshot_error() const { return parts_->work.snapshot_error(); }

    /// Begins to have a chunk on the disk, as `staging_storage` says.
    void stage(const snapshot_description& snapshot, const configuration& members,
               std::uint64_t offset, std::span<const std::byte> bytes) {
        staged_chunk_ = {{}, snapshot, offset, bytes.size()};
        parts_->work.stage({snapshot, members, offset, {bytes.begin(), bytes.end()}});
    }
    [[nodiscard]] staging staged() const { return parts_->work.staged(); }

    /// Whether a write, or a chunk that was staged, waits for room.
    [[nodiscard]] bool waits_for_room() const { return parts_->work.waits_for_room(); }

    /// Why; empty if none does. Any thread.
    [[nodiscard]] std::string room_error() const { return parts_->work.room_error(); }

    void write_chunk(const chunk_write& w, std::span<const std::byte> bytes) {
        const bool is_there = staged() == staging::kept &&
                              staged_chunk_ == chunk_write{{}, w.snapshot, w.offset, bytes.size()};
        parts_->work.begin([&](wal::batch& work) {
            if (!is_there)
                work.operations.emplace_back(
                    wal::receive_chunk{w.snapshot, w.offset, {bytes.begin(), bytes.end()}});
            work.cover(w.sequence);
        });
    }

    void install(const snapshot_install& w, const configuration& members) {
        const auto base = w.snapshot.last_included;
        parts_->work.begin([&](wal::batch& work) {
            work.operations.emplace_back(wal::install_received{w.snapshot, members});
            if (!w.keep_suffix) empty_log(work, base);
            work.cover(w.sequence);
        });
        forget_through(std::min(base.index, shape_.last_index()));
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

    /// Carries out everything that has been begun. Only in `flush_mode::manual`.
    void flush() {
        require(options_.mode == flush_mode::manual);
        parts_->work.flush();
    }

private:
    static constexpr std::uint64_t segment_bytes_min = 4 * 1024;
    static constexpr std::uint64_t segments_ahead = 1;
    static constexpr std::uint64_t record_bytes_max = 1024 * 1024;
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
        std::jthread filling{};  ///< A snapshot, for `work` to write.
        typename wal::snapshot_keeper<Files>::published pinned{};
        wal::entry_reader<Files> reader{};
    };

    file_storage(std::string directory, file_storage_options options, Files files)
        : options_{std::move(options)} {
        options_.segment_bytes =
            wal::rounded_up(std::max(options_.segment_bytes, segment_bytes_min), wal::sector_bytes);
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
        vote_ = found.log.vote;
        shape_ = found.log.shape;
        report_ = std::move(found.log.report);
        bytes_read_at_start_ = found.log.bytes_read;
        if (found.snapshot) bytes_read_at_start_ += found.snapshot->stored().description.size;
        const bool empty = found.log.next_sequence == 1 && !found.snapshot;
        if (auto failed = resume_log(found.log)) return failed;
        if (found.snapshot_replaces_log) {
            const auto base = found.snapshot->stored().description.last_included;
            parts_->work.begin([&](wal::batch& work) { empty_log(work, base); });
            parts_->work.flush();
        }
        if (parts_->work.failed()) return file_storage_error{parts_->work.error()};
        describe(empty, std::move(found));
        if (options_.mode == flush_mode::thread) parts_->work.start_thread();
        return std::nullopt;
    }

    [[nodiscard]] wal::failure resume_log(wal::recovered_log& found) {
        map_ = std::move(found.map);
        tail_ = {found.tail.number, found.tail_offset};
        tail_capacity_ = found.tail.capacity;
        auto& log = parts_->work.log();
        if (tail_.segment == 0) {
            const auto header = next_segment(options_.segment_bytes);
            if (auto failed = log.begin_segment(header)) return failed;
        } else if (auto failed = log.resume(found.tail, found.next_sequence)) {
            return failed;
        }
        parts_->work.allocate_ahead();
        return std::nullopt;
    }

    void describe(bool empty, wal::opened_directory<Files> found) {
        recovered_ = {.vote = vote_,
                      .log_base = shape_.base(),
                      .runs = shape_.runs(),
                      .last_index = shape_.last_index(),
                      .configurations = std::move(found.log.configurations),
                      .empty = empty};
        if (found.snapshot) recovered_.snapshot = found.snapshot->stored();
        recovered_.incoming = found.incoming;
        recovered_.lost_through = found.lost_through;
    }

    // ------------------------------------------------------------------- where records will stand

    /// Goes on in the next segment, and says what its header will be.
    [[nodiscard]] wal::segment_header next_segment(std::uint64_t capacity) {
        tail_ = {tail_.segment + 1, wal::segment_header_bytes};
        tail_capacity_ = capacity;
        map_.begin_segment(tail_.segment);
        return {
            .number = tail_.segment, .capacity = capacity, .vote = vote_, .last = shape_.last()};
    }

    /// Sees to it that a record of so many bytes fits into the current segment.
    void make_place(wal::batch& work, std::uint64_t bytes) {
        if (bytes <= tail_capacity_ - tail_.offset) return;
        const auto needed = wal::rounded_up(wal::segment_header_bytes + bytes, wal::sector_bytes);
        const auto header = next_segment(std::max(options_.segment_bytes, needed));
        work.operations.emplace_back(wal::begin_segment{header});
    }

    /// Builds a record of at most `bytes` before padding; where it will stand.
    template <class Build>
    wal::record_place emit(wal::batch& work, std::uint64_t bytes, Build build) {
        make_place(work, bytes);
        const auto place = tail_;
        const auto begin = work.bytes.size();
        wal::record_builder record{work.bytes};
        build(record);
        record.finish();
        const auto size = work.bytes.size() - begin;
        tail_.offset += size;
        auto* before = work.operations.empty()
                           ? nullptr
                           : std::get_if<wal::append_records>(&work.operations.back());
        if (before != nullptr)
            before->size += size;
        else
            work.operations.emplace_back(wal::append_records{place.offset, begin, size});
        return place;
    }

    // --------------------------------------------------------------------------------- appending

    void append(wal::batch& work, const log_write& w, std::span<const entry<Command>> entries,
                const indexed_configuration* configuration) {
        auto first = w.entries->first;
        auto vote = w.vote;
        cache_.truncate_from(first);
        while (!entries.empty()) {
            auto fixed = wal::record_header_bytes + wal::entries_part_bytes;
            if (vote) fixed += wal::vote_part_bytes;
            if (configuration != nullptr)
                fixed += 8 + wal::configuration_part_bytes(configuration->value);
            make_place(work, fixed + wal::encoded_bytes(entries.front()));
            const auto limit = std::min(record_bytes_max, tail_capacity_ - tail_.offset);
            const auto part = entries.first(wal::fitting(entries, fixed, limit));
            const auto last = first + (part.size() - 1);
            const bool is_in_part = configuration != nullptr && configuration->index >= first &&
                                    configuration->index <= last;
            append_record(work, first, part, vote, is_in_part ? configuration : nullptr);
            for (const auto& each : part) {
                cache_.push(first, each, wal::encoded_bytes(each), w.sequence);
                first = next(first);
            }
            if (vote) vote_ = *vote;
            vote.reset();
            entries = entries.subspan(part.size());
        }
    }

    void append_record(wal::batch& work, log_index first, std::span<const entry<Command>> part,
                       const std::optional<hard_state>& vote,
                       const indexed_configuration* configuration) {
        const auto before = previous(first);
        const auto before_term = shape_.term_at(before);
        require(before_term.has_value());
        const auto begin = tail_.offset;
        const auto place = emit(work, 0, [&](wal::record_builder& record) {
            if (vote) record.vote(*vote);
            if (configuration != nullptr) record.configuration(*configuration);
            record.entries({before, *before_term}, part.front().term,
                           static_cast<std::uint32_t>(part.size()));
            for (const auto& each : part) wal::encode(each, record);
        });
        map_.add(first, before + part.size(), shape_.last_index(), place, tail_.offset - begin);
        shape_.truncate_after(before);
        shape_.append(part.front().term, part.size());
    }

    /// The log is empty from here on, and goes on after `base`.
    void empty_log(wal::batch& work, log_position base) {
        // First the record: if it begins a segment, the header there says what was before.
        emit(work, wal::record_header_bytes + wal::base_part_bytes,
             [&](wal::record_builder& record) { record.base(base); });
        shape_ = log_shape{base};
        cache_.clear();
        map_.clear();
    }

    void forget_through(log_index through) {
        if (through > shape_.base().index) {
            shape_.discard_through(through);
            cache_.discard_through(through);
            map_.discard(through);
        }
        const auto oldest = map_.first_segment();
        const auto newest = map_.drop_segments(through);
        if (newest == 0) return;
        parts_->work.begin([&](wal::batch& work) {
            work.operations.emplace_back(wal::remove_segments{oldest, newest});
        });
    }

    // ------------------------------------------------------------------------------ reading back

    [[nodiscard]] std::span<const entry<Command>> read_back(log_index first, log_index last,
                                                            std::size_t bytes_max) {
        read_back_.clear();
        std::size_t bytes = 0;
        wal::failure undecodable;
        auto failed = parts_->reader.read(
            parts_->files, parts_->directory, map_.find(first), first, last,
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
    std::uint64_t bytes_read_at_start_ = 0;
    hard_state vote_{};
    log_shape shape_{};
    wal::log_map map_{};
    wal::entry_cache<Command> cache_{};
    wal::record_place tail_{};  ///< Where the next record will stand.
    std::uint64_t tail_capacity_ = 0;
    std::vector<entry<Command>> read_back_{};
    std::vector<std::byte> snapshot_bytes_{};
    chunk_write staged_chunk_{};
};

}  // namespace raft
