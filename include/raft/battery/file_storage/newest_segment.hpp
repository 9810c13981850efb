// SPDX-License-Identifier: BSL-1.0
//
// Which segment of the log is the newest in use, and how far it is known to have gone: a note in a
// file of its own. The segments alone cannot say it. One that lost its contents is all zeros, as
// one allocated in advance is; and of one that is gone nothing is left to miss it by.
//
// A segment's header is durable before the note of it, and the note before the segment's first
// record. So after a crash the note may speak of the segment before, but a segment that it speaks
// of was in use: if that has no header now, or ends too early, what was durable is missing, and
// with it term and vote. The note also has a copy of the header, for when that is damaged.
//
// The file has its place on the disk from the first segment on, and is written over in place, one
// sector: a full disk does not get in the way. It is synced when a segment is begun and when the
// log is opened. Between, it is written after every flush and not synced: what it says is true
// whenever that reaches the disk. So what a flush made durable is missed at once after the process
// has ended, and after a power failure if the system had written the note by then.
//
// Logs of earlier versions have no note until they are opened; their headers do not promise one
// (`segment_header::is_noted`).
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <raft/battery/file_storage/file.hpp>
#include <raft/battery/file_storage/record.hpp>

namespace raft::wal {

struct newest_segment {
    segment_header header{};
    std::uint64_t next_sequence = 0;  ///< All records before this one were durable.
};

inline constexpr std::uint64_t newest_magic = 0x7377656E74666172;  // "raftnews"
inline constexpr std::size_t newest_header_at = 256;

[[nodiscard]] inline std::uint32_t newest_segment_crc(std::span<const std::byte> sector) {
    return wire::crc32c(sector.subspan(16), wire::crc32c(sector.first(12)));
}

[[nodiscard]] inline std::vector<std::byte> encoded(const newest_segment& newest) {
    std::vector<std::byte> sector(sector_bytes);
    put(sector, 0, newest_magic);
    put(sector, 8, format_version);
    put(sector, 16, newest.next_sequence);
    encode(newest.header, std::span{sector}.subspan(newest_header_at));
    put(sector, 12, newest_segment_crc(sector));
    return sector;
}

[[nodiscard]] inline std::optional<newest_segment>
decode_newest_segment(std::span<const std::byte> sector) {
    if (sector.size() != sector_bytes || get<std::uint64_t>(sector, 0) != newest_magic ||
        !is_known_format(get<std::uint32_t>(sector, 8)) ||
        get<std::uint32_t>(sector, 12) != newest_segment_crc(sector))
        return std::nullopt;
    return newest_segment{decode_segment_header(sector.subspan(newest_header_at)),
                          get<std::uint64_t>(sector, 16)};
}

/// Reads the note, if there is one among the `names` in the directory.
template <class Files>
[[nodiscard]] failure read_newest_segment(Files& files, const std::string& directory,
                                          const std::vector<std::string>& names,
                                          std::optional<newest_segment>& newest) {
    if (!has_name(names, newest_name)) return std::nullopt;
    const auto path = path_of(directory, newest_name);
    std::vector<std::byte> bytes;
    if (auto failed = read_whole(files, path, bytes)) return failed;
    newest = decode_newest_segment(bytes);
    if (newest) return std::nullopt;
    return damage_of_note(path);
}

/// Makes the note durable of what is durable itself.
template <class Files>
[[nodiscard]] failure note_newest_segment(Files& files, const std::string& directory,
                                          const newest_segment& newest) {
    const auto path = path_of(directory, newest_name);
    const auto sector = encoded(newest);
    open_file<Files> file;
    int cause = open_into(files, path, file_opening::existing, file);
    if (cause == ENOENT) return put_whole(files, directory, newest_draft_name, path, sector);
    if (cause == 0) cause = files.write(file.handle(), 0, sector);
    if (cause == 0) cause = files.sync(file.handle());
    return check(cause, "write", path);
}

/// Why a log that ends in the segment of the header `tail` cannot be all that there was;
/// `has_records`: whether any record was ever written to it.
[[nodiscard]] inline failure check_newest_segment(const std::string& directory,
                                                  const std::optional<newest_segment>& newest,
                                                  const segment_header& tail, bool has_records) {
    if (!newest && tail.is_noted && has_records)
        return file_storage_error{
            path_of(directory, newest_name) +
            " is missing: whether the log is whole cannot be told without it" +
            std::string{way_on}};
    if (!newest || newest->header.number <= tail.number) return std::nullopt;
    return file_storage_error{segment_path(directory, newest->header.number) +
                              " was in use, and is missing or all zeros: the end of the log is "
                              "missing, and with it term and vote" +
                              std::string{way_on}};
}

}  // namespace raft::wal
