// SPDX-License-Identifier: BSL-1.0
//
// The newest entries of the log in memory: a ring, bounded in bytes, whose slots are used again.
// What is not yet durable is never given up, because nobody could read it back. It touches no file.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <raft/policy.hpp>

namespace raft::wal {

template <class Command>
class entry_cache {
public:
    /// The first entry that is here; only if not empty.
    [[nodiscard]] log_index first() const { return first_; }
    [[nodiscard]] bool empty() const { return count_ == 0; }
    [[nodiscard]] bool holds(log_index index) const {
        return index >= first_ && index - first_ < count_;
    }

    /// Adds the entry at `index`, which follows the last one here (or is the first). It is `bytes`
    /// long on the disk, and durable with the write `sequence`.
    void push(log_index index, const entry<Command>& value, std::size_t bytes,
              core::write_sequence sequence) {
        if (count_ == 0) first_ = index;
        core::require(index - first_ == count_);
        if (count_ == entries_.size()) grow();
        const auto at = slot_of(count_);
        entries_[at] = value;
        notes_[at] = {bytes, sequence};
        bytes_ += weight(bytes);
        ++count_;
    }

    /// The entry at `index` and all after it are replaced.
    void truncate_from(log_index index) {
        while (count_ > 0 && first_ + (count_ - 1) >= index) {
            --count_;
            release(slot_of(count_));
        }
    }

    void discard_through(log_index index) {
        while (count_ > 0 && first_ <= index) pop_front();
    }

    void clear() {
        while (count_ > 0) pop_front();
    }

    /// Gives up the oldest entries as long as there are more than `bytes_max` bytes in all, and
    /// they are durable.
    void shrink(std::size_t bytes_max, core::write_sequence durable) {
        while (bytes_ > bytes_max && count_ > 0 && notes_[head_].sequence <= durable) pop_front();
    }

    /// Entries from `from` on, which is here: at least one, none after `last`, and no more than
    /// `bytes_max` bytes in all unless the first alone is larger.
    [[nodiscard]] std::span<const entry<Command>> view(log_index from, log_index last,
                                                       std::size_t bytes_max) const {
        const auto begin = slot_of(from - first_);
        const auto in_range = std::min<std::uint64_t>(last - from + 1, count_ - (from - first_));
        const auto unbroken = std::min<std::uint64_t>(in_range, entries_.size() - begin);
        std::size_t size = 1;
        for (auto bytes = notes_[begin].bytes; size < unbroken; ++size) {
            bytes += notes_[begin + size].bytes;
            if (bytes > bytes_max) break;
        }
        return std::span{entries_}.subspan(begin, size);
    }

private:
    static constexpr std::size_t slots_at_first = 64;

    struct note {
        std::size_t bytes = 0;
        core::write_sequence sequence{};
    };

    [[nodiscard]] static std::size_t weight(std::size_t bytes) {
        return bytes + sizeof(entry<Command>) + sizeof(note);
    }

    /// The number of slots is a power of two.
    [[nodiscard]] std::size_t slot_of(std::uint64_t place) const {
        return static_cast<std::size_t>((head_ + place) & (entries_.size() - 1));
    }

    void pop_front() {
        release(head_);
        head_ = slot_of(1);
        first_ = next(first_);
        --count_;
    }

    void release(std::size_t at) {
        bytes_ -= weight(notes_[at].bytes);
        if constexpr (!std::is_trivially_copyable_v<Command>) entries_[at].command.reset();
    }

    void grow() {
        std::vector<entry<Command>> entries(entries_.empty() ? slots_at_first
                                                             : entries_.size() * 2);
        std::vector<note> notes(entries.size());
        for (std::size_t i = 0; i < count_; ++i) {
            entries[i] = std::move(entries_[slot_of(i)]);
            notes[i] = notes_[slot_of(i)];
        }
        entries_ = std::move(entries);
        notes_ = std::move(notes);
        head_ = 0;
    }

    std::vector<entry<Command>> entries_{};
    std::vector<note> notes_{};
    std::size_t head_ = 0;
    std::uint64_t count_ = 0;
    log_index first_{};
    std::size_t bytes_ = 0;
};

}  // namespace raft::wal
