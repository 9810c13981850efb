// SPDX-License-Identifier: BSL-1.0
#include "operator_flags.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "flag_table.hpp"

namespace raft_kv {

namespace {

using operator_flag = flag<operator_flags>;

bool read_seconds(std::string_view value, std::chrono::seconds& wait) {
    unsigned seconds = 0;
    const bool good = read_number(value, 0U, 86'400U, seconds);
    wait = std::chrono::seconds{seconds};
    return good;
}

bool read_place(std::string_view value, listen_address& place) {
    const auto found = listen_address_in(value);
    if (found) place = *found;
    return found && !found->host.empty() && found->port != 0;
}

/// What some of the commands take,
constexpr std::array own_flags{
    operator_flag{"--cluster", "FILE", "",
                  [](auto value, auto& to) { return read_text(value, to.cluster_file); }},
    operator_flag{"--from", "HOST:PORT", "",
                  [](auto value, auto& to) { return read_place(value, to.from); }},
    operator_flag{"FILE", "", "", [](auto value, auto& to) { return read_text(value, to.file); }},
};

/// and what every one of them does.
constexpr std::array common_flags{
    operator_flag{"--peer-secret-file", "FILE", "",
                  [](auto value, auto& to) { return read_text(value, to.key_paths.peer_secret); }},
    operator_flag{"--requirepass-file", "FILE", "",
                  [](auto value, auto& to) { return read_text(value, to.key_paths.password); }},
    operator_flag{
        "--operatorpass-file", "FILE", "",
        [](auto value, auto& to) { return read_text(value, to.key_paths.operator_password); }},
    operator_flag{"--wait-seconds", "N", "",
                  [](auto value, auto& to) { return read_seconds(value, to.wait); }},
};

std::string missing_in(const operator_flags& flags, std::string_view wanted) {
    if (wanted == "--cluster" && flags.cluster_file.empty()) return "--cluster is missing";
    if (wanted == "--from" && flags.from.port == 0) return "--from is missing";
    if (wanted == "FILE" && flags.file.empty()) return "the file is missing";
    return {};
}

}  // namespace

std::variant<operator_flags, std::string>
parse_operator_flags(std::span<char*> arguments, std::span<const std::string_view> takes) {
    std::vector<operator_flag> known{common_flags.begin(), common_flags.end()};
    for (const auto& each : own_flags)
        if (std::ranges::find(takes, each.name) != takes.end()) known.push_back(each);
    operator_flags flags;
    if (auto wrong = read_flags<operator_flags>(arguments, known, flags); !wrong.empty())
        return wrong;
    if (flags.help) return flags;
    for (const auto wanted : takes)
        if (auto wrong = missing_in(flags, wanted); !wrong.empty()) return wrong;
    return flags;
}

}  // namespace raft_kv
