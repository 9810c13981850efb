// SPDX-License-Identifier: BSL-1.0
#include "presets.hpp"

#include <raft/testing/cluster_model/start_states.hpp>

namespace raft_explore {

namespace {

using raft::testing::model_bounds;
using work = std::vector<exploration_options>;

/// From nothing, with these features.
exploration_options from_nothing(std::string_view features, model_bounds bounds) {
    bounds.config = explored_settings();
    raft::require(set_features(features, bounds.config));
    std::string name{features.empty() ? "plain" : features};
    const auto add = [&name](const char* what, std::uint64_t number) {
        if (number > 0) name += std::string{", "} + what + " " + std::to_string(number);
    };
    add("servers", bounds.servers);
    add("voters", bounds.voters);
    add("term", bounds.term_max);
    add("log", bounds.log_max);
    add("messages", bounds.messages_max);
    add("crashes", bounds.crashes);
    add("reads", bounds.reads);
    add("snapshots", bounds.snapshots);
    add("transfers", bounds.transfers);
    add("changes", bounds.changes);
    return {name, {}, bounds};
}

/// From every start of the library.
work from_starts(std::string_view features, const model_bounds& bounds) {
    auto each = from_nothing(features, bounds);
    work all;
    for (const auto& start : raft::testing::start_states(each.bounds.config)) {
        each.from = start.name;
        each.name = start.name;
        all.push_back(each);
    }
    return all;
}

work quick() {
    return {
        from_nothing("", {.log_max = 1, .messages_max = 1, .crashes = 1}),
        from_nothing("",
                     {.term_max = 1, .log_max = 1, .messages_max = 1, .crashes = 0, .reads = 1}),
        from_nothing("", {.term_max = 1, .messages_max = 1, .crashes = 0, .snapshots = 1}),
        from_nothing("", {.term_max = 1,
                          .log_max = 3,
                          .messages_max = 1,
                          .crashes = 0,
                          .changes = 1,
                          .voters = 2}),
        from_nothing("prevote,check_quorum",
                     {.term_max = 1, .log_max = 1, .messages_max = 1, .crashes = 0}),
        from_nothing("durable_at_once", {.messages_max = 1, .crashes = 1}),
    };
}

}  // namespace

const std::vector<preset>& presets() {
    static const std::vector<preset> all{
        {"quick", "a few seconds", quick},
        {"starts", "the whole library of starts, one term and one entry on",
         [] {
             return from_starts("", {.term_max = 1, .log_max = 1, .messages_max = 1, .crashes = 0});
         }},
    };
    return all;
}

}  // namespace raft_explore
