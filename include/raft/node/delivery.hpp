// SPDX-License-Identifier: BSL-1.0
//
// What is committed goes to the state machine, and what comes of it to those who asked: proposals,
// reads, and changes of membership.
#pragma once

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

    /// The state machine holds what a snapshot of the log up to `index` held.
    void begin_after(log_index index) { last_applied_ = index; }

    [[gnu::always_inline]] void apply(std::span<const entry<command>> committed,
                                      StateMachine& machine) {
        if (committed.size() == 1)
            apply_one(committed.front(), machine);
        else
            apply_all(committed, machine);
    }

    /// What a step says of those who wait; `leader`: who leads now. If leadership or the leader is
    /// lost, who waits for a proposal or a change hears that its fate is open, who waits for a read
    /// that it was in vain.
    void hear(const occasional_effects& said, std::optional<member_id> leader) {
        if (said.forwarded) forwarding.end_taken(*said.forwarded, last_applied_, proposed);
        if (said.forward_refused) forwarding.end_refused(*said.forward_refused);
        if (said.forwarding_lost) forwarding.lose({refusal_reason::leadership_lost, leader});
        if (said.leadership_lost || said.forwarding_lost) proposed.doubt_all();
        if (said.leadership_lost || said.reads_lost) reading.void_all();
        if (said.change_refused) changing.end(*said.change_refused);
        if (said.leadership_lost) changing.end(unknown{});
        if (said.change_ended) changing.end(*said.change_ended);
        if (said.confirmed) reading.confirm(*said.confirmed);
    }

    /// A snapshot took the place of what was to be applied up to `index`. Who waits for that, or
    /// for more, hears that its fate is open.
    void skip_to(log_index index) {
        begin_after(index);
        proposed.doubt_all();
        proposed.forget_through(index);
    }

    /// Tells what there is to tell; true if anybody waits for more. `complete`: all that is
    /// committed is applied.
    [[nodiscard]] bool tell(bool complete, std::optional<member_id> leader) {
        if (complete) proposed.tell_doubt();
        reading.serve(last_applied_);
        reading.refuse_void({refusal_reason::leadership_lost, leader});
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
    [[gnu::always_inline]] void resolve(log_index index, term_number term, result* value) {
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

    /// Outcomes are told last: the view ends with the first call that changes the storage.
    [[gnu::noinline]] void apply_all(std::span<const entry<command>> committed,
                                     StateMachine& machine) {
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
