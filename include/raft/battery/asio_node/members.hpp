// SPDX-License-Identifier: BSL-1.0
//
// What operators ask of the members: since when one was not heard, and how far it is behind.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include <raft/battery/comparison.hpp>
#include <raft/core/state.hpp>
#include <raft/node/status.hpp>

namespace raft {

/// What a server knows of a member. A leader knows all of it, a follower what is of its leader.
struct member_progress {
    member_id id{};
    /// Since it last replied; of a leader that has just begun, since then.
    std::optional<duration> silence{};
    /// How many entries of the leader's log it lacks, or has not on its disk.
    std::optional<std::uint64_t> entries_behind{};
    /// The bytes of these in the leader's log: no fewer, and up to 16 KiB more, or as much as was
    /// replaced of late. Where its next entries are discarded it is all that the log holds, and
    /// there is the snapshot besides.
    std::optional<std::uint64_t> bytes_behind{};
    /// Its election timeout, which should be this server's.
    std::optional<duration> election_timeout{};
};

}  // namespace raft

namespace raft::detail {

/// Since when the member was not heard, as far as this server knows.
[[nodiscard]] inline std::optional<duration> silence_of(const core::state& s, core::slot who,
                                                        instant now) {
    const auto id = s.members().id_of(who);
    if (s.is_leader()) return id == s.self ? duration{} : now - s.peers[who.value].last_contact;
    const auto* following = std::get_if<core::follower_state>(&s.role);
    if (following == nullptr || following->leader != id) return std::nullopt;
    return now - following->last_contact;
}

template <class Storage>
[[nodiscard]] std::vector<member_progress> progress_of(const core::state& s, const Storage& storage,
                                                       const digests::comparison_status& told,
                                                       instant now) {
    std::vector<member_progress> all;
    for (const auto who : s.members().everyone()) {
        member_progress one{.id = s.members().id_of(who), .silence = silence_of(s, who, now)};
        if (s.is_leader()) {
            const auto match = s.peers[who.value].match_index;
            one.entries_behind = s.log.last_index() - match;
            one.bytes_behind = storage.bytes_after(match);
        }
        const auto known = told.election_timeouts.find(one.id);
        if (known != told.election_timeouts.end()) one.election_timeout = known->second;
        if (one.id == s.self) one.election_timeout = s.config.election_timeout;
        all.push_back(one);
    }
    return all;
}

}  // namespace raft::detail
