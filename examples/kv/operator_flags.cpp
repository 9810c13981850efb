// SPDX-License-Identifier: BSL-1.0
#include "operator_flags.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>

namespace raft_kv {

namespace {

bool read_seconds(std::string_view value, std::chrono::seconds& wait) {
    constexpr unsigned seconds_max = 86'400;
    unsigned seconds = 0;
    const auto end = value.data() + value.size();
    const auto read = std::from_chars(value.data(), end, seconds);
    wait = std::chrono::seconds{seconds};
    return read.ec == std::errc{} && read.ptr == end && seconds <= seconds_max;
}

bool read_place(std::string_view value, listen_address& place) {
    const auto found = listen_address_in(value);
    if (found) place = *found;
    return found && !found->host.empty() && found->port != 0;
}

/// What is wrong with the flag or its value; empty if nothing is.
std::string read_flag(std::string_view flag, std::string_view value, operator_flags& flags) {
    bool good = !value.empty();
    if (flag == "--cluster") {
        flags.cluster_file = value;
    } else if (flag == "--from") {
        good = read_place(value, flags.from);
    } else if (flag == "--peer-secret-file") {
        flags.key_paths.peer_secret = value;
    } else if (flag == "--requirepass-file") {
        flags.key_paths.password = value;
    } else if (flag == "--operatorpass-file") {
        flags.key_paths.operator_password = value;
    } else if (flag == "--wait-seconds") {
        good = read_seconds(value, flags.wait);
    } else {
        return "unknown flag '" + std::string{flag} + "'";
    }
    if (good) return {};
    return "'" + std::string{value} + "' is no value for " + std::string{flag};
}

std::string missing_in(const operator_flags& flags, std::string_view wanted) {
    if (wanted == "--cluster" && flags.cluster_file.empty()) return "--cluster is missing";
    if (wanted == "--from" && flags.from.port == 0) return "--from is missing";
    if (wanted == "FILE" && flags.file.empty()) return "the file is missing";
    return {};
}

}  // namespace

std::variant<operator_flags, std::string>
parse_operator_flags(std::span<char*> arguments, std::span<const std::string_view> expected) {
    const auto is_taken = [&](std::string_view one) {
        return std::ranges::find(expected, one) != expected.end();
    };
    operator_flags flags;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        std::string_view flag{arguments[i]};
        if (flag == "--help") {
            flags.help = true;
            return flags;
        }
        if (!flag.starts_with("--") && flags.file.empty() && is_taken("FILE")) {
            flags.file = flag;
            continue;
        }
        std::string_view value;
        if (const auto equals = flag.find('='); equals != flag.npos) {
            value = flag.substr(equals + 1);
            flag = flag.substr(0, equals);
        } else if (i + 1 < arguments.size()) {
            value = arguments[++i];
        }
        const auto is_own = flag == "--cluster" || flag == "--from";
        if (is_own && !is_taken(flag)) return "unknown flag '" + std::string{flag} + "'";
        if (auto wrong = read_flag(flag, value, flags); !wrong.empty()) return wrong;
    }
    for (const auto wanted : expected)
        if (auto wrong = missing_in(flags, wanted); !wrong.empty()) return wrong;
    return flags;
}

}  // namespace raft_kv
