// SPDX-License-Identifier: BSL-1.0
//
// The model of the production cluster with one rule more: each of its transitions is a path of the
// specification's actions, as relaxed by name (relaxed_raft.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include <proof/cluster_model.hpp>
#include <proof/specification/transition.hpp>

namespace raft::proof::tla {

/// What the specification does not have, or its transcription has no room for; null if neither.
[[nodiscard]] inline const char* no_abstraction_of(cluster_model model) {
    const auto& bounds = model.bounds();
    bool has_snapshot = bounds.snapshots > 0;
    model.initial_states([&](const explored_cluster& begin, const char*) {
        for (std::size_t i = 0; i < bounds.servers; ++i)
            has_snapshot = has_snapshot || begin.at(i).now.log.base().index > log_index{};
    });
    if (has_snapshot) return "the specification has no snapshots";
    if (bounds.changes > 0 || bounds.parts > 0 || bounds.voters != bounds.servers)
        return "the specification has no changes of membership";
    if (bounds.damages > 0) return "the specification has no damaged disks";
    if (bounds.births > 0 || bounds.wipes > 0) return "the specification has no lost disks";
    if (bounds.log_max > log_max) return "the specification's transcription has shorter logs";
    return nullptr;
}

/// Of a model that has an abstraction. A model for the explorer; each thread has its own.
class refined_model {
public:
    using state = explored_cluster;

    explicit refined_model(cluster_model model) : model_{std::move(model)} {}

    void initial_states(auto visit) { model_.initial_states(visit); }
    void successors(const explored_cluster& now, auto visit) {
        model_.successors(now, [&](const explored_cluster& next, const char* wrong) {
            if (wrong == nullptr && !transition_of(now, next, last_event(), bounds().servers))
                wrong = "the specification has no such step";
            visit(next, wrong);
        });
    }
    [[nodiscard]] const explored_event& last_event() const { return model_.last_event(); }
    [[nodiscard]] const model_bounds& bounds() const { return model_.bounds(); }
    [[nodiscard]] const char* violation(const explored_cluster& now) {
        return model_.violation(now);
    }
    void encode(const explored_cluster& now, encoding& out) { model_.encode(now, out); }
    void decode(std::span<const std::uint8_t> bytes, explored_cluster& now) const {
        model_.decode(bytes, now);
    }

private:
    cluster_model model_;
};

}  // namespace raft::proof::tla
