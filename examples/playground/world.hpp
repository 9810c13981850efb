// SPDX-License-Identifier: BSL-1.0
//
// The world of the playground: the cluster of the testing kit, whose servers run the production
// step, and besides it what that leaves to a story: how long messages take, who writes, and when.
// The same options and actions at the same times give the same run, so a run is its list of
// actions.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <raft/describe.hpp>
#include <raft/testing/cluster.hpp>

namespace raft_playground {

using raft::duration;
using raft::instant;
using raft::member_id;
namespace core = raft::core;

inline constexpr std::uint32_t servers_max = 7;

struct world_options {
    std::uint32_t servers = 5;
    std::uint32_t seed = 1;
    bool pre_vote = true;
    bool check_quorum = true;
    bool leases = false;
};

/// A message on its way.
struct flight {
    std::uint32_t number = 0;
    instant sent{};
    instant arrives{};
};

/// What a client has written: where, and what it knows of it.
struct written {
    core::log_position position{};
    bool acknowledged = false;
};

class world {
public:
    explicit world(const world_options& options)
        : options_{options}
        , random_{options.seed * 2654435761U + 1}
        , cluster_{options.servers, settings_of(options)} {
        look_at_network();
    }

    // ------------------------------------------------------------------------------------- time

    /// Messages arrive, timers fire and clients write when it is time, until `end`.
    void run_until(instant end) {
        while (const auto due = earliest(end)) {
            if (due->when > cluster_.now()) cluster_.let_time_pass(due->when - cluster_.now());
            carry_out(*due);
            after_step();
        }
        if (end > cluster_.now()) cluster_.let_time_pass(end - cluster_.now());
    }

    /// When something happens next, if nobody does anything.
    [[nodiscard]] std::optional<instant> next_at() const {
        const auto due = earliest({std::numeric_limits<std::int64_t>::max()});
        return due ? std::optional{std::max(due->when, cluster_.now())} : std::nullopt;
    }

    // ------------------------------------------------------------------------------- what one does

    void crash(member_id id) {
        if (!cluster_.running(id)) return note_that(id, "does not run");
        std::size_t i = 0;  // The cluster loses what is on its way to it.
        std::erase_if(flights_, [&](const flight&) { return cluster_.network()[i++].to == id; });
        cluster_.crash(id);
        after_step();
    }
    void restart(member_id id) {
        if (cluster_.running(id)) return note_that(id, "runs");
        cluster_.restart(id);
        after_step();
    }
    /// Its election timeout is over.
    void stand(member_id id) {
        if (!cluster_.running(id)) return note_that(id, "does not run");
        cluster_.fire(id, core::timer::election);
        after_step();
    }
    void cut(member_id from, member_id to, bool is_cut) {
        std::erase(cuts_, std::pair{from, to});
        if (is_cut) cuts_.emplace_back(from, to);
        cluster_.heal();
        for (const auto& [one, other] : cuts_) cluster_.cut(one, other);
    }
    void isolate(member_id id, bool is_cut) {
        for (const auto other : cluster_.servers()) {
            if (other == id) continue;
            cut(id, other, is_cut);
            cut(other, id, is_cut);
        }
    }
    void heal() {
        cuts_.clear();
        cluster_.heal();
    }
    /// What it sends takes ten times as long.
    void slow_down(member_id id, bool is_slow) {
        std::erase(slow_, id);
        if (is_slow) slow_.push_back(id);
    }
    void drop(std::uint32_t number) {
        const auto found = std::ranges::find(flights_, number, &flight::number);
        if (found == flights_.end()) return;
        cluster_.lose_nth(static_cast<std::size_t>(found - flights_.begin()));
        flights_.erase(found);
    }
    void take_snapshot(member_id id) {
        if (!cluster_.running(id)) return note_that(id, "does not run");
        cluster_.take_snapshot(id);
        after_step();
    }

    /// A client writes at the server that leads, if one does.
    void write() {
        const auto leader = cluster_.leader();
        if (!leader) return note("nobody leads: the client waits");
        cluster_.propose(*leader);
        tell_refusal();
        if (cluster_.last_effects().rare->refused) return after_step();
        const auto& log = cluster_.at(*leader).log;
        written_.push_back({{log.last_index(), log.last_term()}});
        after_step();
    }
    void let_clients_write(bool on) {
        next_write_ = on ? std::optional{cluster_.now()} : std::nullopt;
    }
    /// A client reads at this server, under its lease if there are leases (thesis §6.4).
    void read(member_id id) {
        if (!cluster_.running(id)) return note_that(id, "does not run");
        core::read_requested wanted{};
        if (options_.leases) wanted.consistency = raft::read_consistency::lease;
        cluster_.give(id, wanted);
        const auto effects = cluster_.last_effects();
        if (const auto& ticket = effects.rare->read)
            note_that(id, ticket->round == core::read_round{}
                              ? "answers a read at once, at index " + text(ticket->index.value)
                              : std::string{"asks a majority whether it may answer the read"});
        else
            tell_refusal();
        after_step();
    }

    /// The server is to be a member, or none any more.
    void change_members(member_id id, bool is_member) {
        const auto leader = cluster_.leader();
        if (!leader) return note("nobody leads: the members stay");
        const auto known = cluster_.servers();
        if (is_member && std::ranges::find(known, id) == known.end()) cluster_.add_outsider(id);
        std::vector<raft::member> wanted;
        const auto& members = cluster_.at(*leader).members();
        for (const auto who : members.everyone())
            if (members.id_of(who) != id) wanted.push_back({members.id_of(who)});
        if (is_member) wanted.push_back({id});
        cluster_.ask_to_change(*leader, std::move(wanted));
        tell_refusal();
        after_step();
    }

    /// For stories that move the messages themselves: what they do is told to the rest afterwards.
    template <class Told>
    void tell(Told told) {
        told(cluster_);
        flights_.clear();
        after_step();
    }

    void note(std::string said) { note_ = std::move(said); }
    /// What there is to say since the last call.
    [[nodiscard]] std::string take_note() { return std::exchange(note_, {}); }

    // ------------------------------------------------------------------------------- what there is

    [[nodiscard]] const raft::testing::cluster& servers() const { return cluster_; }
    [[nodiscard]] const world_options& options() const { return options_; }
    [[nodiscard]] const std::vector<flight>& flights() const { return flights_; }
    [[nodiscard]] const std::vector<std::pair<member_id, member_id>>& cuts() const { return cuts_; }
    [[nodiscard]] const std::vector<written>& writes() const { return written_; }
    [[nodiscard]] bool is_slow(member_id id) const {
        return std::ranges::find(slow_, id) != slow_.end();
    }
    [[nodiscard]] bool clients_write() const { return next_write_.has_value(); }
    /// The rule of Figure 3 that was broken; null if none was.
    [[nodiscard]] const char* violation() const {
        if (is_acknowledged_lost_) return "an acknowledged write is lost";
        return cluster_.violation();
    }

private:
    enum class event : std::uint8_t { arrival, timer, write };
    struct due_event {
        event what{};
        instant when{};
        std::size_t flight = 0;
        member_id id{};
        core::timer timer{};
    };

    [[nodiscard]] static raft::settings settings_of(const world_options& options) {
        raft::settings all;
        all.election_timeout = raft::milliseconds(1000);
        all.heartbeat_interval = raft::milliseconds(200);
        all.retained_entries = 2;
        all.pre_vote = options.pre_vote;
        all.check_quorum = options.check_quorum;
        if (options.leases) all.clock_drift_ppm = 100;
        return all;
    }
    [[nodiscard]] static std::string text(std::uint64_t number) { return std::to_string(number); }

    void note_that(member_id id, std::string_view what) {
        note("server " + text(id.value) + " " + std::string{what});
    }
    void tell_refusal() {
        if (const auto& refused = cluster_.last_effects().rare->refused)
            note(std::string{raft::describe(refused->reason)});
    }

    /// From `least` on, below `least + spread`.
    [[nodiscard]] std::uint32_t draw(std::uint32_t least, std::uint32_t spread) {
        random_ = random_ * 6364136223846793005U + 1442695040888963407U;
        return least + static_cast<std::uint32_t>(random_ >> 33U) % spread;
    }

    [[nodiscard]] std::optional<due_event> earliest(instant end) const {
        std::optional<due_event> first;
        const auto consider = [&](const due_event& each) {
            if (each.when <= end && (!first || each.when < first->when)) first = each;
        };
        for (std::size_t i = 0; i < flights_.size(); ++i)
            consider({.what = event::arrival, .when = flights_[i].arrives, .flight = i});
        for (const auto id : cluster_.servers()) {
            if (!cluster_.running(id)) continue;
            for (const auto which : {core::timer::election, core::timer::heartbeat})
                if (const auto due = cluster_.deadline(id, which))
                    consider({.what = event::timer, .when = *due, .id = id, .timer = which});
        }
        if (next_write_) consider({.what = event::write, .when = *next_write_});
        return first;
    }

    void carry_out(const due_event& due) {
        switch (due.what) {
        case event::arrival:
            flights_.erase(flights_.begin() + static_cast<std::ptrdiff_t>(due.flight));
            cluster_.deliver_nth(due.flight);
            break;
        case event::timer: cluster_.fire(due.id, due.timer); break;
        case event::write:
            next_write_ = due.when + raft::milliseconds(250);
            if (cluster_.leader()) write();
            break;
        }
    }

    /// Every new message gets its time of arrival, and clients their answers.
    void after_step() {
        look_at_network();
        for (auto& each : written_)
            each.acknowledged = each.acknowledged || is_committed(each.position);
        std::erase_if(written_, [&](const written& each) { return is_replaced(each); });
    }

    void look_at_network() {
        while (flights_.size() < cluster_.network().size()) {
            const auto& message = cluster_.network()[flights_.size()];
            const auto time = draw(25, 30) * (is_slow(message.from) ? 10 : 1);
            flights_.push_back(
                {next_flight_++, cluster_.now(), cluster_.now() + raft::milliseconds(time)});
        }
    }

    [[nodiscard]] bool is_committed(const core::log_position& position) const {
        return std::ranges::any_of(cluster_.servers(), [&](member_id id) {
            const auto& s = cluster_.at(id);
            return cluster_.running(id) && s.commit_index >= position.index &&
                   s.log.base().index < position.index &&
                   s.log.term_at(position.index) == position.term;
        });
    }

    /// Another entry is committed in its place.
    [[nodiscard]] bool is_replaced(const written& each) {
        const bool replaced = std::ranges::any_of(cluster_.servers(), [&](member_id id) {
            const auto& s = cluster_.at(id);
            return cluster_.running(id) && s.commit_index >= each.position.index &&
                   s.log.base().index < each.position.index &&
                   s.log.term_at(each.position.index) != each.position.term;
        });
        is_acknowledged_lost_ = is_acknowledged_lost_ || (replaced && each.acknowledged);
        return replaced;
    }

    world_options options_;
    std::uint64_t random_;
    raft::testing::cluster cluster_;
    std::vector<flight> flights_{};  ///< As the cluster's network, in its order.
    std::uint32_t next_flight_ = 1;
    std::vector<std::pair<member_id, member_id>> cuts_{};
    std::vector<member_id> slow_{};
    std::vector<written> written_{};
    std::optional<instant> next_write_{};
    bool is_acknowledged_lost_ = false;
    std::string note_{};
};

}  // namespace raft_playground
