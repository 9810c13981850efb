// SPDX-License-Identifier: BSL-1.0
//
// The search for a path of the specification's actions from what one server was before a step to
// what it is after it. Actions as published are tried first, the relaxed ones only where those do
// not lead there.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include <proof/specification/relaxed_raft.hpp>

namespace raft::proof::tla {

/// A way, and what it needs: a leader's nextIndex is a hint, so the way begins with the one that
/// lets it send what it sent.
struct path_found {
    std::vector<taken_action> actions{};
    server reached{};
    std::array<number, servers_max> next_index{};  ///< 0 where it does not matter.
};

/// What is known of a step of server `i`.
struct step_seen {
    std::size_t i = 0;
    std::size_t servers = 0;
    std::vector<message> received{};  ///< What may be received, in the order of its indexes.
    std::vector<message> sent{};      ///< What must be sent.
    bool restarted = false;
};

class path_search {
public:
    explicit path_search(step_seen seen) : seen_{std::move(seen)} {}

    [[nodiscard]] std::optional<path_found> find(const relaxed_server& before,
                                                 const relaxed_server& after) {
        after_ = &after;
        for (const bool relaxed : {false, true}) {
            relaxed_ = relaxed;
            if (const auto end = reach_from(before)) return retell(*end);
        }
        return std::nullopt;
    }

private:
    struct place {
        relaxed_server at{};
        std::array<number, servers_max> next_index{};  ///< As the way must begin.
        std::uint64_t sent = 0;                        ///< A bit for each of `seen_.sent`.
        bool asked_itself = false;                     ///< Its request for its own vote waits.
        bool answered_itself = false;                  ///< Its own vote waits.
        friend bool operator==(const place&, const place&) = default;
    };
    struct stage {
        place here{};
        std::size_t from = 0;
        std::optional<taken_action> by{};  ///< None if the specification sees nothing of it.
    };

    [[nodiscard]] std::uint64_t everything() const {
        return (std::uint64_t{1} << seen_.sent.size()) - 1;
    }

    [[nodiscard]] bool is_the_end(const place& p) const {
        return p.sent == everything() && p.at.verified == after_->verified &&
               without_the_unread(p.at.is) == without_the_unread(after_->is);
    }

    /// The number of the stage that ends it.
    [[nodiscard]] std::optional<std::size_t> reach_from(const relaxed_server& before) {
        place begin{.at = before};
        const auto& s = before.is;
        begin.answered_itself = s.state == role::Candidate && s.votedFor == seen_.i &&
                                (s.votesGranted & bit(seen_.i)) == 0;
        begin.at.is.nextIndex.fill(0);
        reached_ = {{begin, 0, std::nullopt}};
        for (std::size_t done = 0; done < reached_.size(); ++done) {
            if (is_the_end(reached_[done].here)) return done;
            expand(done);
        }
        return std::nullopt;
    }

    [[nodiscard]] path_found retell(std::size_t end) const {
        path_found found;
        found.reached = reached_[end].here.at.is;
        found.next_index = reached_[end].here.next_index;
        for (auto k = end; k != 0; k = reached_[k].from)
            if (reached_[k].by) found.actions.push_back(*reached_[k].by);
        std::reverse(found.actions.begin(), found.actions.end());
        return found;
    }

    void reach(std::size_t from, const place& next, std::optional<taken_action> by) {
        if (next.at.is.currentTerm > after_->is.currentTerm && !seen_.restarted) return;
        for (const auto& each : reached_)
            if (each.here == next) return;
        reached_.push_back({next, from, by});
    }

    void expand(std::size_t from) {
        if (seen_.restarted) return restart(from);
        stand(from);
        lead(from);
        send(from);
        for (const auto& m : seen_.received) receive(from, m);
        forget(from);
    }

    // ------------------------------------------------------------------------- actions of a server

    /// The cluster in which server `i` is this, and these messages are on their way.
    [[nodiscard]] cluster around(const place& p) const {
        cluster c;
        c.servers[seen_.i] = p.at.is;
        return c;
    }
    [[nodiscard]] const server& in(const cluster& c) const { return c.servers[seen_.i]; }

    void restart(std::size_t from) {
        auto next = reached_[from].here;
        auto c = around(next);
        c.Restart(seen_.i);
        next.at = as_follower({in(c), 0});
        reach(from, next, taken_action{action::Restart});
        if (!relaxed_) return;
        next.at = *after_;
        reach(from, next, taken_action{action::LoseUnwritten});
    }

    void stand(std::size_t from) {
        const auto here = reached_[from].here;
        auto c = around(here);
        if (c.Timeout(seen_.i)) {
            auto next = here;
            next.at = {in(c), 0};
            next.asked_itself = next.answered_itself = false;
            reach(from, next, taken_action{action::Timeout});
        }
        c = around(here);
        if (!here.asked_itself && here.at.is.votedFor == Nil && c.RequestVote(seen_.i, seen_.i)) {
            auto next = here;
            next.asked_itself = true;
            reach(from, next, taken_action{action::RequestVote, c.messages[0]});
        }
        if (here.asked_itself) receive_own(from, own_request(here.at.is));
        if (here.answered_itself) receive_own(from, own_vote(here.at.is));
    }

    void receive_own(std::size_t from, const message& m) {
        auto next = reached_[from].here;
        auto c = around(next);
        c.Send(m);
        if (!c.Receive(m)) return;
        next.at.is = in(c);
        const bool asked = m.mtype == mtype::RequestVoteRequest;
        next.asked_itself = false;
        next.answered_itself = asked && c.contains(own_vote(next.at.is));
        reach(from, next, taken_action{action::Receive, m});
    }

    void lead(std::size_t from) {
        const auto here = reached_[from].here;
        const auto attempt = [&](action which, auto act) {
            auto c = around(here);
            if (!act(c)) return;
            auto next = here;
            next.at.is = in(c);
            reach(from, next, taken_action{which});
        };
        const auto i = seen_.i;
        const auto n = seen_.servers;
        attempt(action::BecomeLeader, [=](cluster& c) { return c.BecomeLeader(i, n); });
        if (here.at.is.state != role::Leader) return;
        attempt(action::AdvanceCommitIndex, [=](cluster& c) { return c.AdvanceCommitIndex(i, n); });
        if (here.at.is.log_length < after_->is.log_length)
            attempt(action::ClientRequest, [=](cluster& c) { return c.ClientRequest(i); });
        for (number index = 1; relaxed_ && index <= here.at.is.log_length; ++index) {
            if (!may_commit_to(here.at.is, i, index, n)) continue;
            auto next = here;
            next.at.is.commitIndex = index;
            reach(from, next, taken_action{action::AdvanceCommitTo, std::nullopt, index});
        }
    }

    // ------------------------------------------------------------------------------------- sending

    void send(std::size_t from) {
        for (std::size_t k = 0; k < seen_.sent.size(); ++k) {
            const auto here = reached_[from].here;
            if ((here.sent >> k & 1U) != 0) continue;
            const auto& m = seen_.sent[k];
            auto next = here;
            next.sent |= std::uint64_t{1} << k;
            if (m.mtype == mtype::RequestVoteRequest) {
                auto c = around(here);
                if (c.RequestVote(seen_.i, m.mdest) && c.contains(m))
                    reach(from, next, taken_action{action::RequestVote, m});
            } else if (m.mtype == mtype::AppendEntriesRequest) {
                send_append(from, next, m);
            }
            for (const auto by : {action::AppendEntriesFrom, action::Acknowledge, action::Refuse,
                                  action::AnswerVote})
                if (relaxed_ && may_send(by, here.at, m)) reach(from, next, taken_action{by, m});
        }
    }

    void send_append(std::size_t from, place next, const message& m) {
        auto& next_index = next.at.is.nextIndex[m.mdest];
        if (next_index == 0 && next.at.is.state == role::Leader)
            next.next_index[m.mdest] = next_index = static_cast<number>(m.mprevLogIndex + 1);
        if (next_index > next.at.is.log_length + 1) return;
        auto c = around(next);
        if (c.AppendEntries(seen_.i, m.mdest) && c.contains(m))
            reach(from, next, taken_action{action::AppendEntries, m});
    }

    // ----------------------------------------------------------------------------------- receiving

    void receive(std::size_t from, const message& m) {
        const auto here = reached_[from].here;
        const auto& s = here.at.is;
        // A leader's nextIndex is only a hint: what else a failure says needs no action.
        if (m.mtype == mtype::AppendEntriesResponse && m.mterm <= s.currentTerm &&
            (m.msuccess == 0 || s.state != role::Leader))
            return;
        auto c = around(here);
        c.Send(m);
        if (c.Receive(m)) {
            auto next = here;
            next.at.is = in(c);
            const bool followed = s.state == role::Follower && s.currentTerm == in(c).currentTerm;
            if (!followed && next.at.is.state == role::Follower) next.at = as_follower(next.at);
            if (holds(s, m)) next.at.verified = verified_by(here.at, m);
            note_reply(next, c);
            reach(from, next, taken_action{action::Receive, m});
        }
        if (!holds(s, m)) return;
        auto next = here;
        next.at.verified = verified_by(here.at, m);
        reach(from, next, std::nullopt);
        const auto safe = std::min(m.mcommitIndex, next.at.verified);
        if (!relaxed_ || safe <= s.commitIndex) return;
        next.at.is.commitIndex = safe;
        reach(from, next, taken_action{action::CommitVerified, m, safe});
    }

    void note_reply(place& next, const cluster& after) const {
        for (std::size_t k = 0; k < seen_.sent.size(); ++k)
            if (after.contains(seen_.sent[k])) next.sent |= std::uint64_t{1} << k;
    }

    [[nodiscard]] static number verified_by(const relaxed_server& s, const message& m) {
        return std::max(s.verified, static_cast<number>(m.mprevLogIndex + m.mentries));
    }

    void forget(std::size_t from) {
        auto next = reached_[from].here;
        const bool follows = next.at.is.state == role::Follower;
        if (!follows && !relaxed_) return;
        next.at = as_follower(next.at);
        reach(from, next, follows ? std::nullopt : std::optional{taken_action{action::StepDown}});
    }

    // -------------------------------------------------------------------------------- its own vote

    [[nodiscard]] message own_request(const server& s) const {
        cluster c;
        c.servers[seen_.i] = s;
        c.servers[seen_.i].votesResponded = 0;
        c.RequestVote(seen_.i, seen_.i);
        return c.messages[0];
    }
    [[nodiscard]] message own_vote(const server& s) const {
        auto vote = own_request(s);
        vote.mtype = mtype::RequestVoteResponse;
        vote.mlastLogIndex = vote.mlastLogTerm = 0;
        vote.mvoteGranted = 1;
        return vote;
    }

    step_seen seen_;
    const relaxed_server* after_ = nullptr;
    bool relaxed_ = false;
    std::vector<stage> reached_{};
};

}  // namespace raft::proof::tla
