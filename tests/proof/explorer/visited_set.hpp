// SPDX-License-Identifier: BSL-1.0
//
// The fingerprints of the states that were seen: eight bytes each, in one open table that several
// threads add to at once.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include <raft/core/types.hpp>

namespace raft::proof {

class visited_set {
public:
    explicit visited_set(std::size_t slots = std::size_t{1} << 16U) : slots_{slots} {
        table_ = std::make_unique<std::atomic<std::uint64_t>[]>(slots_);
    }

    /// True if it was not in the set. Any thread may call it, if there is room.
    bool insert(std::uint64_t fingerprint) {
        for (auto i = place(fingerprint);; i = (i + 1) & (slots_ - 1)) {
            auto found = table_[i].load(std::memory_order_relaxed);
            if (found == fingerprint) return false;
            if (found != 0) continue;
            if (table_[i].compare_exchange_strong(found, fingerprint, std::memory_order_relaxed))
                return true;
            if (found == fingerprint) return false;
        }
    }

    /// Asks the memory for the place of what will be inserted soon.
    void prefetch(std::uint64_t fingerprint) const {
        __builtin_prefetch(&table_[place(fingerprint)]);
    }

    /// Whether the table can take more states beside `size`; else it must `grow` first.
    [[nodiscard]] bool has_room(std::uint64_t size) const { return size < slots_ / 8 * 5; }

    /// Doubles the table. No other thread may be at work in it.
    void grow() {
        visited_set larger{slots_ * 2};
        for (std::size_t i = 0; i < slots_; ++i)
            if (const auto each = table_[i].load(std::memory_order_relaxed); each != 0)
                larger.insert(each);
        std::swap(slots_, larger.slots_);
        table_.swap(larger.table_);
    }

    [[nodiscard]] std::size_t memory_bytes() const { return slots_ * sizeof(std::uint64_t); }

private:
    [[nodiscard]] std::size_t place(std::uint64_t fingerprint) const {
        return fingerprint & (slots_ - 1);
    }

    std::size_t slots_;  ///< A power of two.
    std::unique_ptr<std::atomic<std::uint64_t>[]> table_;
};

}  // namespace raft::proof
