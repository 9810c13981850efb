// SPDX-License-Identifier: BSL-1.0
//
// What goes wrong in a simulation, and how often: a few sets of faults, by name.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include <raft/testing/simulator/fault.hpp>
#include <raft/testing/simulator/schedule.hpp>

namespace raft::testing::simulation {

enum class profile : std::uint8_t {
    calm,        ///< Nothing goes wrong.
    network,     ///< Messages, connections, clocks, and processors that stand still.
    disk,        ///< Crashes, and all that disks do.
    births,      ///< Crashes of servers that have hardly begun, and disks that are lost.
    members,     ///< An operator who is never content, and crashes.
    everything,  ///< All of these, and an operator who forces.
};
inline constexpr std::array profiles{profile::calm,   profile::network, profile::disk,
                                     profile::births, profile::members, profile::everything};

[[nodiscard]] constexpr std::string_view name_of(profile given) {
    constexpr std::array<std::string_view, profiles.size()> names{
        "calm", "network", "disk", "births", "members", "everything"};
    return names[static_cast<std::size_t>(given)];
}

[[nodiscard]] constexpr std::optional<profile> profile_of(std::string_view name) {
    for (const auto each : profiles)
        if (name_of(each) == name) return each;
    return std::nullopt;
}

/// Which groups of faults a profile has.
struct troubles_wanted {
    bool messages = false;
    bool connections = false;
    bool clocks = false;
    bool crashes = false;
    bool disks = false;
    bool losses_of_disks = false;
    bool members = false;
    bool force = false;
};

[[nodiscard]] constexpr troubles_wanted wanted_by(profile given) {
    switch (given) {
    case profile::calm: return {};
    case profile::network:
        return {.messages = true, .connections = true, .clocks = true, .crashes = false};
    case profile::disk: return {.crashes = true, .disks = true};
    case profile::births: return {.crashes = true, .losses_of_disks = true};
    case profile::members: return {.connections = true, .crashes = true, .members = true};
    case profile::everything:
        return {.messages = true,
                .connections = true,
                .clocks = true,
                .crashes = true,
                .disks = true,
                .losses_of_disks = true,
                .members = true,
                .force = true};
    }
    return {};
}

}  // namespace raft::testing::simulation
