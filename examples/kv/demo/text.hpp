// SPDX-License-Identifier: BSL-1.0
//
// Numbers, times and tables as people read them.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>

namespace raft_kv::outside {

/// "1,234,567".
[[nodiscard]] std::string grouped(std::uint64_t number);

/// "0.12 ms", "12.3 ms", "1.23 s": three digits of it.
[[nodiscard]] std::string human_time(std::chrono::nanoseconds time);

struct row {
    std::string name{};
    std::string value{};
};

/// A line for each, "  name: value", with the colons below one another.
[[nodiscard]] std::string table(std::span<const row> rows);

}  // namespace raft_kv::outside
