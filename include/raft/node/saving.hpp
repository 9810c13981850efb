// SPDX-License-Identifier: BSL-1.0
//
// How a node has its state saved (§7): at once, or in the background where both policies can; and
// what its storage need not keep.
#pragma once

#include <optional>
#include <variant>

#include <raft/core/snapshot.hpp>
#include <raft/core/step.hpp>
#include <raft/policy.hpp>

namespace raft::detail {

/// Of which entry a snapshot can be: of the last that is applied, or, as a witness's has no state,
/// of the last that is committed.
[[nodiscard]] constexpr log_index snapshot_index(const state& s, log_index last_applied) {
    return s.tasks->lacks_from && s.members().is_witness(s.self) ? s.commit_index : last_applied;
}

/// Why no snapshot of what is applied can be begun now. `is_busy`: one is being saved or installed.
[[nodiscard]] constexpr std::optional<refusal_reason>
obstacle_to_saving(const state& s, log_index last_applied, bool is_busy, instant now) {
    if (const auto* why = std::get_if<halted>(&s.role)) return reason_of(*why);
    if (lacks_commands(s, last_applied) && !s.members().is_witness(s.self))
        return refusal_reason::commands_missing;
    if (is_busy || !may_take_snapshot(s, last_applied)) return refusal_reason::nothing_to_do;
    if (is_snapshot_in_use(s, now)) return refusal_reason::snapshot_in_use;
    return std::nullopt;
}

/// Begins a snapshot of the entry at `index`: of what `machine` holds, having applied everything up
/// to it. Where commands are missing there is nothing to save but the place in the log.
template <class StateMachine, class Storage>
void begin_saving(const state& s, log_index index, const StateMachine& machine, Storage& storage) {
    const log_position last_included{index, *s.log.term_at(index)};
    const auto& members = members_at(s, index);
    if (lacks_commands(s, index)) return storage.save(last_included, members, [](auto&) {});
    if constexpr (capturing_state_machine<StateMachine> && background_snapshot_storage<Storage>)
        storage.save_later(last_included, members,
                           [captured = machine.capture()](auto& sink) { captured.save(sink); });
    else
        storage.save(last_included, members, [&](auto& sink) { machine.save(sink); });
}

/// Tells the storage what this step has found to be of no more use.
template <class Storage>
void let_go(const occasional_effects& asked, Storage& storage) {
    if (asked.discard) storage.discard(*asked.discard);
    if constexpr (loss_remembering_storage<Storage>)
        if (asked.lost_regained) storage.forget_loss();
}

}  // namespace raft::detail
