// SPDX-License-Identifier: BSL-1.0
//
// Where the records of a segment stop: is that the end of the log, the rest of a write that a crash
// interrupted, or damage to something that was durable? Pure: bytes in, a verdict out.
//
// What a crash can leave: a write covers only zeros (segments are allocated anew and never used
// again), a sector is written as a whole or not at all, and nothing is written before what was
// written earlier has been synced. So an interrupted write shows as sectors of zeros in the last
// stretch of unsynced records, and as nothing else. Everything that cannot have come about in this
// way is damage:
//
// * a record's header that is neither sound nor all zeros (it lies within one sector);
// * a payload that does not match its checksum though no sector of it has become zeros;
// * anything wrong before a sound record that was written after the place had been synced;
// * anything wrong in a segment that is not the last (it was synced before the next was begun).
//
// What the segment itself cannot tell from an interrupted write, or from none at all: writes at its
// end, however many, all of whose sectors read as zeros from some sector on. Nothing that was
// written later proves that they were durable, because there is nothing later. The note of the
// newest segment does (newest_segment.hpp), for all but what was written after it reached the disk
// last. So only this goes unnoticed: that a disk gives zeros for the end of the log, where it was
// synced after the note was, and the system stopped (power, kernel) before it had written the note
// of that. Then the end of the log is the first of the zeros; what follows them is cut off and
// reported.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <raft/battery/file_storage/record.hpp>

namespace raft::wal {

enum class tail_verdict : std::uint8_t {
    clean,    ///< Only zeros follow: the log ends here.
    torn,     ///< What follows was never reported durable: it is to be overwritten with zeros.
    damaged,  ///< What was durable is not as it was.
};

struct tail_finding {
    tail_verdict verdict{};
    std::uint64_t offset = 0;       ///< Damaged: where.
    std::string_view what{};        ///< Damaged: how that shows.
    std::uint64_t nonzero_end = 0;  ///< Torn: where the last byte that is not zero ends.
};

/// Where a sound record stands, at or after `from`, that was written when the record `sequence` had
/// been synced.
[[nodiscard]] inline std::optional<std::uint64_t> witness_after(std::span<const std::byte> segment,
                                                                std::uint64_t number,
                                                                std::uint64_t from,
                                                                std::uint64_t sequence) {
    for (auto at = from; at + record_header_bytes <= segment.size(); at += record_alignment) {
        const auto rest = segment.subspan(static_cast<std::size_t>(at));
        const auto header = read_record_header(rest, {number, at});
        if (header && header->first_unsynced > sequence) return at;
    }
    return std::nullopt;
}

/// Looks at `offset` in the last segment, where the record `sequence` should be and no sound one
/// is.
[[nodiscard]] inline tail_finding examine_tail(std::span<const std::byte> segment,
                                               std::uint64_t number, std::uint64_t offset,
                                               std::uint64_t sequence) {
    const auto rest = segment.subspan(static_cast<std::size_t>(offset));
    const auto end_of_data = nonzero_end(segment);
    if (end_of_data <= offset) return {.verdict = tail_verdict::clean};

    auto search_from = offset + record_alignment;
    const auto header_bytes = rest.first(std::min(rest.size(), record_header_bytes));
    if (!all_zero(header_bytes)) {
        const auto header = read_record_header(rest, {number, offset});
        if (!header)
            return {tail_verdict::damaged, offset, "a record's header is not what was written", 0};
        const auto end = offset + header->record_bytes();
        if (header->sequence != sequence || end > segment.size())
            return {tail_verdict::damaged, offset, "a record is not the one that belongs here", 0};
        const auto record = rest.first(static_cast<std::size_t>(header->record_bytes()));
        if (zero_sectors_of(record, offset) <= header->zero_sectors)
            return {tail_verdict::damaged, offset, "a record does not match its checksum", 0};
        search_from = end;
    }
    if (witness_after(segment, number, search_from, sequence))
        return {tail_verdict::damaged, offset,
                "a record is missing that was durable before later ones were written", 0};
    return {tail_verdict::torn, 0, {}, end_of_data};
}

}  // namespace raft::wal
