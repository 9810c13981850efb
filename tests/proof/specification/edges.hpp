// SPDX-License-Identifier: BSL-1.0
//
// Samples of explored transitions, written for a checker of the published specification: of the
// production cluster, abstracted, and of the transcription itself.
#pragma once

#include <cstddef>
#include <ostream>
#include <vector>

#include <proof/cluster_model.hpp>
#include <proof/explorer/sample.hpp>
#include <proof/specification/raft_tla_model.hpp>
#include <proof/specification/transition_line.hpp>

namespace raft::proof::tla {

/// What was written, by what leads from one state to the other.
struct edges_written {
    std::size_t stutters = 0;
    std::size_t published = 0;  ///< Actions of the published specification alone.
    std::size_t relaxed = 0;    ///< One or more of our relaxations among them.
    std::size_t refused = 0;    ///< Not written: the specification has no such step.
};

inline void write_edge(std::ostream& out, const transition& edge, std::size_t servers,
                       edges_written& written) {
    if (edge.actions.empty())
        ++written.stutters;
    else
        ++(is_published(edge) ? written.published : written.relaxed);
    out << line_of(edge, servers) << '\n';
}

inline edges_written write_edges(std::ostream& out, cluster_model model,
                                 const std::vector<sampled_transition>& sample) {
    edges_written written;
    const auto servers = model.bounds().servers;
    for (const auto& each : sample)
        retrace(model, each, [&](const auto& now, const auto& next) {
            if (const auto edge = transition_of(now, next, model.last_event(), servers))
                write_edge(out, *edge, servers, written);
            else
                ++written.refused;
        });
    return written;
}

inline edges_written write_edges(std::ostream& out, model specification,
                                 const std::vector<sampled_transition>& sample) {
    edges_written written;
    for (const auto& each : sample)
        retrace(specification, each, [&](const auto& now, const auto& next) {
            const transition edge{now, next, {specification.last_action()}};
            write_edge(out, edge, specification.limits().servers, written);
        });
    return written;
}

}  // namespace raft::proof::tla
