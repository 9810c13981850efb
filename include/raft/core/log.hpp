// SPDX-License-Identifier: BSL-1.0
//
// The log as the rules see it (§5.3): the term of each index, and nothing of the commands. Terms
// never decrease along a log, so the log is a few runs of equal terms. The runs answer every
// question of the protocol, without storage, in time proportional to their number, which is almost
// always one.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include <raft/core/types.hpp>

namespace raft::core {

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

/// A run of consecutive entries of one term; it ends where the next run begins.
struct term_run {
    term_number term{};
    log_index first{};
    friend constexpr bool operator==(const term_run&, const term_run&) = default;
};

/// The terms of all entries in (base, last]. Entries at or before the base have been compacted away
/// (§7). The last run is stored separately, because almost every question is about it.
class log_terms {
public:
    constexpr log_terms() = default;
    constexpr explicit log_terms(log_position base)
        : base_{base}, last_{base.index}, latest_{base.term, next(base.index)} {}

    [[nodiscard]] constexpr log_position base() const { return base_; }
    [[nodiscard]] constexpr log_index last_index() const { return last_; }
    [[nodiscard]] constexpr term_number last_term() const { return latest_.term; }
    [[nodiscard]] constexpr log_position last() const { return {last_, latest_.term}; }

    /// The runs of the entries, in order; empty if there are no entries.
    [[nodiscard]] constexpr std::vector<term_run> runs() const {
        auto all = older_;
        if (latest_.first <= last_) all.push_back(latest_);
        return all;
    }

    /// The term of the entry at `index`. None before the base and after the end: this log does not
    /// know the term there.
    [[nodiscard]] constexpr std::optional<term_number> term_at(log_index index) const {
        if (index > last_) return std::nullopt;
        return index >= latest_.first ? latest_.term : older_term_at(index);
    }

    /// The term of an entry that is known to be in this log, or of the base.
    [[nodiscard]] constexpr term_number known_term_at(log_index index) const {
        return index >= latest_.first ? latest_.term : *older_term_at(index);
    }

    [[nodiscard]] constexpr bool matches(log_position position) const {
        if (position.index > last_) return false;
        if (position.index >= latest_.first) return position.term == latest_.term;
        return position.term == older_term_at(position.index);
    }

    /// The last entry of the run of one term that contains `first`, but not after `limit`.
    [[nodiscard]] constexpr log_index run_end(log_index first, log_index limit) const {
        if (latest_.first <= first) return std::min(last_, limit);
        auto end = latest_.first <= last_ ? previous(latest_.first) : last_;
        for (auto run = older_.rbegin(); run != older_.rend() && run->first > first; ++run)
            end = previous(run->first);
        return std::min(end, limit);
    }

    /// §5.3, the conflict hint: the last position at or before `limit` whose term is at most
    /// `term`. The entries after it, up to `limit`, have later terms than the other log can have
    /// there, so none of them can match.
    [[nodiscard]] constexpr log_position find_conflict_by_term(log_index limit,
                                                               term_number term) const {
        auto end = std::min(limit, last_);
        if (latest_.first <= end) {
            if (latest_.term <= term) return {end, latest_.term};
            end = previous(latest_.first);
        }
        for (auto run = older_.rbegin(); run != older_.rend(); ++run) {
            if (run->first > end) continue;
            if (run->term <= term) return {end, run->term};
            end = previous(run->first);
        }
        return base_;
    }

    /// Appends `count` entries of one term. The term is not before the last one.
    constexpr void append(term_number term, std::uint64_t count) {
        if (term != latest_.term) begin_run(term, count);
        last_ = last_ + count;
    }

    /// Appends `count` entries of the last entry's term.
    constexpr void extend(std::uint64_t count) { last_ = last_ + count; }

    /// Truncates the log: removes every entry after `last` (§5.3: entries that conflict with the
    /// leader's).
    constexpr void truncate_after(log_index last) {
        require(last >= base_.index && last <= last_);
        last_ = last;
        while (latest_.first > last && !older_.empty()) {
            latest_ = older_.back();
            older_.pop_back();
        }
        if (latest_.first > last) latest_ = {base_.term, next(base_.index)};
    }

    /// Removes the entries up to and including `through` (§7: a snapshot covers them).
    constexpr void discard_through(log_index through) {
        require(through >= base_.index && through <= last_);
        base_ = {through, *term_at(through)};
        std::size_t gone = 0;
        while (gone < older_.size() && end_of(gone) <= through) ++gone;
        older_.erase(older_.begin(), older_.begin() + static_cast<std::ptrdiff_t>(gone));
        auto& oldest = older_.empty() ? latest_ : older_.front();
        oldest.first = std::max(oldest.first, next(through));
    }

    friend constexpr bool operator==(const log_terms&, const log_terms&) = default;

private:
    [[nodiscard]] constexpr std::optional<term_number> older_term_at(log_index index) const {
        if (index < base_.index) return std::nullopt;
        for (auto run = older_.rbegin(); run != older_.rend(); ++run)
            if (index >= run->first) return run->term;
        return base_.term;
    }

    constexpr void begin_run(term_number term, std::uint64_t count) {
        if (count == 0) return;
        require(term > latest_.term);
        if (latest_.first <= last_) older_.push_back(latest_);
        latest_ = {term, next(last_)};
    }

    [[nodiscard]] constexpr log_index end_of(std::size_t older) const {
        const auto next_run = older + 1;
        return previous(next_run < older_.size() ? older_[next_run].first : latest_.first);
    }

    log_position base_{};
    log_index last_{};
    term_run latest_{term_number{}, log_index{1}};  ///< Empty, and of the base's term, at first.
    std::vector<term_run> older_{};
};

}  // namespace raft::core
