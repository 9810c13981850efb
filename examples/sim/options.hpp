// SPDX-License-Identifier: BSL-1.0
//
// What raft-sim is told on its command line.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include <raft/testing/simulator/plan.hpp>

namespace raft_sim {

inline constexpr const char* usage =
    "raft-sim --seeds A..B [--profile calm|network|disk|births|members|everything|all]\n"
    "         [--servers 1..7] [--events M] [--html FILE]\n"
    "--html: of one seed, writes a page that shows its run\n";

struct options {
    std::uint64_t first = 1;
    std::uint64_t last = 1;
    std::optional<raft::testing::simulation::profile> profile{};  ///< None: all of them.
    std::optional<std::uint16_t> servers{};                       ///< None: by the seed.
    std::uint64_t events = 100'000;
    std::string html_file{};  ///< Where the page of the run goes; empty: nowhere.
};

[[nodiscard]] inline std::optional<std::uint64_t> number_in(const std::string& text) {
    char* end = nullptr;
    const auto value = std::strtoull(text.c_str(), &end, 10);
    if (text.empty() || *end != 0 || text.front() < '0' || text.front() > '9') return std::nullopt;
    return value;
}

[[nodiscard]] inline bool take_seeds(options& into, const std::string& text) {
    const auto dots = text.find("..");
    const auto first = number_in(text.substr(0, dots));
    const auto last = dots == std::string::npos ? first : number_in(text.substr(dots + 2));
    if (!first || !last || *first > *last) return false;
    into.first = *first;
    into.last = *last;
    return true;
}

[[nodiscard]] inline bool take(options& into, std::string_view name, const std::string& text) {
    if (name == "--seeds") return take_seeds(into, text);
    if (name == "--profile") {
        into.profile = raft::testing::simulation::profile_of(text);
        return into.profile || text == "all";
    }
    if (name == "--html") return !(into.html_file = text).empty();
    const auto number = number_in(text);
    if (!number) return false;
    if (name == "--events") into.events = *number;
    if (name == "--servers") into.servers = static_cast<std::uint16_t>(*number);
    return name == "--events" || (name == "--servers" && *number >= 1 && *number <= 7);
}

/// None if it is not to be understood.
[[nodiscard]] inline std::optional<options> parse(int count, char** given) {
    options all;
    for (int i = 1; i < count; i += 2)
        if (i + 1 == count || !take(all, given[i], given[i + 1])) return std::nullopt;
    if (!all.html_file.empty() && all.first != all.last) return std::nullopt;
    return all;
}

/// One of the runs that are wanted.
[[nodiscard]] inline raft::testing::simulator_options run_of(const options& wanted,
                                                             std::uint64_t seed) {
    using raft::testing::simulation::profiles;
    const auto by_seed = profiles[1 + seed % (profiles.size() - 1)];
    const auto servers = static_cast<std::uint16_t>(3 + 2 * (seed / 7 % 3));
    return {.seed = seed,
            .profile = wanted.profile.value_or(by_seed),
            .servers = wanted.servers.value_or(servers),
            .events = wanted.events};
}

}  // namespace raft_sim
