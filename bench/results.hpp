// SPDX-License-Identifier: BSL-1.0
//
// What was measured, as a table to read and as JSON to compare.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace bench {

/// One line of the table. What a line does not have is left out of it.
struct row {
    std::string work{};
    std::string system{};
    std::optional<int> servers{};
    std::optional<int> batch{};
    std::optional<std::size_t> bytes{};
    std::optional<double> cpu_ns{};
    std::optional<double> min{};
    std::optional<double> max{};
    std::optional<double> allocations{};
    std::optional<double> messages{};
};

/// The lines of which one stands beside the other as "raft" and "floor" show their ratio.
void print(const std::vector<row>& rows);

/// False if the file could not be written.
[[nodiscard]] bool write_json(const std::vector<row>& rows, const char* path);

}  // namespace bench
