// SPDX-License-Identifier: BSL-1.0
//
// What a server answers to whatever watches over it: whether to start it again, and whether to send
// it clients.
//
// It is healthy while its storage has not failed for good: another start cannot do worse. One whose
// state is not that of the others is not to be started again by whatever watches: it would serve
// wrong data until it is found again.
//
// It is ready while it leads, or follows a leader that it heard within an election timeout, and
// once it has applied what was committed before it came up. A linearizable read shows that: its
// leader names the last committed entry of then, and the read is served when that is applied. A
// witness holds no data, so that there is nothing to apply.
#pragma once

#include <optional>
#include <string>

#include "member_report.hpp"
#include "standing.hpp"

#include <raft/core/state.hpp>

namespace raft_kv {

class health {
public:
    /// Whether the read is to be asked for that shows that all is applied.
    [[nodiscard]] bool wants_read(const raft::core::state& state) const {
        return !asks_ && !has_caught_up(state) && state.current_leader();
    }
    void read_asked() { asks_ = true; }
    void read_answered(bool served) {
        asks_ = false;
        caught_up_ = caught_up_ || served;
    }

    /// Why it should be started again; none if it is healthy.
    [[nodiscard]] static std::optional<std::string> ailment(const raft::core::state& state) {
        if (!state.is_halted() || is_other(state) || is_too_old(state)) return std::nullopt;
        return "the storage failed for good, and this server takes part in nothing any more";
    }

    /// Why clients should not come here; none if it is ready.
    [[nodiscard]] std::optional<std::string> obstacle(const raft::core::state& state,
                                                      raft::instant now) const {
        if (auto ailing = ailment(state)) return ailing;
        if (is_other(state)) return "the state of this server is not that of the others";
        if (is_too_old(state)) return "this raft-kv is too old for a command of the log";
        if (!state.current_leader()) return "no leader is known";
        if (const auto* following = std::get_if<raft::core::follower_state>(&state.role)) {
            const auto silence = now - following->last_contact;
            if (silence >= state.config.election_timeout)
                return "the leader was last heard " +
                       std::to_string(silence.nanoseconds / 1'000'000) + " ms ago";
        }
        if (!has_caught_up(state))
            return "not all is applied yet that was committed before this server came up";
        return std::nullopt;
    }

private:
    [[nodiscard]] static bool is_other(const raft::core::state& state) {
        return standing_of(state).halted_by == raft::core::halt_reason::state_differs;
    }
    [[nodiscard]] static bool is_too_old(const raft::core::state& state) {
        return standing_of(state).halted_by == raft::core::halt_reason::version_too_old;
    }
    [[nodiscard]] bool has_caught_up(const raft::core::state& state) const {
        return caught_up_ || state.members().is_witness(state.self);
    }

    bool caught_up_ = false;
    bool asks_ = false;
};

}  // namespace raft_kv
