// SPDX-License-Identifier: BSL-1.0
//
// The requests that a node has accepted and not yet answered: proposals by the index of their
// entries, reads by their round, and changes of membership.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <raft/node/callback.hpp>
#include <raft/node/outcome.hpp>
#include <raft/node/queue.hpp>

namespace raft::detail {

/// Proposals that wait for their outcome. The rule is: an entry applied at their index is theirs if
/// its term is the one in which they were proposed, and then they are applied; otherwise they are
/// lost.
template <class Result, std::size_t CallbackBytes>
class proposals {
public:
    using callback_type = callback<void(std::size_t, const outcome<Result>&), CallbackBytes>;

    template <class F>
    void add(accepted_proposal place, std::uint64_t count, F on_outcome) {
        auto& added = current_.add();
        added.first = place.first;
        added.term = place.term;
        added.count = count;
        added.answered = 0;
        added.notified = false;
        added.on_outcome.emplace(std::move(on_outcome));
    }

    /// One command whose entry is now known to be at `place`, after those added before.
    void add_one(accepted_proposal place, callback_type on_outcome) {
        auto& added = current_.add();
        added = {.first = place.first, .term = place.term, .count = 1};
        added.on_outcome = std::move(on_outcome);
    }

    /// Whether any proposal waits for its outcome.
    [[nodiscard]] bool any() const { return !current_.empty() || !doubtful_.empty(); }

    [[nodiscard]] bool any_in_doubt() const { return !doubtful_.empty(); }

    /// The entry at `index`, of `term`, was applied with `result` (null if it holds no command).
    void resolve(log_index index, term_number term, Result* result) {
        if (!doubtful_.empty()) resolve_doubtful(index, term, result);
        if (result == nullptr || current_.empty() || !is_next(current_.front(), index)) return;
        answer_first(applied<Result>{index, std::move(*result)});
    }

    /// Leadership, or the leader, is lost: proposals that are not applied yet are in doubt. A
    /// callable that is running, and has thereby ended leadership, must not move; its proposal
    /// follows when it has returned.
    void mark_unknown() {
        if (answering_)
            lost_meanwhile_ = true;
        else
            while (!current_.empty()) doubtful_.push_back(current_.pop());
    }

    /// Calls the callbacks of the proposals in doubt, each once.
    void notify_unknown() {
        for (std::size_t i = 0; i < doubtful_.size(); ++i) {
            if (doubtful_[i].notified) continue;
            auto each = std::move(doubtful_[i]);
            each.notified = true;
            for (auto n = each.answered; n < each.count; ++n)
                each.on_outcome(n, outcome<Result>{unknown{}});
            doubtful_[i] = std::move(each);
        }
    }

    /// A snapshot replaced the entries up to `index`: the outcome of proposals in doubt there stays
    /// unknown.
    void forget_through(log_index index) {
        notify_unknown();
        for (auto& each : doubtful_)
            if (each.next_index() <= index) each.answered = index - each.first + 1;
        std::erase_if(doubtful_, [](const waiting& each) { return each.answered >= each.count; });
    }

private:
    struct waiting {
        log_index first{};
        term_number term{};
        std::uint64_t count = 0;
        std::uint64_t answered = 0;
        bool notified = false;
        callback_type on_outcome{};

        [[nodiscard]] log_index next_index() const { return first + answered; }
        template <class Answer>
        void answer(Answer given) {
            on_outcome(answered++, outcome<Result>{std::move(given)});
        }
    };

    [[nodiscard]] static bool is_next(const waiting& each, log_index index) {
        return each.answered < each.count && each.next_index() == index;
    }

    /// A callable may propose more while it runs, so it runs in its place in the queue.
    void answer_first(applied<Result> given) {
        auto& first = current_.front();
        answering_ = true;
        first.answer(std::move(given));
        answering_ = false;
        if (first.answered == first.count) {
            first.on_outcome.reset();
            current_.drop();
        }
        if (lost_meanwhile_) {
            lost_meanwhile_ = false;
            mark_unknown();
        }
    }

    void resolve_doubtful(log_index index, term_number term, Result* result) {
        notify_unknown();
        auto rest = std::exchange(doubtful_, {});
        for (auto& each : rest) {
            if (is_next(each, index)) {
                if (each.term == term && result != nullptr)
                    each.answer(applied<Result>{index, std::move(*result)});
                else
                    each.answer(lost{});
            }
            if (each.answered < each.count) doubtful_.push_back(std::move(each));
        }
    }

    queue<waiting> current_{};  ///< Of this leadership, or this leader's, in the order of the log.
    std::vector<waiting> doubtful_{};  ///< Of leaderships that ended.
    bool answering_ = false;           ///< The callback of the first of the current ones runs.
    bool lost_meanwhile_ = false;      ///< Leadership was lost while it ran.
};

/// Reads that wait for their round to be confirmed and their index to be applied.
template <std::size_t CallbackBytes>
class reads {
public:
    using callback_type = callback<void(const read_outcome&), CallbackBytes>;

    void add(accepted_read ticket, callback_type on_ready) {
        waiting_.push({ticket, std::move(on_ready)});
    }

    [[nodiscard]] bool any() const { return !waiting_.empty() || !void_.empty(); }

    void confirm(const confirmed_reads& safe) {
        confirmed_.round = safe.round;
        confirmed_.index = std::max(confirmed_.index, safe.index);
    }

    /// Whether the applied entries are enough for this read.
    [[nodiscard]] bool is_ready(const accepted_read& ticket, log_index last_applied) const {
        return ticket.round <= confirmed_.round &&
               std::max(ticket.index, confirmed_.index) <= last_applied;
    }

    void serve(log_index last_applied) {
        while (!waiting_.empty() && is_ready(waiting_.front().ticket, last_applied)) {
            auto each = waiting_.pop();
            each.on_ready(read_outcome{read_ready{last_applied}});
        }
    }

    /// Leadership, or the leader, is lost: reads that are not served yet fail.
    void fail_all() {
        while (!waiting_.empty()) void_.push(waiting_.pop());
        confirmed_ = {};
    }

    void notify_failed(const refusal& reason) {
        while (!void_.empty()) {
            auto each = void_.pop();
            each.on_ready(read_outcome{reason});
        }
    }

private:
    struct waiting_read {
        accepted_read ticket{};
        callback_type on_ready{};
    };

    queue<waiting_read> waiting_{};
    queue<waiting_read> void_{};
    confirmed_reads confirmed_{};
};

/// The callers that wait for the end of a change of membership: the one that requested it, and the
/// one that took it back.
template <std::size_t CallbackBytes>
class awaited_change {
public:
    using callback_type = callback<void(const change_outcome&), CallbackBytes>;

    /// `takes_back`: the request was for the members before a change in progress.
    void await(callback_type on_outcome, bool takes_back) {
        waiting_.push_back({std::move(on_outcome), takes_back});
    }
    /// Only the first outcome of a step counts.
    void end(change_outcome outcome) {
        if (!waiting_.empty() && !outcome_) outcome_ = outcome;
    }
    void tell() {
        if (!outcome_) return;
        const auto ended = *std::exchange(outcome_, std::nullopt);
        for (auto& each : std::exchange(waiting_, {})) each.on_outcome(as_seen_by(each, ended));
    }

private:
    struct waiting_change {
        callback_type on_outcome{};
        bool takes_back = false;
    };

    /// The caller that took the change back has the members that it requested.
    [[nodiscard]] static change_outcome as_seen_by(const waiting_change& waiter,
                                                   const change_outcome& ended) {
        const bool aborted = ended == change_outcome{change_result::aborted};
        return waiter.takes_back && aborted ? change_outcome{change_result::completed} : ended;
    }

    std::vector<waiting_change> waiting_{};
    std::optional<change_outcome> outcome_{};
};

}  // namespace raft::detail
