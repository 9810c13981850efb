// SPDX-License-Identifier: BSL-1.0
//
// What can be told of the end of a log with damage in its middle: term and vote, and the last
// entry. Both are certain only if nothing that is damaged could have changed them after the sound
// record, or the header of a segment, that says them last: a vote that is forgotten could be given
// twice, and an entry that is forgotten could have been acknowledged. Changes nothing on the disk.
//
// Of a record whose header is sound it is known what it was made of, and where the next one stands;
// after anything else that is damaged nothing is certain, until something sound says it anew.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <raft/battery/file_storage/file.hpp>
#include <raft/battery/file_storage/record.hpp>
#include <raft/battery/file_storage/recovery.hpp>
#include <raft/battery/file_storage/torn_tail.hpp>

namespace raft::wal {

struct last_words {
    std::optional<hard_state> vote{};
    std::optional<log_position> last{};
};

template <class Files>
class last_words_reader {
public:
    /// `before`: what there is before the damage, at `damaged_at`.
    last_words_reader(Files& files, const std::string& directory, record_place damaged_at,
                      const recovered_log& before)
        : files_{files}, directory_{directory}, damaged_at_{damaged_at} {
        // The first segment of all begins with nothing; any other that is now the first does not.
        if (before.tail_segment == 0 && damaged_at.segment != 1) return;
        words_ = {before.vote, before.shape.last()};
        sequence_ = before.next_sequence;
    }

    /// Reads those of the segments, whose numbers are sorted, in which something may be said.
    [[nodiscard]] failure read(std::vector<std::uint64_t> numbers) {
        std::vector<std::byte> bytes;
        // Segments that are not in use yet are all zeros.
        for (; !numbers.empty(); numbers.pop_back()) {
            if (auto failed = load(numbers.back(), bytes)) return failed;
            if (!all_zero(bytes)) break;
        }
        for (const auto number : numbers) {
            if (number < damaged_at_.segment) continue;
            if (auto failed = load(number, bytes)) return failed;
            is_last_ = number == numbers.back();
            read_segment(number, bytes);
        }
        return std::nullopt;
    }

    [[nodiscard]] const last_words& found() const { return words_; }

private:
    [[nodiscard]] failure load(std::uint64_t number, std::vector<std::byte>& bytes) {
        return read_whole(files_, segment_path(directory_, number), bytes);
    }

    void read_segment(std::uint64_t number, std::span<const std::byte> segment) {
        if (number == damaged_at_.segment && damaged_at_.offset >= segment_header_bytes)
            return read_records(number, segment, damaged_at_.offset);
        if (const auto header = sound_segment_header(segment, number)) {
            words_ = {header->vote, header->last};
            sequence_ = header->first_sequence;
        }
        read_records(number, segment, segment_header_bytes);
    }

    void read_records(std::uint64_t number, std::span<const std::byte> segment, std::uint64_t at) {
        while (at + record_header_bytes <= segment.size()) {
            const auto rest = segment.subspan(static_cast<std::size_t>(at));
            const auto header = read_record_header(rest, {number, at});
            const bool is_next = header && sequence_ == header->sequence;
            if (!is_next || !payload_is_sound(*header, rest)) {
                if (ends_here(number, segment, at)) return;
                if (!is_next) {
                    words_ = {};
                    at = next_record(number, segment, at);
                    continue;
                }
            }
            hear(*header, rest);
            at += header->record_bytes();
            ++*sequence_;
        }
    }

    /// Whether nothing was here, or nothing that had become durable.
    [[nodiscard]] bool ends_here(std::uint64_t number, std::span<const std::byte> segment,
                                 std::uint64_t at) const {
        if (!is_last_) return all_zero(segment.subspan(static_cast<std::size_t>(at)));
        return sequence_ &&
               examine_tail(segment, number, at, *sequence_).verdict != tail_verdict::damaged;
    }

    /// The place of the next record with a sound header, which is the one to go on with.
    [[nodiscard]] std::uint64_t next_record(std::uint64_t number,
                                            std::span<const std::byte> segment, std::uint64_t at) {
        for (at += record_alignment; at + record_header_bytes <= segment.size();
             at += record_alignment) {
            const auto rest = segment.subspan(static_cast<std::size_t>(at));
            const auto header = read_record_header(rest, {number, at});
            if (!header || (sequence_ && header->sequence <= *sequence_)) continue;
            sequence_ = header->sequence;
            return at;
        }
        return segment.size();
    }

    /// Takes what a record says. If only its header is sound, what it was about is not known.
    void hear(const record_header& header, std::span<const std::byte> record) {
        std::optional<record_content> said;
        if (payload_is_sound(header, record))
            said = read_payload(header.parts,
                                record.subspan(record_header_bytes, header.payload_bytes));
        if ((header.parts & vote_part) != 0) words_.vote = said ? said->vote : std::nullopt;
        if ((header.parts & (base_part | entries_part)) != 0) words_.last = std::nullopt;
        if (!said) return;
        if (said->base) words_.last = said->base;
        if (said->entries) words_.last = {said->entries->last(), said->entries->term};
    }

    Files& files_;
    const std::string& directory_;
    record_place damaged_at_;
    last_words words_{};
    std::optional<std::uint64_t> sequence_{};  ///< Of the next record, if that is known.
    bool is_last_ = false;                     ///< No later segment is in use.
};

}  // namespace raft::wal
