// SPDX-License-Identifier: BSL-1.0
//
// The log as the rules see it (§5.3): which term each index has, and nothing of what the entries
// say. Terms never decrease along a log, so the whole of it is a few runs of equal terms. Every
// question of the protocol is answered from them, without storage, in the number of runs, which is
// almost always one.
#pragma once

#include <optional>
#include <vector>

#include <raft/core/types.hpp>

namespace raft {

/// An entry's identity: two logs that agree on it agree on everything before it (Log Matching,
/// §5.3).
struct log_position {
    log_index index{};
    term_number term{};
    friend constexpr bool operator==(const log_position&, const log_position&) = default;
};

/// §5.4.1: the log with the later last term is more up to date; of equal last terms, the longer
/// one.
[[nodiscard]] constexpr bool at_least_as_up_to_date(log_position a, log_position b) {
    return a.term != b.term ? a.term > b.term : a.index >= b.index;
}

/// A stretch of entries of one term; it ends where the next one begins.
struct term_run {
    term_number term{};
    log_index first{};
    friend constexpr bool operator==(const term_run&, const term_run&) = default;
};

/// The terms of all entries in (base, last]. What is at or before the base has been compacted away
/// (§7).
class log_shape {
public:
    constexpr log_shape() = default;
    constexpr explicit log_shape(log_position base) : base_{base}, last_{base.index} {}

    [[nodiscard]] constexpr log_position base() const { return base_; }
    [[nodiscard]] constexpr log_index last_index() const { return last_; }
    [[nodiscard]] constexpr term_number last_term() const {
        return runs_.empty() ? base_.term : runs_.back().term;
    }
    [[nodiscard]] constexpr log_position last() const { return {last_, last_term()}; }
    [[nodiscard]] constexpr const std::vector<term_run>& runs() const { return runs_; }

    /// The term of the entry at `index`; none before the base and after the end, where this log
    /// cannot know it.
    [[nodiscard]] constexpr std::optional<term_number> term_at(log_index index) const {
        if (index > last_ || index < base_.index) return std::nullopt;
        for (auto run = runs_.rbegin(); run != runs_.rend(); ++run)
            if (index >= run->first) return run->term;
        return base_.term;
    }

    [[nodiscard]] constexpr bool matches(log_position position) const {
        return term_at(position.index) == position.term;
    }

    /// The last entry of the unbroken stretch of one term that begins at `first`, but not after
    /// `limit`.
    [[nodiscard]] constexpr log_index run_end(log_index first, log_index limit) const {
        auto end = last_;
        for (auto run = runs_.rbegin(); run != runs_.rend() && run->first > first; ++run)
            end = previous(run->first);
        return end < limit ? end : limit;
    }

    /// §5.3, the conflict hint: the last position at or before `limit` whose term is at most
    /// `term`. Every entry after it and up to `limit` has a later term than the other log can have
    /// there, so none of them can match.
    [[nodiscard]] constexpr log_position last_not_after(log_index limit, term_number term) const {
        auto end = limit < last_ ? limit : last_;
        for (auto run = runs_.rbegin(); run != runs_.rend(); ++run) {
            if (run->first > end) continue;
            if (run->term <= term) return {end, run->term};
            end = previous(run->first);
        }
        return base_;
    }

    /// Appends `count` entries of one term, which is not before the last one.
    constexpr void append(term_number term, std::uint64_t count) {
        require(term >= last_term());
        if (count == 0) return;
        if (runs_.empty() || runs_.back().term != term) runs_.push_back({term, next(last_)});
        last_ = last_ + count;
    }

    /// Cuts off every entry after `last` (§5.3: entries that conflict with the leader's).
    constexpr void truncate_after(log_index last) {
        require(last >= base_.index && last <= last_);
        while (!runs_.empty() && runs_.back().first > last) runs_.pop_back();
        last_ = last;
    }

    /// Forgets the entries up to and including `through` (§7: a snapshot covers them).
    constexpr void discard_through(log_index through) {
        require(through >= base_.index && through <= last_);
        const auto term = term_at(through);
        while (runs_.size() > 1 && runs_[1].first <= next(through)) runs_.erase(runs_.begin());
        if (!runs_.empty() && runs_.front().first <= through) runs_.front().first = next(through);
        if (!runs_.empty() && runs_.front().first > last_) runs_.clear();
        base_ = {through, *term};
    }

    friend constexpr bool operator==(const log_shape&, const log_shape&) = default;

private:
    log_position base_{};
    log_index last_{};
    std::vector<term_run> runs_{};
};

}  // namespace raft
