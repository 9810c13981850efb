// SPDX-License-Identifier: BSL-1.0
//
// What the log of a server says of its part in the cluster, when that has changed.
#pragma once

#include <string>

#include "activity.hpp"
#include "event_log.hpp"
#include "standing.hpp"

namespace raft_kv {

class chronicle {
public:
    /// Both outlive it.
    chronicle(activity& done, const event_log& log) : done_{done}, log_{log} {}

    /// Once a turn. True if the storage has just failed for good.
    template <class Storage>
    [[nodiscard]] bool look_at(const raft::core::state& state, const Storage& storage) {
        const auto now = standing_of(state);
        if (now != seen_) tell(state, now);
        seen_ = now;
        if (has_failed_ || !state.is_halted()) return false;
        has_failed_ = true;
        const auto cause = storage.error();
        log_("storage failed, this server takes part in nothing any more: " +
             (cause.empty() ? std::string{"the snapshot makes no sense"} : cause));
        return true;
    }

    [[nodiscard]] bool has_failed() const { return has_failed_; }

private:
    void tell(const raft::core::state& state, const standing& now) {
        if (const auto text = text_of(now); !text.empty()) log_(text);
        const auto followed = seen_.role == standing::part::follower;
        if (state.is_candidate() && followed) ++done_.elections;
        if (state.is_leader()) ++done_.leaderships;
    }

    activity& done_;
    const event_log& log_;
    standing seen_{};
    bool has_failed_ = false;
};

}  // namespace raft_kv
