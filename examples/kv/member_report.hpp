// SPDX-License-Identifier: BSL-1.0
//
// What a server tells of the members of its cluster. A leader knows more of them than others do.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <raft/battery/asio_node/members.hpp>
#include <raft/core/membership.hpp>
#include <raft/core/state.hpp>

namespace raft_kv {

/// "voter", "learner" or "witness".
[[nodiscard]] constexpr std::string_view name_of(raft::member_part part) {
    switch (part) {
    case raft::member_part::voter: return "voter";
    case raft::member_part::learner: return "learner";
    case raft::member_part::witness: break;
    }
    return "witness";
}

struct member_report {
    std::uint64_t id = 0;
    // Only a leader knows these.
    std::optional<std::uint64_t> match{};
    std::optional<std::uint64_t> behind{};  ///< The entries that it lacks, or has not on its disk.
    /// How long ago it was last heard; a follower knows it of its leader. A leader that has just
    /// begun counts from there.
    std::optional<std::uint64_t> heard_ms{};
    /// The same in bytes of the leader's log, 16 KiB more at most.
    std::optional<std::uint64_t> behind_bytes{};
    /// A leader knows all, a follower its leader's. It should be the same everywhere.
    std::optional<std::uint64_t> election_timeout_ms{};
    raft::member_part part{};
    bool leaving = false;  ///< A change under way removes it.
};

[[nodiscard]] constexpr std::uint64_t whole_ms(raft::duration time) {
    return static_cast<std::uint64_t>(time.nanoseconds / 1'000'000);
}

/// Who is to vote and does not yet is a learner, be it a voter or a witness in the end: it has
/// promised nobody anything.
[[nodiscard]] inline raft::member_part present_part(const raft::configuration& members,
                                                    raft::core::slot who) {
    return members.all_voters().contains(who) ? raft::core::part_of(members, who)
                                              : raft::member_part::learner;
}

/// `progress`: what the server knows of each, as `raft::asio_node::members` gives it.
[[nodiscard]] inline std::vector<member_report>
report_of_members(const raft::core::state& state,
                  const std::vector<raft::member_progress>& progress) {
    const auto& members = state.members();
    std::vector<member_report> all;
    for (const auto& each : progress) {
        const auto who = members.slot_of(each.id);
        if (!who) continue;
        member_report one{.id = each.id.value,
                          .behind = each.entries_behind,
                          .behind_bytes = each.bytes_behind,
                          .part = present_part(members, *who),
                          .leaving = !members.final_members().contains(*who)};
        if (state.is_leader()) one.match = state.peers[who->value].match_index.value;
        if (each.silence) one.heard_ms = whole_ms(*each.silence);
        if (each.election_timeout) one.election_timeout_ms = whole_ms(*each.election_timeout);
        all.push_back(one);
    }
    return all;
}

}  // namespace raft_kv
