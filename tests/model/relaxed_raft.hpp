// SPDX-License-Identifier: BSL-1.0
//
// What one server may do in one step, in terms of the specification, with these relaxations of its
// actions. Each is weaker than the published action, and harmless:
//
// * AppendEntriesFrom: a leader sends any one entry of its log, or none, not only the one at
//   `nextIndex`, and its whole commitIndex with it. What is sent is true of the leader's log.
// * CommitVerified: a follower commits up to the least of the leader's commitIndex and the index
//   up to which its log is known to be the leader's, and never goes back. `verified` is that index:
//   what AppendEntries of this term have matched, at least what was committed before.
// * Acknowledge, Refuse, AnswerVote: a server may say again, or late, what is true in its term: up
//   to where its log is verified; that it does not have an entry; whom it voted for. It may refuse
//   a vote that it could give. Replies need no request.
// * AdvanceMatch: matchIndex never goes down within a term; a late reply says less, not something
//   else. nextIndex is only a hint of what to send, and not part of the state.
// * AdvanceCommitTo: a leader commits any index of its term that a quorum has, not only the
//   largest.
// * StepDown: a candidate or leader may become a follower in its term, as if it had restarted.
// * ForgetVerified: a follower may forget how far its log is verified, but for what is committed.
// * ForgetVotes: who voted for a server is nothing to one that is no candidate.
//
// A restart from a disk that had not everything is judged elsewhere: nothing was promised that was
// not durable (raft/testing/cluster_model/rules.hpp).
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include <model/raft_tla.hpp>

namespace raft_tla {

/// A server of the relaxed specification.
struct relaxed_server {
    server is{};
    number verified = 0;
    friend bool operator==(const relaxed_server&, const relaxed_server&) = default;
};

/// Searches for a path of actions of server `i`.
class relaxed_step {
public:
    /// `received`: what may be received in this step, in the order of its indexes; `sent`: what the
    /// step must be able to send.
    relaxed_step(std::size_t i, std::size_t server_count, std::vector<message> received,
                 std::vector<message> sent)
        : i_{i}
        , server_count_{server_count}
        , received_{std::move(received)}
        , sent_{std::move(sent)} {}

    /// Whether actions lead from `before` to `after`, and can send all that is to be sent.
    [[nodiscard]] bool leads(const relaxed_server& before, const relaxed_server& after) {
        after_ = &after;
        reached_ = {{before, can_send(before)}};
        for (std::size_t done = 0; done < reached_.size(); ++done) {
            if (reached_[done].at == after && reached_[done].sent == everything()) return true;
            expand(reached_[done]);
        }
        return false;
    }

private:
    struct place {
        relaxed_server at{};
        std::uint64_t sent = 0;  ///< A bit for each message that could be sent on the way.
        friend bool operator==(const place&, const place&) = default;
    };

    [[nodiscard]] std::uint64_t everything() const {
        return (std::uint64_t{1} << sent_.size()) - 1;
    }

    void reach(const place& from, const relaxed_server& next) {
        if (next.is.currentTerm > after_->is.currentTerm) return;
        const place one{next, from.sent | can_send(next)};
        if (std::find(reached_.begin(), reached_.end(), one) == reached_.end())
            reached_.push_back(one);
    }

    void expand(place from) {
        stand(from);
        lead(from);
        for (const auto& m : received_) receive(from, m);
    }

    // ------------------------------------------------------------------------- actions of a server

    void stand(const place& from) {
        auto next = from.at;
        if (next.is.state != role::Leader) {  // Timeout
            next.is.state = role::Candidate;
            ++next.is.currentTerm;
            next.is.votedFor = Nil;
            next.is.votesGranted = 0;
            next.verified = 0;
            reach(from, next);
        }
        next = from.at;
        if (next.is.state == role::Candidate && next.is.votedFor == Nil) {
            next.is.votedFor = static_cast<number>(i_);  // RequestVote(i, i), and its receipt
            reach(from, next);
        }
        next = from.at;
        if (next.is.state == role::Candidate && next.is.votedFor == i_) {
            next.is.votesGranted |= bit(i_);  // the receipt of the own answer
            reach(from, next);
        }
        next = from.at;
        reach(from, as_follower(next));  // StepDown, ForgetVerified
    }

    void lead(const place& from) {
        const auto& s = from.at.is;
        auto next = from.at;
        if (s.state == role::Candidate && is_quorum(s.votesGranted)) {  // BecomeLeader
            next.is.state = role::Leader;
            next.is.votesGranted = 0;
            next.is.matchIndex.fill(0);
            reach(from, next);
        }
        if (s.state != role::Leader) return;
        if (s.log_length < after_->is.log_length) {  // ClientRequest
            next.is.log[next.is.log_length++] = s.currentTerm;
            reach(from, next);
        }
        for (auto index = static_cast<number>(s.commitIndex + 1); index <= s.log_length; ++index) {
            auto agree = bit(i_);
            for (std::size_t k = 0; k < server_count_; ++k)
                if (s.matchIndex[k] >= index) agree |= bit(k);
            if (!is_quorum(agree) || s.term_at(index) != s.currentTerm) continue;
            next = from.at;
            next.is.commitIndex = index;  // AdvanceCommitTo
            reach(from, next);
        }
    }

    // ----------------------------------------------------------------------------------- receiving

    void receive(const place& from, const message& m) {
        const auto& s = from.at.is;
        auto next = from.at;
        if (m.mterm > s.currentTerm) {  // UpdateTerm
            next.is.currentTerm = m.mterm;
            next.is.votedFor = Nil;
            return reach(from, as_follower(next));
        }
        if (m.mterm < s.currentTerm) return;
        switch (m.mtype) {
        case mtype::RequestVoteRequest:
            if (log_is_ok(s, m) && s.votedFor == Nil) next.is.votedFor = m.msource;
            return reach(from, next);
        case mtype::RequestVoteResponse:
            if (s.state == role::Candidate && m.mvoteGranted != 0)
                next.is.votesGranted |= bit(m.msource);
            return reach(from, next);
        case mtype::AppendEntriesRequest: return append(from, m);
        case mtype::AppendEntriesResponse:
            if (s.state != role::Leader || m.msuccess == 0) return;
            next.is.matchIndex[m.msource] = std::max(s.matchIndex[m.msource], m.mmatchIndex);
            return reach(from, next);
        }
    }

    void append(const place& from, const message& m) {
        const auto& s = from.at.is;
        auto next = from.at;
        if (s.state == role::Leader) return;
        if (s.state == role::Candidate) return reach(from, as_follower(next));
        const bool matches = m.mprevLogIndex == 0 || (m.mprevLogIndex <= s.log_length &&
                                                      s.term_at(m.mprevLogIndex) == m.mprevLogTerm);
        if (!matches) return;
        const auto index = static_cast<number>(m.mprevLogIndex + 1);
        if (m.mentries != 0 && s.log_length >= index && s.term_at(index) != m.entry_term) {
            next.is.log[--next.is.log_length] = 0;
            return reach(from, next);
        }
        if (m.mentries != 0 && s.log_length == m.mprevLogIndex) {
            next.is.log[next.is.log_length++] = m.entry_term;
            return reach(from, next);
        }
        next.verified = std::max(next.verified, static_cast<number>(m.mprevLogIndex + m.mentries));
        reach(from, next);
        next.is.commitIndex =
            std::max(s.commitIndex, std::min(m.mcommitIndex, next.verified));  // CommitVerified
        reach(from, next);
    }

    // ------------------------------------------------------------------------------------- sending

    [[nodiscard]] std::uint64_t can_send(const relaxed_server& s) const {
        std::uint64_t sent = 0;
        for (std::size_t k = 0; k < sent_.size(); ++k)
            if (may_send(s, sent_[k])) sent |= std::uint64_t{1} << k;
        return sent;
    }

    [[nodiscard]] static bool may_send(const relaxed_server& from, const message& m) {
        const auto& s = from.is;
        if (m.mterm != s.currentTerm) return false;
        switch (m.mtype) {
        case mtype::RequestVoteRequest:
            return s.state == role::Candidate && m.mlastLogTerm == s.LastTerm() &&
                   m.mlastLogIndex == s.log_length;
        case mtype::RequestVoteResponse: return m.mvoteGranted == 0 || s.votedFor == m.mdest;
        case mtype::AppendEntriesRequest:
            return s.state == role::Leader && m.mcommitIndex <= s.commitIndex &&
                   m.mprevLogIndex + m.mentries <= s.log_length &&
                   m.mprevLogTerm == s.term_at(m.mprevLogIndex) &&
                   (m.mentries == 0 ||
                    m.entry_term == s.term_at(static_cast<number>(m.mprevLogIndex + 1)));
        case mtype::AppendEntriesResponse:
            return m.msuccess == 0 ||
                   (s.state == role::Follower && m.mmatchIndex <= from.verified &&
                    m.mmatchIndex <= s.log_length);
        }
        return false;
    }

    // ------------------------------------------------------------------------------------- helpers

    [[nodiscard]] static server_set bit(std::size_t i) { return static_cast<server_set>(1U << i); }
    [[nodiscard]] bool is_quorum(server_set agreeing) const {
        return static_cast<std::size_t>(__builtin_popcount(agreeing)) * 2 > server_count_;
    }
    [[nodiscard]] static bool log_is_ok(const server& s, const message& m) {
        return m.mlastLogTerm > s.LastTerm() ||
               (m.mlastLogTerm == s.LastTerm() && m.mlastLogIndex >= s.log_length);
    }
    [[nodiscard]] static relaxed_server as_follower(relaxed_server s) {
        s.is.state = role::Follower;
        s.is.votesGranted = 0;
        s.is.matchIndex.fill(0);
        s.verified = s.is.commitIndex;
        return s;
    }

    std::size_t i_;
    std::size_t server_count_;
    std::vector<message> received_;
    std::vector<message> sent_;
    const relaxed_server* after_ = nullptr;
    std::vector<place> reached_{};
};

}  // namespace raft_tla
