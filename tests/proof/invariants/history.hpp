// SPDX-License-Identifier: BSL-1.0
//
// What the inductive invariant (invariants.hpp) speaks of, besides messages: servers as Figure 2
// shows them, and the history of their cluster. A server has no such history, and no rule reads it:
// it is what an observer of all servers would have written down. Small numbers, so that very many
// of them can be looked at.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <optional>

#include <raft/core/step.hpp>

namespace raft::proof {

/// A term, an index, or the place of a server: one less than its `member_id`.
using small_number = std::uint8_t;

inline constexpr std::size_t small_cluster_max = 3;  ///< Servers.
inline constexpr std::size_t small_term_max = 4;
inline constexpr std::size_t small_log_max = 5;

/// The terms of the entries of a log.
struct small_log {
    small_number length = 0;
    std::array<small_number, small_log_max> terms{};

    [[nodiscard]] constexpr small_number term_at(std::size_t index) const {
        return index == 0 ? small_number{0} : terms[index - 1];
    }
    [[nodiscard]] constexpr small_number last_term() const { return term_at(length); }

    /// Whether both logs have the first `count` entries, and the same.
    [[nodiscard]] constexpr bool agrees(const small_log& other, std::size_t count) const {
        if (count > length || count > other.length) return false;
        for (std::size_t i = 0; i < count; ++i)
            if (terms[i] != other.terms[i]) return false;
        return true;
    }

    friend constexpr auto operator<=>(const small_log&, const small_log&) = default;
};

/// A server, by its fields of Figure 2, and by what it knows of holes in its log.
struct server_view {
    enum class role : std::uint8_t { follower, candidate, leader };

    small_number current_term = 0;
    std::optional<small_number> voted_for{};
    small_log log{};
    small_number commit_index = 0;
    role is = role::follower;
    std::optional<small_number> leader{};  ///< A follower's, once heard of in this term.
    small_number matched_index = 0;        ///< A follower's log is the leader's up to here.
    std::uint8_t granted = 0;  ///< The votes that a candidate has counted; a bit for each.
    std::array<small_number, small_cluster_max> match_index{};  ///< A leader's.
    small_number lacks_from = 0;  ///< The log has no commands from here on; 0: it has all.
    small_number lost_index = 0;  ///< The log ended here before the disk lost entries; 0: it has
    small_number lost_term = 0;   ///< lost none.

    friend constexpr bool operator==(const server_view&, const server_view&) = default;
};

[[nodiscard]] constexpr small_number place_of(member_id id) {
    return static_cast<small_number>(id.value - 1);
}

[[nodiscard]] constexpr small_log small_log_of(const core::log_terms& log) {
    core::require(log.base().index == log_index{} && log.last_index().value <= small_log_max);
    small_log result;
    for (auto i = log_index{1}; i <= log.last_index(); i = next(i))
        result.terms[result.length++] = static_cast<small_number>(log.known_term_at(i).value);
    return result;
}

/// A production state, seen so. It has taken no snapshot, and all servers are voters. Who asks only
/// whether it could win (thesis §9.6) stands for nothing yet: it follows nobody.
[[nodiscard]] constexpr server_view view_of(const core::state& s) {
    const auto small = [](auto wrapped) { return static_cast<small_number>(wrapped.value); };
    core::require(s.current_term.value <= small_term_max &&
                  s.members().members.size() <= small_cluster_max);
    server_view result;
    result.current_term = small(s.current_term);
    if (s.voted_for) result.voted_for = place_of(*s.voted_for);
    result.log = small_log_of(s.log);
    result.commit_index = small(s.commit_index);
    if (s.tasks->lacks_from) result.lacks_from = small(*s.tasks->lacks_from);
    if (s.tasks->lost_through) {
        result.lost_index = small(s.tasks->lost_through->index);
        result.lost_term = small(s.tasks->lost_through->term);
    }
    if (const auto* following = std::get_if<core::follower_state>(&s.role)) {
        if (following->leader) result.leader = place_of(*following->leader);
        result.matched_index = small(following->matched_index);
    } else if (const auto* standing = std::get_if<core::candidate_state>(&s.role)) {
        if (standing->pre_vote) {
            result.matched_index = result.commit_index;
        } else {
            result.is = server_view::role::candidate;
            result.granted = static_cast<std::uint8_t>(standing->granted.bits());
        }
    } else {
        result.is = server_view::role::leader;
        for (std::size_t k = 0; k < s.peers.size(); ++k)
            result.match_index[k] = small(s.peers[k].match_index);
    }
    return result;
}

/// What has happened so far in a cluster.
struct cluster_history {
    struct term {
        std::optional<small_number> leader{};
        small_log log{};  ///< The leader's, as long as it ever was in this term.
        std::array<std::optional<small_number>, small_cluster_max> vote{};
        std::array<small_number, small_cluster_max>
            acknowledged{};  ///< The most that a server said to
                             ///< have of this leader's log.
        friend constexpr auto operator<=>(const term&, const term&) = default;
    };

    std::array<small_number, small_cluster_max> current_term{};
    std::array<term, small_term_max + 1> terms{};
    small_number servers = 0;

    friend constexpr auto operator<=>(const cluster_history&, const cluster_history&) = default;
};

/// Server `i` is now as `now` shows. Gives the rule that this breaks of itself, or null.
[[nodiscard]] constexpr const char* observe(cluster_history& h, std::size_t i,
                                            const server_view& now) {
    if (now.current_term < h.current_term[i]) return "a server goes back to an earlier term";
    h.current_term[i] = now.current_term;
    auto& term = h.terms[now.current_term];
    if (term.vote[i] && term.vote[i] != now.voted_for) return "a server takes back its vote";
    term.vote[i] = now.voted_for;
    if (now.is != server_view::role::leader) return nullptr;
    if (term.leader && term.leader != i) return "Election Safety: two leaders in one term";
    if (!now.log.agrees(term.log, term.log.length))
        return "Leader Append-Only: a leader cut its log";
    term.leader = static_cast<small_number>(i);
    term.log = now.log;
    term.acknowledged[i] = now.log.length;
    return nullptr;
}

/// Server `i` says so to the leader of a term.
constexpr void observe_acknowledgement(cluster_history& h, std::size_t i, std::size_t term,
                                       small_number index) {
    auto& known = h.terms[term].acknowledged[i];
    known = std::max(known, index);
}

}  // namespace raft::proof
