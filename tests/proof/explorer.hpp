// SPDX-License-Identifier: BSL-1.0
//
// An explicit-state model checker: visits every state that a model can reach, breadth first, so
// that the way to the first state that breaks a rule is a shortest one.
//
//     explorer<my_model> checker{my_model{}};
//     const auto found = checker.run();
//     CHECK(found.states == 42);
//
// A state is kept as a fingerprint of eight bytes, eight more tell how it was reached, and its own
// bytes are kept only until it is expanded. Several threads expand one depth together.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include <proof/explorer/ancestry.hpp>
#include <proof/explorer/encoding.hpp>
#include <proof/explorer/frontier.hpp>
#include <proof/explorer/visited_set.hpp>

namespace raft::proof {

/// What the explorer explores. Each thread has a copy of the model to itself.
///
/// `initial_states(visit)` and `successors(state, visit)` call `visit(next, wrong)` for each state
/// in an order that is always the same; `wrong` says what rule the transition breaks, or is null.
/// `violation(state)` says what rule a state breaks, or is null. `encode` writes the bytes of the
/// representative of all states that are alike, and `decode` reads them.
template <class Model>
concept explorable = std::copy_constructible<Model> &&
    std::default_initializable<typename Model::state> &&
    requires(Model& m, typename Model::state& s, const typename Model::state& read,
             void (*visit)(const typename Model::state&, const char*), encoding& bytes,
             std::span<const std::uint8_t> written) {
    m.initial_states(visit);
    m.successors(read, visit);
    m.encode(read, bytes);
    m.decode(written, s);
    { m.violation(read) } -> std::convertible_to<const char*>;
};

struct exploration_limits {
    std::size_t threads = 2;
    std::uint64_t states_max = ~std::uint64_t{0};  ///< Stops when so many are found.
    std::size_t depth_max = ~std::size_t{0};       ///< States of this depth are not expanded.
};

/// What is known while the explorer runs.
struct exploration_progress {
    std::uint64_t states = 0;       ///< Distinct.
    std::uint64_t transitions = 0;  ///< Of the states expanded so far.
    std::size_t depth = 0;          ///< An initial state has depth 1.
    double seconds = 0;
    std::size_t memory_bytes = 0;
};

/// A shortest way to what broke a rule: the states that lie on it, in bytes.
struct counterexample {
    const char* rule = nullptr;
    std::vector<std::vector<std::uint8_t>> states{};
};

struct exploration : exploration_progress {
    bool complete = false;  ///< Every reachable state was expanded.
    std::uint64_t violations = 0;
    std::optional<counterexample> first{};  ///< Of the least depth.
};

template <explorable Model>
class explorer {
public:
    using state = typename Model::state;
    using progress_report = std::function<void(const exploration_progress&)>;

    explicit explorer(Model model, exploration_limits limits = {})
        : limits_{limits}, origins_{limits.threads} {
        for (std::size_t i = 0; i < limits.threads; ++i) workers_.emplace_back(model);
    }

    /// Explores until everything is visited, a limit is reached, or the depth at which a rule was
    /// broken is done. `report` is called every few seconds.
    exploration run(progress_report report = {}) {
        report_ = std::move(report);
        begin_ = clock::now();
        last_report_ = begin_;
        visit_initial_states();
        auto level = take_found();
        while (!level.empty()) {
            ++depth_;
            if (depth_ >= limits_.depth_max || states() >= limits_.states_max) break;
            expand(level);
            if (broken()) break;
            level = take_found();
        }
        return summary(level.empty());
    }

    /// A shortest way to one of the states that were found, by its place among them. With more than
    /// one thread the places are others each time.
    [[nodiscard]] std::vector<std::vector<std::uint8_t>> way_to(std::uint64_t place) {
        return states_along(origins_.way_to(origins_.nth(place)));
    }

private:
    using clock = std::chrono::steady_clock;

    /// A rule that was broken by the state of this number, or by its successor `choice`.
    struct finding {
        const char* rule = nullptr;
        state_number state{};
        std::optional<std::uint32_t> choice{};
    };

    struct successor {
        std::uint64_t fingerprint = 0;
        std::size_t begin = 0;
        std::size_t end = 0;
    };

    /// What one thread needs.
    struct alignas(64) worker {
        explicit worker(const Model& m) : model{m} {}
        Model model;
        state expanded{};
        encoding bytes{};
        std::vector<std::uint8_t> arena{};
        std::vector<successor> successors{};
        frontier found{};
        std::uint64_t violations = 0;
        std::optional<finding> first{};
        std::atomic<std::uint64_t> states{0};
        std::atomic<std::uint64_t> transitions{0};
    };

    void visit_initial_states() {
        auto& first = workers_.front();
        std::uint32_t choice = 0;
        first.model.initial_states([&](const state& s, const char*) { note(first, s); });
        for (const auto& each : first.successors) keep_if_new(0, each, origin::initial(choice++));
        clear_successors(first);
    }

    /// Expands every state of a depth. When the table is full the threads stop, and go on in a
    /// larger one.
    void expand(frontier& level) {
        std::vector<std::size_t> open;
        do {
            if (!visited_.has_room(states())) visited_.grow();
            open.clear();
            for (std::size_t i = 0; i < level.size(); ++i)
                if (!level[i].is_expanded()) open.push_back(i);
            next_open_.store(0, std::memory_order_relaxed);
            std::vector<std::jthread> others;
            for (std::size_t t = 1; t < std::min(workers_.size(), open.size()); ++t)
                others.emplace_back([&, t] { work(t, level, open); });
            work(0, level, open);
        } while (has_open(level));
    }

    [[nodiscard]] static bool has_open(const frontier& level) {
        for (const auto& each : level)
            if (!each.is_expanded()) return true;
        return false;
    }

    void work(std::size_t thread, frontier& level, const std::vector<std::size_t>& open) {
        while (visited_.has_room(states())) {
            const auto mine = next_open_.fetch_add(1, std::memory_order_relaxed);
            if (mine >= open.size()) return;
            auto& block = level[open[mine]];
            while (!block.is_expanded() && visited_.has_room(states())) {
                expand_front(thread, block);
                block.pop();
            }
            if (block.is_expanded()) block.release();
            if (thread == 0) report_if_due();
        }
    }

    void expand_front(std::size_t thread, const frontier_block& block) {
        auto& me = workers_[thread];
        const auto number = block.number_of_front();
        me.model.decode(block.front(), me.expanded);
        if (const auto* rule = me.model.violation(me.expanded)) blame(me, {rule, number, {}});
        me.model.successors(me.expanded, [&](const state& next, const char* wrong) {
            if (wrong != nullptr)
                blame(me, {wrong, number, static_cast<std::uint32_t>(me.successors.size())});
            note(me, next);
        });
        me.transitions.fetch_add(me.successors.size(), std::memory_order_relaxed);
        std::uint32_t choice = 0;
        for (const auto& each : me.successors) keep_if_new(thread, each, {number, choice++});
        clear_successors(me);
    }

    /// Takes the bytes of a successor; the table is asked later, when its memory has come.
    void note(worker& me, const state& next) {
        me.bytes.clear();
        me.model.encode(next, me.bytes);
        const auto bytes = me.bytes.bytes();
        const successor one{fingerprint(bytes), me.arena.size(), me.arena.size() + bytes.size()};
        me.arena.insert(me.arena.end(), bytes.begin(), bytes.end());
        visited_.prefetch(one.fingerprint);
        me.successors.push_back(one);
    }

    void keep_if_new(std::size_t thread, const successor& one, origin from) {
        if (!visited_.insert(one.fingerprint)) return;
        auto& me = workers_[thread];
        if (me.found.empty() || me.found.back().is_full())
            me.found.emplace_back(origins_.next_of(thread));
        me.found.back().push({me.arena.data() + one.begin, one.end - one.begin});
        origins_.add(thread, from);
        me.states.fetch_add(1, std::memory_order_relaxed);
    }

    static void clear_successors(worker& me) {
        me.successors.clear();
        me.arena.clear();
    }

    static void blame(worker& me, const finding& what) {
        ++me.violations;
        if (!me.first) me.first = what;
    }

    [[nodiscard]] frontier take_found() {
        frontier all;
        for (auto& each : workers_) {
            for (auto& block : each.found) all.push_back(std::move(block));
            each.found.clear();
        }
        return all;
    }

    [[nodiscard]] std::uint64_t states() const {
        std::uint64_t sum = 0;
        for (const auto& each : workers_) sum += each.states.load(std::memory_order_relaxed);
        return sum;
    }

    [[nodiscard]] bool broken() const {
        for (const auto& each : workers_)
            if (each.first) return true;
        return false;
    }

    /// A state that breaks a rule lies at this depth; a transition that does ends at the next.
    [[nodiscard]] std::optional<finding> shortest_finding() const {
        std::optional<finding> best;
        for (const auto& each : workers_)
            if (each.first && (!best || (best->choice && !each.first->choice))) best = each.first;
        return best;
    }

    [[nodiscard]] counterexample retell(const finding& what) {
        auto choices = origins_.way_to(what.state);
        if (what.choice) choices.push_back(*what.choice);
        return {what.rule, states_along(choices)};
    }

    [[nodiscard]] std::vector<std::vector<std::uint8_t>>
    states_along(const std::vector<std::uint32_t>& choices) {
        std::vector<std::vector<std::uint8_t>> states;
        auto& model = workers_.front().model;
        encoding bytes;
        state at{};
        for (std::size_t i = 0; i < choices.size(); ++i) {
            std::uint32_t left = choices[i];
            const auto take_chosen = [&](const state& next, const char*) {
                if (left-- != 0) return;
                bytes.clear();
                model.encode(next, bytes);
            };
            if (i == 0)
                model.initial_states(take_chosen);
            else
                model.successors(at, take_chosen);
            states.emplace_back(bytes.bytes().begin(), bytes.bytes().end());
            model.decode(states.back(), at);
        }
        return states;
    }

    [[nodiscard]] exploration_progress progress() const {
        exploration_progress now;
        now.states = states();
        now.depth = depth_;
        now.seconds = std::chrono::duration<double>(clock::now() - begin_).count();
        for (const auto& each : workers_)
            now.transitions += each.transitions.load(std::memory_order_relaxed);
        now.memory_bytes = visited_.memory_bytes() + now.states * sizeof(origin);
        return now;
    }

    void report_if_due() {
        if (!report_ || clock::now() - last_report_ < std::chrono::seconds{5}) return;
        last_report_ = clock::now();
        report_(progress());
    }

    [[nodiscard]] exploration summary(bool complete) {
        exploration result{progress(), complete, 0, std::nullopt};
        for (const auto& each : workers_) result.violations += each.violations;
        if (const auto what = shortest_finding()) {
            result.first = retell(*what);
            result.complete = false;
        }
        return result;
    }

    exploration_limits limits_;
    std::deque<worker> workers_{};
    visited_set visited_{};
    ancestry origins_;
    std::size_t depth_ = 0;
    std::atomic<std::size_t> next_open_{0};
    progress_report report_{};
    clock::time_point begin_{};
    clock::time_point last_report_{};
};

}  // namespace raft::proof
