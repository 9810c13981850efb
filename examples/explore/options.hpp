// SPDX-License-Identifier: BSL-1.0
//
// What raft-explore is asked to do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <proof/cluster_model/explored_cluster.hpp>

namespace raft_explore {

extern const std::string_view help_text;

/// One exploration.
struct exploration_options {
    std::string name{};
    std::string from{};      ///< A start of the library; empty for servers that have never run.
    std::string features{};  ///< Those that `bounds.config` has.
    raft::proof::model_bounds bounds{};
    std::uint64_t states_max = ~std::uint64_t{0};
    bool refine = false;  ///< Holds every transition against the specification.
};

struct options {
    exploration_options one{};
    std::string preset{};
    std::string save_file{};
    std::string replay_file{};
    std::string html_file{};  ///< Where the page of a replayed story goes.
    std::string edges_file{};
    std::string traces_directory{};
    std::size_t sample = ~std::size_t{0};  ///< So many edges, traces or states are taken.
    std::uint64_t seed = 1;                ///< Which those are.
    std::size_t threads = 2;
    bool specification = false;  ///< Explores the specification instead.
    bool liveness = false;       ///< Asks whether the cluster can always go on.
    bool list = false;
    bool help = false;
};

/// Settings under which small bounds show the most: no batching, no slack.
[[nodiscard]] raft::settings explored_settings();

/// Switches on the features of a comma-separated list, and no others; false if there is an unknown
/// one.
[[nodiscard]] bool set_features(std::string_view list, raft::settings& config);

/// The arguments that ask for this exploration.
[[nodiscard]] std::string arguments_of(const exploration_options& asked);

/// None if the arguments are wrong; then stderr says why.
[[nodiscard]] std::optional<options> read_options(std::span<char* const> arguments);

}  // namespace raft_explore
