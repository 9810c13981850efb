// SPDX-License-Identifier: BSL-1.0
//
// An optional value that is almost always none, and takes no more room than a pointer then: what a
// state holds while a snapshot is received, leadership is handed over, or a new server catches up.
#pragma once

namespace raft {

/// A value or none, copied and compared as a value. Allocates only while it holds one.
template <class T>
class rare {
public:
    constexpr rare() = default;
    constexpr rare(const rare& other) : value_{other.value_ ? new T(*other.value_) : nullptr} {}
    constexpr rare(rare&& other) noexcept : value_{other.value_} { other.value_ = nullptr; }
    constexpr rare& operator=(const rare& other) {
        if (this != &other) *this = rare{other};
        return *this;
    }
    constexpr rare& operator=(rare&& other) noexcept {
        auto* const mine = value_;
        value_ = other.value_;
        other.value_ = mine;
        return *this;
    }
    constexpr ~rare() { delete value_; }

    /// Holds `value` from now on.
    constexpr T& operator=(const T& value) {
        if (value_ == nullptr)
            value_ = new T(value);
        else
            *value_ = value;
        return *value_;
    }
    constexpr void reset() {
        delete value_;
        value_ = nullptr;
    }

    [[nodiscard]] constexpr bool has_value() const { return value_ != nullptr; }
    [[nodiscard]] constexpr explicit operator bool() const { return value_ != nullptr; }
    [[nodiscard]] constexpr T& operator*() { return *value_; }
    [[nodiscard]] constexpr const T& operator*() const { return *value_; }
    [[nodiscard]] constexpr T* operator->() { return value_; }
    [[nodiscard]] constexpr const T* operator->() const { return value_; }

    friend constexpr bool operator==(const rare& a, const rare& b) {
        if (a.value_ == nullptr || b.value_ == nullptr) return a.value_ == b.value_;
        return *a.value_ == *b.value_;
    }

private:
    T* value_ = nullptr;
};

}  // namespace raft
