// SPDX-License-Identifier: BSL-1.0
//
// What the log looks like on the disk: a segment begins with a header of one sector; records
// follow, each a header of 32 bytes and a payload, padded to 32 bytes. Pure: bytes in, values out.
//
// Rules that recovery relies on:
// * A record's header never crosses a sector, so a torn write leaves it whole or all zeros.
// * Its checksum covers everything, the length and the padding too, and where the record stands
//   (segment and offset), so that bytes from another place are never taken for it.
// * It says how many of its sectors are all zeros, as a sector is that was never written: one more
//   is a torn write, and if there are no more, a wrong checksum is damage.
// * Records are numbered without gaps. Each carries the number of the first record that was not
//   yet synced when it was written: whoever finds this record knows that all before were durable.
// * The payload of an append names the position before its first entry, so that a gap shows.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <raft/battery/file_storage/file.hpp>
#include <raft/core/configuration.hpp>
#include <raft/core/effects.hpp>
#include <raft/core/log.hpp>
#include <raft/crc32c.hpp>

namespace raft::wal {

/// What a disk writes as a whole or not at all.
inline constexpr std::size_t sector_bytes = 512;
inline constexpr std::size_t segment_header_bytes = sector_bytes;
inline constexpr std::size_t record_header_bytes = 32;
inline constexpr std::size_t record_alignment = 32;
/// Of all files here. Version 1 has neither entries that are said to lack their commands, nor a
/// history (history_file.hpp).
inline constexpr std::uint32_t format_version = 2;
inline constexpr std::uint32_t format_version_oldest = 1;

[[nodiscard]] constexpr bool is_known_format(std::uint32_t version) {
    return version >= format_version_oldest && version <= format_version;
}
inline constexpr std::uint64_t segment_magic = 0x676F6C2D74666172;  // "raft-log"
inline constexpr std::uint8_t record_magic = 0xA7;

static_assert(sector_bytes % record_alignment == 0 && record_header_bytes <= record_alignment);

/// Why a file of this version cannot be read, if it cannot.
[[nodiscard]] inline failure check_format(const std::string& path, std::uint32_t version) {
    if (is_known_format(version)) return std::nullopt;
    return file_storage_error{path + " has format version " + std::to_string(version) +
                              ", this library reads versions up to " +
                              std::to_string(format_version)};
}

/// Where a record begins.
struct record_place {
    std::uint64_t segment = 0;
    std::uint64_t offset = 0;
};

// ------------------------------------------------------------------------------- segment header

/// What the first sector of a segment says: enough to begin reading here when all segments before
/// are gone.
struct segment_header {
    std::uint64_t number = 0;
    std::uint64_t capacity = 0;  ///< The whole file's length in bytes.
    std::uint64_t first_sequence = 0;
    core::hard_state vote{};
    core::log_position last{};  ///< The last entry before this segment.
    bool is_noted = true;  ///< Before it has a record, there is a note of it (newest_segment.hpp).
};

[[nodiscard]] inline std::uint32_t segment_header_crc(std::span<const std::byte> sector) {
    return wire::crc32c(sector.subspan(16), wire::crc32c(sector.first(12)));
}

inline void encode(const segment_header& header, std::span<std::byte> sector) {
    put(sector, 0, segment_magic);
    put(sector, 8, format_version);
    put(sector, 16, header.number);
    put(sector, 24, header.capacity);
    put(sector, 32, header.first_sequence);
    put(sector, 40, header.vote.current_term.value);
    put(sector, 48, std::uint64_t{header.vote.voted_for.has_value()});
    put(sector, 56, header.vote.voted_for.value_or(member_id{}).value);
    put(sector, 64, header.last.index.value);
    put(sector, 72, header.last.term.value);
    put(sector, 80, std::uint64_t{header.is_noted});
    put(sector, 12, segment_header_crc(sector));
}

/// Assumes that magic, version and checksum have been found right.
[[nodiscard]] inline segment_header decode_segment_header(std::span<const std::byte> sector) {
    segment_header header{.number = get<std::uint64_t>(sector, 16),
                          .capacity = get<std::uint64_t>(sector, 24),
                          .first_sequence = get<std::uint64_t>(sector, 32)};
    header.vote.current_term = {get<std::uint64_t>(sector, 40)};
    if (get<std::uint64_t>(sector, 48) != 0)
        header.vote.voted_for = member_id{get<std::uint64_t>(sector, 56)};
    header.last = {{get<std::uint64_t>(sector, 64)}, {get<std::uint64_t>(sector, 72)}};
    header.is_noted = get<std::uint64_t>(sector, 80) != 0;
    return header;
}

/// The header at the beginning of a segment, if it is as it was written.
[[nodiscard]] inline std::optional<segment_header>
read_segment_header(std::span<const std::byte> segment) {
    if (segment.size() < segment_header_bytes) return std::nullopt;
    const auto sector = segment.first(segment_header_bytes);
    if (get<std::uint64_t>(sector, 0) != segment_magic ||
        !is_known_format(get<std::uint32_t>(sector, 8)) ||
        get<std::uint32_t>(sector, 12) != segment_header_crc(sector))
        return std::nullopt;
    return decode_segment_header(sector);
}

/// The same, if it is this segment's, and the file as long as it says.
[[nodiscard]] inline std::optional<segment_header>
sound_segment_header(std::span<const std::byte> segment, std::uint64_t number) {
    const auto header = read_segment_header(segment);
    if (!header || header->number != number || header->capacity != segment.size())
        return std::nullopt;
    return header;
}

// -------------------------------------------------------------------------------- record header

/// What a record's payload is made of, in this order.
enum record_part : std::uint8_t {
    vote_part = 1,           ///< Term and vote.
    base_part = 2,           ///< The log is empty after this position: a snapshot took its place.
    configuration_part = 4,  ///< The configuration that one of the entries is.
    entries_part = 8,        ///< Entries; those that exist from the first on are replaced.
    withheld_part = 16,      ///< They have no commands, as a witness gets them.
    end_part = 32,           ///< The log ends at this position: what followed it goes.
};
inline constexpr std::uint8_t all_parts = 63;

struct record_header {
    std::uint32_t payload_crc = 0;
    std::uint32_t payload_bytes = 0;  ///< Without the padding.
    std::uint16_t zero_sectors = 0;   ///< How many sectors have only zeros of this record.
    std::uint8_t parts = 0;
    std::uint64_t sequence = 0;
    std::uint64_t first_unsynced = 0;

    [[nodiscard]] std::uint64_t record_bytes() const {
        return rounded_up(record_header_bytes + payload_bytes, record_alignment);
    }
};

[[nodiscard]] inline std::uint32_t record_header_crc(std::span<const std::byte> header,
                                                     record_place place) {
    std::byte where[16];
    put(where, 0, place.segment);
    put(where, 8, place.offset);
    return wire::crc32c(header.subspan(4, record_header_bytes - 4), wire::crc32c(where));
}

/// How many of the sectors that a record touches have only zeros within it, if it stands at
/// `offset`; no more than the header can say.
[[nodiscard]] inline std::uint16_t zero_sectors_of(std::span<const std::byte> record,
                                                   std::uint64_t offset) {
    std::size_t count = 0;
    while (!record.empty()) {
        const auto here =
            std::min<std::uint64_t>(record.size(), sector_bytes - offset % sector_bytes);
        if (all_zero(record.first(static_cast<std::size_t>(here)))) ++count;
        record = record.subspan(static_cast<std::size_t>(here));
        offset += here;
    }
    return static_cast<std::uint16_t>(std::min<std::size_t>(count, 0xFFFF));
}

/// Completes a record that was built at `record`, padding included, now that its place and number
/// are known.
inline void seal(std::span<std::byte> record, record_place place, std::uint64_t sequence,
                 std::uint64_t first_unsynced) {
    put(record, 4, wire::crc32c(record.subspan(record_header_bytes)));
    put(record, 12, zero_sectors_of(record, place.offset));
    put(record, 16, sequence);
    put(record, 24, first_unsynced);
    put(record, 0, record_header_crc(record, place));
}

/// How long the record is that was built at `record`.
[[nodiscard]] inline std::uint64_t built_bytes(std::span<const std::byte> record) {
    return record_header{.payload_bytes = get<std::uint32_t>(record, 8)}.record_bytes();
}

/// The header at the beginning of `bytes`, if there is a whole and sound one.
[[nodiscard]] inline std::optional<record_header>
read_record_header(std::span<const std::byte> bytes, record_place place) {
    if (bytes.size() < record_header_bytes || get<std::uint8_t>(bytes, 15) != record_magic ||
        get<std::uint32_t>(bytes, 0) != record_header_crc(bytes, place))
        return std::nullopt;
    return record_header{.payload_crc = get<std::uint32_t>(bytes, 4),
                         .payload_bytes = get<std::uint32_t>(bytes, 8),
                         .zero_sectors = get<std::uint16_t>(bytes, 12),
                         .parts = get<std::uint8_t>(bytes, 14),
                         .sequence = get<std::uint64_t>(bytes, 16),
                         .first_unsynced = get<std::uint64_t>(bytes, 24)};
}

[[nodiscard]] inline bool payload_is_sound(const record_header& header,
                                           std::span<const std::byte> record) {
    return record.size() >= header.record_bytes() &&
           wire::crc32c(
               record.subspan(record_header_bytes, header.record_bytes() - record_header_bytes)) ==
               header.payload_crc;
}

// ------------------------------------------------------------------------------- record payload

/// Takes the place of an entry's length when it has no command.
inline constexpr std::uint32_t no_command = 0xFFFF'FFFF;
inline constexpr std::size_t vote_part_bytes = 24;
inline constexpr std::size_t base_part_bytes = 16;
inline constexpr std::size_t end_part_bytes = 16;
inline constexpr std::size_t entries_part_bytes = 28;
inline constexpr std::size_t entry_overhead_bytes = 4;
/// The number of members, and the sets of them.
inline constexpr std::size_t configuration_head_bytes = 4 + 4 * core::member_set_count;

[[nodiscard]] inline std::size_t configuration_part_bytes(const configuration& c) {
    return 8 + configuration_head_bytes + 8 * c.members.size();
}

inline void encode(const configuration& c, std::span<std::byte> out) {
    put(out, 0, static_cast<std::uint32_t>(c.members.size()));
    std::size_t at = 4;
    for (const auto* set : member_sets(c)) {
        put(out, at, c.members.without_gaps(*set).bits());
        at += 4;
    }
    for (const auto member : c.members) {
        put(out, at, member.value);
        at += 8;
    }
}

[[nodiscard]] inline std::optional<configuration>
decode_configuration(std::span<const std::byte> bytes) {
    if (bytes.size() < configuration_head_bytes) return std::nullopt;
    const auto count = get<std::uint32_t>(bytes, 0);
    if (count > core::members_max ||
        bytes.size() < configuration_head_bytes + 8 * std::size_t{count})
        return std::nullopt;
    configuration c;
    std::size_t at = 4;
    for (auto* set : member_sets(c)) {
        *set = core::member_set::from_bits(get<std::uint32_t>(bytes, at));
        at += 4;
    }
    for (; c.members.size() < count; at += 8) c.members.add({get<std::uint64_t>(bytes, at)});
    if (!is_valid(c)) return std::nullopt;
    return c;
}

/// Builds one record at the end of a buffer, in place; whoever writes it seals it.
class record_builder {
public:
    explicit record_builder(std::vector<std::byte>& out) : out_{out}, begin_{out.size()} {
        add(record_header_bytes);
    }

    void vote(const core::hard_state& vote) {
        const auto part = add(vote_part_bytes, vote_part);
        put(part, 0, vote.current_term.value);
        put(part, 8, std::uint64_t{vote.voted_for.has_value()});
        put(part, 16, vote.voted_for.value_or(member_id{}).value);
    }

    void base(core::log_position position) {
        const auto part = add(base_part_bytes, base_part);
        put(part, 0, position.index.value);
        put(part, 8, position.term.value);
    }

    void end(core::log_position position) {
        const auto part = add(end_part_bytes, end_part);
        put(part, 0, position.index.value);
        put(part, 8, position.term.value);
    }

    /// The entries that follow have no commands.
    void withheld() { add(0, withheld_part); }

    void configuration(const core::indexed_configuration& c) {
        const auto part = add(configuration_part_bytes(c.value), configuration_part);
        put(part, 0, c.index.value);
        encode(c.value, part.subspan(8));
    }

    void entries(core::log_position before, term_number term, std::uint32_t count) {
        const auto part = add(entries_part_bytes, entries_part);
        put(part, 0, before.index.value);
        put(part, 8, before.term.value);
        put(part, 16, term.value);
        put(part, 24, count);
    }

    void entry_without_command() { put(add(entry_overhead_bytes), 0, no_command); }

    /// The place where the command's bytes go.
    [[nodiscard]] std::span<std::byte> command(std::size_t bytes) {
        const auto part = add(entry_overhead_bytes + bytes);
        put(part, 0, static_cast<std::uint32_t>(bytes));
        return part.subspan(entry_overhead_bytes);
    }

    void finish() {
        const auto payload_bytes = out_.size() - begin_ - record_header_bytes;
        const auto total = rounded_up(record_header_bytes + payload_bytes, record_alignment);
        out_.resize(begin_ + total);
        const auto header = std::span{out_}.subspan(begin_);
        put(header, 8, static_cast<std::uint32_t>(payload_bytes));
        put(header, 14, parts_);
        put(header, 15, record_magic);
    }

private:
    std::span<std::byte> add(std::size_t bytes, std::uint8_t part = 0) {
        parts_ = static_cast<std::uint8_t>(parts_ | part);
        out_.resize(out_.size() + bytes);
        return std::span{out_}.last(bytes);
    }

    std::vector<std::byte>& out_;
    std::size_t begin_;
    std::uint8_t parts_ = 0;
};

/// The entries of a record, not yet decoded.
struct stored_entries {
    core::log_position before{};  ///< Of the entry before the first.
    term_number term{};
    std::uint64_t count = 0;
    std::span<const std::byte> bytes{};

    [[nodiscard]] log_index first() const { return next(before.index); }
    [[nodiscard]] log_index last() const { return before.index + count; }
};

/// One entry's command as bytes; none if it has no command.
using stored_command = std::optional<std::span<const std::byte>>;

/// Takes the first entry off `bytes`; nothing if there is no whole one.
[[nodiscard]] inline std::optional<stored_command> take_entry(std::span<const std::byte>& bytes) {
    if (bytes.size() < entry_overhead_bytes) return std::nullopt;
    const auto size = get<std::uint32_t>(bytes, 0);
    bytes = bytes.subspan(entry_overhead_bytes);
    if (size == no_command) return stored_command{};
    if (size > bytes.size()) return std::nullopt;
    const auto command = bytes.first(size);
    bytes = bytes.subspan(size);
    return stored_command{command};
}

struct record_content {
    std::optional<core::hard_state> vote{};
    std::optional<core::log_position> base{};
    std::optional<core::log_position> end{};
    bool withheld = false;
    std::optional<core::indexed_configuration> configuration{};
    std::optional<stored_entries> entries{};
};

[[nodiscard]] inline core::log_position read_position(std::span<const std::byte> bytes) {
    return {{get<std::uint64_t>(bytes, 0)}, {get<std::uint64_t>(bytes, 8)}};
}

/// Whether an entry has no command that must have had one: it is neither the first of its term, a
/// leader's no-op, nor the configuration. That is how version 1 kept a witness's log.
[[nodiscard]] inline bool lacks_commands(const record_content& content) {
    if (content.withheld || !content.entries) return content.withheld;
    auto bytes = content.entries->bytes;
    for (auto index = content.entries->first(); index <= content.entries->last();
         index = next(index)) {
        const auto command = take_entry(bytes);
        const bool is_no_op = index == content.entries->first() &&
                              content.entries->before.term != content.entries->term;
        const bool is_members = content.configuration && content.configuration->index == index;
        if (command && !*command && !is_no_op && !is_members) return true;
    }
    return false;
}

/// What a payload says; nothing if it is not well-formed. Commands are not looked into.
[[nodiscard]] inline std::optional<record_content> read_payload(std::uint8_t parts,
                                                                std::span<const std::byte> rest) {
    record_content content;
    if (parts > all_parts) return std::nullopt;
    content.withheld = (parts & withheld_part) != 0;
    if ((parts & vote_part) != 0) {
        if (rest.size() < vote_part_bytes) return std::nullopt;
        content.vote = core::hard_state{.current_term = {get<std::uint64_t>(rest, 0)}};
        if (get<std::uint64_t>(rest, 8) != 0)
            content.vote->voted_for = member_id{get<std::uint64_t>(rest, 16)};
        rest = rest.subspan(vote_part_bytes);
    }
    if ((parts & base_part) != 0) {
        if (rest.size() < base_part_bytes) return std::nullopt;
        content.base = read_position(rest);
        rest = rest.subspan(base_part_bytes);
    }
    if ((parts & end_part) != 0) {
        if (rest.size() < end_part_bytes) return std::nullopt;
        content.end = read_position(rest);
        rest = rest.subspan(end_part_bytes);
    }
    if ((parts & configuration_part) != 0) {
        if (rest.size() < 8) return std::nullopt;
        auto members = decode_configuration(rest.subspan(8));
        if (!members) return std::nullopt;
        const auto bytes = configuration_part_bytes(*members);
        content.configuration =
            core::indexed_configuration{{get<std::uint64_t>(rest, 0)}, std::move(*members)};
        rest = rest.subspan(bytes);
    }
    if ((parts & entries_part) == 0) return content;
    if (rest.size() < entries_part_bytes) return std::nullopt;
    content.entries =
        stored_entries{.before = {{get<std::uint64_t>(rest, 0)}, {get<std::uint64_t>(rest, 8)}},
                       .term = {get<std::uint64_t>(rest, 16)},
                       .count = get<std::uint32_t>(rest, 24),
                       .bytes = rest.subspan(entries_part_bytes)};
    auto entries = content.entries->bytes;
    for (std::uint64_t i = 0; i < content.entries->count; ++i)
        if (!take_entry(entries)) return std::nullopt;
    if (!entries.empty() || content.entries->count == 0) return std::nullopt;
    return content;
}

}  // namespace raft::wal
