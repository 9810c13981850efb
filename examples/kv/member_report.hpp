// SPDX-License-Identifier: BSL-1.0
//
// What a server tells of the members of its cluster. A leader knows more of them than others do.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

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
    raft::member_part part{};
    bool leaving = false;  ///< A change under way removes it.
};

/// Who is to vote and does not yet is a learner, be it a voter or a witness in the end: it has
/// promised nobody anything.
[[nodiscard]] inline raft::member_part present_part(const raft::configuration& members,
                                                    raft::core::slot who) {
    return members.all_voters().contains(who) ? raft::core::part_of(members, who)
                                              : raft::member_part::learner;
}

/// How long ago the member was last heard, as far as this server knows.
[[nodiscard]] inline std::optional<std::uint64_t>
silence_of(const raft::core::state& state, raft::core::slot who, raft::instant now) {
    const auto id = state.members().id_of(who);
    std::optional<raft::instant> heard;
    if (state.is_leader()) heard = id == state.self ? now : state.peers[who.value].last_contact;
    const auto* following = std::get_if<raft::core::follower_state>(&state.role);
    if (following != nullptr && following->leader == id) heard = following->last_contact;
    if (!heard) return std::nullopt;
    return static_cast<std::uint64_t>((now - *heard).nanoseconds / 1'000'000);
}

[[nodiscard]] inline std::vector<member_report> report_of_members(const raft::core::state& state,
                                                                  raft::instant now) {
    const auto& members = state.members();
    std::vector<member_report> all;
    for (const auto who : members.everyone()) {
        member_report one{.id = members.id_of(who).value,
                          .heard_ms = silence_of(state, who, now),
                          .part = present_part(members, who),
                          .leaving = !members.final_members().contains(who)};
        if (state.is_leader()) {
            const auto match = state.peers[who.value].match_index;
            one.match = match.value;
            one.behind = state.log.last_index() - match;
        }
        all.push_back(one);
    }
    return all;
}

}  // namespace raft_kv
