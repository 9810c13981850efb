// SPDX-License-Identifier: BSL-1.0
//
// What the log is once all that was begun is carried out: its shape, where its entries are, and the
// newest of them; and how what is begun next becomes records and segments. In memory only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include <raft/battery/file_storage/entry_cache.hpp>
#include <raft/battery/file_storage/entry_encoding.hpp>
#include <raft/battery/file_storage/log_map.hpp>
#include <raft/battery/file_storage/operations.hpp>
#include <raft/battery/file_storage/recovery.hpp>

namespace raft::wal {

template <class Command>
class log_builder {
public:
    explicit log_builder(std::uint64_t segment_bytes) : segment_bytes_{segment_bytes} {}

    /// Goes on with a log that was found.
    void resume(recovered_log& found) {
        vote_ = found.vote;
        shape_ = found.shape;
        map_ = std::move(found.map);
        lacks_from_ = found.lacks_from;
        tail_ = {found.tail.number, found.tail_offset};
        tail_capacity_ = found.tail.capacity;
    }

    [[nodiscard]] const core::hard_state& vote() const { return vote_; }
    [[nodiscard]] const core::log_terms& shape() const { return shape_; }
    [[nodiscard]] entry_cache<Command>& cache() { return cache_; }
    [[nodiscard]] const log_map& map() const { return map_; }
    /// Where the next record will stand.
    [[nodiscard]] record_place tail() const { return tail_; }
    [[nodiscard]] std::uint64_t tail_capacity() const { return tail_capacity_; }
    /// The log has no commands from here on; a snapshot that reaches so far has no state.
    [[nodiscard]] std::optional<log_index> lacks_from() const { return lacks_from_; }

    /// Goes on in the next segment, and says what its header will be.
    [[nodiscard]] segment_header next_segment(std::uint64_t capacity) {
        tail_ = {tail_.segment + 1, segment_header_bytes};
        tail_capacity_ = capacity;
        map_.begin_segment(tail_.segment);
        return {
            .number = tail_.segment, .capacity = capacity, .vote = vote_, .last = shape_.last()};
    }

    void persist(batch& work, const core::hard_state& vote) {
        emit(work, record_header_bytes + vote_part_bytes,
             [&](record_builder& record) { record.vote(vote); });
        vote_ = vote;
    }

    void append(batch& work, const core::log_write& w, std::span<const entry<Command>> entries,
                const core::indexed_configuration* configuration) {
        auto first = w.entries->first;
        auto vote = w.vote;
        cache_.truncate_from(first);
        if (lacks_from_ >= first) lacks_from_.reset();
        if (w.entries->source == core::entry_source::withheld) note_missing(first);
        while (!entries.empty()) {
            auto fixed = record_header_bytes + entries_part_bytes;
            if (vote) fixed += vote_part_bytes;
            if (configuration != nullptr)
                fixed += 8 + configuration_part_bytes(configuration->value);
            make_place(work, fixed + encoded_bytes(entries.front()));
            const auto limit = std::min(record_bytes_max, tail_capacity_ - tail_.offset);
            const auto part = entries.first(fitting(entries, fixed, limit));
            const auto last = first + (part.size() - 1);
            const bool is_in_part = configuration != nullptr && configuration->index >= first &&
                                    configuration->index <= last;
            append_record(work, first, part, vote, is_in_part ? configuration : nullptr);
            for (const auto& each : part) {
                cache_.push(first, each, encoded_bytes(each), w.sequence);
                first = next(first);
            }
            if (vote) vote_ = *vote;
            vote.reset();
            entries = entries.subspan(part.size());
        }
    }

    /// Entries from `first` on have no commands.
    void note_missing(log_index first) {
        if (!lacks_from_ || first < *lacks_from_) lacks_from_ = first;
    }

    /// A snapshot with a state is to be installed: nothing is missing up to its last entry.
    void note_state(log_index through) {
        if (lacks_from_ <= through) lacks_from_.reset();
    }

    /// The log ends at `last` from here on.
    void end(batch& work, core::log_position last) {
        emit(work, record_header_bytes + end_part_bytes,
             [&](record_builder& record) { record.end(last); });
        shape_.truncate_after(last.index);
        cache_.truncate_from(next(last.index));
        map_.truncate_after(last.index);
        if (lacks_from_ > last.index) lacks_from_.reset();
    }

    /// The log is empty from here on, and goes on after `base`.
    void begin_anew(batch& work, core::log_position base) {
        // First the record: if it begins a segment, the header there says what was before.
        emit(work, record_header_bytes + base_part_bytes,
             [&](record_builder& record) { record.base(base); });
        shape_ = core::log_terms{base};
        if (lacks_from_ > base.index) lacks_from_.reset();
        cache_.clear();
        map_.clear();
    }

    /// Entries up to `through` are not needed any more; the segments that can go for that.
    [[nodiscard]] std::optional<remove_segments> forget_through(log_index through) {
        if (through > shape_.base().index) {
            shape_.discard_through(through);
            cache_.discard_through(through);
            map_.discard(through);
        }
        const auto oldest = map_.first_segment();
        const auto newest = map_.drop_segments(through);
        if (newest == 0) return std::nullopt;
        return remove_segments{oldest, newest};
    }

private:
    static constexpr std::uint64_t record_bytes_max = 1024 * 1024;

    /// Sees to it that a record of so many bytes fits into the current segment.
    void make_place(batch& work, std::uint64_t bytes) {
        if (bytes <= tail_capacity_ - tail_.offset) return;
        const auto needed = rounded_up(segment_header_bytes + bytes, sector_bytes);
        const auto header = next_segment(std::max(segment_bytes_, needed));
        work.operations.emplace_back(begin_segment{header});
    }

    /// Builds a record of at most `bytes` before padding; where it will stand.
    template <class Build>
    record_place emit(batch& work, std::uint64_t bytes, Build build) {
        make_place(work, bytes);
        const auto place = tail_;
        const auto begin = work.bytes.size();
        record_builder record{work.bytes};
        build(record);
        record.finish();
        const auto size = work.bytes.size() - begin;
        tail_.offset += size;
        auto* before = work.operations.empty()
                           ? nullptr
                           : std::get_if<append_records>(&work.operations.back());
        if (before != nullptr)
            before->size += size;
        else
            work.operations.emplace_back(append_records{place.offset, begin, size});
        return place;
    }

    void append_record(batch& work, log_index first, std::span<const entry<Command>> part,
                       const std::optional<core::hard_state>& vote,
                       const core::indexed_configuration* configuration) {
        const auto before = previous(first);
        const auto before_term = shape_.term_at(before);
        core::require(before_term.has_value());
        const auto begin = tail_.offset;
        const auto place = emit(work, 0, [&](record_builder& record) {
            if (vote) record.vote(*vote);
            if (lacks_from_ && *lacks_from_ <= first) record.withheld();
            if (configuration != nullptr) record.configuration(*configuration);
            record.entries({before, *before_term}, part.front().term,
                           static_cast<std::uint32_t>(part.size()));
            for (const auto& each : part) encode(each, record);
        });
        map_.add(first, before + part.size(), shape_.last_index(), place, tail_.offset - begin);
        shape_.truncate_after(before);
        shape_.append(part.front().term, part.size());
    }

    std::uint64_t segment_bytes_;
    core::hard_state vote_{};
    core::log_terms shape_{};
    log_map map_{};
    entry_cache<Command> cache_{};
    record_place tail_{};
    std::uint64_t tail_capacity_ = 0;
    std::optional<log_index> lacks_from_{};
};

}  // namespace raft::wal
