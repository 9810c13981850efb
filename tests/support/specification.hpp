// SPDX-License-Identifier: BSL-1.0
//
// Judges lines of transitions by their text alone: reads both states, and tries every way of taking
// the named actions.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include <proof/specification/relaxed_raft.hpp>
#include <support/json.hpp>

namespace support {

namespace tla = raft::proof::tla;

/// Reads a STATE of such a line.
class specification_reader {
public:
    [[nodiscard]] static tla::cluster read(const json& state) {
        tla::cluster c;
        for (const auto& id : state["currentTerm"].order)
            c.servers[place_of(id)] = server_of(state, id);
        for (const auto& each : state["messages"].elements) c.Send(message_of(each));
        return c;
    }

private:
    [[nodiscard]] static std::size_t place_of(const std::string& id) { return std::stoul(id) - 1; }
    [[nodiscard]] static tla::number small(const json& value) {
        return static_cast<tla::number>(value.number);
    }
    [[nodiscard]] static tla::number place(const json& id) {
        return static_cast<tla::number>(place_of(id.text));
    }

    [[nodiscard]] static tla::server server_of(const json& state, const std::string& id) {
        tla::server s;
        s.currentTerm = small(state["currentTerm"][id]);
        const auto& role = state["state"][id].text;
        s.state = role == "Leader"      ? tla::role::Leader
                  : role == "Candidate" ? tla::role::Candidate
                                        : tla::role::Follower;
        const auto& voted = state["votedFor"][id];
        s.votedFor = voted.text == "Nil" ? tla::Nil : place(voted);
        for (const auto& entry : state["log"][id].elements)
            s.log[s.log_length++] = small(entry["term"]);
        s.commitIndex = small(state["commitIndex"][id]);
        for (const auto& each : state["votesResponded"][id].elements)
            s.votesResponded |= tla::bit(place(each));
        for (const auto& each : state["votesGranted"][id].elements)
            s.votesGranted |= tla::bit(place(each));
        for (const auto& [other, index] : state["nextIndex"][id].members)
            s.nextIndex[place_of(other)] = small(index);
        for (const auto& [other, index] : state["matchIndex"][id].members)
            s.matchIndex[place_of(other)] = small(index);
        return s;
    }

    [[nodiscard]] static tla::message message_of(const json& record) {
        tla::message m;
        const auto& type = record["mtype"].text;
        m.mterm = small(record["mterm"]);
        m.msource = place(record["msource"]);
        m.mdest = place(record["mdest"]);
        if (type == "RequestVoteRequest") {
            m.mtype = tla::mtype::RequestVoteRequest;
            m.mlastLogTerm = small(record["mlastLogTerm"]);
            m.mlastLogIndex = small(record["mlastLogIndex"]);
        } else if (type == "RequestVoteResponse") {
            m.mtype = tla::mtype::RequestVoteResponse;
            m.mvoteGranted = small(record["mvoteGranted"]);
        } else if (type == "AppendEntriesRequest") {
            m.mtype = tla::mtype::AppendEntriesRequest;
            m.mprevLogIndex = small(record["mprevLogIndex"]);
            m.mprevLogTerm = small(record["mprevLogTerm"]);
            m.mcommitIndex = small(record["mcommitIndex"]);
            for (const auto& entry : record["mentries"].elements) {
                ++m.mentries;
                m.entry_term = small(entry["term"]);
            }
        } else {
            m.mtype = tla::mtype::AppendEntriesResponse;
            m.msuccess = small(record["msuccess"]);
            m.mmatchIndex = small(record["mmatchIndex"]);
        }
        return m;
    }
};

/// Whether actions of these names, in this order, can lead from one state to the other.
class transition_judge {
public:
    transition_judge(std::size_t servers, const tla::cluster& pre, const tla::cluster& post)
        : servers_{servers}, post_{post}, reached_{pre} {}

    [[nodiscard]] bool leads_there(std::span<const std::string> names) {
        for (const auto& name : names) {
            const auto known = std::ranges::find(tla::action_names, name);
            if (known == tla::action_names.end()) return false;
            const auto from = std::exchange(reached_, {});
            for (const auto& each : from)
                take(each, static_cast<tla::action>(known - tla::action_names.begin()));
        }
        return std::ranges::find(reached_, post_) != reached_.end();
    }

private:
    using action = tla::action;

    void attempt(const tla::cluster& from, auto act) {
        auto next = from;
        if (act(next) && std::ranges::find(reached_, next) == reached_.end())
            reached_.push_back(next);
    }

    void take(const tla::cluster& from, action which) {
        for (std::size_t i = 0; i < servers_; ++i) {
            attempt(from, [&](tla::cluster& c) { return of_server(c, which, i); });
            for (std::size_t j = 0; j < servers_; ++j)
                attempt(from, [&](tla::cluster& c) {
                    return which == action::RequestVote     ? c.RequestVote(i, j)
                           : which == action::AppendEntries ? c.AppendEntries(i, j)
                                                            : false;
                });
        }
        for (std::size_t k = 0; k < from.message_count; ++k)
            attempt(from, [&](tla::cluster& c) { return of_message(c, which, from.messages[k]); });
        for (std::size_t k = 0; k < post_.message_count; ++k)
            attempt(from, [&](tla::cluster& c) {
                const auto& m = post_.messages[k];
                const auto& s = c.servers[m.msource];
                return tla::may_send(which, {s, s.log_length}, m) && c.Send(m);
            });
    }

    [[nodiscard]] bool of_server(tla::cluster& c, action which, std::size_t i) const {
        auto& s = c.servers[i];
        const auto& wanted = post_.servers[i];
        switch (which) {
        case action::Restart: return c.Restart(i);
        case action::Timeout: return c.Timeout(i);
        case action::BecomeLeader: return c.BecomeLeader(i, servers_);
        case action::ClientRequest: return c.ClientRequest(i);
        case action::AdvanceCommitIndex: return c.AdvanceCommitIndex(i, servers_);
        case action::AdvanceCommitTo:
            if (!tla::may_commit_to(s, i, wanted.commitIndex, servers_)) return false;
            s.commitIndex = wanted.commitIndex;
            return true;
        case action::StepDown:
            if (s.state == tla::role::Follower) return false;
            s.state = tla::role::Follower;
            return true;
        case action::LoseUnwritten:
            s = wanted;
            return s.state == tla::role::Follower && s.commitIndex == 0;
        default: return false;
        }
    }

    [[nodiscard]] bool of_message(tla::cluster& c, action which, const tla::message& m) const {
        auto& s = c.servers[m.mdest];
        const auto& wanted = post_.servers[m.mdest];
        switch (which) {
        case action::Receive: return c.Receive(m);
        case action::DuplicateMessage: return c.DuplicateMessage(m);
        case action::DropMessage: return c.DropMessage(m);
        case action::CommitVerified:
            if (!tla::holds(s, m) || wanted.commitIndex <= s.commitIndex ||
                wanted.commitIndex > std::min(m.mcommitIndex, s.log_length))
                return false;
            s.commitIndex = wanted.commitIndex;
            return true;
        default: return false;
        }
    }

    std::size_t servers_;
    tla::cluster post_;
    std::vector<tla::cluster> reached_;
};

/// Whether the line's actions lead from its `pre` to its `post`.
[[nodiscard]] inline bool is_a_transition(const std::string& line) {
    const auto read = json_reader::read(line);
    std::vector<std::string> names;
    for (const auto& each : read["action"].elements) names.push_back(each.text);
    const auto servers = read["pre"]["currentTerm"].order.size();
    transition_judge judge{servers, specification_reader::read(read["pre"]),
                           specification_reader::read(read["post"])};
    return judge.leads_there(names);
}

}  // namespace support
