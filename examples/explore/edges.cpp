// SPDX-License-Identifier: BSL-1.0
#include "edges.hpp"

#include <cstdio>
#include <fstream>
#include <memory>

#include "saved_story.hpp"

#include <proof/specification/edges.hpp>
#include <proof/specification/refined_model.hpp>

namespace raft_explore {

namespace {

using namespace raft::proof;

template <class Model>
std::optional<exploration> explore_sampled(const Model& model, const options& all,
                                           progress_report report) {
    const auto sample = std::make_shared<transition_sample>(all.sample, all.seed);
    const exploration_limits limits{.threads = all.threads, .states_max = all.one.states_max};
    explorer<sampled<Model>> checker{{model, sample}, limits};
    auto found = checker.run(report);
    if (all.edges_file.empty()) return found;
    std::ofstream file{all.edges_file};
    const auto written = tla::write_edges(file, model, sample->take());
    if (!file.flush()) {
        std::fprintf(stderr, "raft-explore: cannot write %s\n", all.edges_file.c_str());
        return std::nullopt;
    }
    std::printf("edges: seed=%lu stutters=%zu published=%zu relaxed=%zu refused=%zu\n",
                static_cast<unsigned long>(all.seed), written.stutters, written.published,
                written.relaxed, written.refused);
    found.violations += written.refused;
    return found;
}

}  // namespace

std::optional<exploration> explore_edges(const cluster_model& model, const options& all,
                                         progress_report report) {
    if (const auto* why = tla::no_abstraction_of(model)) {
        std::fprintf(stderr, "raft-explore: --edges: %s\n", why);
        return std::nullopt;
    }
    const auto found = explore_sampled(model, all, report);
    if (found) tell_violation(model, *found, all.one, all);
    return found;
}

std::optional<exploration> explore_specification(const model_bounds& bounds, const options& all,
                                                 progress_report report) {
    const tla::bounds limits{bounds.servers, static_cast<tla::number>(bounds.term_max),
                             static_cast<tla::number>(bounds.log_max), bounds.messages_max};
    if (bounds.log_max > tla::log_max) {
        std::fprintf(stderr, "raft-explore: --max-log is at most %zu\n", std::size_t{tla::log_max});
        return std::nullopt;
    }
    return explore_sampled(tla::model{limits}, all, report);
}

}  // namespace raft_explore
