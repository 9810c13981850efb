// SPDX-License-Identifier: BSL-1.0
//
// The production step as a model for the explorer: clusters whose every step is `core::advance`
// itself, on production states. Whatever may happen may happen at any moment: timers fire, disks
// finish writes one by one, servers crash and keep any beginning of what they were writing,
// messages arrive late, in any order, more than once, or never.
//
// * The network is the set of the messages that may still arrive. A message stays in it when it is
//   delivered, so it may come again; one that never comes is lost. Only when more than
//   `messages_max` would be in it, some are given up, and each choice is a successor. Every run in
//   which never more than `messages_max` messages are yet to arrive is among the explored ones.
// * Time is constant, and every timer may fire whenever it is set. What is remembered of time (when
//   a leader was heard, when a transfer ends) may run out at any moment, each by itself: more than
//   any clock allows. So what holds here holds for all clocks.
// * A server that is down for a while is a server to which nothing happens for a while: a crash is
//   one event with the restart.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <proof/cluster_model/event.hpp>
#include <proof/cluster_model/explored_cluster.hpp>
#include <proof/cluster_model/rules.hpp>
#include <proof/cluster_model/server_bytes.hpp>
#include <proof/cluster_model/server_order.hpp>
#include <proof/explorer.hpp>
#include <proof/short_way.hpp>

namespace raft::proof {

using testing::sent_by;

class cluster_model {
public:
    using state = explored_cluster;

    explicit cluster_model(const model_bounds& bounds, std::vector<explored_cluster> starts = {})
        : bounds_{bounds}, starts_{std::move(starts)} {
        core::require(!bounds_.config.clock_drift_ppm);  // A lease is about time itself.
        if (bounds_.voters == 0) bounds_.voters = bounds_.servers;
        bounds_.symmetry = bounds_.symmetry && is_symmetric(bounds_);
        usual_ = first_members(bounds_);
        if (starts_.empty()) starts_.push_back(first_cluster());
        next_ = starts_.front();
    }

    /// None of the servers has ever run. If there are births, the founders wait for one.
    [[nodiscard]] explored_cluster first_cluster() const {
        explored_cluster first;
        first.past.left = events_within(bounds_);
        for (std::size_t i = 0; i < bounds_.servers; ++i) {
            core::recovered_state nothing;
            nothing.configurations.push_back({{}, members_known_at_first(i)});
            nothing.born = !is_founder(i) || bounds_.births == 0;
            first.at(i).now.self = {i + 1};
            first.at(i).disk = simulated_disk{std::move(nothing)};
            start(first.at(i), restarts_left(first));
            normalise(first.at(i));
        }
        return first;
    }

    void initial_states(auto visit) {
        for (const auto& each : starts_) {
            for (auto& server : unchanged_) server.forget();
            begin_event({});
            visit(each, nullptr);
        }
    }

    void successors(const explored_cluster& now, auto visit) {
        copy(now, next_);
        for (auto& server : unchanged_) server.forget();
        for (std::size_t i = 0; i < bounds_.servers; ++i) {
            wipe(now, i, visit);
            if (now.at(i).now.is_halted()) {
                join_birth(now, i, visit);
                continue;
            }
            timers(now, i, visit);
            requests(now, i, visit);
            disk_events(now, i, visit);
            expiries(now, i, visit);
        }
        birth(now, visit);
        for (std::size_t k = 0; k < now.network.size(); ++k) {
            const auto& message = now.network[k];
            const auto to = message.to.value - 1;
            give(now, {explored_event::kind::deliver, to, k}, message.what, visit);
        }
    }

    [[nodiscard]] const char* violation(const explored_cluster& now) {
        for (std::size_t i = 0; i < bounds_.servers; ++i)
            if (!invariants(now.at(i).now)) return "a state breaks its invariants";
        return nullptr;
    }

    /// The judge of the short way, which every step is held against.
    [[nodiscard]] const short_way& short_steps() const { return short_way_; }

    /// To be called with what `visit` was just given.
    void encode(const explored_cluster& c, encoding& out) {
        server_order order{bounds_.servers};
        if (!bounds_.symmetry) return write(c, order, out);
        order.sort(c, bounds_);
        write(c, order, out);
        while (order.next_tied()) {
            other_.clear();
            write(c, order, other_);
            if (std::ranges::lexicographical_compare(other_.bytes(), out.bytes())) {
                out.clear();
                out.put(other_.bytes());
            }
        }
    }

    void decode(std::span<const std::uint8_t> bytes, explored_cluster& c) const {
        state_reader in{bytes, usual_, bounds_.config.election_timeout};
        for (std::size_t i = 0; i < bounds_.servers; ++i) {
            auto& server = c.at(i);
            server.now.self = {i + 1};
            server.now.config = bounds_.config;
            server.now.seed = 0;
            server.now.timers = {};
            in.read(server.now);
            in.read(server.disk.inside());
            for (auto& each : c.past.reads[i]) in.read(each.round, each.index, each.committed);
        }
        in.read(c.network);
        for (auto& each : c.network) each.what.from = each.from;
        for (std::size_t term = 1; term <= bounds_.term_max; ++term) in.read(c.past.leaders[term]);
        auto& past = c.past;
        in.read(past.committed_count);
        past.committed = {};
        for (std::size_t i = 0; i < past.committed_count; ++i)
            in.read(past.committed[i].term, past.committed[i].in_term);
        for (std::size_t i = 0; i < bounds_.servers; ++i) in.read(past.may_be_born[i]);
        in.read(past.left);
    }

    /// What led to the successor that `visit` was last called with.
    [[nodiscard]] const explored_event& last_event() const { return last_event_; }
    /// What the server did then, if the event was an input.
    [[nodiscard]] const core::effects& last_effects() const { return out_; }
    [[nodiscard]] const model_bounds& bounds() const { return bounds_; }

private:
    using kind = explored_event::kind;

    /// Whether the step knows servers by nothing but equality. Of successors that are equally good
    /// it takes the one whose name comes first, where it has to choose.
    [[nodiscard]] static bool is_symmetric(const model_bounds& bounds) {
        return bounds.transfers == 0 && bounds.changes == 0 && bounds.parts == 0;
    }

    // -------------------------------------------------------------------------------------- events

    [[nodiscard]] static configuration first_members(const model_bounds& bounds) {
        std::vector<member_id> ids;
        for (std::uint64_t id = 1; id <= bounds.voters; ++id) ids.push_back({id});
        auto members = core::voters_only(std::move(ids));
        members.witnesses =
            members.voters.without(core::member_set::first(bounds.voters - bounds.witnesses));
        return members;
    }

    [[nodiscard]] bool is_founder(std::size_t i) const { return i < bounds_.voters; }
    [[nodiscard]] configuration members_known_at_first(std::size_t i) const {
        return is_founder(i) ? usual_ : configuration{};
    }

    [[nodiscard]] static std::size_t restarts_left(const explored_cluster& c) {
        return std::size_t{c.past.left.crashes} + c.past.left.damages;
    }

    /// The server begins to run, with what its disk holds. So many restarts are left.
    void start(explored_server& server, std::size_t restarts_left) const {
        server.now = initial_state(server.now.self, bounds_.config, server.disk.recover(), 0);
        core::effects timers;
        advance(server.now, core::started{}, explored_now, timers);
        if (bounds_.reads > 0) number_requests(server.now, restarts_left);
    }

    void begin_event(const explored_event& event) {
        last_event_ = event;
        changed_.forget();
    }

    void timers(const explored_cluster& now, std::size_t i, auto visit) {
        const auto& s = now.at(i).now;
        if (raft::core::is_asleep(s))
            give(now, {kind::wake, i, 0}, core::wake_requested{}, visit);
        else if (s.is_leader())
            give(now, {kind::heartbeat_timer, i, 0}, core::timer_fired{core::timer::heartbeat},
                 visit);
        else
            give(now, {kind::election_timer, i, 0}, core::timer_fired{core::timer::election},
                 visit);
    }

    void requests(const explored_cluster& now, std::size_t i, auto visit) {
        const auto& s = now.at(i).now;
        take_snapshot(now, i, visit);
        if (now.past.left.reads > 0 && !s.is_candidate()) {
            --next_.past.left.reads;
            give(now, {kind::read, i, 0}, core::read_requested{}, visit);
        }
        if (!s.is_leader()) return;
        if (s.log.last_index().value < bounds_.log_max)
            give(now, {kind::propose, i, 1}, core::proposed{1}, visit);
        if (now.past.left.transfers > 0) transfers(now, i, visit);
        if (now.past.left.changes > 0) changes(now, i, visit);
        if (now.past.left.parts > 0) parts(now, i, visit);
    }

    void transfers(const explored_cluster& now, std::size_t i, auto visit) {
        for (std::size_t j = 0; j < bounds_.servers; ++j) {
            if (j == i) continue;
            --next_.past.left.transfers;
            give(now, {kind::transfer, i, j}, core::transfer_requested{member_id{j + 1}}, visit);
        }
        --next_.past.left.transfers;
        give(now, {kind::resign, i, 0}, core::step_down_requested{}, visit);
    }

    /// To any other set of voters, of which there are at least two. Nobody waits for a majority to
    /// answer first, which would take a round of heartbeats: the configuration may come at any
    /// moment.
    void changes(const explored_cluster& now, std::size_t i, auto visit) {
        const auto based_on = now.at(i).now.configurations.back().index;
        for (std::uint32_t chosen = 0; chosen < std::uint32_t{1} << bounds_.servers; ++chosen) {
            if (std::popcount(chosen) < 2) continue;
            core::change_requested request{based_on, {}, true};
            for (std::size_t j = 0; j < bounds_.servers; ++j)
                if ((chosen >> j & 1U) != 0) request.members.push_back({{j + 1}});
            --next_.past.left.changes;
            give(now, {kind::change, i, chosen}, request, visit);
        }
    }

    /// Any server gets any part, or none; nor does anybody wait here.
    void parts(const explored_cluster& now, std::size_t i, auto visit) {
        const auto& s = now.at(i).now;
        for (std::size_t number = 0; number < bounds_.servers * wanted_part::parts; ++number) {
            const core::change_requested request{s.configurations.back().index,
                                                 wanted_part::of(number).among(s.members()), true};
            if (raft::core::check_membership_change(s.members(), request.members)) continue;
            --next_.past.left.parts;
            give(now, {kind::part, i, number}, request, visit);
        }
    }

    void take_snapshot(const explored_cluster& now, std::size_t i, auto visit) {
        const auto& s = now.at(i).now;
        if (now.past.left.snapshots == 0 || now.at(i).disk.is_installing() ||
            !may_take_snapshot(s, s.commit_index))
            return;
        const core::snapshot_description taken{{s.commit_index, *s.log.term_at(s.commit_index)}, 1};
        --next_.past.left.snapshots;
        next_.at(i).disk.save_snapshot(taken, members_at(s, s.commit_index));
        give(now, {kind::snapshot, i, 0}, core::snapshot_saved{taken}, visit);
    }

    void disk_events(const explored_cluster& now, std::size_t i, auto visit) {
        const auto unfinished = now.at(i).disk.unfinished_writes();
        for (std::size_t count = 1; count <= unfinished; ++count) {
            const auto sequence = next_.at(i).disk.finish(count);
            give(now, {kind::disk, i, count}, core::written{*sequence}, visit);
        }
        for (std::size_t kept = 0; now.past.left.crashes > 0 && kept <= unfinished; ++kept)
            crash(now, i, kept, visit);
        const auto& log = now.at(i).disk.inside().durable.log;
        for (auto end = log.base().index; now.past.left.damages > 0 && end < log.last_index();
             end = next(end))
            damage(now, i, end, visit);
    }

    void crash(const explored_cluster& now, std::size_t i, std::size_t kept, auto visit) {
        begin_event({kind::crash, i, kept});
        next_.at(i).disk.finish(kept);
        --next_.past.left.crashes;
        restart(now, i, visit);
    }

    void damage(const explored_cluster& now, std::size_t i, log_index last_kept, auto visit) {
        begin_event({kind::damage, i, static_cast<std::size_t>(last_kept.value)});
        next_.at(i).disk.damage_log_after(last_kept);
        --next_.past.left.damages;
        restart(now, i, visit);
    }

    /// What the server was is known no more, and to nobody: it looks as if it had never run.
    void wipe(const explored_cluster& now, std::size_t i, auto visit) {
        const bool is_empty = now.at(i).now.is_halted() && !now.past.may_be_born[i];
        if (now.past.left.wipes == 0 || is_empty) return;
        begin_event({kind::wipe, i, 0});
        next_.at(i).disk.wipe(members_known_at_first(i));
        --next_.past.left.wipes;
        next_.past.may_be_born[i] = false;
        restart(now, i, visit);
    }

    /// An operator asks all founders, and finds that none of them has ever run. That is so once: to
    /// be born again all must be empty, and are another cluster then, which this one's messages do
    /// not reach. A directory that is emptied after it was found has another mark.
    void birth(const explored_cluster& now, auto visit) {
        if (now.past.left.births == 0) return;
        begin_event({kind::birth, 0, 0});
        --next_.past.left.births;
        for (std::size_t i = 0; i < bounds_.voters; ++i) next_.past.may_be_born[i] = true;
        visit(std::as_const(next_), nullptr);
        next_.past = now.past;
    }

    /// A founder that was found hears of the birth, sooner or later.
    void join_birth(const explored_cluster& now, std::size_t i, auto visit) {
        if (!now.past.may_be_born[i]) return;
        begin_event({kind::join_birth, i, 0});
        next_.at(i).disk.inside().durable.born = true;
        next_.past.may_be_born[i] = false;
        restart(now, i, visit);
    }

    /// The server begins anew with what its disk has by now.
    void restart(const explored_cluster& now, std::size_t i, auto visit) {
        auto& server = next_.at(i);
        server.disk.lose_unfinished();
        start(server, restarts_left(next_));
        next_.past.reads[i] = {};
        step_judge judge{bounds_, next_, i};
        const auto* wrong = judge.judge_state();
        normalise(server);
        visit(std::as_const(next_), wrong);
        restore(now, i);
    }

    void expiries(const explored_cluster& now, std::size_t i, auto visit) {
        std::size_t count = 0;
        for_each_instant(now.at(i).now, [&](const instant& each) { count += is_running(each); });
        for (std::size_t k = 0; k < count; ++k) {
            begin_event({kind::time_passes, i, k});
            std::size_t left = k;
            for_each_instant(next_.at(i).now, [&](instant& each) {
                if (is_running(each) && left-- == 0) each = {};
            });
            normalise(next_.at(i));
            visit(std::as_const(next_), nullptr);
            restore(now, i);
        }
    }
    [[nodiscard]] static bool is_running(const instant& x) { return x >= explored_now; }

    /// Server `i` gets an input; every choice of messages to give up is a successor.
    void give(const explored_cluster& now, const explored_event& event, const auto& in,
              auto visit) {
        begin_event(event);
        auto& server = next_.at(event.server);
        out_.clear();
        advance(server.now, in, explored_now, out_);
        if (!is_within_bounds(server.now)) return restore(now, event.server);
        server.disk.begin(out_, server.now);
        if (bounds_.config.durable_at_once) server.disk.finish_through(server.now.disk.durable);
        step_judge judge{bounds_, next_, event.server};
        const auto& before = now.at(event.server).now;
        const auto* wrong = judge.judge_state();
        if (wrong == nullptr) wrong = judge.judge_step(before, out_);
        if (wrong == nullptr) wrong = short_way_.judge(before, in, explored_now, server.now, out_);
        send(server.now);
        normalise(server);
        choose_messages(wrong, visit);
        restore(now, event.server);
    }

    /// A request for reads that comes again may begin another round: they are bounded, too.
    [[nodiscard]] bool is_within_bounds(const raft::core::state& s) const {
        const auto* leading = std::get_if<core::leader_state>(&s.role);
        return s.current_term.value <= bounds_.term_max &&
               s.log.last_index().value <= bounds_.log_max &&
               (leading == nullptr || leading->round.value <= bounds_.reads);
    }

    void restore(const explored_cluster& now, std::size_t i) {
        next_.at(i) = now.at(i);
        next_.network = now.network;
        next_.past = now.past;
    }

    void copy(const explored_cluster& from, explored_cluster& to) const {
        for (std::size_t i = 0; i < bounds_.servers; ++i) to.at(i) = from.at(i);
        to.network = from.network;
        to.past = from.past;
    }

    // ------------------------------------------------------------------------------------- network

    void send(const raft::core::state& from) {
        for (const auto& each : out_.messages) {
            if (const auto* one = std::get_if<member_id>(&each.to))
                post(from, *one, each.body);
            else
                for (const auto member : *std::get_if<core::member_set>(&each.to))
                    post(from, from.identity_of(member), each.body);
        }
    }

    void post(const raft::core::state& from, member_id to, const core::message& body) {
        const auto sent = sent_by(from, to, body);
        if (std::ranges::find(next_.network, sent) == next_.network.end())
            next_.network.push_back(sent);
    }

    void choose_messages(const char* wrong, auto visit) {
        const auto count = next_.network.size();
        if (count <= bounds_.messages_max) return visit(std::as_const(next_), wrong);
        candidates_ = next_.network;
        for (std::uint32_t chosen = 0; chosen < std::uint32_t{1} << count; ++chosen) {
            if (static_cast<std::size_t>(std::popcount(chosen)) != bounds_.messages_max) continue;
            next_.network.clear();
            for (std::size_t k = 0; k < count; ++k)
                if ((chosen >> k & 1U) != 0) next_.network.push_back(candidates_[k]);
            visit(std::as_const(next_), wrong);
        }
    }

    // ------------------------------------------------------------------------------------ encoding

    void write(const explored_cluster& c, const server_order& order, encoding& out) {
        renaming names;
        for (std::size_t i = 0; i < bounds_.servers; ++i) names.set({order[i] + 1}, {i + 1});
        state_writer to{out, names, usual_, bounds_.config.election_timeout};
        for (std::size_t i = 0; i < bounds_.servers; ++i) {
            const auto from = order[i];
            const auto& server = c.at(from);
            auto& known = from == last_event_.server ? changed_ : unchanged_[from];
            known.put(names, out, [&](encoding& bytes) {
                state_writer to_server{bytes, names, usual_, bounds_.config.election_timeout};
                to_server.write(server.now, server.disk.inside());
                for (const auto& each : c.past.reads[from])
                    to_server.write(each.round, each.index, each.committed);
            });
        }
        write_network(c, names, out);
        for (std::size_t term = 1; term <= bounds_.term_max; ++term)
            to.write(std::uint8_t(names.of({c.past.leaders[term]}).value));
        const auto& past = c.past;
        to.write(past.committed_count);
        for (std::size_t i = 0; i < past.committed_count; ++i)
            to.write(past.committed[i].term, past.committed[i].in_term);
        for (std::size_t i = 0; i < bounds_.servers; ++i) to.write(past.may_be_born[order[i]]);
        to.write(past.left);
    }

    /// The messages, in the order of their bytes.
    void write_network(const explored_cluster& c, const renaming& names, encoding& out) {
        letters_.clear();
        state_writer to{letters_, names, usual_, bounds_.config.election_timeout};
        cuts_.clear();
        for (const auto& each : c.network) {
            const auto begin = letters_.size();
            to.write(each);
            cuts_.emplace_back(begin, letters_.size());
        }
        const auto letter = [&](const auto& cut) {
            return letters_.bytes().subspan(cut.first, cut.second - cut.first);
        };
        std::ranges::sort(cuts_, [&](const auto& a, const auto& b) {
            return std::ranges::lexicographical_compare(letter(a), letter(b));
        });
        out.put(cuts_.size());
        for (const auto& each : cuts_) out.put(letter(each));
    }

    model_bounds bounds_;
    configuration usual_{};
    std::vector<explored_cluster> starts_{};
    explored_cluster next_{};
    core::effects out_{};
    short_way short_way_{};
    explored_event last_event_{};
    std::array<server_bytes, explored_servers_max> unchanged_{};  ///< Of the state expanded now.
    server_bytes changed_{};                                      ///< By the last event.
    std::vector<in_flight> candidates_{};
    encoding other_{};
    encoding letters_{};
    std::vector<std::pair<std::size_t, std::size_t>> cuts_{};
};

}  // namespace raft::proof
