// SPDX-License-Identifier: BSL-1.0
//
// A cluster of protocol states on virtual time, to tell stories with: who stands for election,
// which message arrives, which disk is slow, who crashes. It makes nothing happen by itself, holds
// the five properties of Figure 3 against every step, and runs at compile time.
//
//     cluster c{3};
//     c.elect(s1);
//     c.propose(s1);
//     c.crash(s1);
//
// The commands do not matter here: an entry is its index and its term (Log Matching).
#pragma once

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>
#include <utility>
#include <vector>

#include <raft/core/step.hpp>
#include <raft/testing/figure_3.hpp>
#include <raft/testing/in_flight.hpp>
#include <raft/testing/simulated_disk.hpp>

namespace raft::testing {

inline constexpr member_id s1{1}, s2{2}, s3{3}, s4{4}, s5{5}, s6{6}, s7{7};

/// A step that a server of a cluster took.
struct cluster_step {
    member_id id{};
    core::input what{};  ///< `started` for a restart.
    core::state after{};
    core::effects out{};
};

class cluster {
public:
    /// Servers 1 to `count`, all voters, none of which has ever run.
    constexpr explicit cluster(std::size_t count, const settings& config = {})
        : cluster{core::voters_only(first_members(count)), config} {}

    /// The members of `initial`, which may be learners or in the middle of a change.
    constexpr explicit cluster(configuration initial, const settings& config = {})
        : config_{config}, initial_{std::move(initial)} {
        for (const auto id : initial_.members) add(id, initial_);
    }

    /// A server that is not in the configuration that the cluster began with.
    constexpr void add_outsider(member_id id) { add(id, configuration{}); }

    // -------------------------------------------------------------------------------------- events

    /// Gives `id` an input; false if it is not running. The type is deduced, and this comes first,
    /// so that clang has the body at hand in a constant expression.
    template <class Input>
    constexpr auto give(member_id id, const Input& in) {
        auto& server = server_of(id);
        if (!server.running) return false;
        core::effects out;
        advance(server.now, in, now_, out);
        last_effects_ = out;
        if (keeps_history_) history_.push_back({id, core::input{in}, server.now, out});
        if constexpr (std::is_same_v<Input, core::read_requested>)
            if (out.rare->read && in.consistency != read_consistency::stale)
                note_read(server, *out.rare->read);
        carry_out(server, std::move(out));
        finish_writes(server);
        observe();
        return true;
    }

    /// Fires a timer of `id`, whatever the time is.
    constexpr void fire(member_id id, core::timer which) { give(id, core::timer_fired{which}); }

    /// The election timeout of `id` passes, for itself and as far as the others' memory of their
    /// leader goes.
    constexpr void time_out(member_id id) {
        now_ = now_ + config_.election_timeout * 2;
        fire(id, core::timer::election);
    }

    /// `id` becomes leader, with every message delivered that can be.
    constexpr void elect(member_id id) {
        time_out(id);
        settle();
        violations_.expect(at(id).is_leader(), "elect: the server did not win");
    }

    /// `id` becomes leader with the votes of `voters` alone; then nothing more is delivered.
    constexpr void elect(member_id id, std::initializer_list<member_id> voters) {
        time_out(id);
        for (int phase = 0; phase < 2 && !at(id).is_leader(); ++phase)
            for (const auto voter : voters) {
                deliver(id, voter);
                deliver(voter, id);
            }
        violations_.expect(at(id).is_leader(), "elect: the server did not win");
    }

    /// `count` commands are given to `id`.
    constexpr void propose(member_id id, std::uint32_t count = 1) {
        give(id, core::proposed{count});
    }

    /// The membership is to become `wanted`, based on the newest configuration that `id` has. The
    /// change is forced, and begins at once: a story knows who lives.
    constexpr void change(member_id id, std::vector<member> wanted) {
        const auto based_on = at(id).configurations.back().index;
        give(id, core::change_requested{based_on, std::move(wanted), true});
    }

    /// The same, if a majority of those who would vote answers.
    constexpr void ask_to_change(member_id id, std::vector<member> wanted) {
        const auto based_on = at(id).configurations.back().index;
        give(id, core::change_requested{based_on, std::move(wanted), false});
    }

    /// The leader's heartbeat is due.
    constexpr void heartbeat(member_id id) { fire(id, core::timer::heartbeat); }

    /// A message of the test's own making arrives.
    constexpr void inject(member_id from, member_id to, const core::message& body) {
        give(to, core::received{from, body, std::nullopt});
    }

    constexpr void let_time_pass(duration length) { now_ = now_ + length; }

    /// Time passes, and every timer fires when it is due, and messages arrive at once.
    constexpr void run_for(duration length) {
        const auto end = now_ + length;
        settle();
        while (const auto due = earliest_timer()) {
            if (due->when > end) break;
            if (due->when > now_) now_ = due->when;
            fire(due->id, due->which);
            settle();
        }
        now_ = end;
    }

    // ------------------------------------------------------------------------------------- network

    /// Delivers the message at this place of `network()`; false if the way is cut.
    constexpr bool deliver_nth(std::size_t i) {
        const auto message = network_[i];
        network_.erase(network_.begin() + static_cast<std::ptrdiff_t>(i));
        for (const auto& each : cuts_)
            if (each == cut_way{message.from, message.to}) return false;
        give(message.to, message.what);
        return true;
    }

    /// The message at this place of `network()` is lost, or comes twice.
    constexpr void lose_nth(std::size_t i) {
        network_.erase(network_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    constexpr void duplicate_nth(std::size_t i) {
        auto copy = network_[i];
        network_.push_back(std::move(copy));
    }

    /// Delivers the oldest message from `from` to `to`; false if there is none, or the way is cut.
    constexpr bool deliver_one(member_id from, member_id to) {
        for (std::size_t i = 0; i < network_.size(); ++i)
            if (network_[i].from == from && network_[i].to == to) return deliver_nth(i);
        return false;
    }

    /// Delivers what is on its way from `from` to `to` now.
    constexpr void deliver(member_id from, member_id to) {
        std::size_t count = 0;
        for (const auto& each : network_) count += each.from == from && each.to == to;
        while (count-- > 0) deliver_one(from, to);
    }
    constexpr void deliver(member_id from, std::initializer_list<member_id> to) {
        for (const auto id : to) deliver(from, id);
    }

    /// Delivers everything, and what is sent meanwhile, until nothing is on its way.
    constexpr void settle() {
        while (!network_.empty()) deliver_nth(0);
    }

    /// Loses what is on its way from `from` to `to`.
    constexpr void lose(member_id from, member_id to) {
        std::erase_if(network_,
                      [&](const in_flight& each) { return each.from == from && each.to == to; });
    }
    constexpr void lose_all() { network_.clear(); }

    /// Cuts the way from `from` to `to`: what is sent there is lost.
    constexpr void cut(member_id from, member_id to) { cuts_.push_back({from, to}); }
    constexpr void isolate(member_id id) {
        for (const auto& each : servers_) {
            if (each.now.self == id) continue;
            cut(id, each.now.self);
            cut(each.now.self, id);
        }
    }
    /// Cuts every way between one of `side` and one that is not.
    constexpr void partition(std::initializer_list<member_id> side) {
        for (const auto inside : side)
            for (const auto& each : servers_) {
                bool both = false;
                for (const auto other : side) both = both || other == each.now.self;
                if (both) continue;
                cut(inside, each.now.self);
                cut(each.now.self, inside);
            }
    }
    constexpr void heal() { cuts_.clear(); }

    // --------------------------------------------------------------------------- disks and crashes

    /// From now on the writes of `id` wait for `persist`, unless they are durable at once.
    constexpr void hold_disk(member_id id) {
        server_of(id).disk_is_held = !config_.durable_at_once;
    }

    /// The oldest writes of `id` that wait become durable: `count` of them, or all.
    constexpr void persist(member_id id, std::size_t count = ~std::size_t{0}) {
        auto& server = server_of(id);
        const auto sequence = server.disk.finish(count);
        if (sequence) give(id, core::written{*sequence});
    }

    /// The disk of `id` is fast again, and what waits is durable.
    constexpr void release_disk(member_id id) {
        server_of(id).disk_is_held = false;
        persist(id);
    }

    /// The process of `id` ends, with everything that is not durable, and what is on its way to it.
    constexpr void crash(member_id id) {
        auto& server = server_of(id);
        server.running = false;
        forget_reads(id);
        server.disk.lose_unfinished();
        std::erase_if(network_, [&](const in_flight& each) { return each.to == id; });
    }

    constexpr void restart(member_id id) {
        auto& server = server_of(id);
        server.now =
            initial_state(id, config_, server.disk.recover(), id.value + (server.starts++ << 32U));
        server.running = true;
        server.disk_is_held = false;
        give(id, core::started{});
    }

    /// While `id` does not run its disk loses what its log holds after `last_kept`.
    constexpr void damage_log_after(member_id id, log_index last_kept) {
        server_of(id).disk.damage_log_after(last_kept);
    }

    /// While `id` does not run an older copy takes the place of its disk.
    constexpr void put_back(member_id id, simulated_disk older) {
        server_of(id).disk = std::move(older);
    }

    /// While `id` does not run its disk is exchanged for an empty one.
    constexpr void wipe(member_id id) { server_of(id).disk.wipe(initial_); }

    /// `id` has saved its state machine's state as it is now. Nothing is saved while a received
    /// snapshot is not yet in its place: it would take the place of this newer one.
    constexpr void take_snapshot(member_id id) {
        auto& server = server_of(id);
        const auto index = server.now.commit_index;
        if (!may_take_snapshot(server.now, index) || server.disk.is_installing()) return;
        const core::snapshot_description taken{{index, *server.now.log.term_at(index)}, 1};
        server.disk.save_snapshot(taken, members_at(server.now, index));
        give(id, core::snapshot_saved{taken});
    }

    // ----------------------------------------------------------------------------------- questions

    [[nodiscard]] constexpr const core::state& at(member_id id) const {
        for (const auto& each : servers_)
            if (each.now.self == id) return each.now;
        core::invariant_broken();
    }
    [[nodiscard]] constexpr const simulated_disk& disk(member_id id) const {
        return server_of(id).disk;
    }
    [[nodiscard]] constexpr std::vector<member_id> servers() const {
        std::vector<member_id> ids;
        for (const auto& each : servers_) ids.push_back(each.now.self);
        return ids;
    }
    [[nodiscard]] constexpr bool running(member_id id) const { return server_of(id).running; }
    [[nodiscard]] constexpr instant now() const { return now_; }
    [[nodiscard]] constexpr const std::vector<in_flight>& network() const { return network_; }
    [[nodiscard]] constexpr const core::effects& last_effects() const { return last_effects_; }
    /// From now on every step is kept.
    constexpr void keep_history() { keeps_history_ = true; }
    [[nodiscard]] constexpr const std::vector<cluster_step>& history() const { return history_; }
    [[nodiscard]] constexpr std::uint64_t commit(member_id id) const {
        return at(id).commit_index.value;
    }
    [[nodiscard]] constexpr std::uint64_t last(member_id id) const {
        return at(id).log.last_index().value;
    }
    [[nodiscard]] constexpr std::uint64_t term(member_id id) const {
        return at(id).current_term.value;
    }
    [[nodiscard]] constexpr std::optional<instant> deadline(member_id id, core::timer which) const {
        return at(id).timers.of(which);
    }

    /// The terms of the entries of `id`, from the first that it still has.
    [[nodiscard]] constexpr std::vector<std::uint64_t> log(member_id id) const {
        std::vector<std::uint64_t> terms;
        const auto& shape = at(id).log;
        for (auto i = next(shape.base().index); i <= shape.last_index(); i = next(i))
            terms.push_back(shape.term_at(i)->value);
        return terms;
    }

    /// The one that leads in the latest term, if one does.
    [[nodiscard]] constexpr std::optional<member_id> leader() const {
        std::optional<member_id> found;
        for (const auto& each : servers_)
            if (each.running && each.now.is_leader() &&
                (!found || at(*found).current_term < each.now.current_term))
                found = each.now.self;
        return found;
    }

    /// The oldest message on its way from `from` to `to`, if it is of type `Message`.
    template <class Message>
    [[nodiscard]] constexpr std::optional<Message> sent(member_id from, member_id to) const {
        for (const auto& each : network_) {
            if (each.from != from || each.to != to) continue;
            if (const auto* body = std::get_if<Message>(&each.what.body)) return *body;
            return std::nullopt;
        }
        return std::nullopt;
    }

    /// Makes a server of a story that begins in the middle: it has this term and this log, all of
    /// it durable, and has just started.
    constexpr void place(member_id id, term_number term, std::initializer_list<std::uint64_t> log,
                         std::optional<member_id> voted_for = std::nullopt) {
        auto& server = server_of(id);
        core::recovered_state given{.vote = {term, voted_for}, .snapshot = {}, .log = {}};
        for (const auto entry_term : log) given.log.append({entry_term}, 1);
        given.configurations.push_back({{}, initial_});
        server.disk = simulated_disk{std::move(given)};
        restart(id);
    }

    /// What went against the rules so far; null if nothing did.
    [[nodiscard]] constexpr const char* violation() const { return violations_.first(); }
    [[nodiscard]] constexpr bool safe() const { return violation() == nullptr; }

private:
    struct simulated_server {
        core::state now{};
        simulated_disk disk{};
        std::uint64_t starts = 0;  ///< Each has another seed.
        bool running = true;
        bool disk_is_held = false;
    };
    struct awaited_read {
        member_id id{};
        core::accepted_read ticket{};
        log_index committed{};  ///< Anywhere, when the read was asked for.
    };
    struct cut_way {
        member_id from{};
        member_id to{};
        friend constexpr bool operator==(const cut_way&, const cut_way&) = default;
    };
    struct due_timer {
        member_id id{};
        core::timer which{};
        instant when{};
    };

    [[nodiscard]] static constexpr std::vector<member_id> first_members(std::size_t count) {
        std::vector<member_id> ids;
        for (std::uint64_t id = 1; id <= count; ++id) ids.push_back({id});
        return ids;
    }

    constexpr void add(member_id id, const configuration& members) {
        core::recovered_state nothing;
        nothing.configurations.push_back({{}, members});
        servers_.push_back({.now = {}, .disk = simulated_disk{std::move(nothing)}});
        servers_.back().now.self = id;
        restart(id);
    }

    [[nodiscard]] constexpr simulated_server& server_of(member_id id) {
        for (auto& each : servers_)
            if (each.now.self == id) return each;
        core::invariant_broken();
    }
    [[nodiscard]] constexpr const simulated_server& server_of(member_id id) const {
        for (const auto& each : servers_)
            if (each.now.self == id) return each;
        core::invariant_broken();
    }

    /// A read must see what was committed anywhere when it was asked for.
    constexpr void note_read(const simulated_server& asked, const core::accepted_read& ticket) {
        log_index committed;
        for (const auto& each : servers_)
            if (each.running) committed = std::max(committed, each.now.commit_index);
        reads_.push_back({asked.now.self, ticket, committed});
        if (ticket.round == core::read_round{}) settle_reads(asked, {});
    }

    /// The reads of `server` that are safe now are served from the index that each has by then.
    constexpr void settle_reads(const simulated_server& server, const core::confirmed_reads& safe) {
        for (const auto& each : reads_)
            if (each.id == server.now.self && each.ticket.round <= safe.round)
                violations_.expect(std::max(each.ticket.index, safe.index) >= each.committed,
                                   "a read does not see what was committed before it");
        std::erase_if(reads_, [&](const awaited_read& each) {
            return each.id == server.now.self && each.ticket.round <= safe.round;
        });
    }

    constexpr void forget_reads(member_id id) {
        std::erase_if(reads_, [&](const awaited_read& each) { return each.id == id; });
    }

    constexpr void carry_out(simulated_server& from, core::effects out) {
        if (out.rare->leadership_lost || out.rare->reads_lost) forget_reads(from.now.self);
        if (out.rare->confirmed) settle_reads(from, *out.rare->confirmed);
        from.disk.begin(out, from.now);
        for (const auto& each : out.messages) {
            if (const auto* one = std::get_if<member_id>(&each.to)) {
                send(from, *one, each.body);
            } else {
                for (const auto member : *std::get_if<core::member_set>(&each.to))
                    send(from, from.now.identity_of(member), each.body);
            }
        }
    }

    constexpr void send(const simulated_server& from, member_id to, const core::message& body) {
        for (const auto& each : cuts_)
            if (each == cut_way{from.now.self, to}) return;
        network_.push_back(sent_by(from.now, to, body));
    }

    constexpr void finish_writes(simulated_server& server) {
        while (!server.disk_is_held) {
            const auto sequence = server.disk.finish(~std::size_t{0});
            if (!sequence) return;
            core::effects out;
            advance(server.now, core::written{*sequence}, now_, out);
            if (keeps_history_)
                history_.push_back({server.now.self, core::written{*sequence}, server.now, out});
            carry_out(server, std::move(out));
        }
    }

    [[nodiscard]] constexpr std::optional<due_timer> earliest_timer() const {
        std::optional<due_timer> first;
        for (const auto& each : servers_) {
            if (!each.running) continue;
            for (const auto which : {core::timer::election, core::timer::heartbeat})
                if (const auto& due = each.now.timers.of(which);
                    due && (!first || *due < first->when))
                    first = due_timer{each.now.self, which, *due};
        }
        return first;
    }

    constexpr void observe() {
        std::vector<const core::state*> states;
        for (const auto& each : servers_) states.push_back(each.running ? &each.now : nullptr);
        violations_.observe(states);
    }

    settings config_;
    configuration initial_{};
    std::vector<simulated_server> servers_{};
    std::vector<in_flight> network_{};
    std::vector<cut_way> cuts_{};
    std::vector<awaited_read> reads_{};
    instant now_{};
    core::effects last_effects_{};
    std::vector<cluster_step> history_{};
    bool keeps_history_ = false;
    figure_3 violations_{};
};

}  // namespace raft::testing
