// SPDX-License-Identifier: BSL-1.0
//
// The file that says which storage a directory is, and which history its log belongs to
// (policy/identity.hpp). It has its place before anything else is written. A directory of version 1
// has none, and gets one when it is opened; from then on its log has headers of version 2, so that
// the file is missed when it is gone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <raft/battery/file_storage/file.hpp>
#include <raft/battery/file_storage/record.hpp>
#include <raft/battery/file_storage/segment_reader.hpp>
#include <raft/policy/identity.hpp>

namespace raft::wal {

struct storage_history {
    storage_mark mark{};
    std::optional<history_id> history{};
};

inline constexpr std::string_view history_name = "history";
inline constexpr std::string_view history_draft_name = "history.tmp";
inline constexpr std::uint64_t history_magic = 0x7473696874666172;  // "rafthist"

[[nodiscard]] inline std::uint32_t history_crc(std::span<const std::byte> sector) {
    return wire::crc32c(sector.subspan(16), wire::crc32c(sector.first(12)));
}

[[nodiscard]] inline std::vector<std::byte> encoded(const storage_history& said) {
    std::vector<std::byte> sector(sector_bytes);
    put(sector, 0, history_magic);
    put(sector, 8, format_version);
    put(sector, 16, said.mark.value);
    put(sector, 24, std::uint64_t{said.history.has_value()});
    put(sector, 32, said.history.value_or(history_id{}).value);
    put(sector, 12, history_crc(sector));
    return sector;
}

[[nodiscard]] inline std::optional<storage_history>
decode_history(std::span<const std::byte> sector) {
    if (sector.size() != sector_bytes || get<std::uint64_t>(sector, 0) != history_magic ||
        !is_known_format(get<std::uint32_t>(sector, 8)) ||
        get<std::uint32_t>(sector, 12) != history_crc(sector))
        return std::nullopt;
    storage_history said{.mark = {get<std::uint64_t>(sector, 16)}};
    if (get<std::uint64_t>(sector, 24) != 0)
        said.history = history_id{get<std::uint64_t>(sector, 32)};
    return said;
}

/// Why a directory must have a history, if it has none and must have one.
template <class Files>
[[nodiscard]] failure check_no_history(Files& files, const std::string& directory,
                                       const std::vector<std::string>& names) {
    for (const auto number : segments_in(names)) {
        std::uint32_t version = 0;
        if (auto failed = read_format(files, segment_path(directory, number), version))
            return failed;
        if (version > 1)
            return file_storage_error{path_of(directory, history_name) +
                                      " is missing: whose log this is cannot be told" +
                                      std::string{way_on}};
    }
    return std::nullopt;
}

template <class Files>
[[nodiscard]] failure put_history(Files& files, const std::string& directory,
                                  const storage_history& said) {
    return put_whole(files, directory, history_draft_name, path_of(directory, history_name),
                     encoded(said));
}

/// Reads the file, if there is one among the `names` in the directory. There must be one if any
/// segment is of a version that has it.
template <class Files>
[[nodiscard]] failure read_history(Files& files, const std::string& directory,
                                   const std::vector<std::string>& names,
                                   std::optional<storage_history>& said) {
    if (!has_name(names, history_name)) return check_no_history(files, directory, names);
    const auto path = path_of(directory, history_name);
    std::vector<std::byte> bytes;
    if (auto failed = read_whole(files, path, bytes)) return failed;
    said = decode_history(bytes);
    if (said) return std::nullopt;
    return damage_of_note(path);
}

}  // namespace raft::wal
