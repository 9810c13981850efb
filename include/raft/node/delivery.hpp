// SPDX-License-Identifier: BSL-1.0
//
// What is committed goes to the state machine, and what comes of it to those who asked: proposals,
// reads, and changes of membership.
#pragma once

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <raft/node/requests.hpp>
#include <raft/policy/entry.hpp>

namespace raft::detail {

template <class StateMachine, std::size_t CallbackBytes>
class delivery {
public:
    using command = typename StateMachine::command;
    using result = typename StateMachine::result;

    proposals<result, CallbackBytes + 16> proposed{};
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

    /// Leadership is lost: who waits for a proposal or a change hears that its fate is open, who
    /// waits for a read that it was in vain.
    void lose_leadership() {
        proposed.doubt_all();
        reading.void_all();
        changing.end(unknown{});
    }

    /// Tells what there is to tell; true if anybody waits for more. `complete`: all that is
    /// committed is applied.
    [[nodiscard]] bool tell(bool complete, std::optional<member_id> leader) {
        if (complete) proposed.tell_doubt();
        reading.serve(last_applied_);
        reading.refuse_void({refusal_reason::leadership_lost, leader});
        changing.tell();
        return proposed.any_in_doubt() || reading.any();
    }

private:
    struct applied_entry {
        term_number term{};
        std::optional<result> value{};
    };

    void apply_one(const entry<command>& committed, StateMachine& machine) {
        last_applied_ = next(last_applied_);
        const auto term = committed.term;
        const bool awaited = proposed.any();
        if (committed.command) {
            auto answer = machine.apply(last_applied_, *committed.command);
            if (awaited) proposed.resolve(last_applied_, term, &answer);
        } else if (awaited) {
            proposed.resolve(last_applied_, term, nullptr);
        }
    }

    /// Outcomes are told last: the view ends with the first call that changes the storage.
    [[gnu::noinline]] void apply_all(std::span<const entry<command>> committed,
                                     StateMachine& machine) {
        auto index = next(last_applied_);
        const bool awaited = proposed.any();
        for (const auto& each : committed) {
            last_applied_ = next(last_applied_);
            if (awaited) results_.push_back({each.term, std::nullopt});
            if (!each.command) continue;
            auto answer = machine.apply(last_applied_, *each.command);
            if (awaited) results_.back().value.emplace(std::move(answer));
        }
        for (auto& each : results_) {
            proposed.resolve(index, each.term, each.value ? &*each.value : nullptr);
            index = next(index);
        }
        results_.clear();
    }

    log_index last_applied_{};
    std::vector<applied_entry> results_{};
};

}  // namespace raft::detail
