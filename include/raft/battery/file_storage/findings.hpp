// SPDX-License-Identifier: BSL-1.0
//
// What a directory of `file_storage` holds, as who looks into it is told (inspection.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <raft/battery/file_storage/file.hpp>
#include <raft/policy.hpp>

namespace raft::wal {

/// What has become of a segment of the log.
enum class segment_condition : std::uint8_t {
    whole,       ///< Its records are as they were written.
    unfinished,  ///< The same, but for a write at its end.
    spare,       ///< It has its place on the disk for later, and holds nothing.
    damaged,     ///< It is not as it was written.
    unread,      ///< It was not read, or what is in it cannot be told, for damage before it.
};

/// The same, in plain English.
[[nodiscard]] constexpr std::string_view describe(segment_condition condition) {
    switch (condition) {
    case segment_condition::whole: return "whole";
    case segment_condition::unfinished: return "ends in a write that is not finished";
    case segment_condition::spare: return "allocated in advance, not in use";
    case segment_condition::damaged: return "damaged";
    case segment_condition::unread: return "not read";
    }
    return "unknown condition";
}

/// What an entry of the log is.
enum class entry_kind : std::uint8_t {
    command,
    configuration,
    no_op,     ///< What a leader begins its term with (§5.4.2), or an entry that says nothing.
    withheld,  ///< It has no command here, as a witness gets it, whatever it is elsewhere.
};

/// What it is, in plain English.
[[nodiscard]] constexpr std::string_view describe(entry_kind kind) {
    switch (kind) {
    case entry_kind::command: return "command";
    case entry_kind::configuration: return "configuration";
    case entry_kind::no_op: return "no-op";
    case entry_kind::withheld: return "withheld";
    }
    return "unknown kind";
}

struct inspected_entry {
    log_index index{};
    term_number term{};
    entry_kind kind{};
    std::uint64_t bytes = 0;  ///< Of its command.
};

struct inspected_segment {
    std::string name{};
    std::uint64_t bytes = 0;   ///< The length of the file.
    std::uint32_t format = 0;  ///< The version in its header; 0 if it has none.
    segment_condition condition = segment_condition::unread;
    std::uint64_t end = 0;  ///< Where the records end that could be read.
    /// The entries in it that count. What later records have replaced does not; if nothing in it
    /// counts, `last` is before `first`.
    log_index first{1};
    log_index last{};
};

struct inspected_snapshot {
    std::string name{};
    std::optional<stored_snapshot> stored{};  ///< None if its header cannot be read.
    bool is_sound = false;                    ///< Every byte of it matches its checksum.
};

/// A snapshot that does not count yet: this server's own, or one that is being received.
struct inspected_draft {
    std::string name{};
    std::uint64_t bytes = 0;                  ///< The length of the file.
    std::optional<received_part> received{};  ///< How much of which one is sure to be there.
};

/// What is in a directory. Of a log with damage: what could be read before it.
struct storage_inspection {
    std::string directory{};
    std::optional<storage_mark> mark{};  ///< None if it is of version 1, or cannot be read.
    std::optional<history_id> history{};
    core::hard_state vote{};
    core::log_position base{};  ///< The log begins after this position …
    core::log_position last{};  ///< … and ends here; the base without entries.
    /// The snapshot does not go on from the log, and takes its place when the storage is opened.
    bool log_is_replaced = false;
    std::vector<core::indexed_configuration> configurations{};  ///< Among the entries, in order.
    std::optional<log_index> lacks_from{};                      ///< As in `recovered`.
    std::optional<core::log_position> lost_through{};           ///< As in `recovered`.
    std::vector<inspected_segment> segments{};                  ///< In order.
    std::vector<inspected_snapshot> snapshots{};                ///< In order: the last one counts.
    std::vector<inspected_draft> drafts{};
    std::vector<std::string> set_aside{};  ///< Files that a recovery of a damaged log has left.
    /// What is not as it should be, a sentence each. Who opens the storage is refused for any, but
    /// that `file_storage_options::recover_damaged_log` may help.
    std::vector<file_storage_error> problems{};
    /// What is good to know, a sentence each, and is no problem.
    std::vector<std::string> notes{};
    /// Whether the directory changed so fast that the problems may be none.
    bool is_changing = false;

    /// The configuration that the log and the snapshot end with, and the entry that it is, or up to
    /// which the snapshot goes; none if neither says one.
    [[nodiscard]] std::optional<core::indexed_configuration> members() const {
        if (!configurations.empty() && !log_is_replaced) return configurations.back();
        if (snapshots.empty() || !snapshots.back().stored) return std::nullopt;
        const auto& stored = *snapshots.back().stored;
        return core::indexed_configuration{stored.description.last_included.index, stored.members};
    }
};

}  // namespace raft::wal

namespace raft {
using wal::describe;
}
