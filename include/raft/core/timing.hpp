// SPDX-License-Identifier: BSL-1.0
//
// Pseudo-random numbers: election timeouts (§5.2), and names that distinguish the runs of a server.
// All of them come from one seed in the state.
#pragma once

#include <raft/core/turn.hpp>

namespace raft::core {

/// §5.2: timeouts are random so that few elections are split. Each is between one and two times the
/// configured timeout, and one such timeout longer for each rank. It is computed from the seed,
/// which stays until the next one is drawn.
[[nodiscard]] constexpr duration election_timeout(const state& s) {
    constexpr int precision = 20;  // A millionth of the span, and no division.
    const auto span = s.config.election_timeout.nanoseconds;
    const auto part = static_cast<std::int64_t>(s.seed >> (64 - precision));
    return s.config.election_timeout * (1 + s.config.election_rank) +
           duration{(span * part) >> precision};
}

/// A pseudo-random number, by the mixing of splitmix64.
[[nodiscard]] constexpr std::uint64_t mixed(std::uint64_t number) {
    auto z = number + 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
}

/// A number that most likely no earlier run of this server had. It depends on the time too, because
/// the caller may give the same seed each time. It is below 2^63, as every number in a message is.
[[nodiscard]] constexpr std::uint64_t name_of_run(const state& s, instant now) {
    return mixed(s.seed ^ static_cast<std::uint64_t>(now.nanoseconds)) >> 1U;
}

constexpr void draw_election_timeout(state& s) { s.seed = mixed(s.seed); }

constexpr void restart_election_timer(turn& t) {
    t.s.timers.election = t.now + election_timeout(t.s);
}

}  // namespace raft::core
