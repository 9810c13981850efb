// SPDX-License-Identifier: BSL-1.0
//
// A value that copies share until one of them is changed.
#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

namespace raft_kv {

/// A `T` that is cheap to copy. Each copy is used by one thread at a time, different ones by
/// different threads. Not a `std::shared_ptr`, whose `use_count` does not tell a thread that the
/// others have done their reading.
template <class T>
class copy_on_write {
public:
    copy_on_write() = default;
    copy_on_write(const copy_on_write& other) : held_{other.held_} {
        if (held_ != nullptr) held_->holders.fetch_add(1, std::memory_order_relaxed);
    }
    copy_on_write(copy_on_write&& other) noexcept : held_{std::exchange(other.held_, nullptr)} {}
    copy_on_write& operator=(copy_on_write other) noexcept {
        std::swap(held_, other.held_);
        return *this;
    }
    ~copy_on_write() {
        if (held_ != nullptr && held_->holders.fetch_sub(1, std::memory_order_acq_rel) == 1)
            delete held_;
    }

    [[nodiscard]] const T& read() const {
        static const T nothing{};
        return held_ != nullptr ? held_->value : nothing;
    }

    /// The value, to be changed: this copy's own from now on.
    [[nodiscard]] T& change() {
        if (held_ == nullptr)
            held_ = new shared{};
        else if (held_->holders.load(std::memory_order_acquire) != 1)
            *this = copy_on_write{new shared{held_->value}};
        return held_->value;
    }

private:
    struct shared {
        shared() = default;
        explicit shared(const T& copied) : value{copied} {}
        T value{};
        std::atomic<std::size_t> holders{1};
    };

    explicit copy_on_write(shared* held) : held_{held} {}

    shared* held_ = nullptr;  ///< Null: `T{}`.
};

}  // namespace raft_kv
