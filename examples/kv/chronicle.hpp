// SPDX-License-Identifier: BSL-1.0
//
// What the log of a server says of its part in the cluster, when that has changed.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "activity.hpp"
#include "event_log.hpp"
#include "standing.hpp"

#include <raft/battery/comparison.hpp>

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
        tell_room(state, storage);
        if (has_failed_ || !state.is_halted()) return false;
        const auto* why = std::get_if<raft::core::halted>(&state.role);
        if (why->reason != raft::core::halt_reason::storage_failed) return false;
        has_failed_ = true;
        const auto cause = storage.error();
        log_("storage failed, this server takes part in nothing any more: " +
             (cause.empty() ? std::string{"the snapshot makes no sense"} : cause));
        return true;
    }

    /// What comparing the servers has shown.
    void tell(const std::vector<raft::digests::comparison_news>& news) const {
        const auto name = [](raft::member_id id) { return id_text(id.value); };
        for (const auto& each : news)
            log_(std::visit([&](const auto& found) { return text_of(found, name); }, each));
    }

    [[nodiscard]] bool has_failed() const { return has_failed_; }

private:
    /// Nothing is lost while the disk is full, and all goes on when there is room.
    template <class Storage>
    void tell_room(const raft::core::state& state, const Storage& storage) {
        const bool waits = state.disk.full || storage.waits_for_room();
        if (waits == waits_for_room_) return;
        waits_for_room_ = waits;
        if (!waits) return log_("the disk has room again");
        const auto cause = storage.room_error();
        log_("the disk has no room for the log: " +
             (cause.empty() ? std::string{"no more entries are taken until it has"} : cause));
    }

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
    bool waits_for_room_ = false;
};

}  // namespace raft_kv
