// SPDX-License-Identifier: BSL-1.0
//
// When keys go: by the log's time (raft/battery/log_time.hpp), in its milliseconds.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <raft/battery/log_time/time.hpp>

namespace raft_kv {

/// When a key goes, if it does.
struct expiry {
    std::uint64_t at = 0;  ///< The millisecond of the log's time from which it is gone; 0: none.
    std::int64_t unix_ms = 0;  ///< What the wall clock was to show then, for EXPIRETIME alone.
    friend bool operator==(const expiry&, const expiry&) = default;
};

inline constexpr std::uint64_t nanoseconds_per_ms = 1'000'000;

/// Begun milliseconds do not count.
[[nodiscard]] inline std::uint64_t whole_ms(raft::timing::log_time time) {
    return time.nanoseconds / nanoseconds_per_ms;
}
/// Begun milliseconds count.
[[nodiscard]] inline std::uint64_t begun_ms(raft::timing::log_time time) {
    return whole_ms(time) + (time.nanoseconds % nanoseconds_per_ms != 0 ? 1 : 0);
}
[[nodiscard]] inline raft::timing::log_time time_of_ms(std::uint64_t ms) {
    constexpr auto most = std::numeric_limits<std::uint64_t>::max() / nanoseconds_per_ms;
    return {std::min(ms, most) * nanoseconds_per_ms};
}

/// Of each shard of a map when the first of its keys goes, and which shard has the first of all. So
/// an expiry takes no memory beyond that of its key.
class expiry_index {
public:
    struct due_shard {
        std::uint64_t at = 0;
        std::uint32_t shard = 0;
    };

    explicit expiry_index(std::size_t shards) : first_of_(shards) {}

    /// 0: none of its keys expires.
    [[nodiscard]] std::uint64_t first_of(std::uint32_t shard) const { return first_of_[shard]; }

    void note(std::uint32_t shard, std::uint64_t first) {
        auto& known = first_of_[shard];
        if (known == first) return;
        if (known != 0) in_order_.erase({known, shard});
        if (first != 0) in_order_.emplace(first, shard);
        known = first;
    }

    [[nodiscard]] std::optional<due_shard> first() const {
        if (in_order_.empty()) return std::nullopt;
        const auto& [at, shard] = *in_order_.begin();
        return due_shard{at, shard};
    }

    /// Calls `use(shard)` for each of which a key goes no later than that.
    template <class F>
    void for_each_due(std::uint64_t through, F use) const {
        for (const auto& [at, shard] : in_order_) {
            if (at > through) return;
            use(shard);
        }
    }

private:
    std::vector<std::uint64_t> first_of_;
    std::set<std::pair<std::uint64_t, std::uint32_t>> in_order_{};
};

}  // namespace raft_kv
