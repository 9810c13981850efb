// SPDX-License-Identifier: BSL-1.0
//
// The table and the JSON.
#include "results.hpp"

#include <cstdio>
#include <fstream>

namespace bench {

namespace {

std::string number(std::optional<double> value, const char* format) {
    if (!value) return "";
    char text[32];
    std::snprintf(text, sizeof text, format, *value);
    return text;
}

template <class Integer>
std::string integer(std::optional<Integer> value) {
    return value ? std::to_string(*value) : "";
}

/// The floor of the same work; none for the floor itself.
const row* floor_of(const row& one, const std::vector<row>& rows) {
    if (one.system == "floor") return nullptr;
    for (const auto& each : rows)
        if (each.system == "floor" && each.work == one.work && each.servers == one.servers &&
            each.batch == one.batch && each.bytes == one.bytes)
            return &each;
    return nullptr;
}

}  // namespace

void print(const std::vector<row>& rows) {
    constexpr auto line = "%-38s %-6s %7s %5s %6s %9s %9s %9s %7s %8s %11s\n";
    std::printf(line, "work", "system", "servers", "batch", "bytes", "cpu ns", "min", "max",
                "ratio", "messages", "allocations");
    for (const auto& each : rows) {
        const auto* const floor = floor_of(each, rows);
        std::optional<double> ratio;
        if (floor != nullptr && each.cpu_ns) ratio = *each.cpu_ns / *floor->cpu_ns;
        std::printf(line, each.work.c_str(), each.system.c_str(), integer(each.servers).c_str(),
                    integer(each.batch).c_str(), integer(each.bytes).c_str(),
                    number(each.cpu_ns, "%.1f").c_str(), number(each.min, "%.1f").c_str(),
                    number(each.max, "%.1f").c_str(), number(ratio, "%.2f").c_str(),
                    number(each.messages, "%.2f").c_str(),
                    number(each.allocations, "%.4f").c_str());
    }
}

bool write_json(const std::vector<row>& rows, const char* path) {
    std::ofstream out{path};
    out << "[";
    const char* separator = "\n";
    for (const auto& each : rows) {
        out << separator << R"(  {"work":")" << each.work << R"(","system":")" << each.system
            << '"';
        separator = ",\n";
        const auto field = [&](const char* name, const auto& value) {
            if (value) out << ",\"" << name << "\":" << *value;
        };
        field("servers", each.servers);
        field("batch", each.batch);
        field("bytes", each.bytes);
        field("cpu_ns", each.cpu_ns);
        field("min", each.min);
        field("max", each.max);
        field("allocations", each.allocations);
        field("messages", each.messages);
        out << "}";
    }
    out << "\n]\n";
    return static_cast<bool>(out.flush());
}

}  // namespace bench
