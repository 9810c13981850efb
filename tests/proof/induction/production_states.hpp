// SPDX-License-Identifier: BSL-1.0
//
// The production states behind a server's view. What the view does not show, and a rule reads, has
// every value of its type: how far messages run ahead of their acknowledgements, who was heard of
// late, a question for pre-votes, a transfer of leadership under way. What no rule reads, without
// reads and sleep, has one value, and is given it again after each step.
#pragma once

#include <utility>
#include <vector>

#include <proof/induction/bounds.hpp>

namespace raft::proof {

/// The time at which everything happens; what was heard long ago was heard at 0.
inline constexpr instant induction_now{1'000'000'000'000};

class production_states {
public:
    explicit production_states(const induction_bounds& bounds) : bounds_{bounds} {
        std::vector<member_id> ids;
        for (std::uint64_t id = 1; id <= bounds.servers; ++id) ids.push_back({id});
        members_ = core::voters_only(std::move(ids));
    }

    /// Visits every state that looks like `view`.
    void for_each(std::size_t i, const server_view& view, auto visit) const {
        const auto s = plainest(i, view);
        switch (view.is) {
        case server_view::role::follower: followers(s, visit); break;
        case server_view::role::candidate: candidates(s, visit); break;
        case server_view::role::leader: leaders(s, visit); break;
        }
    }

    /// The state that a server begins to run with after a crash. What was written was durable.
    [[nodiscard]] core::state restarted(const core::state& before) const {
        return begun(before, kept_of(before));
    }

    /// The same, where the disk has lost what follows the first `count` entries.
    [[nodiscard]] core::state restarted_with(const core::state& before, std::size_t count) const {
        auto kept = kept_of(before);
        kept.log.truncate_after({count});
        kept.lost_through = core::log_for_votes(before);
        if (kept.lacks_from > kept.log.last_index()) kept.lacks_from.reset();
        return begun(before, std::move(kept));
    }

    /// Whether a state is among those that `for_each` visits for its view, but for what no rule
    /// reads.
    [[nodiscard]] bool covers(core::state s) const {
        forget_unread(s);
        auto same = plainest(place_of(s.self), view_of(s));
        return invariants(s) && take_left_out(same, s) && same == s;
    }

private:
    [[nodiscard]] static core::recovered_state kept_of(const core::state& before) {
        core::recovered_state kept;
        kept.vote = {before.current_term, before.voted_for};
        kept.log = before.log;
        kept.configurations = before.configurations;
        kept.lost_through = before.tasks->lost_through;
        kept.lacks_from = before.tasks->lacks_from;
        return kept;
    }

    [[nodiscard]] static core::state begun(const core::state& before, core::recovered_state kept) {
        auto s = initial_state(before.self, before.config, std::move(kept), 0);
        core::effects timers;
        advance(s, core::started{}, induction_now, timers);
        return s;
    }

    [[nodiscard]] bool has(bool settings::*feature) const { return bounds_.config.*feature; }

    // ------------------------------------------------------------------------------------ the view

    [[nodiscard]] core::state plainest(std::size_t i, const server_view& view) const {
        core::state s;
        s.self = {i + 1};
        s.config = bounds_.config;
        s.current_term = {view.current_term};
        if (view.voted_for) s.voted_for = member_id{*view.voted_for + std::uint64_t{1}};
        for (std::size_t k = 1; k <= view.log.length; ++k) s.log.append({view.log.term_at(k)}, 1);
        s.configurations.push_back({{}, members_});
        s.commit_index = {view.commit_index};
        s.disk.durable_index = s.disk.run_index = s.log.last_index();
        switch (view.is) {
        case server_view::role::follower: follow(s, view); break;
        case server_view::role::candidate:
            s.role = core::role{core::candidate_state{
                .votes_requested = true, .granted = core::member_set::from_bits(view.granted)}};
            break;
        case server_view::role::leader: lead(s, i, view); break;
        }
        return s;
    }

    void follow(core::state& s, const server_view& view) const {
        core::follower_state following{.matched_index = {view.matched_index}};
        if (view.leader) following.leader = member_id{*view.leader + std::uint64_t{1}};
        s.role = core::role{following};
        if (view.lacks_from > 0) s.tasks.change().lacks_from = log_index{view.lacks_from};
        if (view.lost_index > 0)
            s.tasks.change().lost_through = core::log_position{{view.lost_index}, {view.lost_term}};
    }

    void lead(core::state& s, std::size_t i, const server_view& view) const {
        auto first = s.log.last_index();
        while (s.log.term_at(previous(first)) == s.current_term) first = previous(first);
        const core::slot own{static_cast<std::uint8_t>(i)};
        s.role = core::role{core::leader_state{
            .own = own, .others = members_.everyone().without(own), .term_start = first}};
        for (std::size_t k = 0; k < bounds_.servers; ++k)
            s.peers.push_back({.match_index = {view.match_index[k]},
                               .next_index = {view.match_index[k] + std::uint64_t{1}},
                               .window = bounds_.config.messages_in_flight});
        s.peers[i].next_index = next(first);
        s.peers[i].mode = core::replication_mode::replicate;
    }

    // -------------------------------------------------------------------------- what it leaves out

    /// A follower that hears no leader may be asking whether it could win.
    void followers(const core::state& plain, auto visit) const {
        auto s = plain;
        auto& following = *std::get_if<core::follower_state>(&s.role);
        for (const bool withholds_vote : {false, true})
            for (const auto last_contact : {instant{}, induction_now}) {
                if (!has(&settings::check_quorum) && (withholds_vote || last_contact > instant{}))
                    continue;
                following.withholds_vote = withholds_vote;
                following.last_contact = last_contact;
                visit(std::as_const(s));
            }
        const bool can_ask = !following.leader && following.matched_index == s.commit_index &&
                             !s.tasks->lacks_from && !s.tasks->lost_through;
        if (!has(&settings::pre_vote) || !can_ask) return;
        for (std::uint32_t granted = 0; granted < std::uint32_t{1} << bounds_.servers; ++granted) {
            s.role =
                core::role{core::candidate_state{.pre_vote = true,
                                                 .votes_requested = true,
                                                 .granted = core::member_set::from_bits(granted)}};
            visit(std::as_const(s));
        }
    }

    /// The leader may have asked for this election.
    void candidates(const core::state& plain, auto visit) const {
        auto s = plain;
        for (const bool transfer : {false, true}) {
            std::get_if<core::candidate_state>(&s.role)->leadership_transfer = transfer;
            visit(std::as_const(s));
        }
    }

    void leaders(const core::state& plain, auto visit) const {
        auto s = plain;
        peers(s, 0, [&] {
            s.tasks.reset();
            visit(std::as_const(s));
            if (!bounds_.transfers) return;
            for (std::size_t k = 0; k < bounds_.servers; ++k)
                for (const bool asked : {false, true}) {
                    if (member_id{k + 1} == s.self) continue;
                    s.tasks.change().transfer = core::leadership_transfer{{k + 1}, {}, asked};
                    visit(std::as_const(s));
                }
        });
    }

    void peers(core::state& s, std::size_t k, auto visit) const {
        if (k == bounds_.servers) return visit();
        if (member_id{k + 1} == s.self) return peers(s, k + 1, visit);
        const auto before = s.peers[k];
        auto& peer = s.peers[k];
        for (const auto mode : {core::replication_mode::probe, core::replication_mode::replicate})
            for (std::uint16_t in_flight = 0; in_flight <= most_in_flight(mode); ++in_flight)
                for (auto index = next(before.match_index); index <= next(s.log.last_index());
                     index = next(index))
                    for (const auto last_contact : {instant{}, induction_now}) {
                        if (!has(&settings::check_quorum) && last_contact > instant{}) continue;
                        peer.mode = mode;
                        peer.in_flight = in_flight;
                        peer.next_index = index;
                        peer.last_contact = last_contact;
                        peers(s, k + 1, visit);
                    }
        peer = before;
    }

    [[nodiscard]] std::uint16_t most_in_flight(core::replication_mode mode) const {
        return mode == core::replication_mode::probe ? std::uint16_t{1}
                                                     : bounds_.config.messages_in_flight;
    }

    /// Gives `same` what `s` has of that; false if it is not visited.
    [[nodiscard]] bool take_left_out(core::state& same, const core::state& s) const {
        if (auto* standing = std::get_if<core::candidate_state>(&same.role))
            standing->leadership_transfer =
                std::get_if<core::candidate_state>(&s.role)->leadership_transfer;
        if (same.is_follower()) return take_left_out_of_follower(same, s);
        for (std::size_t k = 0; k < same.peers.size(); ++k)
            if (!take_left_out(same.peers[k], s.peers[k])) return false;
        same.tasks = s.tasks;
        return bounds_.transfers || !s.tasks->transfer;
    }

    [[nodiscard]] bool take_left_out_of_follower(core::state& same, const core::state& s) const {
        if (const auto* asking = std::get_if<core::candidate_state>(&s.role)) {
            same.role = core::role{core::candidate_state{
                .pre_vote = true, .votes_requested = true, .granted = asking->granted}};
            return has(&settings::pre_vote);
        }
        const auto& is = *std::get_if<core::follower_state>(&s.role);
        auto& following = *std::get_if<core::follower_state>(&same.role);
        following.last_contact = is.last_contact;
        following.withholds_vote = is.withholds_vote;
        return is.last_contact == instant{} || is.last_contact == induction_now;
    }

    [[nodiscard]] bool take_left_out(core::progress& same, const core::progress& is) const {
        same.next_index = is.next_index;
        same.mode = is.mode;
        same.in_flight = is.in_flight;
        same.last_contact = is.last_contact;
        return is.mode != core::replication_mode::snapshot &&
               is.in_flight <= most_in_flight(is.mode) &&
               (is.last_contact == instant{} || is.last_contact == induction_now);
    }

    // --------------------------------------------------------------------------- what nobody reads

    /// The order of writes, of which none is under way; times and promises without `check_quorum`;
    /// timeouts; what is known for reads; windows where none is open.
    void forget_unread(core::state& s) const {
        s.seed = 0;
        s.timers = {};
        if (s.disk.is_idle())
            s.disk = {.run_index = s.log.last_index(), .durable_index = s.disk.durable_index};
        const bool timeless = !has(&settings::check_quorum);
        if (auto* following = std::get_if<core::follower_state>(&s.role)) {
            following->commit_index_is_current = false;
            if (!following->deferred.rejection) following->deferred.rejected_prev = {};
            if (!timeless) return;
            following->last_contact = {};
            following->withholds_vote = false;
        } else if (auto* standing = std::get_if<core::candidate_state>(&s.role)) {
            standing->failed = 0;  // It decides nothing but deadlines.
        } else if (auto* leading = std::get_if<core::leader_state>(&s.role)) {
            for (auto& peer : s.peers) {
                if (peer.mode == core::replication_mode::probe) forget_window(peer);
                if (timeless) peer.last_contact = {};
            }
            auto& mine = s.peers[leading->own->value];
            forget_window(mine);
            mine.last_contact = {};
            if (s.tasks->transfer) {
                const auto transfer = *s.tasks->transfer;
                s.tasks.change() = {.transfer = {{transfer.target, {}, transfer.started}}};
            } else {
                s.tasks.reset();
            }
        }
    }

    /// It has its first width when it is read next.
    void forget_window(core::progress& peer) const {
        peer.window = bounds_.config.messages_in_flight;
    }

    induction_bounds bounds_;
    configuration members_{};
};

}  // namespace raft::proof
