// SPDX-License-Identifier: BSL-1.0
//
// The patterns of KEYS: `*` is any run of bytes, `?` any one byte, `[abc]`, `[a-z]` and `[^a]` one
// byte of a set, and a backslash takes the next byte as it is. The time is at most the product of
// both lengths, whatever the pattern.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>

namespace raft_kv {

namespace detail {

/// Whether `byte` is in the set whose inside begins at `at`, and where the set ends. A set without
/// an end reaches to the end of the pattern, as in Redis.
[[nodiscard]] inline std::pair<bool, std::size_t> in_set(std::string_view pattern, std::size_t at,
                                                         char byte) {
    const auto negated = at < pattern.size() && pattern[at] == '^';
    if (negated) ++at;
    bool found = false;
    for (; at < pattern.size() && pattern[at] != ']'; ++at) {
        if (pattern[at] == '\\' && at + 1 < pattern.size()) {
            ++at;
            found = found || pattern[at] == byte;
        } else if (at + 2 < pattern.size() && pattern[at + 1] == '-') {
            auto low = static_cast<unsigned char>(pattern[at]);
            auto high = static_cast<unsigned char>(pattern[at + 2]);
            if (low > high) std::swap(low, high);
            const auto value = static_cast<unsigned char>(byte);
            found = found || (value >= low && value <= high);
            at += 2;
        } else {
            found = found || pattern[at] == byte;
        }
    }
    return {found != negated, at < pattern.size() ? at + 1 : at};
}

/// Whether the pattern's element at `at`, which is no star, takes `byte`, and where the next one
/// is.
[[nodiscard]] inline std::pair<bool, std::size_t> takes(std::string_view pattern, std::size_t at,
                                                        char byte) {
    switch (pattern[at]) {
    case '?': return {true, at + 1};
    case '[': return in_set(pattern, at + 1, byte);
    case '\\':
        if (at + 1 < pattern.size()) ++at;
        return {pattern[at] == byte, at + 1};
    default: return {pattern[at] == byte, at + 1};
    }
}

}  // namespace detail

/// When something does not fit, only the last star can take one byte more: an earlier one could
/// gain nothing that the last one cannot.
[[nodiscard]] inline bool glob_matches(std::string_view pattern, std::string_view text) {
    std::size_t at = 0;
    std::size_t position = 0;
    std::size_t after_star = std::string_view::npos;
    std::size_t star_position = 0;
    while (position < text.size()) {
        if (at < pattern.size() && pattern[at] == '*') {
            after_star = ++at;
            star_position = position;
            continue;
        }
        if (at < pattern.size()) {
            const auto [fits, next] = detail::takes(pattern, at, text[position]);
            if (fits) {
                at = next;
                ++position;
                continue;
            }
        }
        if (after_star == std::string_view::npos) return false;
        at = after_star;
        position = ++star_position;
    }
    while (at < pattern.size() && pattern[at] == '*') ++at;
    return at == pattern.size();
}

}  // namespace raft_kv
