// SPDX-License-Identifier: BSL-1.0
//
// Where the published actions are narrower than any real Raft, these stand beside them. Each is
// weaker than the published action, and harmless:
//
// * AppendEntriesFrom: a leader sends any one entry of its log, or none, not only the one at
//   `nextIndex`, and its whole commitIndex with it. What is sent is true of the leader's log.
// * CommitVerified: a follower commits up to the least of the leader's commitIndex and the index
//   up to which its log is known to be the leader's, and never goes back. `verified` is that index:
//   what AppendEntries of this term have matched, at least what was committed before.
// * Acknowledge, Refuse, AnswerVote: a server may say again, or late, what is true in its term: up
//   to where its log is verified; that it does not have an entry; whom it voted for. It may refuse
//   a vote that it could give. Replies need no request.
// * AdvanceCommitTo: a leader commits any index of its term that a quorum has, not only the
//   largest.
// * StepDown: a candidate or leader may become a follower in its term, as if it had restarted.
// * LoseUnwritten: a server restarts from a disk that had not everything. What it had on disk is
//   judged elsewhere: nothing was promised that was not durable (cluster_model/rules.hpp).
//
// What the specification keeps and nobody reads is not compared: who voted for a server that is no
// candidate, the progress of the others where none leads. nextIndex is only a hint of what to send.
// A follower may at any time know less of how far its log is verified, or know more by a message.
#pragma once

#include <algorithm>

#include <proof/specification/action.hpp>

namespace raft::proof::tla {

/// A server of the relaxed specification.
struct relaxed_server {
    server is{};
    number verified = 0;
    friend bool operator==(const relaxed_server&, const relaxed_server&) = default;
};

[[nodiscard]] inline server_set bit(std::size_t i) { return static_cast<server_set>(1U << i); }

[[nodiscard]] inline bool is_quorum(server_set agreeing, std::size_t servers) {
    return static_cast<std::size_t>(__builtin_popcount(agreeing)) * 2 > servers;
}

/// Without what nobody reads.
[[nodiscard]] inline server without_the_unread(server s) {
    s.nextIndex.fill(0);
    if (s.state != role::Leader) s.matchIndex.fill(0);
    if (s.state != role::Candidate) s.votesResponded = s.votesGranted = 0;
    return s;
}

/// Whether the log holds what the message says comes before its entries.
[[nodiscard]] inline bool has_previous(const server& s, const message& m) {
    return m.mprevLogIndex == 0 ||
           (m.mprevLogIndex <= s.log_length && s.term_at(m.mprevLogIndex) == m.mprevLogTerm);
}

/// Whether this follower has all that a request of its leader says.
[[nodiscard]] inline bool holds(const server& s, const message& m) {
    const auto last = static_cast<number>(m.mprevLogIndex + m.mentries);
    return m.mtype == mtype::AppendEntriesRequest && m.mterm == s.currentTerm &&
           s.state == role::Follower && has_previous(s, m) && last <= s.log_length &&
           (m.mentries == 0 || s.term_at(last) == m.entry_term);
}

/// Whether AppendEntriesFrom, Acknowledge, Refuse or AnswerVote lets server `m.msource` send this.
[[nodiscard]] inline bool may_send(action by, const relaxed_server& from, const message& m) {
    const auto& s = from.is;
    if (m.mterm != s.currentTerm) return false;
    switch (by) {
    case action::AppendEntriesFrom:
        return m.mtype == mtype::AppendEntriesRequest && s.state == role::Leader &&
               m.mcommitIndex <= s.commitIndex && m.mprevLogIndex + m.mentries <= s.log_length &&
               m.mprevLogTerm == s.term_at(m.mprevLogIndex) &&
               (m.mentries == 0 ||
                m.entry_term == s.term_at(static_cast<number>(m.mprevLogIndex + 1)));
    case action::Acknowledge:
        return m.mtype == mtype::AppendEntriesResponse && m.msuccess != 0 &&
               s.state == role::Follower && m.mmatchIndex <= from.verified &&
               m.mmatchIndex <= s.log_length;
    case action::Refuse:
        return (m.mtype == mtype::AppendEntriesResponse && m.msuccess == 0) ||
               (m.mtype == mtype::RequestVoteResponse && m.mvoteGranted == 0);
    case action::AnswerVote:
        return m.mtype == mtype::RequestVoteResponse && m.mvoteGranted != 0 &&
               s.votedFor == m.mdest;
    default: return false;
    }
}

/// AdvanceCommitTo: whether leader `i` may commit up to `index`.
[[nodiscard]] inline bool may_commit_to(const server& s, std::size_t i, number index,
                                        std::size_t servers) {
    auto agree = bit(i);
    for (std::size_t k = 0; k < servers; ++k)
        if (s.matchIndex[k] >= index) agree |= bit(k);
    return s.state == role::Leader && index > s.commitIndex && index <= s.log_length &&
           is_quorum(agree, servers) && s.term_at(index) == s.currentTerm;
}

/// What a follower remembers when it has just become one.
[[nodiscard]] inline relaxed_server as_follower(relaxed_server s) {
    s.is.state = role::Follower;
    s.verified = s.is.commitIndex;
    return s;
}

}  // namespace raft::proof::tla
