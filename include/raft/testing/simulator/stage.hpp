// SPDX-License-Identifier: BSL-1.0
//
// The servers of a simulation with all that is around them, and what happens to a server: turns of
// its node, its disk, its connections, its end and its return.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <raft/codec/handshake.hpp>
#include <raft/testing/simulator/plan.hpp>
#include <raft/testing/simulator/server.hpp>

namespace raft::testing::simulation {

template <class Workload>
class stage {
public:
    using server_type = server<typename Workload::state_machine, Workload>;
    using command = typename server_type::command;
    using node_type = typename server_type::node_type;

    /// What the operator knows of a server.
    struct fate {
        bool is_founder = false;
        bool is_born = false;  ///< It has once begun to take part: nobody says again that it may.
        bool is_lost = false;  ///< Its disk is empty, or is not opened any more.
        bool stays_down = false;    ///< Until the end.
        moment last_up = 0;         ///< When it last ran.
        moment last_pause = 0;      ///< When it last went on after a pause.
        log_index configuration{};  ///< The newest that was seen in its log while it led …
        term_number led{};          ///< … in this term.
        bool had_damage = false;    ///< Its disk is not what it was.
        core::member_part last_part = core::member_part::learner;
        [[nodiscard]] bool is_gone() const { return is_lost || stays_down; }
    };

    explicit stage(const simulator_options& given)
        : options{given}
        , around{given.seed}
        , made{planned(given, around.luck)}
        , all{around}
        , net{around, made.conditions} {
        for (std::uint16_t i = 0; i < given.servers; ++i) add_server(true);
    }
    stage(const stage&) = delete;  // Its servers refer to it.
    stage& operator=(const stage&) = delete;

    simulator_options options;
    world around;
    plan made;
    ledger all;
    network net;
    Workload workload{};
    std::vector<std::unique_ptr<server_type>> servers{};
    std::vector<fate> fates{};
    moment slow_disks_until = 0;  ///< All of them are.
    bool is_troubled = true;      ///< Faults may still come.

    // --------------------------------------------------------------------------------- the servers

    std::uint16_t add_server(bool is_founder) {
        const auto place = static_cast<std::uint16_t>(servers.size());
        servers.push_back(std::make_unique<server_type>(around, all, workload, net, place));
        fates.push_back({.is_founder = is_founder});
        net.add_server();
        return place;
    }

    void start_later(std::uint16_t place, moment delay) {
        around.after(delay,
                     {.what = happening::start, .server = place, .life = servers[place]->life()});
    }

    /// A server that does not run, and can, is started.
    void start(std::uint16_t place) {
        auto& s = *servers[place];
        auto& known = fates[place];
        if (s.is_up() || known.is_gone()) return;
        s.timer_at = server_type::never;
        s.is_flushing = false;
        s.paused_until = 0;
        auto files = made.files;
        switch (s.start(options_for(place), std::move(files))) {
        case starting::running:
            known.is_born = true;
            net.began(place);
            return after_turn(s);
        case starting::stopped:
            around.go_wrong(fault::crash_in_recovery, place);
            return crash(place, ending::power_loss);
        case starting::failed: return crash(place, ending::killed);
        case starting::refused:
            around.expect(known.had_damage,
                          "a storage refuses what it has written, and nothing has damaged it");
            return give_up(place);
        case starting::not_born: return give_up(place);
        }
    }

    /// Its process ends, and is started again after a while.
    void crash(std::uint16_t place, ending how) {
        auto& s = *servers[place];
        if (s.is_up()) fates[place].last_up = around.now;
        s.end(how);
        const auto most = !is_troubled ? 100 : around.luck.percent(20) ? 20'000 : 4'000;
        start_later(place, around.luck.between(0, most) * millisecond);
    }

    /// It ends, and there is nothing left with which it could come back.
    void give_up(std::uint16_t place) {
        if (servers[place]->is_up()) fates[place].last_up = around.now;
        servers[place]->end(ending::killed);
        fates[place].is_lost = true;
    }

    [[nodiscard]] bool is_up(std::uint16_t place) const { return servers[place]->is_up(); }

    /// The one that leads in the latest term, if one does.
    [[nodiscard]] server_type* leader() {
        server_type* found = nullptr;
        for (auto& each : servers)
            if (each->is_up() && each->state().is_leader() &&
                (found == nullptr || found->state().current_term < each->state().current_term))
                found = each.get();
        return found;
    }

    // -------------------------------------------------------------------------------- what happens

    /// Something is done with its node.
    template <class What>
    void turn(server_type& s, What what) {
        if (!s.is_up()) return;
        what(s.node());
        after_turn(s);
    }

    void after_turn(server_type& s) {
        if (s.device().stopped) {
            around.go_wrong(fault::crash_at_an_effect, s.place());
            return crash(s.place(), ending::power_loss);
        }
        all.observe(s.place(), s.state());
        watch_configuration(s);
        if (s.state().is_halted()) return crash(s.place(), ending::killed);
        if (!s.is_flushing && s.has_to_flush()) begin_flush(s);
        arm_timer(s);
    }

    /// A server that stands still does nothing until it goes on; what happens to it waits.
    [[nodiscard]] bool waits(const event& what) {
        const auto& s = *servers[what.server];
        if (s.paused_until <= around.now) return false;
        auto later = what;
        later.at = s.paused_until;
        around.events.add(later);
        return true;
    }

    void on_arrival(const event& what) {
        if (waits(what) || !net.take(what, arrived_)) return;
        auto& s = *servers[arrived_.to];
        if (!s.is_up()) return;
        if (const auto wrong = wire::decode_frame(arrived_.frame, decoded_))
            return around.violate("a frame is not read: " + std::string{describe(*wrong)});
        const member_id from{arrived_.from + std::uint64_t{1}};
        turn(s, [&](node_type& node) { node.receive(from, decoded_.body, decoded_.beside()); });
    }

    void on_timer(const event& what) {
        auto& s = *servers[what.server];
        if (s.life() != what.life || s.timer_at != what.at) return;
        if (s.is_up() && s.paused_until > around.now) {
            s.timer_at = s.paused_until;
            static_cast<void>(waits(what));
            return;
        }
        s.timer_at = server_type::never;
        turn(s, [](node_type& node) { node.poll(); });
    }

    void on_flush(const event& what) {
        auto& s = *servers[what.server];
        if (s.life() != what.life || !s.is_up() || waits(what)) return;
        s.is_flushing = false;
        turn(s, [&](node_type& node) {
            s.storage().flush();
            node.poll();
        });
    }

    void on_connection(const event& what) {
        if (!net.is_current(what)) return;
        const auto from = what.server;
        const auto to = what.other;
        if (fates[to].is_gone() || !is_up(from)) return net.abandon(what);
        if (!is_up(to) || servers[to]->paused_until > around.now || !net.is_passable(from, to))
            return net.failed(from, to, false);
        const auto version = shake_hands(*servers[from], *servers[to]);
        if (version == 0) return net.failed(from, to, true);
        net.connected(from, to, version);
    }

    /// Its clock shows another time than before.
    void arm_timer_of(server_type& s) {
        if (s.is_up()) arm_timer(s);
    }

    /// Whether the disk of this server may be lost besides those that are: in no configuration that
    /// may be in force are there more than a minority of them.
    [[nodiscard]] bool may_be_damaged(std::uint16_t place) {
        bool any = false;
        for (const auto& each : servers) {
            if (!each->is_up()) continue;
            any = true;
            const auto& s = each->state();
            for (std::size_t i = 0; i < s.configurations.size(); ++i) {
                const bool is_past = i + 1 < s.configurations.size() &&
                                     s.configurations[i + 1].index <= s.commit_index;
                if (!is_past && !leaves_majority(s.configurations[i].value, place)) return false;
            }
        }
        return any;
    }

private:
    /// Its disk is lost, or not known to be whole.
    [[nodiscard]] bool is_at_risk(std::uint16_t place) {
        auto& known = fates[place];
        if (known.is_lost) return true;
        if (!known.had_damage) return false;
        const auto& s = *servers[place];
        if (!s.is_up() || s.state().is_halted() || s.state().tasks->lost_through) return true;
        known.had_damage = false;
        return false;
    }

    [[nodiscard]] bool leaves_majority(const configuration& members, std::uint16_t place) {
        return core::quorum_agrees(members, [&](core::slot voter) {
            const auto each = static_cast<std::uint16_t>(members.id_of(voter).value - 1);
            return each != place && !is_at_risk(each);
        });
    }

    [[nodiscard]] node_options options_for(std::uint16_t place) {
        node_options given{.id = servers[place]->id(),
                           .config = made.config,
                           .seed = around.luck.roll(),
                           .snapshot_after_entries = made.snapshot_after};
        if (fates[place].is_founder) {
            std::vector<member_id> founders;
            for (std::uint64_t id = 1; id <= options.servers; ++id) founders.push_back({id});
            given.initial = core::voters_only(std::move(founders));
        }
        if (!fates[place].is_born) given.birth = history;
        return given;
    }

    void begin_flush(server_type& s) {
        s.is_flushing = true;
        auto takes = s.device().flush_takes + around.luck.between(20, 2000) * microsecond;
        if (s.lacks_room()) takes += second;
        if (slow_disks_until > around.now)
            takes += around.luck.between(0, 2 * made.config.election_timeout.nanoseconds);
        s.flushed_at = around.now + takes;
        around.after(takes, {.what = happening::flush, .server = s.place(), .life = s.life()});
    }

    void arm_timer(server_type& s) {
        const auto due = s.node().deadline();
        if (!due) return;
        const auto shown = due->time_since_epoch().count();
        const auto at = std::max(s.time().when(shown), around.now + 1);
        if (at >= s.timer_at) return;
        s.timer_at = at;
        around.events.add(
            {.at = at, .what = happening::timer, .server = s.place(), .life = s.life()});
    }

    /// The handshake of the wire, with what both sides say of their storages; the version of the
    /// frames, or 0.
    [[nodiscard]] std::uint8_t shake_hands(server_type& caller, server_type& called) {
        wire::handshake asked;
        wire::handshake answered;
        const auto question =
            wire::encode_handshake({.cluster = cluster, .from = caller.id(), .to = called.id()});
        around.expect(!wire::decode_handshake(question, asked), "a handshake is not read");
        const auto reply = wire::encode_handshake(
            wire::answer(asked, cluster, called.id(), [](member_id) { return true; }));
        around.expect(!wire::decode_handshake(reply, answered), "a handshake is not read");
        if (answered.verdict != wire::handshake_verdict::welcome) return 0;
        if (made.introduces && !(takes(called, caller) && takes(caller, called))) return 0;
        return answered.version_newest;
    }
    [[nodiscard]] bool takes(server_type& host, server_type& guest) {
        const bool taken = host.takes_storage(guest.id(), guest.storage().mark());
        if (host.device().stopped) crash(host.place(), ending::power_loss);
        return taken && host.is_up() && guest.is_up();
    }

    /// A change that nobody forced leaves a majority that lives (F11): when a leader puts a
    /// configuration into its log, a majority of those who vote in it ran a moment ago. Those who
    /// vote after a joint phase have decided in it, and nobody waits for them again.
    void watch_configuration(server_type& s) {
        const auto& now = s.state();
        auto& known = fates[s.place()];
        const auto* leads = std::get_if<core::leader_state>(&now.role);
        if (leads == nullptr) return;
        const auto& newest = now.configurations.back();
        const bool is_new = known.led == now.current_term && newest.index > known.configuration;
        known.led = now.current_term;
        known.configuration = newest.index;
        if (!is_new || leads->forced || now.configurations.size() < 2) return;
        const auto& before = now.members_before();
        if (before.is_joint()) return;
        const auto ids_differ = [&] {
            for (const auto voter : newest.value.all_voters())
                if (!before.is_voter(newest.value.id_of(voter))) return true;
            return newest.value.all_voters().size() != before.all_voters().size();
        };
        if (!ids_differ()) return;
        const auto moment_ago = around.now - now.config.election_timeout.nanoseconds * 11 / 10;
        if (known.last_pause > moment_ago) return;
        const bool lives = core::quorum_agrees(newest.value, [&](core::slot voter) {
            const auto place = static_cast<std::uint16_t>(newest.value.id_of(voter).value - 1);
            return is_up(place) || fates[place].last_up >= moment_ago;
        });
        around.expect(lives, "a change of members leaves no majority that lives");
    }

    static constexpr wire::cluster_id cluster{7};
    static constexpr history_id history{11};

    network::arrived arrived_{};
    wire::decoded<command> decoded_{};
};

}  // namespace raft::testing::simulation
