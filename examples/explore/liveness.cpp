// SPDX-License-Identifier: BSL-1.0
#include "liveness.hpp"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <set>
#include <vector>

#include "saved_story.hpp"

#include <proof/cluster_model/liveness.hpp>
#include <proof/explorer/reachability.hpp>
#include <proof/explorer/sample.hpp>

namespace raft_explore {

using namespace raft::proof;

namespace {

constexpr std::size_t states_if_not_said = 10'000;
constexpr std::int64_t election_timeouts = 20;

/// One question; what is lost counts as violations.
template <class Question>
exploration put(const char* name, const cluster_model& model, const options& all) {
    auto answer = ask(model, Question{model.bounds()});
    tell_violation(model, answer.explored, all.one, all);
    std::printf("  %s: states=%lu goals=%zu required=%zu lost=%zu\n", name,
                static_cast<unsigned long>(answer.explored.states), answer.goals, answer.required,
                answer.lost);
    if (answer.first) {
        std::printf("%s   => %s\n", tell(model, {nullptr, answer.first->states}).c_str(),
                    answer.first->rule);
        answer.explored.first = answer.first;
    }
    answer.explored.violations += answer.lost;
    return answer.explored;
}

/// How many states do not come to commit a command when all faults end, of those from which a
/// sample of the transitions leads.
std::size_t stuck_in_sample(const cluster_model& model, std::size_t wanted, std::uint64_t seed) {
    const auto sample = std::make_shared<transition_sample>(wanted, seed);
    static_cast<void>(explorer<sampled<cluster_model>>{{model, sample}}.run());
    std::size_t stuck = 0;
    std::set<std::vector<std::uint8_t>> distinct;
    for (const auto& each : sample->take()) {
        if (!distinct.insert(each.state).second) continue;
        explored_cluster begin;
        model.decode(each.state, begin);
        stuck +=
            !calm_continuation{begin, model.bounds().servers}.commits_a_command(election_timeouts);
    }
    std::printf("  calm continuations: seed=%lu tried=%zu stuck=%zu\n",
                static_cast<unsigned long>(seed), distinct.size(), stuck);
    return stuck;
}

}  // namespace

exploration explore_liveness(const cluster_model& model, const options& all) {
    auto found = put<no_dead_ends>("dead ends", model, all);
    if (found.first) return found;
    // With check_quorum a leader goes when nobody is heard for long: that is no stuck leader.
    if (!model.bounds().config.check_quorum) {
        const auto leaders = put<no_stuck_leaders>("stuck leaders", model, all);
        if (leaders.first) return leaders;
    }
    const auto wanted = all.sample == ~std::size_t{0} ? states_if_not_said : all.sample;
    found.violations += stuck_in_sample(model, wanted, all.seed);
    return found;
}

}  // namespace raft_explore
