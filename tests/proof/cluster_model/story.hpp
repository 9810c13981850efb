// SPDX-License-Identifier: BSL-1.0
//
// A way through the states of a cluster, told so that one can follow it: who did what, what every
// server knew afterwards, what was on its way.
#pragma once

#include <cstddef>
#include <string>

#include <proof/cluster_model/way.hpp>
#include <raft/testing/replay/words.hpp>

namespace raft::proof {

namespace detail {

using testing::in_words;
namespace words = testing::detail::words;

inline std::string text(std::uint64_t number) { return std::to_string(number); }

inline std::string text(const in_flight& x) {
    return text(x.from.value) + " -> " + text(x.to.value) + " " + in_words(x.what.body);
}

inline std::string text(const core::log_terms& log) {
    std::string all = "[";
    if (log.base().index > log_index{}) all += "..." + words::of(log.base()) + " ";
    for (auto i = next(log.base().index); i <= log.last_index(); i = next(i))
        all += text(log.known_term_at(i).value) + " ";
    if (all.back() == ' ') all.pop_back();
    return all + "]";
}

inline std::string text(const core::state& s) {
    constexpr const char* roles[] = {"follower", "candidate", "leader", "halted"};
    auto all = std::string{roles[s.role.index()]} + " of term " + text(s.current_term.value);
    if (const auto* standing = std::get_if<core::candidate_state>(&s.role);
        standing && standing->pre_vote)
        all += " (pre-vote)";
    if (s.voted_for) all += ", voted for " + text(s.voted_for->value);
    all += ", log " + text(s.log) + ", commit " + text(s.commit_index.value);
    if (const auto& from = s.tasks->lacks_from) all += ", no commands from " + text(from->value);
    if (const auto& lost = s.tasks->lost_through) all += ", lost up to " + words::of(*lost);
    if (s.disk.durable != s.disk.issued)
        all += ", " + text(s.disk.issued.value - s.disk.durable.value) + " writes not durable";
    return all;
}

inline std::string text(const wanted_part& wanted) {
    constexpr const char* parts[] = {"a voter", "a learner", "a witness"};
    return "server " + text(wanted.server + 1) + " is to be " +
           (wanted.part ? parts[static_cast<std::size_t>(*wanted.part)] : "no member any more");
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
    case kind::part: return who + text(wanted_part::of(e.number));
    case kind::snapshot: return who + "takes a snapshot";
    case kind::deliver: return who + "receives " + text(before.network[e.number]);
    case kind::disk: return who + text(e.number) + " writes become durable";
    case kind::crash: return who + "crashes, " + text(e.number) + " unfinished writes survive";
    case kind::damage:
        return who + "crashes, and its disk loses its log after entry " + text(e.number);
    case kind::wipe: return who + "crashes, and its disk loses all that it has";
    case kind::birth: return "all founders are there, and empty: the cluster is born";
    case kind::join_birth: return who + "hears that it is one of the founders";
    case kind::time_passes: return who + "what it remembers of time runs out";
    }
    return {};
}

}  // namespace detail

/// Tells how a cluster comes through the states of a counter-example. The model is a
/// `cluster_model`, or one around it that knows more rules.
template <class Model = cluster_model>
[[nodiscard]] std::string tell(Model model, const counterexample& way) {
    std::string story;
    std::size_t i = 0;
    follow(model, way, [&](const explored_cluster& before, const explored_cluster& after) {
        story += detail::text(i++) + ". " + detail::text(model.last_event(), before) + "\n";
        for (std::size_t k = 0; k < model.bounds().servers; ++k)
            story += "      " + detail::text(k + 1) + ": " + detail::text(after.at(k).now) + "\n";
        for (const auto& each : after.network)
            story += "      on its way: " + detail::text(each) + "\n";
    });
    return way.rule == nullptr ? story : story + "   => " + way.rule + "\n";
}

}  // namespace raft::proof
