// SPDX-License-Identifier: BSL-1.0
//
// The mark that says where a log ended before entries of it were lost, until they are here again
// (core/lost_entries.hpp); and, while that is under way, where the log is to be cut.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <raft/battery/file_storage/file.hpp>
#include <raft/battery/file_storage/record.hpp>

namespace raft::wal {

inline constexpr std::uint64_t lost_magic = 0x74736F6C74666172;  // "raftlost"
inline constexpr std::size_t lost_mark_bytes = 2 * sector_bytes;

/// Where the log is to end.
struct log_cut {
    std::uint64_t offset = 0;  ///< 0: the whole segment goes.
    std::uint64_t aside = 0;   ///< What is set aside has this number in its name.
    core::hard_state vote{};   ///< What goes there.
    /// What the header of the segment would say if it began at the cut.
    segment_header header{};
};

struct lost_mark {
    core::log_position lost_through{};
    std::optional<log_cut> cut{};  ///< While it is not known to be carried out.
};

[[nodiscard]] inline std::uint32_t lost_mark_crc(std::span<const std::byte> mark) {
    return wire::crc32c(mark.subspan(16), wire::crc32c(mark.first(12)));
}

[[nodiscard]] inline std::vector<std::byte> encoded(const lost_mark& mark) {
    std::vector<std::byte> bytes(lost_mark_bytes);
    put(bytes, 0, lost_magic);
    put(bytes, 8, format_version);
    put(bytes, 16, mark.lost_through.index.value);
    put(bytes, 24, mark.lost_through.term.value);
    put(bytes, 32, std::uint64_t{mark.cut.has_value()});
    if (mark.cut) {
        put(bytes, 40, mark.cut->offset);
        put(bytes, 48, mark.cut->aside);
        put(bytes, 56, mark.cut->vote.current_term.value);
        put(bytes, 64, std::uint64_t{mark.cut->vote.voted_for.has_value()});
        put(bytes, 72, mark.cut->vote.voted_for.value_or(member_id{}).value);
        encode(mark.cut->header, std::span{bytes}.subspan(sector_bytes));
    }
    put(bytes, 12, lost_mark_crc(bytes));
    return bytes;
}

[[nodiscard]] inline std::optional<lost_mark> decode_lost_mark(std::span<const std::byte> bytes) {
    if (bytes.size() != lost_mark_bytes || get<std::uint64_t>(bytes, 0) != lost_magic ||
        !is_known_format(get<std::uint32_t>(bytes, 8)) ||
        get<std::uint32_t>(bytes, 12) != lost_mark_crc(bytes))
        return std::nullopt;
    lost_mark mark{{{get<std::uint64_t>(bytes, 16)}, {get<std::uint64_t>(bytes, 24)}}};
    if (get<std::uint64_t>(bytes, 32) == 0) return mark;
    auto& cut = mark.cut.emplace();
    cut.offset = get<std::uint64_t>(bytes, 40);
    cut.aside = get<std::uint64_t>(bytes, 48);
    cut.vote.current_term = {get<std::uint64_t>(bytes, 56)};
    if (get<std::uint64_t>(bytes, 64) != 0)
        cut.vote.voted_for = member_id{get<std::uint64_t>(bytes, 72)};
    cut.header = decode_segment_header(bytes.subspan(sector_bytes));
    return mark;
}

/// Reads the mark, if there is one among the `names` in the directory.
template <class Files>
[[nodiscard]] failure read_lost_mark(Files& files, const std::string& directory,
                                     const std::vector<std::string>& names,
                                     std::optional<lost_mark>& mark) {
    if (!has_name(names, lost_name)) return std::nullopt;
    std::vector<std::byte> bytes;
    const auto path = path_of(directory, lost_name);
    if (auto failed = read_whole(files, path, bytes)) return failed;
    mark = decode_lost_mark(bytes);
    if (mark) return std::nullopt;
    return damage_of_note(path);
}

/// Has the mark on the disk for good, in place of one that there may be.
template <class Files>
[[nodiscard]] failure put_lost_mark(Files& files, const std::string& directory,
                                    const lost_mark& mark) {
    return put_whole(files, directory, lost_draft_name, path_of(directory, lost_name),
                     encoded(mark));
}

}  // namespace raft::wal
