// SPDX-License-Identifier: BSL-1.0
//
// What a cluster must always be able to do: to elect a leader that commits an entry of its own
// term. Asked of graphs of small explorations (explorer/reachability.hpp), and of single states by
// letting all faults end.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <proof/cluster_model.hpp>

namespace raft::proof {

/// Whether one of the servers leads in the latest term, and has committed in it.
[[nodiscard]] inline bool makes_progress(const explored_cluster& c, std::size_t servers) {
    std::uint64_t latest = 0;
    bool committed = false;
    for (std::size_t i = 0; i < servers; ++i) {
        const auto& s = c.at(i).now;
        if (s.current_term.value < latest) continue;
        if (s.current_term.value > latest) committed = false;
        latest = s.current_term.value;
        const auto* leading = std::get_if<core::leader_state>(&s.role);
        committed = committed || (leading != nullptr && s.commit_index >= leading->term_start);
    }
    return committed;
}

/// No dead ends: whatever happened, disks that finish, messages that arrive, timers and time lead
/// to progress. Asked of states that leave the bounds one more term, and one more entry.
struct no_dead_ends {
    model_bounds bounds{};

    [[nodiscard]] bool is_fair(const cluster_model& model) const {
        using kind = explored_event::kind;
        switch (model.last_event().what) {
        case kind::election_timer:
        case kind::heartbeat_timer:
        case kind::deliver:
        case kind::disk:
        case kind::wake:
        case kind::time_passes: return true;
        default: return false;
        }
    }
    [[nodiscard]] bool is_goal(const explored_cluster& c) const {
        return makes_progress(c, bounds.servers);
    }
    [[nodiscard]] bool is_required(const explored_cluster& c) const {
        for (std::size_t i = 0; i < bounds.servers; ++i) {
            const auto& s = c.at(i).now;
            if (s.current_term.value >= bounds.term_max ||
                s.log.last_index().value >= bounds.log_max)
                return false;
        }
        return true;
    }
};

/// No stuck leaders: one that leads in the latest term commits without another election. Asked of
/// clusters without `check_quorum`, by which a leader goes when nobody is heard for long.
struct no_stuck_leaders {
    model_bounds bounds{};

    [[nodiscard]] bool is_fair(const cluster_model& model) const {
        using kind = explored_event::kind;
        const auto what = model.last_event().what;
        return what == kind::heartbeat_timer || what == kind::deliver || what == kind::disk;
    }
    [[nodiscard]] bool is_goal(const explored_cluster& c) const {
        return makes_progress(c, bounds.servers);
    }
    [[nodiscard]] bool is_required(const explored_cluster& c) const {
        std::uint64_t latest = 0;
        bool led = false;
        for (std::size_t i = 0; i < bounds.servers; ++i) {
            const auto& s = c.at(i).now;
            if (s.current_term.value > latest) led = false;
            latest = std::max(latest, s.current_term.value);
            led = led || (s.is_leader() && s.current_term.value == latest);
        }
        return led;
    }
};

/// Lets all faults end in a cluster: messages arrive in order, disks finish at once, timers fire
/// when they are due, each server with its own random timeouts.
class calm_continuation {
public:
    calm_continuation(const explored_cluster& begin, std::size_t servers)
        : now_{begin}, servers_{servers} {
        for (std::size_t i = 0; i < servers_; ++i) {
            auto& s = now_.at(i).now;
            s.seed = i + 1;
            const auto patience = s.config.election_timeout * (s.is_leader() ? 0 : 1);
            (s.is_leader() ? s.timers.heartbeat : s.timers.election) = time_ + patience;
        }
        for (std::size_t i = 0; i < servers_; ++i) give(i, core::wake_requested{});
    }

    /// Whether, within so many election timeouts, a leader takes a command and all voters know it
    /// to be committed.
    [[nodiscard]] bool commits_a_command(std::int64_t timeouts) {
        const auto end = time_ + now_.at(0).now.config.election_timeout * timeouts;
        std::optional<log_index> wanted;
        leadership asked;
        settle();
        while (time_ < end) {
            if (wanted && voters_have_committed(asked, *wanted)) return true;
            if (const auto leading = latest_leader(); leading && *leading != asked) {
                wanted = propose(*leading);
                if (wanted) asked = *leading;
            }
            pass_time();
            settle();
        }
        return false;
    }

private:
    struct leadership {
        std::size_t server = 0;
        term_number term{};
        friend bool operator==(const leadership&, const leadership&) = default;
    };

    template <class Input>
    void give(std::size_t i, const Input& in) {
        auto& server = now_.at(i);
        core::effects out;
        advance(server.now, in, time_, out);
        server.disk.begin(out, server.now);
        for (const auto& each : out.messages) {
            if (const auto* id = std::get_if<member_id>(&each.to))
                send(server.now, *id, each.body);
            else
                for (const auto member : *std::get_if<core::member_set>(&each.to))
                    send(server.now, server.now.identity_of(member), each.body);
        }
    }
    void send(const core::state& from, member_id to, const core::message& body) {
        now_.network.push_back(sent_by(from, to, body));
    }

    void settle() {
        for (bool more = true; more;) {
            more = false;
            for (std::size_t i = 0; i < servers_; ++i)
                while (const auto sequence = now_.at(i).disk.finish(~std::size_t{0})) {
                    give(i, core::written{*sequence});
                    more = true;
                }
            const auto arriving = std::exchange(now_.network, {});
            for (const auto& each : arriving) give(each.to.value - 1, each.what);
            more = more || !arriving.empty();
        }
    }

    void pass_time() {
        std::optional<instant> first;
        for (std::size_t i = 0; i < servers_; ++i)
            if (const auto due = now_.at(i).now.timers.deadline(); due && (!first || *due < *first))
                first = due;
        time_ = std::max(time_ + milliseconds(1), first.value_or(time_));
        for (std::size_t i = 0; i < servers_; ++i)
            for (const auto which : {core::timer::election, core::timer::heartbeat})
                if (const auto due = now_.at(i).now.timers.of(which); due && *due <= time_)
                    give(i, core::timer_fired{which});
    }

    /// Who leads in the latest term in which one does.
    [[nodiscard]] std::optional<leadership> latest_leader() const {
        std::optional<leadership> latest;
        for (std::size_t i = 0; i < servers_; ++i) {
            const auto& s = now_.at(i).now;
            if (s.is_leader() && (!latest || latest->term < s.current_term))
                latest = leadership{i, s.current_term};
        }
        return latest;
    }

    /// It is given a command; none if it refuses.
    [[nodiscard]] std::optional<log_index> propose(const leadership& leading) {
        const auto last = now_.at(leading.server).now.log.last_index();
        give(leading.server, core::proposed{1});
        const auto now = now_.at(leading.server).now.log.last_index();
        return now > last ? std::optional{now} : std::nullopt;
    }

    /// All whom the leader takes for voters: one that was removed may never hear of it.
    [[nodiscard]] bool voters_have_committed(const leadership& leading, log_index wanted) const {
        const auto& members = now_.at(leading.server).now.members();
        for (const auto member : members.all_voters())
            if (now_.at(members.id_of(member).value - 1).now.commit_index < wanted) return false;
        return true;
    }

    explored_cluster now_;
    std::size_t servers_;
    instant time_ = explored_now;
};

}  // namespace raft::proof
