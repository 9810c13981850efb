// SPDX-License-Identifier: BSL-1.0
//
// A transition of a production cluster as one of the specification: what both sides of it are
// there, and the actions that lead from one to the other.
#pragma once

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <proof/cluster_model.hpp>
#include <proof/specification/abstraction.hpp>
#include <proof/specification/path.hpp>

namespace raft::proof::tla {

struct transition {
    cluster before{};
    cluster after{};
    std::vector<action> actions{};  ///< None for a stutter.
};

[[nodiscard]] inline bool is_published(const transition& x) {
    return std::ranges::all_of(x.actions, [](action each) { return is_published(each); });
}

namespace detail {

[[nodiscard]] inline std::vector<message> messages_of(const cluster& c) {
    return {c.messages.begin(), c.messages.begin() + c.message_count};
}

/// Takes a path of one server through the bag of messages. A message that is used up is doubled
/// first if it is needed again, and what is in the bag too often at the end is dropped.
class path_walk {
public:
    path_walk(const cluster& begin, const cluster& end, std::size_t i, std::size_t servers)
        : at_{begin}, end_{end}, i_{i}, servers_{servers} {}

    /// None if the path cannot be walked, or ends with another bag.
    [[nodiscard]] std::optional<transition> walk(const path_found& path) {
        transition result{at_, {}, {}};
        for (std::size_t k = 0; k < path.actions.size(); ++k) {
            const auto& each = path.actions[k];
            if (each.what == action::Receive && uses_up(*each.about) &&
                is_needed(path, k, *each.about))
                add(action::DuplicateMessage, at_.DuplicateMessage(*each.about));
            add(each.what, take(each, path.reached));
        }
        for (const auto& m : messages_of(at_))
            while (count(at_, m) > count(end_, m)) add(action::DropMessage, at_.DropMessage(m));
        if (!possible_ || messages_of(at_) != messages_of(end_)) return std::nullopt;
        result.after = at_;
        result.actions = std::move(actions_);
        return result;
    }

private:
    void add(action which, bool enabled) {
        possible_ = possible_ && enabled;
        actions_.push_back(which);
    }

    [[nodiscard]] static std::size_t count(const cluster& c, const message& m) {
        const auto all = messages_of(c);
        return static_cast<std::size_t>(std::ranges::count(all, m));
    }

    [[nodiscard]] bool uses_up(const message& m) const {
        auto after = at_;
        return after.Receive(m) && !after.contains(m);
    }
    [[nodiscard]] bool is_needed(const path_found& path, std::size_t k, const message& m) const {
        if (end_.contains(m)) return true;
        return std::any_of(path.actions.begin() + static_cast<std::ptrdiff_t>(k) + 1,
                           path.actions.end(),
                           [&](const taken_action& later) { return later.about == m; });
    }

    [[nodiscard]] bool take(const taken_action& what, const server& reached) {
        auto& s = at_.servers[i_];
        switch (what.what) {
        case action::Restart: return at_.Restart(i_);
        case action::Timeout: return at_.Timeout(i_);
        case action::RequestVote: return at_.RequestVote(i_, what.about->mdest);
        case action::AppendEntries: return at_.AppendEntries(i_, what.about->mdest);
        case action::BecomeLeader: return at_.BecomeLeader(i_, servers_);
        case action::ClientRequest: return at_.ClientRequest(i_);
        case action::AdvanceCommitIndex: return at_.AdvanceCommitIndex(i_, servers_);
        case action::Receive: return at_.contains(*what.about) && at_.Receive(*what.about);
        case action::DuplicateMessage: return at_.DuplicateMessage(*what.about);
        case action::DropMessage: return at_.DropMessage(*what.about);
        case action::AppendEntriesFrom:
        case action::Acknowledge:
        case action::Refuse:
        case action::AnswerVote: return at_.Send(*what.about);
        case action::AdvanceCommitTo:
        case action::CommitVerified: s.commitIndex = what.index; return true;
        case action::StepDown: s.state = role::Follower; return true;
        case action::LoseUnwritten: s = reached; return true;
        }
        return false;
    }

    cluster at_;
    const cluster& end_;
    std::size_t i_;
    std::size_t servers_;
    bool possible_ = true;
    std::vector<action> actions_{};
};

/// What server `i` did in this step.
[[nodiscard]] inline step_seen seen(const explored_cluster& now, const cluster& before,
                                    const cluster& after, const explored_event& event,
                                    std::size_t servers) {
    step_seen step{event.server, servers, {}, {}, event.what == explored_event::kind::crash};
    if (event.what == explored_event::kind::deliver)
        step.received = message_abstraction::of(now.network[event.number]);
    for (const auto& m : messages_of(after))
        if (!before.contains(m) && m.msource != m.mdest) step.sent.push_back(m);
    return step;
}

}  // namespace detail

/// The transition from `now` to `next`, which `event` led to; none if it is none of the
/// specification's, as relaxed. Its `after` is what the actions lead to from `before`: the
/// abstraction of `next` but for nextIndex and what nobody reads (relaxed_raft.hpp).
[[nodiscard]] inline std::optional<transition> transition_of(const explored_cluster& now,
                                                             const explored_cluster& next,
                                                             const explored_event& event,
                                                             std::size_t servers) {
    const auto i = event.server;
    for (std::size_t j = 0; j < servers; ++j)
        if (j != i && !(now.at(j).now == next.at(j).now)) return std::nullopt;
    auto before = abstract(now, servers);
    const auto after = abstract(next, servers);
    path_search search{detail::seen(now, before, after, event, servers)};
    const auto found = search.find(abstract(now.at(i).now), abstract(next.at(i).now));
    if (!found) return std::nullopt;
    for (std::size_t j = 0; j < servers; ++j)
        if (found->next_index[j] != 0) before.servers[i].nextIndex[j] = found->next_index[j];
    return detail::path_walk{before, after, i, servers}.walk(*found);
}

}  // namespace raft::proof::tla
