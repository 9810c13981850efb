// SPDX-License-Identifier: BSL-1.0
//
// The trace of a test cluster that has kept its history from the beginning.
#pragma once

#include <map>
#include <variant>

#include <proof/trace.hpp>
#include <raft/testing/cluster.hpp>

namespace raft::proof {

using testing::cluster_step;

/// `begin` are the servers as they were before the history.
[[nodiscard]] inline trace_writer trace_of(const std::vector<core::state>& begin,
                                           const std::vector<cluster_step>& history) {
    trace_writer trace;
    std::map<std::uint64_t, core::state> servers;
    for (const auto& each : begin) {
        trace.begin(each);
        servers[each.self.value] = each;
    }
    for (const auto& each : history) {
        auto& before = servers[each.id.value];
        const auto* came = std::get_if<core::received>(&each.what);
        if (std::holds_alternative<core::started>(each.what))
            trace.restart(before, each.after);
        else
            trace.step(before, each.after, came ? &came->body : nullptr,
                       came ? came->from : member_id{}, each.out);
        before = each.after;
    }
    return trace;
}

}  // namespace raft::proof
