// SPDX-License-Identifier: BSL-1.0
//
// Numbers, times and tables as text.
#include "text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>

namespace raft_kv::outside {

namespace {

/// With three digits or, of a larger number, all that stand before the point.
std::string three_digits(double number) {
    char text[32];
    const auto decimals = number < 9.995 ? 2 : number < 99.95 ? 1 : 0;
    std::snprintf(text, sizeof(text), "%.*f", decimals, number);
    return text;
}

}  // namespace

std::string grouped(std::uint64_t number) {
    const auto digits = std::to_string(number);
    std::string text;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i > 0 && (digits.size() - i) % 3 == 0) text.push_back(',');
        text.push_back(digits[i]);
    }
    return text;
}

std::string human_time(std::chrono::nanoseconds time) {
    const auto milliseconds = std::chrono::duration<double, std::milli>{time}.count();
    if (milliseconds < 999.5) return three_digits(milliseconds) + " ms";
    return three_digits(milliseconds / 1000) + " s";
}

std::string table(std::span<const row> rows) {
    std::size_t width = 0;
    for (const auto& each : rows) width = std::max(width, each.name.size());
    std::string text;
    for (const auto& each : rows) {
        text.append(2 + width - each.name.size(), ' ');
        text.append(each.name).append(": ").append(each.value).append("\n");
    }
    return text;
}

}  // namespace raft_kv::outside
