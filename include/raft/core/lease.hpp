// SPDX-License-Identifier: BSL-1.0
//
// Leases (thesis §6.4.1): for a time after a round began no other server can have been elected, so
// the leader answers reads without a round. This relies on clocks that keep the configured bound.
#pragma once

#include <raft/core/turn.hpp>

namespace raft::core {

[[nodiscard]] constexpr bool allows_leases(const state& s) {
    return s.config.clock_drift_ppm && s.config.check_quorum;
}

/// How long after a round began no other server can have been elected. The servers that
/// acknowledged the round elect no other for an election timeout, by clocks that may run ahead of
/// this one by the drift of both.
[[nodiscard]] constexpr duration lease_length(const state& s) {
    constexpr std::int64_t million = 1'000'000;
    const auto timeout = s.config.election_timeout.nanoseconds;
    const auto apart = 2 * std::int64_t{*s.config.clock_drift_ppm};
    // Rounded up, and in two parts, so that the product does not overflow.
    const auto drift =
        timeout / million * apart + (timeout % million * apart + million - 1) / million;
    return {timeout - drift - 1};
}

/// Whether a member may still start an election because this leader sent it timeout_now: the others
/// do not ignore such an election. The member cannot once its log has grown, which its
/// acknowledgement shows.
[[nodiscard]] constexpr bool may_be_deposed(const state& s) {
    if (s.tasks->transfer) return true;
    for (const auto& each : s.tasks->timeouts_sent) {
        const auto target = s.members().slot_of(each.target);
        if (!target || s.peers[target->value].match_index <= each.last_index) return true;
    }
    return false;
}

/// Whether the leader's own disk keeps up. A leader with a stalled disk must not hold on to
/// leadership by answering reads.
[[nodiscard]] constexpr bool disk_keeps_up(const state& s, const leader_state& leader,
                                           instant now) {
    return s.disk.is_idle() || !leader.own ||
           now - s.peers[held(leader.own).value].last_contact < s.config.election_timeout;
}

[[nodiscard]] constexpr bool holds_lease(const state& s, const leader_state& leader, instant now) {
    return allows_leases(s) && leader.has_lease && now - leader.lease_from < lease_length(s) &&
           !may_be_deposed(s) && disk_keeps_up(s, leader, now);
}

/// Begins a round if the last one is confirmed: a lease lasts as long as rounds follow one another.
constexpr void renew_lease(const state& s, leader_state& leader, instant now) {
    if (!allows_leases(s) || leader.round != leader.confirmed) return;
    ++leader.round.value;
    leader.round_began = now;
}

}  // namespace raft::core
