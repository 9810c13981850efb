// SPDX-License-Identifier: BSL-1.0
//
// A value that is seldom anything but its default, and takes no more room than a pointer then: what
// a server has under way while a snapshot is received, leadership is handed over, or a new member
// catches up.
#pragma once

namespace raft {

namespace detail {
template <class T>
inline constexpr T nothing_of{};
}

/// A `T`, copied and compared as a value, that allocates only once it is changed from `T{}`.
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
        return value_ != nullptr ? *value_ : detail::nothing_of<T>;
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

}  // namespace raft
