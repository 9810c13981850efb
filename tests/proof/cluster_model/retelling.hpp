// SPDX-License-Identifier: BSL-1.0
//
// A story that was told (story.hpp), lived through once more: a saved counter-example is a test. It
// is followed by its words, what happened and which messages were on their way then, so it holds as
// long as the step does the same, however its state is made.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <proof/cluster_model/story.hpp>

namespace raft::proof {

/// A step as it was lived through.
struct lived_step {
    explored_event event{};
    explored_cluster after{};
};

/// What became of a story.
struct retold_story {
    std::size_t steps = 0;          ///< So many of it happen, the beginning among them, …
    std::size_t told = 0;           ///< … of so many.
    const char* rule = nullptr;     ///< That the last of them breaks; null if none.
    std::vector<lived_step> way{};  ///< One along which they do, breaking the rule if any does.
    [[nodiscard]] bool happens() const { return steps == told; }
};

namespace detail {

/// One step of a story, in its words.
struct told_step {
    std::string event{};
    std::vector<std::string> network{};
    friend bool operator==(const told_step&, const told_step&) = default;
};

[[nodiscard]] inline std::vector<told_step> steps_of(std::string_view story) {
    constexpr std::string_view on_its_way = "on its way: ";
    std::vector<told_step> steps;
    while (!story.empty()) {
        const auto end = std::min(story.find('\n'), story.size());
        const auto line = story.substr(0, end);
        story.remove_prefix(std::min(end + 1, story.size()));
        const auto digits = line.find_first_not_of("0123456789");
        if (digits != 0 && digits != std::string_view::npos && line.substr(digits, 2) == ". ")
            steps.push_back({std::string{line.substr(digits + 2)}, {}});
        else if (const auto at = line.find(on_its_way);
                 at != std::string_view::npos && !steps.empty())
            steps.back().network.emplace_back(line.substr(at + on_its_way.size()));
    }
    for (auto& each : steps) std::ranges::sort(each.network);
    return steps;
}

[[nodiscard]] inline told_step in_words(const explored_event& event, const explored_cluster& before,
                                        const explored_cluster& after) {
    told_step step{text(event, before), {}};
    for (const auto& each : after.network) step.network.push_back(text(each));
    std::ranges::sort(step.network);
    return step;
}

/// Where a way of which the words are true has led.
struct reached_step {
    lived_step lived{};
    std::size_t from = 0;  ///< Its place among those one step before.
    const char* rule = nullptr;
};
using reached_steps = std::vector<reached_step>;

/// The way to the first that breaks a rule, or to the first.
[[nodiscard]] inline std::vector<lived_step> way_through(std::vector<reached_steps>& reached) {
    std::vector<lived_step> way;
    if (reached.empty()) return way;
    const auto broken = std::ranges::find_if(
        reached.back(), [](const reached_step& each) { return each.rule != nullptr; });
    auto place = broken == reached.back().end()
                     ? std::size_t{0}
                     : static_cast<std::size_t>(broken - reached.back().begin());
    for (auto layer = reached.rbegin(); layer != reached.rend(); ++layer) {
        way.push_back(std::move((*layer)[place].lived));
        place = (*layer)[place].from;
    }
    std::ranges::reverse(way);
    return way;
}

}  // namespace detail

/// Lives through a story, as far as it happens. Words do not say everything, so all ways of which
/// they are true are gone.
template <class Model = cluster_model>
[[nodiscard]] retold_story retell(Model model, std::string_view story) {
    const auto steps = detail::steps_of(story);
    retold_story result{0, steps.size(), nullptr, {}};
    std::vector<detail::reached_steps> reached;
    for (const auto& step : steps) {
        detail::reached_steps further;
        const auto follow_from = [&](const explored_cluster& at, std::size_t place) {
            const auto choose = [&](const explored_cluster& next, const char* wrong) {
                if (!(detail::in_words(model.last_event(), at, next) == step)) return;
                if (wrong == nullptr) wrong = model.violation(next);
                further.push_back({{model.last_event(), next}, place, wrong});
            };
            if (reached.empty())
                model.initial_states(choose);
            else
                model.successors(at, choose);
        };
        if (reached.empty())
            follow_from({}, 0);
        else
            for (std::size_t i = 0; i < reached.back().size(); ++i)
                follow_from(reached.back()[i].lived.after, i);
        if (further.empty()) break;
        reached.push_back(std::move(further));
        ++result.steps;
    }
    if (!reached.empty())
        for (const auto& each : reached.back())
            if (result.rule == nullptr) result.rule = each.rule;
    result.way = detail::way_through(reached);
    return result;
}

}  // namespace raft::proof
