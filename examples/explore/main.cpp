// SPDX-License-Identifier: BSL-1.0
//
// raft-explore: the model checker of tests/proof/explorer.hpp over the production step.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "edges.hpp"
#include "liveness.hpp"
#include "options.hpp"
#include "presets.hpp"
#include "saved_story.hpp"
#include "traces.hpp"

#include <proof/cluster_model/start_states.hpp>
#include <proof/specification/refined_model.hpp>

namespace raft_explore {

namespace {

using namespace raft::proof;

constexpr int found_a_violation = 1;
constexpr int wrong_usage = 2;

double per_second(const exploration_progress& p) {
    return static_cast<double>(p.states) / std::max(p.seconds, 1e-3);
}

void print_progress(const exploration_progress& p) {
    std::printf("  %13lu states, depth %4zu, %9.0f states/s, %6zu MiB\n",
                static_cast<unsigned long>(p.states), p.depth, per_second(p),
                p.memory_bytes >> 20U);
    std::fflush(stdout);
}

void print_summary(const char* what, const exploration& found) {
    std::printf("%s: states=%lu depth=%zu seconds=%.1f states_per_s=%.0f violations=%lu\n", what,
                static_cast<unsigned long>(found.states), found.depth, found.seconds,
                per_second(found), static_cast<unsigned long>(found.violations));
    std::fflush(stdout);
}

/// Visits all of a model, and tells of a violation.
template <class Model>
exploration explore_model(const Model& model, const exploration_options& chosen,
                          const options& all) {
    explorer<Model> checker{model, {.threads = all.threads, .states_max = chosen.states_max}};
    auto found = checker.run(print_progress);
    tell_violation(model, found, chosen, all);
    return found;
}

std::optional<exploration> explore(const exploration_options& chosen, const options& all) {
    if (all.specification) return explore_specification(chosen.bounds, all, print_progress);
    const auto model = model_of(chosen);
    if (!model) return std::nullopt;
    if (all.liveness) return explore_liveness(*model, all);
    if (!all.edges_file.empty()) return explore_edges(*model, all, print_progress);
    if (!all.traces_directory.empty()) return explore_traces(*model, all, print_progress);
    if (!chosen.refine) return explore_model(*model, chosen, all);
    if (const auto* why = tla::no_abstraction_of(*model)) {
        std::fprintf(stderr, "raft-explore: --refine: %s\n", why);
        return std::nullopt;
    }
    return explore_model(tla::refined_model{*model}, chosen, all);
}

int list() {
    std::printf("starts:\n");
    for (const auto& each : start_states(explored_settings()))
        std::printf("  %s\n", each.name.c_str());
    std::printf("presets:\n");
    for (const auto& each : presets())
        std::printf("  %-10s %s\n", each.name.data(), each.purpose.data());
    return 0;
}

/// Of a list, what the specification does not have is not held against it.
bool is_left_out(const exploration_options& one, const options& all) {
    if (all.preset.empty() || !one.refine) return false;
    const auto model = model_of(one);
    const auto* why = model ? tla::no_abstraction_of(*model) : nullptr;
    if (why != nullptr) std::printf("  left out: %s\n", why);
    return why != nullptr;
}

int run(std::vector<exploration_options> work, const options& all) {
    exploration sum;
    for (auto& each : work) {
        each.refine = all.one.refine;
        if (work.size() > 1) std::printf("%s\n", each.name.c_str());
        if (is_left_out(each, all)) continue;
        const auto found = explore(each, all);
        if (!found) return wrong_usage;
        if (work.size() > 1) print_summary("  found", *found);
        sum.states += found->states;
        sum.depth = std::max(sum.depth, found->depth);
        sum.seconds += found->seconds;
        sum.violations += found->violations;
        if (!found->complete && !found->first)
            std::printf("  a limit was reached: not all states were visited\n");
        if (found->first) break;
    }
    print_summary("explored", sum);
    return sum.violations == 0 ? 0 : found_a_violation;
}

}  // namespace

}  // namespace raft_explore

int main(int count, char** arguments) {
    using namespace raft_explore;
    const auto all = read_options({arguments + 1, static_cast<std::size_t>(count - 1)});
    if (!all) return wrong_usage;
    if (all->help) return std::printf("%s", help_text.data()) < 0;
    if (all->list) return list();
    if (!all->replay_file.empty()) return replay_story(all->replay_file, all->html_file);
    if (all->preset.empty()) return run({all->one}, *all);
    const auto chosen = std::ranges::find(presets(), all->preset, &preset::name);
    if (chosen != presets().end()) return run(chosen->make(), *all);
    std::fprintf(stderr, "raft-explore: no preset '%s' (see --list)\n", all->preset.c_str());
    return wrong_usage;
}
