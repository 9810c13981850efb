// SPDX-License-Identifier: BSL-1.0
//
// Who a server is. A server that lost its disk has lost its promises, and must not come back as the
// voter that it was (thesis §11.7.2); it comes back at the same place as the next incarnation.
//
//     3, 3.1   server 3, as it first was        the 64 bits: 0x00000000'00000003
//     3.2      server 3, with its second disk   the 64 bits: 0x00000001'00000003
//
// The number is in the low half of a `raft::member_id`, the incarnations before this one are
// counted in the high half: so a plain number is the id that it says.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace raft_kv {

inline constexpr unsigned incarnation_bits = 32;

[[nodiscard]] constexpr std::uint32_t number_of(std::uint64_t id) {
    return static_cast<std::uint32_t>(id);
}

/// From 1 on.
[[nodiscard]] constexpr std::uint64_t incarnation_of(std::uint64_t id) {
    return (id >> incarnation_bits) + 1;
}

[[nodiscard]] constexpr std::uint64_t server_id(std::uint32_t number, std::uint32_t incarnation) {
    return std::uint64_t{incarnation - 1} << incarnation_bits | number;
}

/// "3" or "3.2".
[[nodiscard]] inline std::string id_text(std::uint64_t id) {
    auto text = std::to_string(number_of(id));
    if (incarnation_of(id) > 1) text += "." + std::to_string(incarnation_of(id));
    return text;
}

/// None if the text is no id.
[[nodiscard]] inline std::optional<std::uint64_t> id_in(std::string_view text) {
    const auto dot = text.find('.');
    const auto number_in = [](std::string_view digits) -> std::optional<std::uint32_t> {
        std::uint32_t value = 0;
        const auto end = digits.data() + digits.size();
        const auto parsed = std::from_chars(digits.data(), end, value);
        if (parsed.ec != std::errc{} || parsed.ptr != end || value == 0) return std::nullopt;
        return value;
    };
    const auto number = number_in(text.substr(0, dot));
    const auto incarnation = dot == text.npos ? 1 : number_in(text.substr(dot + 1));
    if (!number || !incarnation) return std::nullopt;
    return server_id(*number, *incarnation);
}

}  // namespace raft_kv
