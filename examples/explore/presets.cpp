// SPDX-License-Identifier: BSL-1.0
#include "presets.hpp"

#include <proof/cluster_model/start_states.hpp>

namespace raft_explore {

namespace {

using raft::proof::model_bounds;
using work = std::vector<exploration_options>;

/// From nothing, with these features.
exploration_options from_nothing(std::string_view features, model_bounds bounds) {
    bounds.config = explored_settings();
    raft::core::require(set_features(features, bounds.config));
    std::string name{features.empty() ? "plain" : features};
    const auto add = [&name](const char* what, std::uint64_t number) {
        if (number > 0) name += std::string{", "} + what + " " + std::to_string(number);
    };
    add("servers", bounds.servers);
    add("voters", bounds.voters);
    add("witnesses", bounds.witnesses);
    add("term", bounds.term_max);
    add("log", bounds.log_max);
    add("messages", bounds.messages_max);
    add("crashes", bounds.crashes);
    add("damages", bounds.damages);
    add("wipes", bounds.wipes);
    add("births", bounds.births);
    add("reads", bounds.reads);
    add("snapshots", bounds.snapshots);
    add("transfers", bounds.transfers);
    add("changes", bounds.changes);
    add("parts", bounds.parts);
    return {name, {}, std::string{features}, bounds};
}

/// From one start of the library.
exploration_options from_start(std::string_view start, const model_bounds& bounds) {
    auto one = from_nothing("", bounds);
    one.from = start;
    one.name = one.from + ": " + one.name;
    return one;
}

/// From every start of the library, some way.
work from_starts(std::string_view features, const model_bounds& bounds, std::uint64_t states_max) {
    auto each = from_nothing(features, bounds);
    each.states_max = states_max;
    work all;
    for (const auto& start : raft::proof::start_states(each.bounds.config)) {
        each.from = start.name;
        each.name = start.name + ": " + std::string{features};
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
        from_nothing("", {.log_max = 1, .messages_max = 1, .crashes = 0, .wipes = 1, .births = 1}),
        from_nothing("",
                     {.log_max = 1, .messages_max = 1, .crashes = 0, .wipes = 1, .witnesses = 1}),
    };
}

/// What finds most faults in the least time.
work mutants() {
    auto all = quick();
    const auto add = [&all](std::string_view features, const model_bounds& bounds) {
        for (const auto& each : from_starts(features, bounds, 10'000)) all.push_back(each);
    };
    add("", {.term_max = 1, .log_max = 1, .messages_max = 1, .crashes = 1, .reads = 1});
    add("durable_at_once", {.term_max = 2, .log_max = 2, .messages_max = 1, .crashes = 0});
    add("prevote,check_quorum,pipeline", {.term_max = 1,
                                          .log_max = 1,
                                          .messages_max = 2,
                                          .crashes = 0,
                                          .snapshots = 1,
                                          .transfers = 1,
                                          .parts = 1,
                                          .changes = 1});
    return all;
}

work starts() {
    return from_starts(
        "", {.term_max = 1, .log_max = 1, .messages_max = 1, .crashes = 1, .reads = 1}, 200'000);
}

/// Each to its end; together some minutes on two cores.
work proof() {
    return {
        from_nothing("", {.messages_max = 1, .crashes = 1}),
        from_nothing("", {.log_max = 1, .messages_max = 2, .crashes = 0}),
        from_nothing("", {.term_max = 3, .log_max = 2, .messages_max = 1, .crashes = 0}),
        from_nothing("", {.term_max = 3, .log_max = 1, .messages_max = 1, .crashes = 1}),
        from_nothing("", {.term_max = 1, .messages_max = 2, .crashes = 1}),
        from_nothing("", {.term_max = 1, .messages_max = 1, .crashes = 1, .snapshots = 1}),
        from_nothing("", {.log_max = 1, .messages_max = 1, .crashes = 0, .transfers = 1}),
        from_nothing("", {.term_max = 1,
                          .log_max = 4,
                          .messages_max = 1,
                          .crashes = 0,
                          .changes = 1,
                          .voters = 2}),
        from_nothing("prevote", {.term_max = 1, .messages_max = 1, .crashes = 1}),
        from_nothing("prevote,check_quorum", {.log_max = 1, .messages_max = 1, .crashes = 0}),
        from_nothing("prevote,check_quorum", {.term_max = 1, .messages_max = 1, .crashes = 1}),
        from_nothing("pipeline,batch",
                     {.term_max = 1, .log_max = 3, .messages_max = 1, .crashes = 1}),
        from_nothing("durable_at_once", {.term_max = 1, .messages_max = 2, .crashes = 1}),
        from_nothing("quiescence", {.messages_max = 1, .crashes = 0}),
        from_nothing("", {.log_max = 3, .messages_max = 1, .crashes = 0}),
        from_nothing("prevote", {.messages_max = 1, .crashes = 0}),
        from_nothing("pipeline,batch", {.messages_max = 1, .crashes = 1}),
        from_nothing("durable_at_once", {.term_max = 3, .messages_max = 1, .crashes = 1}),
        from_nothing("quiescence", {.term_max = 3, .messages_max = 1, .crashes = 0}),
    };
}

/// Servers of which some have never run, or lose their disks. With one that joins there are more
/// states than minutes suffice for.
work births() {
    auto joined = from_nothing("", {.servers = 4,
                                    .messages_max = 1,
                                    .crashes = 0,
                                    .wipes = 1,
                                    .births = 1,
                                    .parts = 1,
                                    .voters = 3});
    joined.states_max = 16'000'000;
    return {from_nothing("", {.messages_max = 1, .crashes = 0, .wipes = 1, .births = 1}), joined};
}

/// A witness from the beginning, and servers that were witnesses and have what they had then.
work witnesses() {
    const model_bounds back{
        .term_max = 1, .log_max = 2, .messages_max = 1, .crashes = 0, .wipes = 1, .parts = 1};
    return {
        from_nothing("", {.messages_max = 1, .crashes = 0, .wipes = 1, .witnesses = 1}),
        from_start("witness-removed", back),
        from_start("witness-drops-its-log", back),
    };
}

/// What takes hours.
work campaign() {
    auto all = proof();
    const work longer{
        from_nothing("", {.messages_max = 1, .crashes = 2}),
        from_nothing("", {.term_max = 3, .messages_max = 1, .crashes = 1}),
        from_nothing("",
                     {.term_max = 1, .log_max = 1, .messages_max = 1, .crashes = 1, .reads = 2}),
        from_nothing("", {.messages_max = 1, .crashes = 0, .transfers = 1}),
        from_nothing("", {.messages_max = 1, .crashes = 1, .snapshots = 1}),
        from_nothing("prevote", {.messages_max = 1, .crashes = 1}),
        from_nothing("prevote,check_quorum", {.log_max = 1, .messages_max = 1, .crashes = 1}),
        from_nothing("pipeline,batch", {.log_max = 3, .messages_max = 1, .crashes = 1}),
        from_nothing("quiescence", {.messages_max = 1, .crashes = 1}),
        from_nothing("",
                     {.log_max = 3, .messages_max = 1, .crashes = 0, .changes = 1, .voters = 2}),
        from_nothing("durable_at_once", {.term_max = 3, .messages_max = 2, .crashes = 1}),
        from_nothing("", {.term_max = 1, .log_max = 3, .messages_max = 2, .crashes = 1}),
        from_nothing("prevote,check_quorum", {.messages_max = 1, .crashes = 0}),
        from_nothing("", {.messages_max = 2, .crashes = 0}),
        from_nothing("", {.term_max = 3, .log_max = 3, .messages_max = 1, .crashes = 1}),
        from_nothing("",
                     {.term_max = 1, .log_max = 1, .messages_max = 1, .crashes = 2, .reads = 2}),
        from_nothing("", {.term_max = 3, .messages_max = 1, .crashes = 2}),
    };
    all.insert(all.end(), longer.begin(), longer.end());
    return all;
}

}  // namespace

const std::vector<preset>& presets() {
    static const std::vector<preset> all{
        {"quick", "a few seconds", quick},
        {"starts", "from every start of the library, up to 200,000 states", starts},
        {"proof", "some minutes; every exploration to its end", proof},
        {"births", "some minutes; births, lost disks, and a server that joins", births},
        {"witnesses", "some minutes; witnesses, and servers that were witnesses", witnesses},
        {"campaign", "hours, and up to 16 GB of memory", campaign},
        {"mutants", "the exploration of the mutation tests", mutants},
    };
    return all;
}

}  // namespace raft_explore
