// SPDX-License-Identifier: BSL-1.0
//
// What who opens a `file_storage` can choose.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

namespace raft {

/// Who carries out what has been begun.
enum class flush_mode : std::uint8_t {
    thread,  ///< A thread of the storage's own, at once.
    manual,  ///< `file_storage::flush`, when it is called: for tests and programs' own threads.
};

/// Who it is, in plain English.
[[nodiscard]] constexpr std::string_view describe(flush_mode mode) {
    switch (mode) {
    case flush_mode::thread: return "flushed by a thread of its own";
    case flush_mode::manual: return "flushed when asked to";
    }
    return "unknown mode";
}

struct file_storage_options {
    /// The length of a segment. One more than is in use is allocated, so a storage takes twice this
    /// at least. At least 4 KiB, and eight times the longest command: `room` promises none that is
    /// much longer, so that a proposal of one is refused for want of room.
    std::uint64_t segment_bytes = 16 * 1024 * 1024;
    /// How much memory the newest entries may take; older ones are read from the disk. More, as
    /// long as they are not durable.
    std::size_t cache_bytes = 16 * 1024 * 1024;
    flush_mode mode = flush_mode::thread;
    /// Whether a log that is damaged in its middle is cut off there, if it is certain what this
    /// server has promised to the others: then they bring what is lost, and until they have, it
    /// helps to elect nobody who lacks it (`recovered::lost_through`). What is cut off is set aside
    /// in the directory. If not, or where it is not certain, such a log refuses to be opened.
    bool recover_damaged_log = false;
    /// Called after `progress`, `snapshot`, `room` or `snapshot_error` has changed: from the
    /// storage's own thread, or within `flush`. It should have `node::poll` called in the node's
    /// thread, and must not call the storage itself.
    std::function<void()> wake{};
};

}  // namespace raft
