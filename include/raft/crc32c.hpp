// SPDX-License-Identifier: BSL-1.0
//
// CRC-32C (Castagnoli), the checksum of everything that this library writes to a disk or a wire.
// Usable at compile time. At run time the processor's own instruction does the work where there is
// one; without it, eight tables do. It finds accidents, not attacks.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#if defined(__x86_64__) && defined(__GNUC__)
#include <nmmintrin.h>
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

namespace raft::detail {

/// Row 0 advances the checksum by one byte, row k by one byte that k others follow.
[[nodiscard]] constexpr std::array<std::array<std::uint32_t, 256>, 8> make_crc32c_tables() {
    constexpr std::uint32_t reflected_polynomial = 0x82F63B78U;
    std::array<std::array<std::uint32_t, 256>, 8> tables{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t remainder = byte;
        for (int bit = 0; bit < 8; ++bit)
            remainder = (remainder >> 1) ^ ((remainder & 1U) != 0 ? reflected_polynomial : 0U);
        tables[0][byte] = remainder;
    }
    for (std::size_t row = 1; row < tables.size(); ++row)
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const auto before = tables[row - 1][byte];
            tables[row][byte] = (before >> 8) ^ tables[0][before & 0xFFU];
        }
    return tables;
}

inline constexpr auto crc32c_tables = make_crc32c_tables();

[[nodiscard]] constexpr std::uint32_t crc32c_by_table(std::span<const std::byte> bytes,
                                                      std::uint32_t remainder) {
    const auto& tables = crc32c_tables;
    std::size_t at = 0;
    for (; bytes.size() - at >= 8; at += 8) {
        std::array<std::uint32_t, 8> byte{};
        for (std::size_t i = 0; i < 8; ++i) byte[i] = static_cast<std::uint32_t>(bytes[at + i]);
        for (std::size_t i = 0; i < 4; ++i) byte[i] ^= (remainder >> (8 * i)) & 0xFFU;
        remainder = 0;
        for (std::size_t i = 0; i < 8; ++i) remainder ^= tables[7 - i][byte[i]];
    }
    for (; at < bytes.size(); ++at)
        remainder = (remainder >> 8) ^
                    tables[0][(remainder ^ static_cast<std::uint32_t>(bytes[at])) & 0xFFU];
    return remainder;
}

#if defined(__x86_64__) && defined(__GNUC__)

__attribute__((target("sse4.2"))) inline std::uint32_t
crc32c_by_processor(std::span<const std::byte> bytes, std::uint32_t remainder) {
    std::uint64_t wide = remainder;
    std::size_t at = 0;
    for (; bytes.size() - at >= 8; at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data() + at, sizeof word);
        wide = _mm_crc32_u64(wide, word);
    }
    auto narrow = static_cast<std::uint32_t>(wide);
    for (; at < bytes.size(); ++at)
        narrow = _mm_crc32_u8(narrow, static_cast<std::uint8_t>(bytes[at]));
    return narrow;
}

#if defined(__SSE4_2__)
[[nodiscard]] inline bool processor_has_crc32c() { return true; }
#else
[[nodiscard]] inline bool processor_has_crc32c() {
    static const bool found = __builtin_cpu_supports("sse4.2") != 0;
    return found;
}
#endif

#elif defined(__ARM_FEATURE_CRC32)

inline std::uint32_t crc32c_by_processor(std::span<const std::byte> bytes,
                                         std::uint32_t remainder) {
    std::size_t at = 0;
    for (; bytes.size() - at >= 8; at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data() + at, sizeof word);
        remainder = __crc32cd(remainder, word);
    }
    for (; at < bytes.size(); ++at)
        remainder = __crc32cb(remainder, static_cast<std::uint8_t>(bytes[at]));
    return remainder;
}
[[nodiscard]] inline bool processor_has_crc32c() { return true; }

#else

inline std::uint32_t crc32c_by_processor(std::span<const std::byte> bytes,
                                         std::uint32_t remainder) {
    return crc32c_by_table(bytes, remainder);
}
[[nodiscard]] inline bool processor_has_crc32c() { return false; }

#endif

}  // namespace raft::detail

namespace raft::wire {

/// The CRC-32C of `bytes`. With the checksum of what came before as `previous`, that of both
/// together, so that a checksum can be made in pieces: `crc32c(b, crc32c(a)) == crc32c(a + b)`.
/// Any thread may call it.
[[nodiscard]] constexpr std::uint32_t crc32c(std::span<const std::byte> bytes,
                                             std::uint32_t previous = 0) {
    const auto remainder = ~previous;
    if (!std::is_constant_evaluated() && detail::processor_has_crc32c())
        return ~detail::crc32c_by_processor(bytes, remainder);
    return ~detail::crc32c_by_table(bytes, remainder);
}

}  // namespace raft::wire
