// SPDX-License-Identifier: BSL-1.0
//
// The hash slot of a key, as Redis Cluster has it: CRC16 (XMODEM) of the key, or of what stands
// between the first braces in it, modulo 16384. All slots are on the leader, but clients compute
// them.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace raft_kv {

inline constexpr unsigned hash_slot_count = 16384;

namespace detail {
inline constexpr auto crc16_table = [] {
    std::array<std::uint16_t, 256> table{};
    for (unsigned byte = 0; byte < table.size(); ++byte) {
        unsigned value = byte << 8;
        for (int bit = 0; bit < 8; ++bit)
            value = (value << 1 ^ ((value & 0x8000U) != 0 ? 0x1021U : 0U)) & 0xffffU;
        table[byte] = static_cast<std::uint16_t>(value);
    }
    return table;
}();
}  // namespace detail

[[nodiscard]] constexpr unsigned hash_slot(std::string_view key) {
    if (const auto open = key.find('{'); open != key.npos) {
        const auto close = key.find('}', open + 1);
        if (close != key.npos && close != open + 1) key = key.substr(open + 1, close - open - 1);
    }
    unsigned crc = 0;
    for (const auto byte : key)
        crc = (crc << 8 & 0xffffU) ^
              detail::crc16_table[(crc >> 8 ^ static_cast<unsigned char>(byte)) & 0xffU];
    return crc % hash_slot_count;
}

}  // namespace raft_kv
