// SPDX-License-Identifier: BSL-1.0
//
// Values that almost always equal their default, and cost next to nothing then. `seldom` saves
// memory: for the tasks of a server while it receives a snapshot, transfers leadership, or lets a
// new member catch up. `seldom_here` saves time: for the effects that only few steps have.
#pragma once

#include <optional>

namespace raft::core {

template <class T>
inline constexpr T nothing_of{};

/// A `T`, copied and compared as a value, that allocates only once it is changed from `T{}`: a lazy
/// std::indirect (P3019).
template <class T>
class seldom {
public:
    constexpr seldom() = default;
    constexpr seldom(const seldom& other)
        : value_{other.value_ != nullptr ? new T(*other.value_) : nullptr} {}
    constexpr seldom(seldom&& other) noexcept : value_{other.value_} { other.value_ = nullptr; }
    constexpr seldom& operator=(const seldom& other) {
        if (this != &other) *this = seldom{other};
        return *this;
    }
    constexpr seldom& operator=(seldom&& other) noexcept {
        auto* const mine = value_;
        value_ = other.value_;
        other.value_ = mine;
        return *this;
    }
    constexpr ~seldom() { delete value_; }

    [[nodiscard]] constexpr const T& operator*() const {
        return value_ != nullptr ? *value_ : nothing_of<T>;
    }
    [[nodiscard]] constexpr const T* operator->() const { return &**this; }

    /// Whether it may be anything but the default.
    [[nodiscard]] constexpr bool is_changed() const { return value_ != nullptr; }

    /// The value, to be changed.
    [[nodiscard]] constexpr T& change() {
        if (value_ == nullptr) value_ = new T{};
        return *value_;
    }
    /// Back to the default.
    constexpr void reset() {
        delete value_;
        value_ = nullptr;
    }

    friend constexpr bool operator==(const seldom& a, const seldom& b) {
        return a.value_ == b.value_ || *a == *b;
    }

private:
    T* value_ = nullptr;
};

/// A `T` stored in place, and not constructed until it is changed from `T{}`.
template <class T>
class seldom_here {
public:
    [[nodiscard]] constexpr const T& operator*() const { return value_ ? *value_ : nothing_of<T>; }
    [[nodiscard]] constexpr const T* operator->() const { return &**this; }

    /// Whether it may be anything but the default.
    [[nodiscard]] constexpr bool is_changed() const { return value_.has_value(); }

    /// The value, to be changed.
    [[nodiscard]] constexpr T& change() {
        if (!value_) value_.emplace();
        return *value_;
    }

    /// Back to the default.
    constexpr void reset() { value_.reset(); }

    friend constexpr bool operator==(const seldom_here& a, const seldom_here& b) {
        return *a == *b;
    }

private:
    std::optional<T> value_{};
};

}  // namespace raft::core
