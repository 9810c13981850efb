// SPDX-License-Identifier: BSL-1.0
//
// Reads the segments of a log and says what they hold, or why they cannot be trusted. It reads
// about what was written, a window at a time; a segment is read whole only where its records stop
// before its data does.
//
// It changes nothing on the disk; log_end.hpp does, once a log is read that is to be written to.
#pragma once

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
#include <raft/battery/file_storage/segment_reader.hpp>
#include <raft/battery/file_storage/torn_tail.hpp>

namespace raft::wal {

/// What the segments hold.
struct recovered_log {
    core::hard_state vote{};
    core::log_terms shape{};
    std::vector<core::indexed_configuration> configurations{};
    std::optional<log_index> lacks_from{};  ///< The log has no commands from here on.
    log_map map{};
    segment_header
        tail{};  ///< Of the segment that is written to; its number is 0 if there is none.
    std::uint64_t tail_offset = 0;
    std::uint64_t next_sequence = 1;
    std::vector<std::uint64_t> unused{};  ///< Segments allocated in advance, without a header.
    std::uint64_t bytes_read = 0;
    std::vector<std::string> report{};
};

template <class Files>
class log_reader {
public:
    log_reader(Files& files, const std::string& directory) : files_{files}, directory_{directory} {}

    /// Where the first thing is that is not as it was written, if `read` has failed for that.
    [[nodiscard]] const std::optional<record_place>& damaged_at() const { return damaged_at_; }

    /// What follows the records in the last segment, once all are read.
    [[nodiscard]] const tail_finding& tail() const { return tail_; }
    /// From where on the records in the last segment may never have been synced.
    [[nodiscard]] std::uint64_t unsynced_from() const { return unsynced_from_; }
    /// Has the last segment open.
    [[nodiscard]] segment_reader<Files>& segment() { return segment_; }

    /// Reads the segments of these numbers, which are sorted; `newest`: one that was in use. When
    /// it fails for damage, `log` holds what was before.
    [[nodiscard]] failure read(const std::vector<std::uint64_t>& numbers,
                               const std::optional<newest_segment>& newest, recovered_log& log) {
        for (const auto number : numbers)
            if (auto failed = read_segment(number, newest, log)) return failed;
        return read_end(newest, log);
    }

    /// The same, one segment after the other. The next one:
    [[nodiscard]] failure read_segment(std::uint64_t number,
                                       const std::optional<newest_segment>& newest,
                                       recovered_log& log) {
        if (auto failed = segment_.open(files_, segment_path(directory_, number))) return failed;
        bool is_unused = false;
        if (auto failed = look_for_use(number, newest, is_unused, log)) return failed;
        if (is_unused) {
            log.unused.push_back(number);
            return std::nullopt;
        }
        segment_header header;
        if (auto failed = read_header(number, header)) return failed;
        if (auto failed = join(header, log)) return failed;
        log.tail = header;
        log.tail_offset = segment_header_bytes;
        unsynced_from_ = 0;
        log.map.begin_segment(number);
        auto failed = replay(log);
        log.bytes_read = segment_.bytes_read();
        return failed;
    }

    /// After the last one: whether the log can end there.
    [[nodiscard]] failure read_end(const std::optional<newest_segment>& newest,
                                   recovered_log& log) {
        damaged_at_.reset();
        const bool has_records = log.next_sequence > 1;
        if (auto failed = check_newest_segment(directory_, newest, log.tail, has_records))
            return failed;
        if (log.tail.number == 0) return std::nullopt;
        std::vector<std::byte> segment;
        if (auto failed = examine(log, segment, tail_)) return failed;
        if (tail_.verdict == tail_verdict::damaged)
            return damage_from({log.tail.number, tail_.offset}, tail_.offset, tail_.what);
        if (newest && log.next_sequence < newest->next_sequence)
            return damage(segment_.path(), log.tail_offset,
                          "records that were durable are missing");
        return std::nullopt;
    }

    /// What has been written since, by somebody else, to the segment that was read last.
    [[nodiscard]] failure read_on(recovered_log& log) {
        const auto path = segment_path(directory_, log.tail.number);
        if (auto failed = segment_.open(files_, path)) return failed;
        return replay(log);
    }

private:
    /// Damage that shows at `place`, which is in a segment that may not be the one being read.
    [[nodiscard]] file_storage_error damage_from(record_place place, std::uint64_t shown_at,
                                                 std::string_view what) {
        damaged_at_ = place;
        return damage(segment_path(directory_, place.segment), shown_at, what);
    }

    /// A segment that was never begun is all zeros. If it is not, the note tells: one after the
    /// newest has no record yet, and without a sound header it has nothing.
    [[nodiscard]] failure look_for_use(std::uint64_t number,
                                       const std::optional<newest_segment>& newest, bool& is_unused,
                                       recovered_log& log) {
        if (auto failed = segment_.look_for_zeros(0, is_unused)) return failed;
        if (is_unused || !newest || number <= newest->header.number) return std::nullopt;
        std::span<const std::byte> found;
        if (auto failed = segment_.read(0, segment_header_bytes, found)) return failed;
        is_unused = !read_segment_header(found);
        if (is_unused)
            log.report.push_back(
                segment_.path() +
                " was never begun, and is not all zeros; what is there is of no use");
        return std::nullopt;
    }

    [[nodiscard]] failure read_header(std::uint64_t number, segment_header& header) {
        const record_place beginning{number, 0};
        std::span<const std::byte> sector;
        if (auto failed = segment_.read(0, segment_header_bytes, sector)) return failed;
        if (sector.size() < segment_header_bytes)
            return damage_from(beginning, sector.size(), "the file ends within the header");
        sector = sector.first(segment_header_bytes);
        if (get<std::uint64_t>(sector, 0) != segment_magic)
            return damage_from(beginning, 0, "it does not begin as a segment does");
        if (auto failed = check_format(segment_.path(), get<std::uint32_t>(sector, 8)))
            return failed;
        if (get<std::uint32_t>(sector, 12) != segment_header_crc(sector))
            return damage_from(beginning, 0, "the header does not match its checksum");
        header = decode_segment_header(sector);
        if (header.number != number)
            return damage(segment_.path(), 16, "it is another segment, under a wrong name");
        if (header.capacity == segment_.size()) return std::nullopt;
        return damage_from(beginning, segment_.size(),
                           "the file should be " + std::to_string(header.capacity) + " bytes long");
    }

    /// The segment before this one must end where this one says that it begins.
    [[nodiscard]] failure join(const segment_header& header, recovered_log& log) {
        if (!log.unused.empty())
            return damage_from({log.unused.front(), 0}, 0,
                               "it is all zeros, but a later segment is in use");
        if (log.tail.number == 0) {
            log.vote = header.vote;
            log.shape = core::log_terms{header.last};
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
            return damage(segment_.path(), 40,
                          "the header does not go on where the segment before ends");
        }
        tail_finding tail;
        std::vector<std::byte> before;
        if (auto failed = examine(log, before, tail)) return failed;
        return damage_from({log.tail.number, log.tail_offset}, log.tail_offset,
                           tail.verdict == tail_verdict::damaged
                               ? tail.what
                               : "records are missing that were durable before the next segment");
    }

    /// Goes on from the end of what was read of the segment.
    [[nodiscard]] failure replay(recovered_log& log) {
        for (;;) {
            std::span<const std::byte> rest;
            if (auto failed = segment_.read(log.tail_offset, record_header_bytes, rest))
                return failed;
            const auto header = read_record_header(rest, {log.tail.number, log.tail_offset});
            if (!header || header->sequence != log.next_sequence) return std::nullopt;
            if (auto failed = segment_.read(log.tail_offset, header->record_bytes(), rest))
                return failed;
            if (!payload_is_sound(*header, rest)) return std::nullopt;
            const auto content = read_payload(
                header->parts, rest.subspan(record_header_bytes, header->payload_bytes));
            if (!content)
                return damage(segment_.path(), log.tail_offset,
                              "a record makes no sense, though sound");
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
            log.shape = core::log_terms{*content.base};
            log.configurations.clear();
            log.lacks_from.reset();
            log.map.clear();
            base_is_known_ = true;
        }
        if (content.end)
            if (auto failed = end(*content.end, log)) return failed;
        if (content.entries)
            if (auto failed = append(*content.entries, record_bytes, log)) return failed;
        if (content.entries && !log.lacks_from && lacks_commands(content))
            log.lacks_from = content.entries->first();
        if (!content.configuration) return std::nullopt;
        const auto& c = *content.configuration;
        if (!content.entries || c.index < content.entries->first() ||
            c.index > content.entries->last())
            return damage(segment_.path(), log.tail_offset,
                          "a configuration is not one of its entries");
        log.configurations.push_back(c);
        return std::nullopt;
    }

    [[nodiscard]] failure append(const stored_entries& entries, std::uint64_t record_bytes,
                                 recovered_log& log) {
        const auto before = entries.before;
        const auto log_end = log.shape.last_index();
        if (before.index > log_end)
            return damage(segment_.path(), log.tail_offset,
                          "entries are missing before those of a record");
        if (before.index < log.shape.base().index && !base_is_known_) {
            // These entries replace some of a segment that is gone, because nothing in it counts.
            log.shape = core::log_terms{before};
            log.configurations.clear();
        }
        if (!log.shape.matches(before) || entries.term < before.term)
            return damage(segment_.path(), log.tail_offset,
                          "the entries of a record do not follow those before them");
        log.map.add(entries.first(), entries.last(), log_end, {log.tail.number, log.tail_offset},
                    record_bytes);
        truncate_after(before.index, log);
        log.shape.append(entries.term, entries.count);
        return std::nullopt;
    }

    static void truncate_after(log_index last, recovered_log& log) {
        log.shape.truncate_after(last);
        std::erase_if(log.configurations,
                      [&](const core::indexed_configuration& each) { return each.index > last; });
        if (log.lacks_from > last) log.lacks_from.reset();
    }

    [[nodiscard]] failure end(core::log_position last, recovered_log& log) {
        if (!log.shape.matches(last) || last.index < log.shape.base().index)
            return damage(segment_.path(), log.tail_offset,
                          "the log is to end where it has no such entry");
        log.map.truncate_after(last.index);
        truncate_after(last.index, log);
        return std::nullopt;
    }

    /// What follows the records in the segment that was in use last: all of it, in `segment`, if it
    /// is not zeros alone.
    [[nodiscard]] failure examine(const recovered_log& log, std::vector<std::byte>& segment,
                                  tail_finding& tail) {
        const auto path = segment_path(directory_, log.tail.number);
        if (segment_.path() != path)
            if (auto failed = segment_.open(files_, path)) return failed;
        bool is_clean = false;
        if (auto failed = segment_.look_for_zeros(log.tail_offset, is_clean)) return failed;
        tail = {.verdict = tail_verdict::clean};
        if (is_clean) return std::nullopt;
        if (auto failed = read_whole(files_, path, segment)) return failed;
        tail = examine_tail(segment, log.tail.number, log.tail_offset, log.next_sequence);
        return std::nullopt;
    }

    Files& files_;
    const std::string& directory_;
    segment_reader<Files> segment_{};
    std::uint64_t unsynced_from_ = 0;  ///< In the last segment read.
    std::optional<record_place> damaged_at_{};
    tail_finding tail_{};
    bool base_is_known_ = false;  ///< A record has set it; no entries before it are anywhere.
};

}  // namespace raft::wal
