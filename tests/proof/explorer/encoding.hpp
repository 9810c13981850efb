// SPDX-License-Identifier: BSL-1.0
//
// A state of a model as a few bytes, and the fingerprint by which the explorer knows it again.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include <raft/core/types.hpp>

namespace raft::proof {

/// The bytes of one state, in the order in which a model writes them.
class encoding {
public:
    static constexpr std::size_t bytes_max = 2048;

    /// Writes a number: one byte if it is below 128, which almost all are.
    [[gnu::always_inline]] void put(std::uint64_t value) {
        core::require(size_ + 10 <= bytes_max);
        if (value < 0x80) [[likely]]
            bytes_[size_++] = static_cast<std::uint8_t>(value);
        else
            put_long(value);
    }
    void put(std::span<const std::uint8_t> more) {
        core::require(size_ + more.size() <= bytes_max);
        if (!more.empty()) std::memcpy(bytes_.data() + size_, more.data(), more.size());
        size_ += more.size();
    }
    void clear() { size_ = 0; }
    void shrink_to(std::size_t size) { size_ = size; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::span<const std::uint8_t> bytes() const { return {bytes_.data(), size_}; }

private:
    [[gnu::noinline]] void put_long(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7U)
            bytes_[size_++] = static_cast<std::uint8_t>(value | 0x80U);
        bytes_[size_++] = static_cast<std::uint8_t>(value);
    }

    std::array<std::uint8_t, bytes_max> bytes_;
    std::size_t size_ = 0;
};

/// Reads what an `encoding` wrote.
class decoding {
public:
    explicit decoding(std::span<const std::uint8_t> bytes)
        : next_{bytes.data()}, end_{bytes.data() + bytes.size()} {}

    [[nodiscard]] std::uint64_t get() {
        std::uint64_t value = 0;
        for (unsigned shift = 0;; shift += 7) {
            core::require(next_ != end_);
            const std::uint64_t byte = *next_++;
            value |= (byte & 0x7fU) << shift;
            if (byte < 0x80) return value;
        }
    }
    [[nodiscard]] bool at_end() const { return next_ == end_; }

private:
    const std::uint8_t* next_;
    const std::uint8_t* end_;
};

namespace detail {
#if defined(__SIZEOF_INT128__)
[[nodiscard]] inline std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
    __extension__ using wide = unsigned __int128;
    const auto product = static_cast<wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}
#else
/// The same from halves, where no integer has 128 bits (machines of 32).
[[nodiscard]] inline std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
    constexpr std::uint64_t low = 0xffffffffU;
    const auto upper = (a >> 32U) * (b & low) + ((a & low) * (b & low) >> 32U);
    const auto middle = (a & low) * (b >> 32U) + (upper & low);
    const auto high = (a >> 32U) * (b >> 32U) + (upper >> 32U) + (middle >> 32U);
    return a * b ^ high;
}
#endif

/// Eight bytes as a number, the first the lowest, so that every machine has the same fingerprints.
[[nodiscard]] inline std::uint64_t word_at(const std::uint8_t* bytes) {
    std::uint64_t word = 0;
    if constexpr (std::endian::native == std::endian::little)
        std::memcpy(&word, bytes, sizeof word);
    else
        for (unsigned i = 0; i < sizeof word; ++i) word |= std::uint64_t{bytes[i]} << 8U * i;
    return word;
}
}  // namespace detail

/// Two states are taken for one if their fingerprints are equal. Of n states, that happens with a
/// probability of about n²/2⁶⁵: one in ten thousand for 6·10⁷ states.
[[nodiscard]] inline std::uint64_t fingerprint(std::span<const std::uint8_t> bytes) {
    constexpr std::uint64_t odd_a = 0x9e3779b97f4a7c15U;
    constexpr std::uint64_t odd_b = 0xd6e8feb86659fd93U;
    std::uint64_t hash = bytes.size() * odd_a + odd_b;
    const auto* at = bytes.data();
    auto left = bytes.size();
    const auto take = [&hash](const std::uint8_t* both) {
        hash = detail::mix(detail::word_at(both) ^ hash ^ odd_a, detail::word_at(both + 8) ^ odd_b);
    };
    for (; left >= 16; at += 16, left -= 16) take(at);
    std::uint8_t rest[16] = {};
    if (left > 0) std::memcpy(rest, at, left);
    take(rest);
    hash = detail::mix(hash ^ odd_b, odd_a);
    return hash == 0 ? 1 : hash;
}

}  // namespace raft::proof
