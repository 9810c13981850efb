// SPDX-License-Identifier: BSL-1.0
//
// What a whole cluster has ever shown, and the properties of Figure 3 held against it. They are
// those of figure_3.hpp, checked by what has changed in one server: a run has a million events, and
// none of them changes much. Properties of logs are held against all that was ever in any log, and
// so they are stricter: what a server once had counts after it has crashed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include <raft/core/step.hpp>
#include <raft/testing/simulator/world.hpp>

namespace raft::testing::simulation {

class ledger {
public:
    explicit ledger(world& around) : around_{around} {}

    /// The server at `place` is as `now` says, after a turn of it.
    void observe(std::size_t place, const core::state& now) {
        if (place >= seen_.size()) seen_.resize(place + 1);
        auto& seen = seen_[place];
        around_.expect(invariants(now), "a state breaks its invariants");
        seen.state = &now;
        if (now.is_leader()) observe_leader(place, now);
        if (seen.last != now.log.last() || seen.base != now.log.base()) observe_log(seen, now);
        if (seen.commit < now.commit_index) observe_commit(seen, now);
        seen.commit = now.commit_index;
        seen.term = now.current_term;
        seen.leads = now.is_leader();
    }

    /// It runs no more; what is in its memory is gone.
    void forget(std::size_t place) {
        if (place < seen_.size()) seen_[place] = {};
    }

    [[nodiscard]] log_index committed() const { return {committed_.size()}; }
    [[nodiscard]] std::uint64_t elections() const { return leaders_.size(); }

    // ------------------------------------------------------------------- the state machines' side

    /// What a state machine has applied so far: how many commands, which were they, and where did
    /// the last one stand.
    struct story {
        log_index last{};
        std::uint64_t digest = 0;
        friend bool operator==(const story&, const story&) = default;
    };

    /// The story with one command more. The first server that applies it decides, and all others
    /// must come to the same: so each has the same commands in the same order, and leaves out none.
    /// True if this is the first.
    bool note_applied(story& told, log_index index, std::uint64_t command) {
        told.digest = (told.digest ^ command) * 0x9E3779B97F4A7C15U + index.value;
        told.digest ^= told.digest >> 29U;
        told.last = index;
        if (index > newest_.last) {
            if (stories_.size() <= index.value) stories_.resize(index.value + 256);
            stories_[index.value] = told.digest;
            newest_.last = index;
            return true;
        }
        if (stories_[index.value] != told.digest)
            around_.violate("two servers have applied different commands up to entry " +
                            std::to_string(index.value));
        return false;
    }

    /// The state after a command, as the bytes of a snapshot have it, is this on each server.
    void note_state(log_index index, std::uint64_t digest) {
        const auto [place, is_new] = states_.emplace(index.value, digest);
        around_.expect(is_new || place->second == digest,
                       "two servers have applied the same, and their states differ");
    }

private:
    struct sight {
        const core::state* state = nullptr;
        core::log_position last{};
        core::log_position base{};
        log_index commit{};
        term_number term{};
        bool leads = false;
    };
    struct committed_entry {
        term_number term{};
        term_number in_term{};  ///< Of the server on which it was first seen to be committed.
    };

    /// Election Safety; Leader Append-Only.
    void observe_leader(std::size_t place, const core::state& now) {
        const auto& seen = seen_[place];
        if (seen.leads && seen.term == now.current_term) {
            around_.expect(now.log.last_index() >= seen.last.index, "a leader shortens its log");
            return;
        }
        const auto [known, is_new] = leaders_.emplace(now.current_term.value, place);
        around_.expect(is_new || known->second == place, "two leaders in one term");
        for (std::size_t i = 0; i < committed_.size(); ++i) expect_complete(now, i);
    }

    /// Leader Completeness: what was committed in an earlier term is in the log of every later
    /// leader.
    void expect_complete(const core::state& leader, std::size_t i) {
        const log_index index{i + 1};
        if (committed_[i].in_term >= leader.current_term || index <= leader.log.base().index)
            return;
        around_.expect(leader.log.term_at(index) == committed_[i].term,
                       "a leader lacks a committed entry");
    }

    /// Log Matching: in each log there is the same before the entries of one term, which begin at
    /// the same index.
    void observe_log(sight& seen, const core::state& now) {
        const auto& log = now.log;
        seen.base = log.base();
        seen.last = log.last();
        for (auto at = log.last(); at.index > log.base().index;) {
            const auto before = log.find_conflict_by_term(at.index, term_number{at.term.value - 1});
            if (before.term == at.term) return;  // The beginning was compacted away.
            const auto [known, is_new] = beginnings_.emplace(at.term.value, before);
            around_.expect(is_new || known->second == before, "Log Matching does not hold");
            at = before;
        }
    }

    /// State Machine Safety: no two servers commit different entries at one index.
    void observe_commit(const sight& seen, const core::state& now) {
        auto index = next(std::max(seen.commit, now.log.base().index));
        for (; index <= now.commit_index; index = next(index)) {
            const auto term = now.log.known_term_at(index);
            if (index.value <= committed_.size()) {
                around_.expect(committed_[index.value - 1].term == term,
                               "two entries committed at one index");
            } else if (index.value == committed_.size() + 1) {
                committed_.push_back({term, now.current_term});
                for (const auto& each : seen_)
                    if (each.state != nullptr && each.leads && each.state->is_leader())
                        expect_complete(*each.state, committed_.size() - 1);
            } else {
                around_.violate("an entry is committed, and those before it are not");
            }
        }
    }

    world& around_;
    std::vector<sight> seen_{};
    std::unordered_map<std::uint64_t, std::size_t> leaders_{};  ///< By term.
    std::unordered_map<std::uint64_t, core::log_position> beginnings_{};
    std::vector<committed_entry> committed_{};
    story newest_{};
    std::vector<std::uint64_t> stories_{};  ///< By index.
    std::unordered_map<std::uint64_t, std::uint64_t> states_{};
};

}  // namespace raft::testing::simulation
