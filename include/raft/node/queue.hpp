// SPDX-License-Identifier: BSL-1.0
//
// First in, first out, in memory that is used again: after it has once grown to its working size it
// allocates no more.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace raft::detail {

template <class T>
class queue {
public:
    [[nodiscard]] bool empty() const { return count_ == 0; }
    [[nodiscard]] std::size_t size() const { return count_; }
    [[nodiscard]] T& front() { return places_[first_]; }
    [[nodiscard]] T& operator[](std::size_t i) { return places_[(first_ + i) & mask()]; }

    /// Gives the place of one more, which holds whatever was there before.
    [[nodiscard]] T& add() {
        if (count_ == places_.size()) grow();
        return places_[(first_ + count_++) & mask()];
    }

    void push(T value) { add() = std::move(value); }

    void drop() {
        first_ = (first_ + 1) & mask();
        --count_;
    }

    T pop() {
        T value = std::move(places_[first_]);
        drop();
        return value;
    }

private:
    [[nodiscard]] std::size_t mask() const { return places_.size() - 1; }

    void grow() {
        std::vector<T> larger(places_.empty() ? 16 : places_.size() * 2);
        for (std::size_t i = 0; i < count_; ++i) larger[i] = std::move((*this)[i]);
        places_ = std::move(larger);
        first_ = 0;
    }

    std::vector<T> places_{};
    std::size_t first_ = 0;
    std::size_t count_ = 0;
};

}  // namespace raft::detail
