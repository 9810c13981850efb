// SPDX-License-Identifier: BSL-1.0
//
// A way through the states of a cluster, told so that one can follow it: who did what, what every
// server knew afterwards, what was on its way.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <raft/testing/cluster_model.hpp>

namespace raft::testing {

namespace detail {

inline std::string text(std::uint64_t number) { return std::to_string(number); }
inline std::string text(log_position x) { return text(x.index.value) + "/" + text(x.term.value); }

struct message_text {
    std::string operator()(const request_pre_vote& m) const {
        return "request_pre_vote(term " + text(m.term.value) + ", last " + text(m.last_log) + ")";
    }
    std::string operator()(const pre_vote_reply& m) const {
        return "pre_vote_reply(term " + text(m.term.value) + yes_or_no(m.granted);
    }
    std::string operator()(const request_vote& m) const {
        return "request_vote(term " + text(m.term.value) + ", last " + text(m.last_log) + ")";
    }
    std::string operator()(const request_vote_reply& m) const {
        return "request_vote_reply(term " + text(m.term.value) + yes_or_no(m.granted);
    }
    std::string operator()(const append_entries& m) const {
        return "append_entries(term " + text(m.term.value) + ", prev " + text(m.prev) + ", last " +
               text(log_position{m.last_index, m.entries_term}) + ", commit " +
               text(m.commit_index.value) + ", round " + text(m.round.value) + ")";
    }
    std::string operator()(const append_entries_reply& m) const {
        return "append_entries_reply(term " + text(m.term.value) + ", match " +
               text(m.match_index.value) + ", round " + text(m.round.value) + ")";
    }
    std::string operator()(const append_entries_rejection& m) const {
        return "append_entries_rejection(term " + text(m.term.value) + ", prev " +
               text(m.prev_index.value) + ", hint " + text(m.hint) + ")";
    }
    std::string operator()(const install_snapshot& m) const {
        return "install_snapshot(term " + text(m.term.value) + ", last included " +
               text(m.last_included) + ", bytes " + text(m.offset) + "+" + text(m.length) + " of " +
               text(m.size) + ")";
    }
    std::string operator()(const install_snapshot_reply& m) const {
        return "install_snapshot_reply(term " + text(m.term.value) + ", " + text(m.offset) + ")";
    }
    std::string operator()(const timeout_now& m) const {
        return "timeout_now(term " + text(m.term.value) + ")";
    }
    std::string operator()(const request_read_index& m) const {
        return "request_read_index(request " + text(m.request.value) + ")";
    }
    std::string operator()(const read_index_reply& m) const {
        return "read_index_reply(request " + text(m.request.value) + ", round " +
               text(m.round.value) + ", index " + text(m.index.value) + ")";
    }
    std::string operator()(const round_confirmed& m) const {
        return "round_confirmed(round " + text(m.round.value) + ")";
    }
    std::string operator()(const fall_asleep& m) const {
        return "fall_asleep(term " + text(m.term.value) + ", last " + text(m.last_log) + ")";
    }
    std::string operator()(const wake_up& m) const {
        return "wake_up(term " + text(m.term.value) + ")";
    }

private:
    static std::string yes_or_no(bool granted) { return granted ? ", yes)" : ", no)"; }
};

inline std::string text(const in_flight& x) {
    return text(x.from.value) + " -> " + text(x.to.value) + " " +
           std::visit(message_text{}, x.what.body);
}

inline std::string text(const log_shape& log) {
    std::string all = "[";
    if (log.base().index > log_index{}) all += "..." + text(log.base()) + " ";
    for (auto i = next(log.base().index); i <= log.last_index(); i = next(i))
        all += text(log.known_term_at(i).value) + " ";
    if (all.back() == ' ') all.pop_back();
    return all + "]";
}

inline std::string text(const state& s) {
    constexpr const char* roles[] = {"follower", "candidate", "leader", "halted"};
    auto all = std::string{roles[s.role.index()]} + " of term " + text(s.current_term.value);
    if (const auto* standing = std::get_if<candidate>(&s.role); standing && standing->pre_vote)
        all += " (pre-vote)";
    if (s.voted_for) all += ", voted for " + text(s.voted_for->value);
    all += ", log " + text(s.log) + ", commit " + text(s.commit_index.value);
    if (s.disk.durable != s.disk.begun)
        all += ", " + text(s.disk.begun.value - s.disk.durable.value) + " writes not durable";
    return all;
}

inline std::string text(const explored_event& e, const explored_cluster& before) {
    using kind = explored_event::kind;
    const auto who = "server " + text(e.server + 1) + ": ";
    switch (e.what) {
    case kind::begin: return "the beginning";
    case kind::election_timer: return who + "the election timer fires";
    case kind::heartbeat_timer: return who + "the heartbeat timer fires";
    case kind::propose: return who + "a command is proposed";
    case kind::read: return who + "a read is asked for";
    case kind::transfer: return who + "leadership is to go to " + text(e.number + 1);
    case kind::resign: return who + "is asked to lead no longer";
    case kind::wake: return who + "is going to be needed";
    case kind::change: return who + "the voters are to be the bits of " + text(e.number);
    case kind::snapshot: return who + "takes a snapshot";
    case kind::deliver: return who + "receives " + text(before.network[e.number]);
    case kind::disk: return who + text(e.number) + " writes become durable";
    case kind::crash: return who + "crashes, " + text(e.number) + " unfinished writes survive";
    case kind::time_passes: return who + "what it remembers of time runs out";
    }
    return {};
}

}  // namespace detail

/// Tells how a cluster comes through the states of a counter-example. The explorer gave the servers
/// other names on the way, where that made no difference; here each keeps its name.
[[nodiscard]] inline std::string tell(cluster_model model, const counterexample& way) {
    std::string story;
    explored_cluster at;
    encoding bytes;
    for (std::size_t i = 0; i < way.states.size(); ++i) {
        std::optional<explored_cluster> chosen;
        const auto choose = [&](const explored_cluster& next, const char* wrong) {
            bytes.clear();
            model.encode(next, bytes);
            const bool last = i + 1 == way.states.size();
            if (chosen || !std::ranges::equal(bytes.bytes(), way.states[i])) return;
            if (last && wrong == nullptr && model.violation(next) == nullptr) return;
            chosen = next;
            story += detail::text(i) + ". " + detail::text(model.last_event(), at) + "\n";
        };
        if (i == 0)
            model.initial_states(choose);
        else
            model.successors(at, choose);
        require(chosen.has_value());
        at = *chosen;
        for (std::size_t k = 0; k < model.bounds().servers; ++k)
            story += "      " + detail::text(k + 1) + ": " + detail::text(at.at(k).now) + "\n";
        for (const auto& each : at.network)
            story += "      on its way: " + detail::text(each) + "\n";
    }
    return story + "   => " + way.rule + "\n";
}

}  // namespace raft::testing
