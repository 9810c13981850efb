// SPDX-License-Identifier: BSL-1.0
//
// A production cluster as the specification sees it. The specification begins in term 1, we in term
// 0, so terms are one higher there; 0 stays the term of index 0. What the specification does not
// know is nothing: pre-votes, reads, transfers, the disk. A server's memory counts as its log, term
// and vote: what a crash takes, nobody was told of. Without snapshots and changes of membership,
// which the specification does not have.
#pragma once

#include <variant>
#include <vector>

#include <model/relaxed_raft.hpp>

#include <raft/testing/cluster_model/explored_cluster.hpp>

namespace raft_tla {

[[nodiscard]] inline number abstract_term(raft::term_number term) {
    return static_cast<number>(term.value + 1);
}
[[nodiscard]] inline number abstract_term(raft::log_position at) {
    return at.index == raft::log_index{} ? number{0} : abstract_term(at.term);
}
[[nodiscard]] inline number abstract_index(raft::log_index index) {
    return static_cast<number>(index.value);
}
[[nodiscard]] inline number abstract_server(raft::member_id id) {
    return static_cast<number>(id.value - 1);
}

[[nodiscard]] inline relaxed_server abstract(const raft::state& s) {
    relaxed_server result;
    auto& is = result.is;
    is.nextIndex.fill(0);
    is.currentTerm = abstract_term(s.current_term);
    is.votedFor = s.voted_for ? abstract_server(*s.voted_for) : Nil;
    for (auto i = next(raft::log_index{}); i <= s.log.last_index(); i = next(i))
        is.log[is.log_length++] = abstract_term(s.log.known_term_at(i));
    is.commitIndex = abstract_index(s.commit_index);
    if (const auto* following = std::get_if<raft::follower>(&s.role)) {
        result.verified = abstract_index(following->verified_index);
    } else if (const auto* standing = std::get_if<raft::candidate>(&s.role)) {
        if (standing->pre_vote) {  // It stands for nothing yet.
            result.verified = is.commitIndex;
        } else {
            is.state = role::Candidate;
            is.votesGranted = static_cast<server_set>(standing->granted.bits());
        }
    } else if (s.is_leader()) {
        is.state = role::Leader;
        for (std::size_t k = 0; k < s.peers.size(); ++k)
            if (s.members().members[k] != s.self)
                is.matchIndex[k] = abstract_index(s.peers[k].match_index);
    }
    return result;
}

/// The messages of the specification that a message is: one for each entry, none for what it does
/// not know.
class message_abstraction {
public:
    [[nodiscard]] static std::vector<message> of(const raft::testing::in_flight& sent) {
        message_abstraction result;
        result.frame_.msource = abstract_server(sent.from);
        result.frame_.mdest = abstract_server(sent.to);
        std::visit([&](const auto& m) { result.add(m); }, sent.what.body);
        return result.all_;
    }

private:
    void add(const raft::request_vote& m) {
        auto& is = begin(mtype::RequestVoteRequest, m.term);
        is.mlastLogTerm = abstract_term(m.last_log);
        is.mlastLogIndex = abstract_index(m.last_log.index);
    }
    void add(const raft::request_vote_reply& m) {
        begin(mtype::RequestVoteResponse, m.term).mvoteGranted = m.granted;
    }
    void add(const raft::append_entries& m) {
        if (m.last_index == m.prev.index) return add_append(m, m.prev, false);
        for (auto prev = m.prev; prev.index < m.last_index;
             prev = {next(prev.index), m.entries_term})
            add_append(m, prev, true);
    }
    void add(const raft::append_entries_reply& m) {
        auto& is = begin(mtype::AppendEntriesResponse, m.term);
        is.msuccess = 1;
        is.mmatchIndex = abstract_index(m.match_index);
    }
    void add(const raft::append_entries_rejection& m) {
        begin(mtype::AppendEntriesResponse, m.term);
    }
    void add(const auto&) {}

    void add_append(const raft::append_entries& m, raft::log_position prev, bool entry) {
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

}  // namespace raft_tla
