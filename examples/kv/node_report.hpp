// SPDX-License-Identifier: BSL-1.0
//
// What a server reports of its node.
#pragma once

#include "running_node.hpp"
#include "service.hpp"

namespace raft_kv {

[[nodiscard]] inline server_report report_of_node(const running_node& driven) {
    const auto& node = driven.node();
    const auto status = node.status();
    server_report report{
        .id = status.id.value,
        .role = status.role,
        .term = status.current_term.value,
        .leader = std::nullopt,
        .commit = status.commit_index.value,
        .applied = status.last_applied.value,
        .last = status.last_log_index.value,
        .first = status.first_log_index.value,
        .snapshot = status.snapshot.last_included.index.value,
        .snapshot_bytes = status.snapshot.size,
        .applied_bytes = node.state_machine().bytes_applied(),
        .storage_failed = status.storage_failed,
        .state_differs = status.state_differs,
        .version_too_old = status.version_too_old,
        .compared = driven.compared(),
        .configuration = status.configuration.value,
        .changing = status.changing,
        .members = report_of_members(node.protocol_state(), driven.members()),
    };
    if (status.lost_through) report.lost_through = status.lost_through->index.value;
    if (status.lacks_from) report.lacks_from = status.lacks_from->value;
    if (status.removed_at) report.removed_at = status.removed_at->value;
    if (status.leader) report.leader = status.leader->value;
    return report;
}

}  // namespace raft_kv
