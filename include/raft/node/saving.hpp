// SPDX-License-Identifier: BSL-1.0
//
// How a node saves the state of its state machine (§7): at once, or in the background if both
// policies can; and what the storage need not keep.
#pragma once

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include <raft/core/snapshot.hpp>
#include <raft/core/step.hpp>
#include <raft/policy.hpp>

namespace raft::detail {

/// The entry at which a snapshot can be taken: the last applied one or, as a witness's snapshot has
/// no state, the last committed one.
[[nodiscard]] constexpr log_index snapshot_index(const state& s, log_index last_applied) {
    return s.tasks->lacks_from && s.members().is_witness(s.self) ? s.commit_index : last_applied;
}

/// Why no snapshot of the applied state can begin now. `is_busy`: one is being saved or installed.
/// `log_is_full`: then the log must get shorter, whoever receives the last one.
[[nodiscard]] constexpr std::optional<refusal_reason>
check_saving(const state& s, log_index last_applied, bool is_busy, bool log_is_full, instant now) {
    if (const auto* why = std::get_if<halted>(&s.role)) return reason_of(*why);
    if (lacks_commands(s, last_applied) && !s.members().is_witness(s.self))
        return refusal_reason::commands_missing;
    if (is_busy || !may_take_snapshot(s, last_applied)) return refusal_reason::nothing_to_do;
    if (!log_is_full && is_snapshot_in_use(s, now)) return refusal_reason::snapshot_in_use;
    return std::nullopt;
}

/// Begins a snapshot at `index`, of the state of `machine`, which has applied everything up to
/// there. Where commands are missing, only the position in the log is saved.
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

/// `Node`: the owner, whose parts it reaches as a friend.
template <class Node>
struct saver {
    Node& node;

    /// It has no room for a message as large as one may be.
    [[nodiscard]] bool log_is_full() const { return node.storage_.room() < message_bytes(); }
    [[nodiscard]] static constexpr std::uint64_t message_bytes() { return Node::message_bytes; }

    [[nodiscard]] std::optional<refusal> take() {
        node.read_clock();
        const bool is_busy = node.saving_at_ || node.restore_at_;
        const auto index = node.snapshot_index();
        if (const auto obstacle =
                check_saving(node.state_, index, is_busy, log_is_full(), node.now_))
            return refusal{*obstacle, node.state_.current_leader()};
        node.saving_at_ = index;
        node.schedule_.begun();
        begin_saving(node.state_, index, std::as_const(node.state_machine_), node.storage_);
        check();
        node.settle();
        return std::nullopt;
    }

    void check() {
        const auto newest = node.storage_.snapshot();
        if (!newest || newest->description.last_included.index < *node.saving_at_) return;
        node.saving_at_.reset();
        node.step_and_finish(snapshot_saved{newest->description, log_is_full()});
    }
};

/// Lets the storage remove what this step has found to be no longer needed.
template <class Storage>
void let_go(const rare_effects& rare, Storage& storage) {
    if (rare.discard) storage.discard(*rare.discard);
    if constexpr (loss_remembering_storage<Storage>)
        if (rare.lost_regained) storage.forget_loss();
}

}  // namespace raft::detail
