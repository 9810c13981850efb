// SPDX-License-Identifier: BSL-1.0
//
// A way of the explorer, gone once more. The explorer gave the servers other names on the way,
// where that made no difference; here each keeps its name.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

#include <proof/cluster_model.hpp>

namespace raft::proof {

/// Calls `visit(before, after)` for each step along the states of a way, the beginning among them,
/// while the model knows the event that led there. The last step breaks the rule of the
/// counter-example, if that has one.
template <class Model>
void follow(Model& model, const counterexample& way, auto visit) {
    explored_cluster at;
    encoding bytes;
    for (std::size_t i = 0; i < way.states.size(); ++i) {
        const bool must_break = way.rule != nullptr && i + 1 == way.states.size();
        std::optional<explored_cluster> chosen;
        const auto choose = [&](const explored_cluster& next, const char* wrong) {
            if (chosen) return;
            bytes.clear();
            model.encode(next, bytes);
            if (!std::ranges::equal(bytes.bytes(), way.states[i])) return;
            if (must_break && wrong == nullptr && model.violation(next) == nullptr) return;
            chosen = next;
            visit(std::as_const(at), next);
        };
        if (i == 0)
            model.initial_states(choose);
        else
            model.successors(at, choose);
        core::require(chosen.has_value());
        at = *chosen;
    }
}

}  // namespace raft::proof
