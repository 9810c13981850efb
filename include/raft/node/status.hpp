// SPDX-License-Identifier: BSL-1.0
//
// What a node knows, for its operators.
#pragma once

#include <optional>
#include <vector>

#include <raft/core/membership.hpp>
#include <raft/core/state.hpp>
#include <raft/policy/identity.hpp>

namespace raft {

/// What a node knows of another member, or of itself, while it leads.
struct member_status {
    member_id id{};
    member_part part{};
    bool leaving = false;  ///< A change in progress removes it.
    std::optional<log_index> match_index{};
};

struct node_status {
    member_id id{};
    const char* role = "";  ///< "leader", "follower", "candidate" or "halted".
    term_number current_term{};
    std::optional<member_id> leader{};
    log_index commit_index{};
    log_index last_applied{};
    log_index last_log_index{};
    log_index first_log_index{};
    core::snapshot_description snapshot{};
    bool storage_failed = false;
    bool not_born = false;  ///< The storage was empty, and no birth was given (`node_options`).
    bool state_differs = false;           ///< It stopped, as its state is not that of the others.
    bool version_too_old = false;         ///< It stopped before a command that it cannot read.
    std::optional<history_id> history{};  ///< The cluster's; none if it is not born.
    /// Where the log ended before the disk lost entries of it; none once they are here again. Until
    /// then this server starts no election.
    std::optional<core::log_position> lost_through{};
    /// The entry from which on the log lacks commands, as a witness's does. While it does this
    /// server starts no election, serves no reads, and applies nothing from there on.
    std::optional<log_index> lacks_from{};
    /// The configuration that removed this server, according to a member's notice.
    std::optional<log_index> removed_at{};
    /// A leader has found that this member lacks what it had acknowledged: its disk went back.
    std::optional<core::found_loss> found_loss{};
    log_index configuration{};  ///< The index of the newest one: a change is to be based on it.
    bool changing = false;      ///< A change of membership is in progress.
    std::vector<member_status> members{};
};

}  // namespace raft

namespace raft::detail {

[[nodiscard]] inline bool is_halted_by(const core::state& s, core::halt_reason reason) {
    const auto* why = std::get_if<core::halted>(&s.role);
    return why != nullptr && why->reason == reason;
}

/// What `s` says to the operators of the server; the rest is the node's.
[[nodiscard]] inline node_status status_of(const core::state& s, log_index last_applied,
                                           std::optional<history_id> history) {
    node_status all{.id = s.self,
                    .role = s.is_leader()      ? "leader"
                            : s.is_follower()  ? "follower"
                            : s.is_candidate() ? "candidate"
                                               : "halted",
                    .current_term = s.current_term,
                    .leader = s.current_leader(),
                    .commit_index = s.commit_index,
                    .last_applied = last_applied,
                    .last_log_index = s.log.last_index(),
                    .first_log_index = next(s.log.base().index),
                    .snapshot = s.snapshot,
                    .storage_failed = is_halted_by(s, core::halt_reason::storage_failed),
                    .not_born = is_halted_by(s, core::halt_reason::not_born),
                    .state_differs = is_halted_by(s, core::halt_reason::state_differs),
                    .version_too_old = is_halted_by(s, core::halt_reason::version_too_old),
                    .history = history,
                    .lost_through = s.tasks->lost_through,
                    .lacks_from = s.tasks->lacks_from,
                    .removed_at = s.tasks->removed_at,
                    .found_loss = s.tasks->found_loss,
                    .configuration = s.configurations.back().index,
                    .changing = s.members().is_changing(),
                    .members = {}};
    const auto& members = s.members();
    for (const auto each : members.everyone()) {
        member_status one{members.id_of(each), part_of(members, each),
                          !members.final_members().contains(each), std::nullopt};
        if (s.is_leader()) one.match_index = s.peers[each.value].match_index;
        all.members.push_back(one);
    }
    return all;
}

}  // namespace raft::detail
