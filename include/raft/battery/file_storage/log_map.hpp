// SPDX-License-Identifier: BSL-1.0
//
// Where in the segments the log's entries are: a sparse index from log index to record, and for
// each segment the last entry in it that still counts, which says when the segment can go. In
// memory only; recovery builds it anew by the same calls. It reads and writes no file.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <vector>

#include <raft/battery/file_storage/record.hpp>

namespace raft::wal {

class log_map {
public:
    /// A segment, and the last entry in it that still counts, or an earlier one if none does.
    struct segment {
        std::uint64_t number = 0;
        log_index last{};
    };

    /// A record in which the entry `first` is, and how far from there it is the one to ask: not for
    /// `end` and later ones.
    struct found_record {
        record_place place{};
        log_index end{};
    };

    void begin_segment(std::uint64_t number) {
        segments_.push_back({number, log_index{}});
        force_point_ = true;
    }

    /// Entries from `first` to `last` are in the record of `bytes` at `place`, in the last segment.
    /// `log_end` was the last entry before that.
    void add(log_index first, log_index last, log_index log_end, record_place place,
             std::uint64_t bytes) {
        if (first <= log_end) cut_from(first);
        // Between two points, records are read in the order in which they were written, and the
        // first that has the entry is taken. So records that replace entries need a point.
        if (force_point_ || first <= log_end || since_point_ >= point_distance) {
            points_.push_back({first, place, bytes_});
            force_point_ = false;
            since_point_ = 0;
        }
        since_point_ += bytes;
        bytes_ += bytes;
        segments_.back().last = last;
    }

    /// The whole log is gone: no entry of what is written so far counts any more.
    void clear() {
        points_.clear();
        force_point_ = true;
        for (auto& each : segments_) each.last = {};
    }

    /// The log ends at `last`.
    void truncate_after(log_index last) {
        cut_from(next(last));
        force_point_ = true;
    }

    /// Entries up to `through` are not asked for any more.
    void discard(log_index through) {
        auto kept = points_.begin();
        while (points_.end() - kept > 1 && std::next(kept)->first <= next(through)) ++kept;
        points_.erase(points_.begin(), kept);
    }

    /// Forgets the segments in front that have no entry after `through`, except the last segment;
    /// the number of the newest of them, or 0.
    std::uint64_t drop_segments(log_index through) {
        auto kept = segments_.begin();
        while (segments_.end() - kept > 1 && kept->last <= through) ++kept;
        const auto newest = kept == segments_.begin() ? 0 : std::prev(kept)->number;
        segments_.erase(segments_.begin(), kept);
        return newest;
    }

    [[nodiscard]] found_record find(log_index wanted) const {
        auto after = std::partition_point(points_.begin(), points_.end(),
                                          [&](const point& each) { return each.first <= wanted; });
        core::require(after != points_.begin());
        const auto end = after == points_.end() ? log_index{~std::uint64_t{0}} : after->first;
        return {std::prev(after)->place, end};
    }

    /// The bytes of the records with the entries after `index`, as far as they are still asked for.
    /// What was replaced there since, and up to 16 KiB before it, is counted, too.
    [[nodiscard]] std::uint64_t bytes_after(log_index index) const {
        const auto after =
            std::partition_point(points_.begin(), points_.end(),
                                 [&](const point& each) { return each.first <= next(index); });
        if (points_.empty()) return 0;
        return bytes_ - (after == points_.begin() ? after : std::prev(after))->bytes_before;
    }

    [[nodiscard]] const std::vector<segment>& segments() const { return segments_; }
    [[nodiscard]] std::uint64_t first_segment() const { return segments_.front().number; }

private:
    /// How many bytes of records may have to be read to find an entry.
    static constexpr std::uint64_t point_distance = 16 * 1024;

    struct point {
        log_index first{};
        record_place place{};
        std::uint64_t bytes_before = 0;  ///< Of all records that were written before.
    };
    void cut_from(log_index first) {
        while (!points_.empty() && points_.back().first >= first) points_.pop_back();
        for (auto& each : segments_) each.last = std::min(each.last, previous(first));
    }

    std::vector<point> points_{};
    std::vector<segment> segments_{};
    std::uint64_t since_point_ = 0;
    std::uint64_t bytes_ = 0;  ///< Of all records.
    bool force_point_ = true;
};

}  // namespace raft::wal
