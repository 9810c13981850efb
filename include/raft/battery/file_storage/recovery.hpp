// SPDX-License-Identifier: BSL-1.0
//
// Reads the segments of a log and says what they hold, or why they cannot be trusted.
//
// It changes nothing on the disk but the end: the torn rest of an interrupted write becomes zeros
// (see torn_tail.hpp), so that no later reader takes it for something; and what may never have been
// synced is written again and synced, because what was read may have come from memory only. After
// that, everything recovered is durable.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <raft/battery/file_storage/file.hpp>
#include <raft/battery/file_storage/log_map.hpp>
#include <raft/battery/file_storage/newest_segment.hpp>
#include <raft/battery/file_storage/record.hpp>
#include <raft/battery/file_storage/torn_tail.hpp>

namespace raft::wal {

/// What the segments hold.
struct recovered_log {
    hard_state vote{};
    log_shape shape{};
    std::vector<indexed_configuration> configurations{};
    log_map map{};
    segment_header
        tail{};  ///< Of the segment that is written to; its number is 0 if there is none.
    std::uint64_t tail_offset = 0;
    std::uint64_t next_sequence = 1;
    std::vector<std::uint64_t> unused{};  ///< Segments allocated in advance, without a header.
    std::vector<std::string> report{};
};

/// The numbers of the segments among the names of files, sorted.
[[nodiscard]] inline std::vector<std::uint64_t> segments_in(const std::vector<std::string>& names) {
    std::vector<std::uint64_t> numbers;
    for (const auto& name : names)
        if (const auto number = number_of_name(segment_prefix, name)) numbers.push_back(*number);
    std::sort(numbers.begin(), numbers.end());
    return numbers;
}

template <class Files>
class log_reader {
public:
    log_reader(Files& files, const std::string& directory) : files_{files}, directory_{directory} {}

    /// Where the first thing is that is not as it was written, if `read` has failed for that.
    [[nodiscard]] const std::optional<record_place>& damaged_at() const { return damaged_at_; }

    /// Reads the segments of these numbers, which are sorted; `newest`: one that was in use. When
    /// it fails for damage, `log` holds what was before.
    [[nodiscard]] failure read(const std::vector<std::uint64_t>& numbers,
                               const std::optional<newest_segment>& newest, recovered_log& log) {
        for (const auto number : numbers)
            if (auto failed = read_segment(number, log)) return failed;
        const bool has_records = log.next_sequence > 1;
        if (auto failed = check_newest_segment(directory_, newest, log.tail, has_records))
            return failed;
        if (log.tail.number == 0) return std::nullopt;
        return end_at_tail(newest ? newest->next_sequence : 0, log);
    }

private:
    [[nodiscard]] failure load(std::uint64_t number) {
        path_ = segment_path(directory_, number);
        return read_whole(files_, path_, bytes_);
    }

    /// Damage that shows at `place`, which is in a segment that may not be the one being read.
    [[nodiscard]] file_storage_error damage_from(record_place place, std::uint64_t shown_at,
                                                 std::string_view what) {
        damaged_at_ = place;
        return damage(segment_path(directory_, place.segment), shown_at, what);
    }

    [[nodiscard]] failure read_segment(std::uint64_t number, recovered_log& log) {
        std::vector<std::byte> before;
        before.swap(bytes_);
        if (auto failed = load(number)) return failed;
        if (all_zero(bytes_)) {
            bytes_.swap(before);
            log.unused.push_back(number);
            return std::nullopt;
        }
        segment_header header;
        if (auto failed = read_header(number, header)) return failed;
        if (auto failed = join(header, std::move(before), log)) return failed;
        log.tail = header;
        log.map.begin_segment(number);
        return replay(log);
    }

    [[nodiscard]] failure read_header(std::uint64_t number, segment_header& header) {
        if (const auto sound = sound_segment_header(bytes_, number)) {
            header = *sound;
            return std::nullopt;
        }
        const record_place beginning{number, 0};
        if (bytes_.size() < segment_header_bytes)
            return damage_from(beginning, bytes_.size(), "the file ends within the header");
        const auto sector = std::span{bytes_}.first(segment_header_bytes);
        if (get<std::uint64_t>(sector, 0) != segment_magic)
            return damage_from(beginning, 0, "it does not begin as a segment does");
        if (get<std::uint32_t>(sector, 8) != format_version)
            return file_storage_error{
                path_ + " has format version " + std::to_string(get<std::uint32_t>(sector, 8)) +
                ", this library reads version " + std::to_string(format_version)};
        if (get<std::uint32_t>(sector, 12) != segment_header_crc(sector))
            return damage_from(beginning, 0, "the header does not match its checksum");
        header = decode_segment_header(sector);
        if (header.number != number)
            return damage(path_, 16, "it is another segment, under a wrong name");
        return damage_from(beginning, bytes_.size(),
                           "the file should be " + std::to_string(header.capacity) + " bytes long");
    }

    /// The segment before this one must end where this one says that it begins.
    [[nodiscard]] failure join(const segment_header& header, std::vector<std::byte> before,
                               recovered_log& log) {
        if (!log.unused.empty())
            return damage_from({log.unused.front(), 0}, 0,
                               "it is all zeros, but a later segment is in use");
        if (log.tail.number == 0) {
            log.vote = header.vote;
            log.shape = log_shape{header.last};
            log.next_sequence = header.first_sequence;
            return std::nullopt;
        }
        if (header.number != log.tail.number + 1) {
            damaged_at_ = record_place{log.tail.number + 1, 0};
            return file_storage_error{segment_path(directory_, log.tail.number + 1) +
                                      " is missing: there are segments before and after it"};
        }
        if (header.first_sequence == log.next_sequence) {
            if (header.vote == log.vote && header.last == log.shape.last()) return std::nullopt;
            return damage(path_, 40, "the header does not go on where the segment before ends");
        }
        const auto tail = examine_tail(before, log.tail.number, log.tail_offset, log.next_sequence);
        return damage_from({log.tail.number, log.tail_offset}, log.tail_offset,
                           tail.verdict == tail_verdict::damaged
                               ? tail.what
                               : "records are missing that were durable before the next segment");
    }

    [[nodiscard]] failure replay(recovered_log& log) {
        log.tail_offset = segment_header_bytes;
        unsynced_from_ = 0;
        for (;;) {
            const auto rest = std::span{bytes_}.subspan(static_cast<std::size_t>(log.tail_offset));
            const auto header = read_record_header(rest, {log.tail.number, log.tail_offset});
            if (!header || header->sequence != log.next_sequence ||
                !payload_is_sound(*header, rest))
                return std::nullopt;
            const auto content = read_payload(
                header->parts, rest.subspan(record_header_bytes, header->payload_bytes));
            if (!content)
                return damage(path_, log.tail_offset, "a record makes no sense, though sound");
            if (auto failed = apply(*content, header->record_bytes(), log)) return failed;
            if (header->first_unsynced == header->sequence) unsynced_from_ = log.tail_offset;
            log.tail_offset += header->record_bytes();
            ++log.next_sequence;
        }
    }

    [[nodiscard]] failure apply(const record_content& content, std::uint64_t record_bytes,
                                recovered_log& log) {
        if (content.vote) log.vote = *content.vote;
        if (content.base) {
            log.shape = log_shape{*content.base};
            log.configurations.clear();
            log.map.clear();
            base_is_known_ = true;
        }
        if (content.entries)
            if (auto failed = append(*content.entries, record_bytes, log)) return failed;
        if (!content.configuration) return std::nullopt;
        const auto& c = *content.configuration;
        if (!content.entries || c.index < content.entries->first() ||
            c.index > content.entries->last())
            return damage(path_, log.tail_offset, "a configuration is not one of its entries");
        log.configurations.push_back(c);
        return std::nullopt;
    }

    [[nodiscard]] failure append(const stored_entries& entries, std::uint64_t record_bytes,
                                 recovered_log& log) {
        const auto before = entries.before;
        const auto log_end = log.shape.last_index();
        if (before.index > log_end)
            return damage(path_, log.tail_offset, "entries are missing before those of a record");
        if (before.index < log.shape.base().index && !base_is_known_) {
            // These entries replace some of a segment that is gone, because nothing in it counts.
            log.shape = log_shape{before};
            log.configurations.clear();
        }
        if (!log.shape.matches(before) || entries.term < before.term)
            return damage(path_, log.tail_offset,
                          "the entries of a record do not follow those before them");
        log.map.add(entries.first(), entries.last(), log_end, {log.tail.number, log.tail_offset},
                    record_bytes);
        log.shape.truncate_after(before.index);
        log.shape.append(entries.term, entries.count);
        std::erase_if(log.configurations,
                      [&](const indexed_configuration& each) { return each.index > before.index; });
        return std::nullopt;
    }

    /// `durable_before`: the number of a record before which all are known to have been durable.
    [[nodiscard]] failure end_at_tail(std::uint64_t durable_before, recovered_log& log) {
        path_ = segment_path(directory_, log.tail.number);
        const auto tail = examine_tail(bytes_, log.tail.number, log.tail_offset, log.next_sequence);
        if (tail.verdict == tail_verdict::damaged)
            return damage_from({log.tail.number, tail.offset}, tail.offset, tail.what);
        if (log.next_sequence < durable_before)
            return damage(path_, log.tail_offset, "records that were durable are missing");
        auto end = log.tail_offset;
        if (tail.verdict == tail_verdict::torn) {
            log.report.push_back(path_ + ": the last write was not finished when the process" +
                                 " ended, or has become zeros since; " +
                                 std::to_string(tail.nonzero_end - end) + " bytes from offset " +
                                 std::to_string(end) + " are cut off");
            std::fill(bytes_.begin() + static_cast<std::ptrdiff_t>(end),
                      bytes_.begin() + static_cast<std::ptrdiff_t>(tail.nonzero_end), std::byte{});
            end = tail.nonzero_end;
        }
        open_file<Files> file;
        if (auto failed =
                check(open_into(files_, path_, file_opening::existing, file), "open", path_))
            return failed;
        const auto unsynced =
            std::span{bytes_}.subspan(static_cast<std::size_t>(unsynced_from_),
                                      static_cast<std::size_t>(end - unsynced_from_));
        if (auto failed =
                check(files_.write(file.handle(), unsynced_from_, unsynced), "write", path_))
            return failed;
        return check(files_.sync(file.handle()), "sync", path_);
    }

    Files& files_;
    const std::string& directory_;
    std::string path_{};
    std::vector<std::byte> bytes_{};
    std::uint64_t unsynced_from_ = 0;  ///< In the last segment read.
    std::optional<record_place> damaged_at_{};
    bool base_is_known_ = false;  ///< A record has set it; no entries before it are anywhere.
};

}  // namespace raft::wal
