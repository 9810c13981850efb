// SPDX-License-Identifier: BSL-1.0
//
// The published specification of Raft (Ongaro's raft.tla), action for action, without its history
// variables. The names are the specification's; one value, so an entry is its term. Each action
// changes the state and says whether it was enabled.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>

namespace raft::proof::tla {

inline constexpr std::size_t servers_max = 5;
inline constexpr std::size_t log_max = 8;
inline constexpr std::size_t messages_max = 24;

using number = std::uint8_t;
using server_set = std::uint8_t;  ///< A bit for each server.
inline constexpr number Nil = 0xff;

enum class role : number { Follower, Candidate, Leader };

enum class mtype : number {
    RequestVoteRequest,
    RequestVoteResponse,
    AppendEntriesRequest,
    AppendEntriesResponse
};

/// A message: the fields that its type does not have stay 0.
struct message {
    tla::mtype mtype{};
    number mterm = 0;
    number msource = 0;
    number mdest = 0;
    number mlastLogTerm = 0;
    number mlastLogIndex = 0;
    number mvoteGranted = 0;
    number mprevLogIndex = 0;
    number mprevLogTerm = 0;
    number mentries = 0;  ///< How many: 0 or 1.
    number entry_term = 0;
    number mcommitIndex = 0;
    number msuccess = 0;
    number mmatchIndex = 0;
    friend constexpr auto operator<=>(const message&, const message&) = default;
};

struct server {
    number currentTerm = 1;
    role state = role::Follower;
    number votedFor = Nil;
    number log_length = 0;
    std::array<number, log_max> log{};  ///< The terms; 0 after the end.
    number commitIndex = 0;
    server_set votesResponded = 0;
    server_set votesGranted = 0;
    std::array<number, servers_max> nextIndex{1, 1, 1, 1, 1};
    std::array<number, servers_max> matchIndex{};

    /// The term of entry `index`; 0 for index 0, as the specification has it.
    [[nodiscard]] number term_at(number index) const {
        return index == 0 ? number{0} : log[index - 1U];
    }
    [[nodiscard]] number LastTerm() const { return term_at(log_length); }
    friend constexpr bool operator==(const server&, const server&) = default;
};

struct bounds {
    std::size_t servers = 3;
    number term_max = 2;
    number log_max = 1;
    std::size_t messages_max = 1;
};

class cluster {
public:
    std::array<server, servers_max> servers{};
    std::array<message, messages_max> messages{};  ///< A bag, in order.
    std::size_t message_count = 0;

    friend bool operator==(const cluster& a, const cluster& b) {
        return a.message_count == b.message_count && a.servers == b.servers &&
               std::equal(a.messages.begin(), a.messages.begin() + a.message_count,
                          b.messages.begin());
    }

    /// Within bounds no message is in the bag more than once.
    [[nodiscard]] bool within(const bounds& limits) const {
        if (message_count > limits.messages_max) return false;
        const auto end = messages.begin() + message_count;
        if (std::adjacent_find(messages.begin(), end) != end) return false;
        for (std::size_t i = 0; i < limits.servers; ++i)
            if (servers[i].currentTerm > limits.term_max || servers[i].log_length > limits.log_max)
                return false;
        return true;
    }

    [[nodiscard]] bool contains(const message& m) const {
        return std::binary_search(messages.begin(), messages.begin() + message_count, m);
    }

    // ----------------------------------------------------------------------------- bag of messages

    bool Send(const message& m) {
        const auto end = messages.begin() + message_count;
        if (message_count == messages_max) return false;
        const auto at = std::lower_bound(messages.begin(), end, m);
        std::move_backward(at, end, end + 1);
        *at = m;
        ++message_count;
        return true;
    }
    bool Discard(const message& m) {
        const auto end = messages.begin() + message_count;
        const auto at = std::lower_bound(messages.begin(), end, m);
        if (at == end || *at != m) return false;
        std::move(at + 1, end, at);
        --message_count;
        return true;
    }
    bool Reply(const message& response, const message& request) {
        if (!Send(response)) return false;
        Discard(request);
        return true;
    }

    // ------------------------------------------------------------------------------------- network

    bool DuplicateMessage(const message& m) { return contains(m) && Send(m); }
    bool DropMessage(const message& m) { return Discard(m); }

    // ------------------------------------------------------------------------- actions of a server

    bool Restart(std::size_t i) {
        auto& s = servers[i];
        s.state = role::Follower;
        s.votesResponded = s.votesGranted = 0;
        s.nextIndex.fill(1);
        s.matchIndex.fill(0);
        s.commitIndex = 0;
        return true;
    }

    bool Timeout(std::size_t i) {
        auto& s = servers[i];
        if (s.state == role::Leader) return false;
        s.state = role::Candidate;
        ++s.currentTerm;
        s.votedFor = Nil;
        s.votesResponded = s.votesGranted = 0;
        return true;
    }

    bool RequestVote(std::size_t i, std::size_t j) {
        const auto& s = servers[i];
        if (s.state != role::Candidate || (s.votesResponded >> j & 1U) != 0) return false;
        auto m = letter(mtype::RequestVoteRequest, i, j);
        m.mlastLogTerm = s.LastTerm();
        m.mlastLogIndex = s.log_length;
        return Send(m);
    }

    bool AppendEntries(std::size_t i, std::size_t j) {
        const auto& s = servers[i];
        if (i == j || s.state != role::Leader) return false;
        const auto next_index = s.nextIndex[j];
        const auto last_entry = std::min(s.log_length, next_index);
        auto m = letter(mtype::AppendEntriesRequest, i, j);
        m.mprevLogIndex = static_cast<number>(next_index - 1);
        m.mprevLogTerm = s.term_at(m.mprevLogIndex);
        m.mentries = next_index <= last_entry;
        m.entry_term = m.mentries != 0 ? s.term_at(next_index) : number{0};
        m.mcommitIndex = std::min(s.commitIndex, last_entry);
        return Send(m);
    }

    bool BecomeLeader(std::size_t i, std::size_t server_count) {
        auto& s = servers[i];
        if (s.state != role::Candidate || !is_quorum(s.votesGranted, server_count)) return false;
        s.state = role::Leader;
        std::fill_n(s.nextIndex.begin(), server_count, static_cast<number>(s.log_length + 1));
        s.matchIndex.fill(0);
        return true;
    }

    bool ClientRequest(std::size_t i) {
        auto& s = servers[i];
        if (s.state != role::Leader || s.log_length == log_max) return false;
        s.log[s.log_length++] = s.currentTerm;
        return true;
    }

    bool AdvanceCommitIndex(std::size_t i, std::size_t server_count) {
        auto& s = servers[i];
        if (s.state != role::Leader) return false;
        for (auto index = s.log_length; index > 0; --index) {
            auto agree = static_cast<server_set>(1U << i);
            for (std::size_t k = 0; k < server_count; ++k)
                if (s.matchIndex[k] >= index) agree |= static_cast<server_set>(1U << k);
            if (!is_quorum(agree, server_count)) continue;
            if (s.term_at(index) == s.currentTerm) s.commitIndex = index;
            break;
        }
        return true;
    }

    // ----------------------------------------------------------------------------------- receiving

    /// What the receiver does with a message is a function of both: one action, or none.
    bool Receive(message m) {
        const auto& s = servers[m.mdest];
        if (m.mterm > s.currentTerm) return UpdateTerm(m);
        switch (m.mtype) {
        case mtype::RequestVoteRequest: return HandleRequestVoteRequest(m);
        case mtype::AppendEntriesRequest: return HandleAppendEntriesRequest(m);
        case mtype::RequestVoteResponse:
            if (m.mterm == s.currentTerm) HandleRequestVoteResponse(m);
            break;
        case mtype::AppendEntriesResponse:
            if (m.mterm == s.currentTerm) HandleAppendEntriesResponse(m);
            break;
        }
        Discard(m);  // DropStaleResponse discards, too.
        return true;
    }

private:
    [[nodiscard]] static bool is_quorum(server_set agreeing, std::size_t server_count) {
        return static_cast<std::size_t>(__builtin_popcount(agreeing)) * 2 > server_count;
    }

    [[nodiscard]] message letter(mtype type, std::size_t from, std::size_t to) const {
        message m;
        m.mtype = type;
        m.mterm = servers[from].currentTerm;
        m.msource = static_cast<number>(from);
        m.mdest = static_cast<number>(to);
        return m;
    }

    bool UpdateTerm(const message& m) {
        auto& s = servers[m.mdest];
        s.currentTerm = m.mterm;
        s.state = role::Follower;
        s.votedFor = Nil;
        return true;
    }

    bool HandleRequestVoteRequest(const message& m) {
        auto& s = servers[m.mdest];
        const bool log_ok = m.mlastLogTerm > s.LastTerm() ||
                            (m.mlastLogTerm == s.LastTerm() && m.mlastLogIndex >= s.log_length);
        const bool grant =
            m.mterm == s.currentTerm && log_ok && (s.votedFor == Nil || s.votedFor == m.msource);
        if (grant) s.votedFor = m.msource;
        auto answer = letter(mtype::RequestVoteResponse, m.mdest, m.msource);
        answer.mvoteGranted = grant;
        return Reply(answer, m);
    }

    void HandleRequestVoteResponse(const message& m) {
        auto& s = servers[m.mdest];
        const auto voter = static_cast<server_set>(1U << m.msource);
        s.votesResponded |= voter;
        if (m.mvoteGranted != 0) s.votesGranted |= voter;
    }

    bool HandleAppendEntriesRequest(const message& m) {
        auto& s = servers[m.mdest];
        const bool log_ok = m.mprevLogIndex == 0 || (m.mprevLogIndex <= s.log_length &&
                                                     m.mprevLogTerm == s.term_at(m.mprevLogIndex));
        if (m.mterm < s.currentTerm || (s.state == role::Follower && !log_ok))
            return Reply(letter(mtype::AppendEntriesResponse, m.mdest, m.msource), m);
        if (s.state == role::Leader) return false;
        if (s.state == role::Candidate) {
            s.state = role::Follower;
            return true;
        }
        return accept(s, m);
    }

    bool accept(server& s, const message& m) {
        const auto index = static_cast<number>(m.mprevLogIndex + 1);
        const bool conflict =
            m.mentries != 0 && s.log_length >= index && s.term_at(index) != m.entry_term;
        if (conflict) {
            s.log[--s.log_length] = 0;
            return true;
        }
        if (m.mentries != 0 && s.log_length == m.mprevLogIndex) {
            if (s.log_length == log_max) return false;
            s.log[s.log_length++] = m.entry_term;
            return true;
        }
        s.commitIndex = m.mcommitIndex;
        auto answer = letter(mtype::AppendEntriesResponse, m.mdest, m.msource);
        answer.msuccess = 1;
        answer.mmatchIndex = static_cast<number>(m.mprevLogIndex + m.mentries);
        return Reply(answer, m);
    }

    void HandleAppendEntriesResponse(const message& m) {
        auto& s = servers[m.mdest];
        auto& next_index = s.nextIndex[m.msource];
        if (m.msuccess != 0) {
            next_index = static_cast<number>(m.mmatchIndex + 1);
            s.matchIndex[m.msource] = m.mmatchIndex;
        } else {
            next_index = std::max<number>(static_cast<number>(next_index - 1), 1);
        }
    }
};

}  // namespace raft::proof::tla
