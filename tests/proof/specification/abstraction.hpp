// SPDX-License-Identifier: BSL-1.0
//
// A production cluster as the specification sees it: the abstraction function that every statement
// about both rests on. Without snapshots and changes of membership, which the specification does
// not have.
//
// * The specification begins in term 1, we in term 0: terms are one higher there; 0 stays the term
//   of index 0. Of commands nothing is known but that there is one.
// * A server's memory counts as its log, term and vote: what a crash takes, nobody was told of.
// * An answer that waits for the disk is on its way already: it was decided when the request came.
//   So is a candidate's vote for itself, which is a message there. They arrive when they can.
// * A message with several entries is as many messages with one each. A message that may come more
//   than once is in the bag once. Pre-votes, reads, transfers and their messages are nothing.
// * A leader that lets the others sleep says what a heartbeat says, at the end of a log that is all
//   committed. Who wakes the others tells them its term, as a refusal does.
// * votesResponded holds only those who granted: a refusal that comes changes nothing. nextIndex is
//   ours, which runs ahead; it is only a hint of what to send (see path.hpp).
#pragma once

#include <algorithm>
#include <variant>
#include <vector>

#include <proof/cluster_model/explored_cluster.hpp>
#include <proof/specification/relaxed_raft.hpp>

namespace raft::proof::tla {

[[nodiscard]] inline number abstract_term(raft::term_number term) {
    return static_cast<number>(term.value + 1);
}
[[nodiscard]] inline number abstract_term(raft::core::log_position at) {
    return at.index == raft::log_index{} ? number{0} : abstract_term(at.term);
}
[[nodiscard]] inline number abstract_index(raft::log_index index) {
    return static_cast<number>(index.value);
}
[[nodiscard]] inline number abstract_server(raft::member_id id) {
    return static_cast<number>(id.value - 1);
}

[[nodiscard]] inline relaxed_server abstract(const raft::core::state& s) {
    relaxed_server result;
    auto& is = result.is;
    is.currentTerm = abstract_term(s.current_term);
    is.votedFor = s.voted_for ? abstract_server(*s.voted_for) : Nil;
    for (auto i = next(raft::log_index{}); i <= s.log.last_index(); i = next(i))
        is.log[is.log_length++] = abstract_term(s.log.known_term_at(i));
    is.commitIndex = abstract_index(s.commit_index);
    if (const auto* following = std::get_if<raft::core::follower_state>(&s.role)) {
        // Every later leader has what is committed (Leader Completeness).
        result.verified = std::max(abstract_index(following->matched_index), is.commitIndex);
    } else if (const auto* standing = std::get_if<raft::core::candidate_state>(&s.role)) {
        if (standing->pre_vote) {  // It stands for nothing yet.
            result.verified = is.commitIndex;
        } else {
            is.state = role::Candidate;
            is.votesGranted = static_cast<server_set>(standing->granted.bits());
            is.votesResponded = is.votesGranted;
        }
    } else if (s.is_leader()) {
        is.state = role::Leader;
        for (const auto member : s.members().everyone()) {
            if (s.members().id_of(member) == s.self) continue;
            is.matchIndex[member.value] = abstract_index(s.peers[member.value].match_index);
            is.nextIndex[member.value] = abstract_index(s.peers[member.value].next_index);
        }
    }
    return result;
}

/// The messages of the specification that a message is: one for each entry, none for what it does
/// not know.
class message_abstraction {
public:
    [[nodiscard]] static std::vector<message> of(const in_flight& sent) {
        message_abstraction result;
        result.frame_.msource = abstract_server(sent.from);
        result.frame_.mdest = abstract_server(sent.to);
        std::visit([&](const auto& m) { result.add(m); }, sent.what.body);
        return result.all_;
    }

private:
    void add(const raft::core::request_vote& m) {
        auto& is = begin(mtype::RequestVoteRequest, m.term);
        is.mlastLogTerm = abstract_term(m.last_log);
        is.mlastLogIndex = abstract_index(m.last_log.index);
    }
    void add(const raft::core::request_vote_reply& m) {
        begin(mtype::RequestVoteResponse, m.term).mvoteGranted = m.granted;
    }
    void add(const raft::core::append_entries& m) {
        if (m.last_index == m.prev.index) return add_append(m, m.prev, false);
        for (auto prev = m.prev; prev.index < m.last_index;
             prev = {next(prev.index), m.entries_term})
            add_append(m, prev, true);
    }
    void add(const raft::core::append_entries_reply& m) {
        auto& is = begin(mtype::AppendEntriesResponse, m.term);
        is.msuccess = 1;
        is.mmatchIndex = abstract_index(m.match_index);
    }
    void add(const raft::core::append_entries_rejection& m) {
        begin(mtype::AppendEntriesResponse, m.term);
    }
    void add(const raft::core::fall_asleep& m) {
        auto& is = begin(mtype::AppendEntriesRequest, m.term);
        is.mprevLogIndex = is.mcommitIndex = abstract_index(m.last_log.index);
        is.mprevLogTerm = abstract_term(m.last_log);
    }
    void add(const raft::core::wake_up& m) { begin(mtype::AppendEntriesResponse, m.term); }
    void add(const auto&) {}

    void add_append(const raft::core::append_entries& m, raft::core::log_position prev,
                    bool entry) {
        auto& is = begin(mtype::AppendEntriesRequest, m.term);
        is.mprevLogIndex = abstract_index(prev.index);
        is.mprevLogTerm = abstract_term(prev);
        is.mentries = entry;
        is.entry_term = entry ? abstract_term(m.entries_term) : number{0};
        is.mcommitIndex = abstract_index(m.commit_index);
    }

    message& begin(mtype type, raft::term_number term) {
        all_.push_back(frame_);
        all_.back().mtype = type;
        all_.back().mterm = abstract_term(term);
        return all_.back();
    }

    message frame_{};
    std::vector<message> all_{};
};

/// The answers of a server that wait for its disk, and its own vote while that waits.
[[nodiscard]] inline std::vector<in_flight> answers_to_come(const raft::core::state& s) {
    std::vector<in_flight> all;
    const auto add = [&](raft::member_id to, const raft::core::message& body) {
        all.push_back({s.self, to, {s.self, body, std::nullopt}});
    };
    const raft::core::request_vote_reply vote{s.current_term, true};
    if (const auto* standing = std::get_if<raft::core::candidate_state>(&s.role)) {
        const auto own = s.members().slot_of(s.self);
        const bool counted = own && standing->granted.contains(*own);
        if (!standing->pre_vote && !counted && s.voted_for == s.self) add(s.self, vote);
        return all;
    }
    const auto* following = std::get_if<raft::core::follower_state>(&s.role);
    if (following == nullptr) return all;
    if (following->deferred.vote) add(*s.voted_for, vote);
    if (!following->leader) return all;
    if (following->deferred.append)
        add(*following->leader,
            raft::core::append_entries_reply{s.current_term, following->matched_index, {}, false});
    if (following->deferred.rejection)
        add(*following->leader, raft::core::append_entries_rejection{s.current_term, {}, {}, {}});
    return all;
}

/// The whole of it.
[[nodiscard]] inline cluster abstract(const explored_cluster& now, std::size_t servers) {
    cluster result;
    const auto put = [&](const in_flight& sent) {
        for (const auto& each : message_abstraction::of(sent))
            if (!result.contains(each)) raft::core::require(result.Send(each));
    };
    for (std::size_t i = 0; i < servers; ++i) {
        result.servers[i] = abstract(now.at(i).now).is;
        for (const auto& each : answers_to_come(now.at(i).now)) put(each);
    }
    for (const auto& each : now.network) put(each);
    return result;
}

}  // namespace raft::proof::tla
