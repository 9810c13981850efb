// SPDX-License-Identifier: BSL-1.0
//
// One protocol state with its disk, and what no input whatever may make of it: what a server may
// never do by itself, be the others liars or not.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>

#include <fuzz/target.hpp>

#include <raft/codec/message_parts.hpp>
#include <raft/core/step.hpp>
#include <raft/testing/simulated_disk.hpp>

namespace raft::fuzz {

class lone_server {
public:
    static constexpr member_id self{1};

    lone_server(const core::configuration& members, const settings& config) : config_{config} {
        core::recovered_state nothing;
        nothing.configurations.push_back({{}, members});
        disk_ = testing::simulated_disk{std::move(nothing)};
        start();
    }

    [[nodiscard]] const core::state& now() const { return state_; }
    [[nodiscard]] const testing::simulated_disk& disk() const { return disk_; }

    void let_time_pass(duration length) { time_ = time_ + length; }

    /// From now on writes wait, if this server's disk takes time.
    void hold_disk() { holds_writes_ = !config_.durable_at_once; }
    void release_disk() {
        holds_writes_ = false;
        finish_writes();
    }
    /// The oldest write that waits becomes durable.
    void finish_one_write() {
        if (const auto sequence = disk_.finish(1)) step(core::written{*sequence});
    }

    template <class Input>
    void give(const Input& in) {
        step(in);
        if (!holds_writes_) finish_writes();
    }

    void crash() {
        disk_.lose_unfinished();
        start();
    }

    /// As a node does: only what is of use, and not in place of what is being installed.
    void take_snapshot() {
        const auto index = state_.commit_index;
        if (!may_take_snapshot(state_, index) || disk_.is_installing()) return;
        const core::snapshot_description taken{{index, state_.log.known_term_at(index)}, 1};
        disk_.save_snapshot(taken, members_at(state_, index));
        give(core::snapshot_saved{taken});
    }

private:
    static constexpr auto all = ~std::size_t{0};

    void start() {
        state_ = initial_state(self, config_, disk_.recover(), ++starts_ << 32U);
        expect(invariants(state_), "a server starts in a state that may be");
        expect(state_.current_term >= said_.term, "no term that was spoken of is forgotten");
        if (said_.vote && state_.current_term == said_.vote->current_term)
            expect(state_.voted_for == said_.vote->voted_for,
                   "no vote that was given is forgotten");
        holds_writes_ = false;
        give(core::started{});
    }

    template <class Input>
    void step(const Input& in) {
        const auto before = state_;
        core::effects out;
        advance(state_, in, time_, out);
        compare(before, out);
        disk_.begin(out, state_);
        const auto durable = config_.durable_at_once ? disk_.finish(all) : std::nullopt;
        for (const auto& each : out.messages) note_said(each);
        if (durable && *durable > state_.disk.durable) step(core::written{*durable});
    }

    void finish_writes() {
        while (const auto sequence = disk_.finish(all)) step(core::written{*sequence});
        const auto& kept = disk_.inside().durable;
        expect(kept.log.last() == state_.log.last(), "the disk has the log of the server");
        const bool has_voted = state_.disk.vote > core::write_sequence{};
        expect(!has_voted || kept.vote == core::hard_state{state_.current_term, state_.voted_for},
               "the disk has term and vote of the server");
    }

    void compare(const core::state& before, const core::effects& out) const {
        expect(invariants(state_), "a state breaks its invariants");
        expect(state_.current_term >= before.current_term, "the term goes back");
        if (state_.current_term == before.current_term && before.voted_for)
            expect(state_.voted_for == before.voted_for, "the vote changes within a term");
        expect(state_.disk.issued >= before.disk.issued, "the writes' numbers go back");
        if (out.commit) expect(*out.commit == state_.commit_index, "what is told is committed");
        if (out.rare->cut) return;  // It lacks commands, or lost entries, and begins earlier.
        expect(state_.commit_index >= before.commit_index, "the commit index goes back");
        expect_committed_entries_stay(before);
        if (before.is_leader() && state_.is_leader() && before.current_term == state_.current_term)
            expect(state_.log.last_index() >= before.log.last_index() &&
                       state_.log.matches(before.log.last()),
                   "a leader removes entries of its own");
    }

    void expect_committed_entries_stay(const core::state& before) const {
        const auto first_here = next(state_.log.base().index);
        for (const auto& run : before.log.runs()) {
            const auto index = std::max(run.first, first_here);
            if (index > before.commit_index || before.log.term_at(index) != run.term) continue;
            expect(state_.log.term_at(index) == run.term, "a committed entry is replaced");
        }
    }

    void note_said(const core::outgoing& each) {
        std::visit([&](const auto& m) { note(m); }, each.body);
        const auto fault = std::visit(
            [](const auto& m) { return detail::find_fault(m, wire::frame_limits{}); }, each.body);
        expect(!fault, "what is sent would not be taken");
        if (const auto* one = std::get_if<member_id>(&each.to))
            expect(*one != self, "a server speaks with itself");
        else
            for (const auto member : *std::get_if<core::member_set>(&each.to))
                expect(state_.identity_of(member) != self, "a server speaks with itself");
    }

    void note(const auto& m) { expect_durable(m.term); }
    void note(const core::request_pre_vote& /*m*/) {}
    void note(const core::pre_vote_reply& m) {
        if (!m.granted) expect_durable(m.term);
    }
    void note(const core::wake_up& /*m*/) {}  // It promises nothing: the term may be forgotten.
    void note(const core::request_vote& m) { note_vote(m.term, self); }
    void note(const core::request_vote_reply& m) {
        if (m.granted) note_vote(m.term, *state_.voted_for);
        expect_durable(m.term);
    }
    void note(const core::append_entries_reply& m) {
        expect_durable(m.term);
        expect(m.match_index <= disk_.inside().durable.log.last_index(),
               "entries are acknowledged that are not durable");
    }

    void note_vote(term_number term, member_id candidate) {
        const core::hard_state given{term, candidate};
        expect(disk_.inside().durable.vote == given, "a vote is given that is not durable");
        if (said_.vote && said_.vote->current_term == term)
            expect(*said_.vote == given, "two votes are given in one term");
        said_.vote = given;
    }

    void expect_durable(term_number term) {
        expect(term <= state_.current_term, "a message is of a term to come");
        const auto& kept = disk_.inside().durable;
        expect(term <= std::max(kept.vote.current_term, kept.log.last_term()),
               "a term is spoken of that is not durable");
        said_.term = std::max(said_.term, term);
    }

    struct promises {
        term_number term{};
        std::optional<core::hard_state> vote{};
    };

    settings config_;
    testing::simulated_disk disk_{};
    core::state state_{};
    instant time_{};
    std::uint64_t starts_ = 0;
    bool holds_writes_ = false;
    promises said_{};
};

}  // namespace raft::fuzz
