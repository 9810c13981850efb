// SPDX-License-Identifier: BSL-1.0
//
// What a cluster must come to when nothing goes wrong any more. Nobody demands a leader of one that
// cannot have any; whether it can is decided here by the states of its servers alone (§5.4.1).
#pragma once

#include <cstdint>

#include <raft/testing/simulator/stage.hpp>

namespace raft::testing::simulation {

/// The end of the log by which a server votes; what its snapshot covers is not lost.
[[nodiscard]] inline core::log_position end_for_votes(const core::state& s) {
    const auto& lost = s.tasks->lost_through;
    if (!lost || lost->index <= s.snapshot.last_included.index) return s.log.last();
    return at_least_as_up_to_date(s.log.last(), *lost) ? s.log.last() : *lost;
}

/// Whether this server holds all that it once had, and has the commands of it.
[[nodiscard]] inline bool is_whole(const core::state& s) {
    const auto& lost = s.tasks->lost_through;
    return (!lost || lost->index <= s.snapshot.last_included.index) && !s.tasks->lacks_from;
}

template <class Workload>
class liveness {
    using stage_type = stage<Workload>;
    using server_type = typename stage_type::server_type;

public:
    explicit liveness(stage_type& on) : stage_{on} {}

    /// Whether some server could win an election with the votes of those that run.
    [[nodiscard]] bool can_have_leader() const {
        for (const auto& each : stage_.servers)
            if (each->is_up() && could_win(*each)) return true;
        return false;
    }

    /// Whether a leader is there that has made itself known: something of its term is committed.
    [[nodiscard]] bool has_leader() const {
        const auto* leader = stage_.leader();
        if (leader == nullptr) return false;
        const auto& role = core::held<core::leader_state>(leader->state().role);
        return leader->state().commit_index >= role.term_start;
    }

    /// What the leader knows to be committed.
    [[nodiscard]] log_index committed() const {
        const auto* leader = stage_.leader();
        return leader != nullptr ? leader->state().commit_index : log_index{};
    }

    /// The first member of the leader's configuration that runs and has not come to `goal`; null if
    /// there is none.
    [[nodiscard]] const server_type* straggler(log_index goal) const {
        const auto* leader = stage_.leader();
        if (leader == nullptr) return nullptr;
        const auto& now = leader->state();
        for (const auto place : now.members().final_members()) {
            const auto id = now.members().id_of(place);
            const auto& s = *stage_.servers[id.value - 1];
            if (!s.is_up() || s.state().is_halted()) continue;
            const bool applies = !now.members().is_witness(id);
            const auto reached = applies ? s.node().status().last_applied : s.state().commit_index;
            if (reached < goal) return &s;
        }
        return nullptr;
    }

private:
    [[nodiscard]] bool could_win(const server_type& candidate) const {
        const auto& s = candidate.state();
        const auto& members = s.members();
        if (s.is_halted() || !members.can_lead(s.self) || !is_whole(s)) return false;
        return core::quorum_agrees(members, [&](core::slot voter) {
            const auto place = static_cast<std::uint16_t>(members.id_of(voter).value - 1);
            if (!stage_.is_up(place)) return false;
            const auto& other = stage_.servers[place]->state();
            return !other.is_halted() && at_least_as_up_to_date(s.log.last(), end_for_votes(other));
        });
    }

    stage_type& stage_;
};

}  // namespace raft::testing::simulation
