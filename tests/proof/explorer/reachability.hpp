// SPDX-License-Identifier: BSL-1.0
//
// Liveness on a finished exploration: whether from every state in which it is required a goal can
// still be reached, by fair actions alone.
//
// A graph is finite. Let what can happen again and again happen at last (strong fairness of every
// fair action): then a run comes to rest in a set of states that it cannot leave, and visits all
// of it. So every such run comes to a goal if, and only if, from every state a goal can be
// reached. One search backwards from the goals finds both a dead end, where nothing leads on, and
// a livelock, a cycle that nothing leads out of.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <proof/explorer.hpp>

namespace raft::proof {

/// What is known of an explored graph.
class explored_graph {
public:
    struct node {
        std::uint64_t print = 0;
        bool is_goal = false;
        bool is_required = false;
    };

    /// States in the order in which they were found.
    void add(const node& state) { nodes_.push_back(state); }
    void connect(std::uint64_t from, std::uint64_t to) { edges_.push_back({to, from}); }

    [[nodiscard]] const std::vector<node>& nodes() const { return nodes_; }

    /// The places of the required states from which no goal can be reached.
    [[nodiscard]] std::vector<std::size_t> lost() {
        std::ranges::sort(edges_, {}, &edge::to);
        std::vector<std::uint64_t> saved;
        for (const auto& each : nodes_)
            if (each.is_goal) saved.push_back(each.print);
        visited_set seen;
        std::uint64_t count = 0;
        for (const auto each : saved) insert(seen, each, count);
        while (!saved.empty()) {
            const auto here = saved.back();
            saved.pop_back();
            for (auto each = std::ranges::lower_bound(edges_, here, {}, &edge::to);
                 each != edges_.end() && each->to == here; ++each)
                if (insert(seen, each->from, count)) saved.push_back(each->from);
        }
        std::vector<std::size_t> result;
        for (std::size_t place = 0; place < nodes_.size(); ++place)
            if (nodes_[place].is_required && insert(seen, nodes_[place].print, count))
                result.push_back(place);
        return result;
    }

private:
    struct edge {
        std::uint64_t to = 0;
        std::uint64_t from = 0;
    };

    static bool insert(visited_set& seen, std::uint64_t print, std::uint64_t& count) {
        if (!seen.has_room(count)) seen.grow();
        if (!seen.insert(print)) return false;
        ++count;
        return true;
    }

    std::vector<node> nodes_{};
    std::vector<edge> edges_{};
};

/// A model that notes its graph while it is explored, by one thread. `Question` says of a state
/// `is_goal(state)` and `is_required(state)`, and of what the model just did `is_fair(model)`.
template <class Model, class Question>
class charted {
public:
    using state = typename Model::state;

    charted(Model model, Question question, std::shared_ptr<explored_graph> graph)
        : model_{std::move(model)}, question_{std::move(question)}, graph_{std::move(graph)} {}

    void initial_states(auto visit) {
        notes_ = false;
        model_.initial_states(visit);
    }
    void successors(const state& now, auto visit) {
        model_.successors(now, [&](const state& next, const char* wrong) {
            notes_ = question_.is_fair(model_);
            visit(next, wrong);
            notes_ = false;
        });
    }
    [[nodiscard]] const char* violation(const state& now) {
        graph_->add({print_, question_.is_goal(now), question_.is_required(now)});
        return model_.violation(now);
    }
    void encode(const state& now, encoding& out) {
        model_.encode(now, out);
        if (notes_) graph_->connect(print_, fingerprint(out.bytes()));
    }
    void decode(std::span<const std::uint8_t> bytes, state& now) {
        print_ = fingerprint(bytes);
        model_.decode(bytes, now);
    }

private:
    Model model_;
    Question question_;
    std::shared_ptr<explored_graph> graph_;
    std::uint64_t print_ = 0;  ///< Of the state that is expanded now.
    bool notes_ = false;
};

/// What a question about liveness was answered.
struct liveness {
    exploration explored{};
    std::size_t goals = 0;
    std::size_t required = 0;
    std::size_t lost = 0;
    std::optional<counterexample> first{};  ///< A way to the first that is lost.
};

/// Explores to the end and asks.
template <class Model, class Question>
[[nodiscard]] liveness ask(const Model& model, const Question& question,
                           std::uint64_t states_max = ~std::uint64_t{0}) {
    const auto graph = std::make_shared<explored_graph>();
    explorer<charted<Model, Question>> checker{{model, question, graph},
                                               {.threads = 1, .states_max = states_max}};
    liveness result{.explored = checker.run()};
    for (const auto& each : graph->nodes()) {
        result.goals += each.is_goal;
        result.required += each.is_required;
    }
    if (!result.explored.complete) return result;
    const auto lost = graph->lost();
    result.lost = lost.size();
    if (!lost.empty())
        result.first = counterexample{"from here no goal can be reached any more",
                                      checker.way_to(lost.front())};
    return result;
}

}  // namespace raft::proof
