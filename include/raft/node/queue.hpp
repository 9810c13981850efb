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

    T& push(T value) {
        if (count_ == places_.size()) grow();
        auto& place = places_[(first_ + count_) & mask()];
        place = std::move(value);
        ++count_;
        return place;
    }

    T pop() {
        T value = std::move(places_[first_]);
        first_ = (first_ + 1) & mask();
        --count_;
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
