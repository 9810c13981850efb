// SPDX-License-Identifier: BSL-1.0
#include "traces.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <system_error>

#include "saved_story.hpp"

#include <proof/trace/way_trace.hpp>

namespace raft_explore {

namespace {

using namespace raft::proof;

constexpr std::size_t traces_if_not_said = 100;
constexpr std::size_t tries_for_each = 20;

bool write(const std::filesystem::path& path, const std::vector<std::string>& lines) {
    std::ofstream file{path};
    for (const auto& each : lines) file << each << '\n';
    return static_cast<bool>(file.flush());
}

}  // namespace

std::optional<exploration> explore_traces(const cluster_model& model, const options& all,
                                          void (*report)(const exploration_progress&)) {
    std::error_code failed;
    std::filesystem::create_directories(all.traces_directory, failed);
    if (failed) {
        std::fprintf(stderr, "raft-explore: cannot make the directory %s: %s\n",
                     all.traces_directory.c_str(), failed.message().c_str());
        return std::nullopt;
    }
    // One thread, so that the states are found in the same order whenever this runs.
    explorer<cluster_model> checker{model, {.threads = 1, .states_max = all.one.states_max}};
    const auto found = checker.run(report);
    tell_violation(model, found, all.one, all);
    const auto wanted = all.sample == ~std::size_t{0} ? traces_if_not_said : all.sample;
    std::size_t written = 0;
    std::map<std::string, std::size_t> obstacles;
    for (std::size_t k = 1; written < wanted && k <= wanted * tries_for_each; ++k) {
        const auto place =
            raft::proof::detail::mix(all.seed * 0x9e3779b97f4a7c15U, k * 0xd6e8feb86659fd93U);
        const counterexample way{nullptr, checker.way_to(place % found.states)};
        const auto trace = trace_of(model, way);
        if (trace.obstacle() != nullptr) {
            ++obstacles[trace.obstacle()];
            continue;
        }
        const auto name = "run-" + std::to_string(++written) + ".ndjson";
        if (!write(std::filesystem::path{all.traces_directory} / name, trace.lines())) {
            std::fprintf(stderr, "raft-explore: cannot write %s\n", name.c_str());
            return std::nullopt;
        }
    }
    for (const auto& [why, count] : obstacles)
        std::printf("  not said, %zu times: %s\n", count, why.c_str());
    std::printf("traces: seed=%lu written=%zu\n", static_cast<unsigned long>(all.seed), written);
    return found;
}

}  // namespace raft_explore
