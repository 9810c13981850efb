// SPDX-License-Identifier: BSL-1.0
//
// The disk is treated as a peer: a server issues a write, and the disk acknowledges it later. This
// file holds what a server knows of its writes.
#pragma once

#include <algorithm>

#include <raft/core/types.hpp>

namespace raft::core {

/// Each entry adds one to the sequence of writes. While only entries are written, sequence minus
/// index is constant, so a completed sequence gives the durable index.
struct disk_progress {
    write_sequence issued{};        ///< The last write that was issued.
    write_sequence durable{};       ///< The last one known to be durable.
    write_sequence vote{};          ///< The last one that contained term and vote.
    write_sequence run_sequence{};  ///< Since this write only entries were written …
    log_index run_index{};          ///< … and this is the index that belongs to it.
    log_index durable_index{};      ///< The log is durable up to here.
    bool full = false;              ///< It has no room for more entries.

    [[nodiscard]] constexpr bool is_idle() const { return durable == issued; }

    /// A write of entries, which continues the run. If the log was truncated before it, `cut_off`
    /// has begun a new run.
    constexpr write_sequence issue_entries(std::uint64_t count) {
        issued.value += count;
        return issued;
    }
    /// A write without entries, while the log ends at `last`.
    constexpr write_sequence issue_other(log_index last) {
        ++issued.value;
        begin_run(last);
        return issued;
    }
    constexpr write_sequence issue_vote(log_index last) {
        vote = issue_other(last);
        return vote;
    }
    /// The log ends at `last_kept` now.
    constexpr void cut_off(log_index last_kept) {
        durable_index = std::min(durable_index, last_kept);
        begin_run(last_kept);
    }
    /// This write and all before it are durable.
    constexpr void complete(write_sequence sequence) {
        durable = sequence;
        if (durable < run_sequence) return;
        const auto entries = durable.value - run_sequence.value;
        durable_index = std::max(durable_index, run_index + entries);
    }

    friend constexpr bool operator==(const disk_progress&, const disk_progress&) = default;

private:
    constexpr void begin_run(log_index last) {
        run_sequence = issued;
        run_index = last;
    }
};

}  // namespace raft::core
