// SPDX-License-Identifier: BSL-1.0
//
// The trace of a way that the explorer found.
#pragma once

#include <cstddef>

#include <proof/cluster_model/way.hpp>
#include <proof/trace.hpp>

namespace raft::proof {

[[nodiscard]] inline trace_writer trace_of(cluster_model model, const counterexample& way) {
    using kind = explored_event::kind;
    trace_writer trace;
    follow(model, way, [&](const explored_cluster& before, const explored_cluster& after) {
        const auto& event = model.last_event();
        const auto& was = before.at(event.server).now;
        const auto& is = after.at(event.server).now;
        if (event.what == kind::begin) {
            for (std::size_t i = 0; i < model.bounds().servers; ++i) trace.begin(after.at(i).now);
        } else if (event.what == kind::crash || event.what == kind::damage) {
            trace.restart(was, is);
        } else if (event.what == kind::deliver) {
            const auto& came = before.network[event.number];
            trace.step(was, is, &came.what.body, came.from, model.last_effects());
        } else if (event.what != kind::time_passes) {
            trace.step(was, is, nullptr, {}, model.last_effects());
        }
    });
    return trace;
}

}  // namespace raft::proof
