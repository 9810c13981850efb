// SPDX-License-Identifier: BSL-1.0
//
// First in, first out, in memory that is reused: once it has grown to its working size it allocates
// no more.
#pragma once

#include <array>
#include <cstddef>
#include <list>
#include <utility>

namespace raft::detail {

/// An element stays where it is until it is dropped, whatever is added meanwhile.
template <class T>
class queue {
public:
    [[nodiscard]] bool empty() const { return count_ == 0; }
    [[nodiscard]] T& front() { return blocks_.front()[first_]; }

    /// Returns the place for one more element, which holds whatever was there before.
    [[nodiscard]] T& add() {
        if (end_ == block_size) add_block();
        ++count_;
        return blocks_.back()[end_++];
    }

    void push(T value) { add() = std::move(value); }

    void drop() {
        ++first_;
        if (--count_ == 0)
            first_ = end_ = 0;  // An empty queue begins again where the cache is warm.
        else if (first_ == block_size)
            retire_block();
    }

    T pop() {
        T value = std::move(front());
        drop();
        return value;
    }

private:
    static constexpr std::size_t block_size = 16;
    using block = std::array<T, block_size>;

    void add_block() {
        if (spare_.empty()) spare_.emplace_back();
        blocks_.splice(blocks_.end(), spare_, spare_.begin());
        end_ = 0;
    }
    void retire_block() {
        spare_.splice(spare_.begin(), blocks_, blocks_.begin());
        first_ = 0;
    }

    std::list<block> blocks_{};
    std::list<block> spare_{};
    std::size_t first_ = 0;         ///< In the first block.
    std::size_t end_ = block_size;  ///< In the last block.
    std::size_t count_ = 0;
};

}  // namespace raft::detail
