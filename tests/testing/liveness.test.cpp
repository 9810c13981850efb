// SPDX-License-Identifier: BSL-1.0
//
// Goal: a cluster is never where it can do nothing more. Method: on the whole graph of small
// explorations, a leader that commits can be reached from every state by fair actions; from states
// around every start of the library, when all faults end, a command is committed within a few
// election timeouts. And graphs of which it is known that they have dead ends or livelocks.
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include <proof/cluster_model/liveness.hpp>
#include <proof/cluster_model/start_states.hpp>
#include <proof/cluster_model/story.hpp>
#include <proof/explorer/reachability.hpp>
#include <support/explored_settings.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::proof;
using namespace raft::testing;

namespace {

template <class Question>
void must_hold(const model_bounds& bounds) {
    const cluster_model model{bounds};
    const auto answer = ask(model, Question{model.bounds()});
    const auto story = answer.first ? tell(model, {nullptr, answer.first->states}) : std::string{};
    CHECK(story == "");
    CHECK(answer.lost == 0);
    CHECK(answer.explored.complete);
    CHECK(answer.explored.violations == 0);
    CHECK(answer.required > 100);
    CHECK(answer.goals > 100);
}

/// Numbers from 0, of which each leads to some others.
struct numbers {
    using state = std::uint64_t;
    void initial_states(auto visit) { visit(state{0}, nullptr); }
    void successors(state now, auto visit) {
        for (const auto next : leads_to[now]) visit(next, nullptr);
    }
    const char* violation(state) const { return nullptr; }
    void encode(state now, encoding& out) const { out.put(now); }
    void decode(std::span<const std::uint8_t> bytes, state& now) const {
        now = decoding{bytes}.get();
    }
    std::vector<std::vector<std::uint64_t>> leads_to{};
};

struct can_come_to_three {
    bool is_fair(const numbers&) const { return true; }
    bool is_goal(std::uint64_t now) const { return now == 3; }
    bool is_required(std::uint64_t) const { return true; }
};

}  // namespace

TEST_CASE("liveness: dead ends and livelocks are found in graphs that have them") {
    const auto lost = [](std::vector<std::vector<std::uint64_t>> leads_to) {
        return ask(numbers{std::move(leads_to)}, can_come_to_three{});
    };
    CHECK(lost({{1}, {2, 0}, {3}, {}}).lost == 0);  // A cycle that can be left.
    CHECK(lost({{1, 2}, {3}, {}, {}}).lost == 1);   // A dead end, …
    CHECK(lost({{1, 2}, {3}, {}, {}}).first->states.size() == 2);
    CHECK(lost({{1, 2}, {3}, {4}, {}, {2}}).lost == 2);     // … and a livelock.
    CHECK(lost({{1, 2}, {3}, {4}, {}, {2, 1}}).lost == 0);  // Mended.
}

TEST_CASE("liveness: no dead ends in the graphs of small explorations") {
    must_hold<no_dead_ends>({.term_max = 2,
                             .log_max = 2,
                             .messages_max = 1,
                             .crashes = 0,
                             .config = compacting_settings()});
    for (const auto& config : {compacting_settings(), guarded_settings()})
        must_hold<no_dead_ends>({.servers = 2,
                                 .term_max = 2,
                                 .log_max = 2,
                                 .messages_max = 1,
                                 .crashes = 1,
                                 .config = config});
}

TEST_CASE("liveness: no leader is stuck in the graphs of small explorations") {
    must_hold<no_stuck_leaders>({.term_max = 2,
                                 .log_max = 1,
                                 .messages_max = 1,
                                 .crashes = 0,
                                 .config = compacting_settings()});
    auto config = compacting_settings();
    config.messages_in_flight = 2;
    config.entries_per_message = 4;
    must_hold<no_stuck_leaders>({.servers = 2,
                                 .term_max = 2,
                                 .log_max = 2,
                                 .messages_max = 1,
                                 .crashes = 1,
                                 .config = config});
}

TEST_CASE("liveness: when all faults end a command is committed, from around every start") {
    constexpr std::int64_t timeouts = 20;
    for (const auto& config : {compacting_settings(), guarded_settings()})
        for (const auto& start : start_states(config)) {
            CAPTURE(start.name);
            model_bounds bounds{.term_max = 1,
                                .log_max = 1,
                                .messages_max = 2,
                                .crashes = 1,
                                .reads = 1,
                                .snapshots = 1,
                                .transfers = 1,
                                .config = config};
            const auto begin = begin_with(start, bounds);
            cluster_model model{bounds, {begin}};
            std::vector<explored_cluster> around{begin};
            for (std::size_t done = 0; done < around.size() && around.size() < 150; ++done) {
                const auto now = around[done];
                model.successors(now, [&](const explored_cluster& next, const char*) {
                    around.push_back(next);
                });
            }
            std::size_t stuck = 0;
            for (const auto& each : around)
                stuck += !calm_continuation{each, bounds.servers}.commits_a_command(timeouts);
            CHECK(stuck == 0);
        }
}
