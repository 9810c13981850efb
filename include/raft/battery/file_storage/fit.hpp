// SPDX-License-Identifier: BSL-1.0
//
// Whether what was found in a directory fits together: the log must go on from the snapshot, and
// must not be missing where there was one. Reads and changes nothing.
#pragma once

#include <optional>
#include <string>

#include <raft/battery/file_storage/file.hpp>
#include <raft/battery/file_storage/recovery.hpp>
#include <raft/battery/file_storage/snapshot_file.hpp>

namespace raft::wal {

struct directory_parts {
    const std::string& directory;
    const recovered_log& log;
    std::optional<core::log_position>
        covered{};  ///< The last entry in the snapshot, if there is one.
    bool has_lost_mark = false;
    bool has_history = false;

    /// Whether the log does not go on from the snapshot, and is to be emptied for that.
    [[nodiscard]] bool is_log_replaced() const { return covered && !log.shape.matches(*covered); }
};

[[nodiscard]] inline failure check_fit_without_log(const directory_parts& parts) {
    for (const auto number : parts.log.unused)
        if (number != 1)
            return damage(segment_path(parts.directory, number), 0,
                          "it is all zeros, and there is no segment before it");
    if (!parts.covered && !parts.has_lost_mark && !parts.has_history) return std::nullopt;
    return file_storage_error{parts.directory + ": there is a " +
                              (parts.covered         ? "snapshot"
                               : parts.has_lost_mark ? "mark of lost entries"
                                                     : "history") +
                              ", but the log is missing, and with it term and vote"};
}

/// Why the parts do not fit together, if they do not.
[[nodiscard]] inline failure check_fit(const directory_parts& parts) {
    const auto& log = parts.log;
    if (log.tail.number == 0) return check_fit_without_log(parts);
    const auto base = log.shape.base();
    if (!parts.covered) {
        if (base.index == log_index{}) return std::nullopt;
        return file_storage_error{parts.directory + ": the log begins after entry " +
                                  std::to_string(base.index.value) + ", in " +
                                  segment_path(parts.directory, log.map.first_segment()) +
                                  ", and there is no snapshot of what was before"};
    }
    if (parts.covered->index >= base.index) return std::nullopt;
    return file_storage_error{snapshot_path(parts.directory, parts.covered->index) +
                              " ends at entry " + std::to_string(parts.covered->index.value) +
                              ", but the log begins only after entry " +
                              std::to_string(base.index.value)};
}

}  // namespace raft::wal
