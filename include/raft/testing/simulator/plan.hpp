// SPDX-License-Identifier: BSL-1.0
//
// What a simulation is to be, and how its cluster is set up: the second follows from the seed.
#pragma once

#include <cstdint>

#include <raft/battery/file_storage/options.hpp>
#include <raft/node/options.hpp>
#include <raft/testing/simulator/dice.hpp>
#include <raft/testing/simulator/network.hpp>
#include <raft/testing/simulator/profile.hpp>

namespace raft::testing {

struct simulator_options {
    std::uint64_t seed = 1;
    simulation::profile profile = simulation::profile::everything;
    std::uint16_t servers = 3;  ///< That the cluster begins with: 1 to 7.
    std::uint64_t events = 100'000;
    std::uint16_t clients = 4;
};

}  // namespace raft::testing

namespace raft::testing::simulation {

struct plan {
    settings config{};
    weather conditions{};
    file_storage_options files{};
    std::uint64_t snapshot_after = 64;
    bool introduces = true;   ///< Servers say which storage they have, and are held to it.
    bool has_leases = false;  ///< Clients read by them, so clocks keep the bound.
    moment thinking = 20 * millisecond;  ///< Of a client, between two requests.
    moment calm_between = second;        ///< About, between two faults.
    moment operations_between = 4 * second;
};

/// Leases rely on clocks that keep this bound.
inline constexpr std::uint16_t drift_bound_ppm = 200;

inline void choose_settings(plan& made, dice& luck) {
    auto& config = made.config;
    config.election_timeout = milliseconds(luck.between(2, 10) * 100);
    config.heartbeat_interval = {config.election_timeout.nanoseconds / luck.between(5, 10)};
    config.entries_per_message = static_cast<std::uint32_t>(luck.between(4, 64));
    config.retained_entries =
        static_cast<std::uint32_t>(luck.percent(40) ? 0 : luck.between(1, 64));
    config.snapshot_chunk_bytes = static_cast<std::uint32_t>(luck.between(64, 2048));
    config.pre_vote = luck.percent(75);
    config.check_quorum = luck.percent(75);
    config.quiescence = luck.percent(25);
    config.first_election_at_once = luck.percent(25);
    made.has_leases = config.check_quorum && luck.percent(40);
    if (made.has_leases) config.clock_drift_ppm = drift_bound_ppm;
}

inline void choose_weather(plan& made, const troubles_wanted& wanted, dice& luck) {
    auto& sky = made.conditions;
    sky.has_connections = luck.percent(60);
    sky.delay_least = luck.between(20, 200) * microsecond;
    sky.delay_most = sky.delay_least + luck.between(0, 5000) * microsecond;
    if (wanted.connections) sky.resets = static_cast<std::uint32_t>(luck.between(0, 500));
    if (!wanted.messages) return;
    sky.losses = static_cast<std::uint32_t>(luck.between(0, 50'000));
    sky.duplications = static_cast<std::uint32_t>(luck.between(0, 20'000));
    sky.delays = static_cast<std::uint32_t>(luck.between(0, 5'000));
}

[[nodiscard]] inline plan planned(const simulator_options& given, dice& luck) {
    plan made;
    choose_settings(made, luck);
    choose_weather(made, wanted_by(given.profile), luck);
    made.files.segment_bytes = static_cast<std::uint64_t>(luck.between(2, 8)) * 4096;
    made.files.cache_bytes = luck.percent(50) ? 1024 : 1024 * 1024;
    made.files.recover_damaged_log = luck.percent(70);
    made.snapshot_after = static_cast<std::uint64_t>(luck.between(8, 200));
    made.introduces = luck.percent(50);
    made.thinking = luck.between(2, 60) * millisecond;
    made.calm_between = luck.between(100, 1500) * millisecond;
    made.operations_between = luck.between(500, 6000) * millisecond;
    return made;
}

}  // namespace raft::testing::simulation
