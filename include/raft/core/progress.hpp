// SPDX-License-Identifier: BSL-1.0
//
// What a leader knows of one member (Figure 2: nextIndex and matchIndex), and how each message to
// the member, and from it, changes that.
//
//     probe      The leader does not know where the logs match: one message at a time.
//     replicate  The logs match: messages are sent ahead of their acknowledgements, as many as the
//                window allows.
//     snapshot   The entries that it needs are compacted away: it gets the snapshot (§7), one chunk
//                at a time.
#pragma once

#include <algorithm>
#include <cstdint>

#include <raft/core/settings.hpp>
#include <raft/core/types.hpp>

namespace raft::core {

enum class replication_mode : std::uint8_t { probe, replicate, snapshot };

/// Which mode may follow which. After a snapshot the leader does not know where the logs match.
[[nodiscard]] constexpr bool may_follow(replication_mode before, replication_mode after) {
    return before != replication_mode::snapshot || after != replication_mode::replicate;
}
static_assert(may_follow(replication_mode::probe, replication_mode::replicate));
static_assert(may_follow(replication_mode::replicate, replication_mode::probe));
static_assert(may_follow(replication_mode::replicate, replication_mode::snapshot));
static_assert(may_follow(replication_mode::snapshot, replication_mode::probe));
static_assert(!may_follow(replication_mode::snapshot, replication_mode::replicate));

struct progress {
    log_index match_index{};
    log_index next_index{};
    read_round round{};      ///< The latest round that it acknowledged.
    instant last_contact{};  ///< When it last replied; of the leader itself: when its disk last
                             ///< did.
    std::uint64_t snapshot_offset = 0;
    std::uint16_t in_flight =
        0;  ///< Messages with entries that are not acknowledged; reset when all entries are.
    std::uint8_t window = 1;  ///< The limit of `in_flight` in mode `replicate`.
    replication_mode mode = replication_mode::probe;
    bool silent =
        false;  ///< It has not replied since the leader let it sleep; `last_contact` is when the
                ///< leader woke again.

    /// Whether it gets the snapshot: that is its mode, or it needs entries up to `base`, which are
    /// compacted away.
    [[nodiscard]] constexpr bool needs_snapshot(log_index base) const {
        return mode == replication_mode::snapshot || next_index <= base;
    }

    /// The entries from `next_index` to `last` have been sent to it.
    constexpr void sent_entries(log_index last) {
        ++in_flight;
        if (mode == replication_mode::replicate) next_index = next(last);
    }
    constexpr void begin_snapshot() {
        become(replication_mode::snapshot);
        snapshot_offset = 0;
        in_flight = 0;
    }
    /// A chunk has been sent to it. The next one waits for its reply.
    constexpr void sent_chunk() {
        if (mode != replication_mode::snapshot) begin_snapshot();
        in_flight = 1;
    }
    /// It has the first `offset` bytes of the snapshot.
    constexpr void acknowledged_chunk(std::uint64_t offset) {
        begin_snapshot();
        snapshot_offset = offset;
    }
    /// It no longer needs the snapshot: it has the entries up to `match`.
    constexpr void end_snapshot(log_index match) {
        become(replication_mode::probe);
        next_index = next(std::max(match, match_index));
    }

    /// It has all entries up to `match` on its disk. The leader's log ends at `last`.
    constexpr void acknowledged(log_index match, log_index last, const settings& config) {
        if (match > match_index) {
            match_index = match;
            next_index = std::max(next_index, next(match));
            if (in_flight >= window) adapt_window(last, config);
            if (in_flight > 0) --in_flight;
        }
        if (next(match_index) != next_index || mode == replication_mode::snapshot) return;
        in_flight = 0;
        if (mode == replication_mode::probe || match == last) window = config.messages_in_flight;
        become(replication_mode::replicate);
    }
    /// The logs match at `meeting` or before.
    constexpr void rejected(log_index meeting) {
        become(replication_mode::probe);
        next_index = next(std::max(meeting, match_index));
        in_flight = 0;
    }

    friend constexpr bool operator==(const progress&, const progress&) = default;

private:
    constexpr void become(replication_mode after) {
        require(may_follow(mode, after));
        mode = after;
    }

    /// To be called when an acknowledgement comes while the window is full. The window grows if at
    /// least one full message waits, else it shrinks towards the minimum.
    constexpr void adapt_window(log_index last, const settings& config) {
        constexpr unsigned times_wider = 16;
        const unsigned least_window = config.messages_in_flight;
        const unsigned most = std::min(least_window * times_wider, 255U);
        const auto waiting = next(last) - next_index;
        // With one entry per message every message is full, and that says nothing.
        const auto full = config.entries_per_message;
        if (full > 1 && waiting >= full && window < most)
            ++window;
        else if (waiting < full && window > least_window)
            --window;
    }
};

}  // namespace raft::core
