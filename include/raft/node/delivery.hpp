// SPDX-License-Identifier: BSL-1.0
//
// Committed entries go to the state machine, and the results to the callers of proposals, reads,
// and changes of membership.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <raft/node/forwarding.hpp>
#include <raft/node/requests.hpp>
#include <raft/policy/entry.hpp>

namespace raft::detail {

/// `ResultsKept`: see `limits`.
template <class StateMachine, std::size_t CallbackBytes, std::size_t ResultsKept>
class delivery {
public:
    using command = typename StateMachine::command;
    using result = typename StateMachine::result;

    proposals<result, CallbackBytes + 16> proposed{};
    detail::forwarding<command, result, CallbackBytes + 16> forwarding{};
    reads<CallbackBytes> reading{};
    awaited_change<CallbackBytes> changing{};

    [[nodiscard]] log_index last_applied() const { return last_applied_; }

    /// The state machine holds the state of a snapshot of the log up to `index`.
    void begin_after(log_index index) { last_applied_ = index; }

    void apply(std::span<const entry<command>> committed, StateMachine& machine) {
        if (committed.size() == 1)
            apply_one(committed.front(), machine);
        else
            apply_all(committed, machine);
    }

    /// Handles the effects of a step on the callers that wait; `leader` is the current leader. If
    /// leadership or the leader is lost, the outcome of proposals and changes is unknown, and reads
    /// fail.
    void on_effects(const rare_effects& rare, std::optional<member_id> leader) {
        if (rare.forwarded) forwarding.end_taken(*rare.forwarded, last_applied_, proposed);
        if (rare.forward_refused) forwarding.end_refused(*rare.forward_refused);
        if (rare.forwarding_lost) forwarding.lose({refusal_reason::leadership_lost, leader});
        if (rare.leadership_lost || rare.forwarding_lost) proposed.mark_unknown();
        if (rare.leadership_lost || rare.reads_lost) reading.fail_all();
        if (rare.change_refused) changing.end(*rare.change_refused);
        if (rare.change_ended) changing.end(*rare.change_ended);
        if (rare.leadership_lost) changing.end(unknown{});
        if (rare.confirmed) reading.confirm(*rare.confirmed);
    }

    /// A snapshot replaced the entries up to `index` that were not applied yet. The outcome of
    /// proposals there, and of later ones, is unknown.
    void skip_to(log_index index) {
        begin_after(index);
        proposed.mark_unknown();
        proposed.forget_through(index);
    }

    /// Calls the callbacks whose outcome is known; true if any others wait. `complete`: all
    /// committed entries are applied.
    [[nodiscard]] bool tell(bool complete, std::optional<member_id> leader) {
        if (complete) proposed.notify_unknown();
        reading.serve(last_applied_);
        reading.notify_failed({refusal_reason::leadership_lost, leader});
        changing.tell();
        forwarding.tell();
        return proposed.any_in_doubt() || reading.any();
    }

private:
    struct applied_entry {
        term_number term{};
        std::optional<result> value{};
    };

    [[nodiscard]] bool is_awaited() const { return proposed.any() || forwarding.is_under_way(); }

    /// The entry at `index` was applied with `value`; null if it holds no command.
    void resolve(log_index index, term_number term, result* value) {
        proposed.resolve(index, term, value);
        if (value != nullptr && forwarding.is_under_way())
            forwarding.keep(index, term, std::move(*value), ResultsKept);
    }

    void apply_one(const entry<command>& committed, StateMachine& machine) {
        last_applied_ = next(last_applied_);
        const auto term = committed.term;
        const bool awaited = is_awaited();
        if (committed.command) {
            auto answer = machine.apply(last_applied_, *committed.command);
            if (awaited) resolve(last_applied_, term, &answer);
        } else if (awaited) {
            resolve(last_applied_, term, nullptr);
        }
    }

    /// Callbacks are called last: the view of the entries ends with the first call that changes the
    /// storage.
    void apply_all(std::span<const entry<command>> committed, StateMachine& machine) {
        auto index = next(last_applied_);
        const bool awaited = is_awaited();
        for (const auto& each : committed) {
            last_applied_ = next(last_applied_);
            if (awaited) results_.push_back({each.term, std::nullopt});
            if (!each.command) continue;
            auto answer = machine.apply(last_applied_, *each.command);
            if (awaited) results_.back().value.emplace(std::move(answer));
        }
        for (auto& each : results_) {
            resolve(index, each.term, each.value ? &*each.value : nullptr);
            index = next(index);
        }
        results_.clear();
    }

    log_index last_applied_{};
    std::vector<applied_entry> results_{};
};

}  // namespace raft::detail
