// SPDX-License-Identifier: BSL-1.0
//
// What a storage has begun and its flusher has yet to carry out, in order.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <raft/battery/file_storage/record.hpp>
#include <raft/battery/file_storage/snapshot_keeper.hpp>

namespace raft::wal {

/// Records from `begin` on in the batch's bytes go to the current segment, at `offset`.
struct append_records {
    std::uint64_t offset = 0;
    std::size_t begin = 0;
    std::size_t size = 0;
};

struct begin_segment {
    segment_header header{};
};

/// Once everything in the batch is durable.
struct remove_segments {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
};

struct receive_chunk {
    core::snapshot_description snapshot{};
    std::uint64_t offset = 0;
    std::vector<std::byte> bytes{};
};

/// A chunk that is to be on the disk before it is written in sequence.
struct staged_chunk {
    core::snapshot_description snapshot{};
    configuration members{};
    std::uint64_t offset = 0;
    std::vector<std::byte> bytes{};
};

struct install_received {
    core::snapshot_description snapshot{};
    configuration members{};
    bool withheld = false;
};

/// The log is about to be cut: where it ended is to be remembered first.
struct loss_noted {
    core::log_position lost_through{};
};

/// The snapshot has no state, and goes with the log.
struct snapshot_dropped {};

/// What was lost is in the log again, and durable.
struct loss_forgotten {};

using operation =
    std::variant<append_records, begin_segment, remove_segments, receive_chunk, install_received,
                 own_snapshot, loss_noted, snapshot_dropped, loss_forgotten>;

/// What has been begun and not yet been taken over by the flusher. Used again and again.
struct batch {
    static constexpr std::size_t bytes_kept = 4 * 1024 * 1024;

    std::vector<std::byte> bytes{};  ///< Records, built and not yet sealed.
    std::vector<operation> operations{};
    std::optional<core::write_sequence> last{};

    [[nodiscard]] bool empty() const { return operations.empty() && !last; }
    void cover(core::write_sequence sequence) {
        last = std::max(last.value_or(sequence), sequence);
    }
    void clear() {
        bytes.clear();
        if (bytes.capacity() > bytes_kept) bytes.shrink_to_fit();
        operations.clear();
        last.reset();
    }
};

}  // namespace raft::wal
