// SPDX-License-Identifier: BSL-1.0
//
// What can be told of the end of a log with damage in it: term and vote, and the last entry. Both
// are certain only if nothing that is damaged could have changed them after the sound record, or
// the header of a segment, that says them last: a vote that is forgotten could be given twice, and
// an entry that is forgotten could have been acknowledged. Changes nothing on the disk.
//
// The newest segment alone can tell: its header says what was before it. Of a record whose header
// is sound it is known what it was made of, and where the next one stands; after anything else that
// is damaged nothing is certain, until something sound says it anew. And nothing at all is certain
// if it is not known which segment is the newest, or if that is not as long as it was.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <raft/battery/file_storage/file.hpp>
#include <raft/battery/file_storage/newest_segment.hpp>
#include <raft/battery/file_storage/record.hpp>
#include <raft/battery/file_storage/torn_tail.hpp>

namespace raft::wal {

struct last_words {
    std::optional<core::hard_state> vote{};
    std::optional<core::log_position> last{};

    /// What is not certain; empty if both are.
    [[nodiscard]] std::string_view doubt() const {
        if (!vote) return "this server may have voted in what is damaged";
        if (!last) return "how far the log went is not known";
        return {};
    }
};

template <class Files>
class last_words_reader {
public:
    /// `newest`: what is known of the newest segment beside what it says itself.
    last_words_reader(Files& files, const std::string& directory,
                      const std::optional<newest_segment>& newest)
        : files_{files}, directory_{directory}, newest_{newest} {}

    /// Reads the last of these segments that is in use; the numbers are sorted.
    [[nodiscard]] failure read(std::vector<std::uint64_t> numbers) {
        std::vector<std::byte> segment;
        for (; !numbers.empty(); numbers.pop_back()) {
            const auto path = segment_path(directory_, numbers.back());
            if (auto failed = read_whole(files_, path, segment)) return failed;
            if (!is_unused(numbers.back(), segment)) break;
        }
        if (!numbers.empty()) read_segment(numbers.back(), segment);
        return std::nullopt;
    }

    [[nodiscard]] const last_words& found() const { return words_; }

private:
    /// Segments that are not in use yet are all zeros, or the note tells (recovery.hpp).
    [[nodiscard]] bool is_unused(std::uint64_t number, std::span<const std::byte> segment) const {
        return all_zero(segment) ||
               (newest_ && number > newest_->header.number && !read_segment_header(segment));
    }

    /// What was written to it is known only if it is all there: the newest segment, and its end.
    void read_segment(std::uint64_t number, std::span<const std::byte> segment) {
        const auto header = header_of(number, segment);
        if (!header || header->capacity != segment.size()) return;
        words_ = {header->vote, header->last};
        sequence_ = header->first_sequence;
        read_records(number, segment);
        if (newest_ && sequence_ < newest_->next_sequence) words_ = {};
    }

    [[nodiscard]] std::optional<segment_header>
    header_of(std::uint64_t number, std::span<const std::byte> segment) const {
        const auto noted = newest_ ? newest_->header : segment_header{};
        if (noted.number > number) return std::nullopt;
        const auto header = read_segment_header(segment);
        if (header && header->number == number)
            return header->is_noted && !newest_ ? std::nullopt : header;
        return noted.number == number ? std::optional{noted} : std::nullopt;
    }

    void read_records(std::uint64_t number, std::span<const std::byte> segment) {
        for (std::uint64_t at = segment_header_bytes; at + record_header_bytes <= segment.size();) {
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
            ++sequence_;
        }
    }

    /// Whether nothing was here, or nothing that had become durable.
    [[nodiscard]] bool ends_here(std::uint64_t number, std::span<const std::byte> segment,
                                 std::uint64_t at) const {
        return examine_tail(segment, number, at, sequence_).verdict != tail_verdict::damaged;
    }

    /// The place of the next record with a sound header, which is the one to go on with.
    [[nodiscard]] std::uint64_t next_record(std::uint64_t number,
                                            std::span<const std::byte> segment, std::uint64_t at) {
        for (at += record_alignment; at + record_header_bytes <= segment.size();
             at += record_alignment) {
            const auto rest = segment.subspan(static_cast<std::size_t>(at));
            const auto header = read_record_header(rest, {number, at});
            if (!header || header->sequence <= sequence_) continue;
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
    std::optional<newest_segment> newest_;
    last_words words_{};
    std::uint64_t sequence_ = 0;  ///< Of the next record.
};

}  // namespace raft::wal
