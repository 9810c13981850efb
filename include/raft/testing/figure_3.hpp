// SPDX-License-Identifier: BSL-1.0
//
// The properties of Figure 3, held against a cluster after every step: election safety, leader
// append-only, log matching, leader completeness, state machine safety; and our own invariants of
// each state.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include <raft/core/step.hpp>

namespace raft::testing {

class figure_3 {
public:
    /// The states of the servers, in the same order every time; null for one that is not running.
    constexpr void observe(std::span<const core::state* const> servers) {
        for (const auto* each : servers)
            if (each != nullptr) {
                expect(invariants(*each), "a state breaks its invariants");
                note_leader(*each);
                note_committed(*each);
            }
        for (std::size_t i = 0; i < servers.size(); ++i)
            for (std::size_t j = 0; j < i; ++j)
                if (servers[i] != nullptr && servers[j] != nullptr)
                    expect(logs_match(servers[i]->log, servers[j]->log),
                           "Log Matching does not hold");
        for (const auto* each : servers)
            if (each != nullptr && each->is_leader()) expect_complete(*each);
    }

    constexpr void expect(bool holds, const char* what) {
        if (!holds && first_ == nullptr) first_ = what;
    }

    /// The first that went wrong; null if nothing did.
    [[nodiscard]] constexpr const char* first() const { return first_; }

private:
    struct leadership {
        term_number term{};
        member_id id{};
    };

    /// Election Safety: at most one leader in a term.
    constexpr void note_leader(const core::state& s) {
        if (!s.is_leader()) return;
        for (const auto& each : leaders_)
            if (each.term == s.current_term)
                return expect(each.id == s.self, "two leaders in one term");
        leaders_.push_back({s.current_term, s.self});
    }

    /// State Machine Safety: no two servers commit different entries at one index.
    constexpr void note_committed(const core::state& s) {
        for (auto i = next(s.log.base().index); i <= s.commit_index; i = next(i)) {
            const auto term = s.log.term_at(i);
            if (i.value <= committed_.size())
                expect(committed_[i.value - 1].term == *term, "two entries committed at one index");
            else if (i.value == committed_.size() + 1)
                committed_.push_back({*term, s.current_term});
        }
    }

    /// Leader Completeness: what was committed in an earlier term is in the log of every later
    /// leader.
    constexpr void expect_complete(const core::state& s) {
        for (std::size_t i = 0; i < committed_.size(); ++i) {
            const log_index index{i + 1};
            if (committed_[i].in_term >= s.current_term || index <= s.log.base().index) continue;
            expect(s.log.term_at(index) == committed_[i].term, "a leader lacks a committed entry");
        }
    }

    /// Log Matching: logs that agree on one entry agree on all before it.
    [[nodiscard]] static constexpr bool logs_match(const core::log_terms& a,
                                                   const core::log_terms& b) {
        const auto base = std::max(a.base().index, b.base().index);
        bool agree = false;
        for (auto i = std::min(a.last_index(), b.last_index()); i > base; i = previous(i)) {
            const bool same = a.term_at(i) == b.term_at(i);
            if (agree && !same) return false;
            agree = same;
        }
        return true;
    }

    struct committed_entry {
        term_number term{};
        term_number in_term{};  ///< Of the server on which it was first seen to be committed.
    };

    std::vector<leadership> leaders_{};
    std::vector<committed_entry> committed_{};
    const char* first_ = nullptr;
};

}  // namespace raft::testing
