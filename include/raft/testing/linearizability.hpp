// SPDX-License-Identifier: BSL-1.0
//
// Whether a history of clients is linearizable: whether each operation can have happened at one
// time between its call and its return, so that all answers are those of one store that does one
// after another (M. P. Herlihy and J. M. Wing, "Linearizability", 1990). It is, if each key is;
// keys that a transaction has together are judged together.
//
//   std::ifstream file{"history"};
//   auto read = raft::testing::read_history(file);         // or operations of your own
//   auto told = raft::testing::check_linearizability(
//       std::get<std::vector<raft::testing::history_operation>>(read));
//   // told.is == raft::testing::linearizability::holds
//
// A key on which each value is written once is decided at once (registers.hpp), any other by a
// search within limits (search.hpp). Each key begins without a value.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <raft/testing/history.hpp>
#include <raft/testing/linearizability/conditions.hpp>
#include <raft/testing/linearizability/explanation.hpp>
#include <raft/testing/linearizability/registers.hpp>
#include <raft/testing/linearizability/search.hpp>

namespace raft::testing {

/// Of keys that belong together, and are not linearizable, or not known to be.
struct linearizability_finding {
    std::vector<std::string> keys{};
    std::size_t operations = 0;
    std::size_t unknown = 0;  ///< How many of them have an unknown outcome.
    linearizability is = linearizability::holds;
    /// Of a violation: few operations that cannot be ordered, whatever all others did.
    std::vector<history_operation> core{};
    /// In words, whole lines: why not; or which necessary conditions hold all the same.
    std::string why{};
};

struct linearizability_verdict {
    /// Violated if any key is, else undecided if any is.
    linearizability is = linearizability::holds;
    std::size_t operations = 0;
    std::size_t groups = 0;  ///< Of keys that belong together.
    std::vector<linearizability_finding> findings{};
};

namespace detail::linearizing {

/// Operations by group of keys, groups in the order in which they come.
class grouping {
public:
    [[nodiscard]] std::vector<operations> run(std::span<const history_operation> all) {
        for (const auto& one : all)
            for (const auto& each : one.commands)
                join(number_of(each.key), number_of(one.commands.front().key));
        std::vector<operations> groups;
        std::unordered_map<std::size_t, std::size_t> places;
        for (const auto& one : all) {
            if (one.commands.empty()) continue;
            const auto root = root_of(number_of(one.commands.front().key));
            const auto [at, is_new] = places.try_emplace(root, groups.size());
            if (is_new) groups.emplace_back();
            groups[at->second].push_back(&one);
        }
        return groups;
    }

private:
    [[nodiscard]] std::size_t number_of(const std::string& key) {
        const auto [at, is_new] = numbers_.try_emplace(key, parents_.size());
        if (is_new) parents_.push_back(at->second);
        return at->second;
    }
    [[nodiscard]] std::size_t root_of(std::size_t i) {
        while (parents_[i] != i) i = parents_[i] = parents_[parents_[i]];
        return i;
    }
    void join(std::size_t a, std::size_t b) { parents_[root_of(a)] = root_of(b); }

    std::unordered_map<std::string, std::size_t> numbers_{};
    std::vector<std::size_t> parents_{};
};

inline void tell_violation(linearizability_finding& found, const operations& cannot,
                           const operations& all) {
    found.is = linearizability::violated;
    const auto core = narrowing{cannot}.run();
    for (const auto* each : core) found.core.push_back(*each);
    found.why = explain(core, all);
}

inline void tell_conditions(linearizability_finding& found, const operations& all) {
    for (const auto& each : conditions_of(all)) {
        if (!each.broken_by.empty()) return tell_violation(found, each.broken_by, all);
        found.why += "  This holds, where every value is known: " + each.words + ".\n";
    }
}

[[nodiscard]] inline linearizability_finding judge(const operations& all,
                                                   const linearizability_limits& limits) {
    linearizability_finding found{.operations = all.size()};
    unique_writes simple{all};
    if (simple) {
        const auto conflict = simple.conflict();
        if (!conflict.empty()) tell_violation(found, conflict, all);
    } else {
        found.is = decide(all, {}, limits);
        if (found.is == linearizability::violated) tell_violation(found, all, all);
        if (found.is == linearizability::undecided) tell_conditions(found, all);
    }
    return found;
}

inline void describe_group(linearizability_finding& found, const operations& all) {
    for (const auto* one : all) {
        found.unknown += one->status == history_status::unknown ? 1 : 0;
        for (const auto& each : one->commands) found.keys.push_back(each.key);
    }
    std::sort(found.keys.begin(), found.keys.end());
    found.keys.erase(std::unique(found.keys.begin(), found.keys.end()), found.keys.end());
}

}  // namespace detail::linearizing

/// Any order of operations will do. Takes time in proportion to their number, times its logarithm,
/// where each value of a key is written once; elsewhere at most what the limits allow for each
/// group of keys, and some more to explain a violation. Any number of threads may call it.
[[nodiscard]] inline linearizability_verdict
check_linearizability(std::span<const history_operation> all,
                      const linearizability_limits& limits = {}) {
    linearizability_verdict verdict{.operations = all.size()};
    for (auto& group : detail::linearizing::grouping{}.run(all)) {
        ++verdict.groups;
        std::erase_if(group, [](auto* one) { return one->status == history_status::fail; });
        auto found = detail::linearizing::judge(group, limits);
        if (found.is == linearizability::holds) continue;
        detail::linearizing::describe_group(found, group);
        if (verdict.is != linearizability::violated) verdict.is = found.is;
        verdict.findings.push_back(std::move(found));
    }
    return verdict;
}

}  // namespace raft::testing
