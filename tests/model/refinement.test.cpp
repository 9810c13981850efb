// SPDX-License-Identifier: BSL-1.0
//
// Goal: the production step does nothing that the specification does not allow. Method: small
// clusters are explored, and for each transition a path of the specification's actions (as relaxed
// in relaxed_raft.hpp) is sought between what the cluster is before and after it.
#include <vector>

#include <doctest/doctest.h>

#include <proof/cluster_model/start_states.hpp>
#include <proof/cluster_model/story.hpp>
#include <proof/specification/refined_model.hpp>
#include <support/explored_settings.hpp>

using namespace raft::proof;
using namespace raft::testing;

namespace {

void must_refine(const model_bounds& bounds, std::vector<explored_cluster> starts = {},
                 exploration_limits limits = {}) {
    const tla::refined_model model{cluster_model{bounds, std::move(starts)}};
    const auto found = explorer<tla::refined_model>{model, limits}.run();
    const auto story = found.first ? tell(model, *found.first) : std::string{};
    CHECK(story == "");
    CHECK(found.violations == 0);
    CHECK(found.states > 1000);
}

}  // namespace

TEST_CASE("refinement: every transition of a small cluster is one of the specification's") {
    must_refine(
        {.term_max = 2, .log_max = 1, .messages_max = 1, .crashes = 0, .config = plain_settings()});
    must_refine(
        {.term_max = 1, .log_max = 2, .messages_max = 1, .crashes = 1, .config = plain_settings()});
}

TEST_CASE("refinement: with pre-votes, a quorum to hear, pipelines, batches, transfers, reads") {
    auto config = plain_settings();
    config.pre_vote = true;
    config.check_quorum = true;
    must_refine({.term_max = 1, .log_max = 1, .messages_max = 1, .crashes = 0, .config = config});
    config = plain_settings();
    config.messages_in_flight = 2;
    config.entries_per_message = 4;
    config.durable_at_once = true;
    must_refine({.term_max = 1, .log_max = 3, .messages_max = 1, .crashes = 0, .config = config});
    must_refine({.term_max = 2,
                 .log_max = 1,
                 .messages_max = 1,
                 .crashes = 0,
                 .reads = 1,
                 .transfers = 1,
                 .config = config},
                {}, {.states_max = 100'000});
}

TEST_CASE("refinement: with groups that sleep") {
    auto config = plain_settings();
    config.quiescence = true;
    must_refine({.term_max = 2, .log_max = 1, .messages_max = 1, .crashes = 0, .config = config});
    config.messages_in_flight = 2;
    config.entries_per_message = 4;
    must_refine({.term_max = 1, .log_max = 1, .messages_max = 1, .crashes = 0, .config = config});
}

TEST_CASE("refinement: from every start that the specification can have") {
    for (const auto& start : start_states(plain_settings())) {
        if (start.servers != 3 || start.voters != 0 || start.name.starts_with("snapshot")) continue;
        CAPTURE(start.name);
        model_bounds bounds{.term_max = 1,
                            .log_max = 1,
                            .messages_max = 2,
                            .crashes = 1,
                            .config = plain_settings()};
        const auto begin = begin_with(start, bounds);
        if (bounds.log_max > tla::log_max) continue;
        must_refine(bounds, {begin}, {.states_max = 4'000});
    }
}
