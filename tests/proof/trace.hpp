// SPDX-License-Identifier: BSL-1.0
//
// Runs of a cluster as traces for etcd's specification (Traceetcdraft.tla of etcd-io/raft), which
// is stricter than we are: it forces what a message does to its receiver, and knows no disk that is
// part of the way. What it cannot say makes a run `obstacle()`: then nobody should be asked.
//
// * A step is the receipt of a message, what became of the server, what it sends, and Ready, which
//   releases what it sent. An answer that waits for the disk is sent at the receipt and released
//   when we send it. A leader's own part in the majority is an answer to itself, which it receives
//   when its disk has the entries; so is a candidate's vote for itself.
// * A message of which nothing comes is one that was lost: there is no line for it. Pre-votes,
//   reads, transfers and what they send are not in the trace; a server that asks for pre-votes is a
//   follower.
// * There a commit index survives restarts: the lines of a restarted server name the highest that
//   it knew before until it knows more, as do the messages that it sends.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <proof/trace/line.hpp>

namespace raft::proof {

class trace_writer {
public:
    /// A server that has never run.
    void begin(const core::state& s) {
        if (s.current_term != term_number{} || s.log.last_index() != log_index{})
            return give_up("the run begins in the middle");
        note("InitState", traced(s, 0));
        at_ready(s, 0);
    }

    /// A server went from `before` to `after`; `message` came, if one did.
    void step(const core::state& before, const core::state& after, const core::message* body,
              member_id from, const core::effects& out) {
        if (obstacle_ != nullptr) return;
        if (!after.configurations.empty() && after.configurations.size() > 1)
            return give_up("memberships change");
        before_ = &before;
        after_ = &after;
        out_ = &out;
        sends_ = false;
        if (body != nullptr) receive(*body, from);
        become();
        gather_votes();
        lead();
        commit();
        send();
        if (sends_ || is_newly_durable()) ready();
        acknowledge_itself();
    }

    /// A server that was `before` crashed, and is `after` now.
    void restart(const core::state& before, const core::state& after) {
        if (obstacle_ != nullptr) return;
        auto& mine = servers_[after.self.value];
        if (after.current_term != mine.term || after.voted_for != mine.vote ||
            after.log.last_index() != mine.last_index || !is_prefix(after.log, before.log))
            return give_up("a crash took what Ready had made durable, or brought back what it cut");
        mine.commit = mine.durable_commit;
        mine.own_acks.clear();
        std::erase_if(pending_, [&](const auto& each) { return each.from == after.self; });
        note("InitState", traced(after, mine.commit));
    }

    [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }
    /// Why the specification cannot say what happened; null if it can.
    [[nodiscard]] const char* obstacle() const { return obstacle_; }

private:
    /// What the specification knows of a server that we do not.
    struct traced_past {
        std::uint64_t commit = 0;  ///< The highest that it ever knew.
        term_number term{};        ///< This, and what follows, is durable since the last Ready.
        std::optional<member_id> vote{};
        log_index last_index{};
        std::uint64_t durable_commit = 0;
        std::vector<std::uint64_t> own_acks{};  ///< Indexes that it will acknowledge to itself.
    };
    void give_up(const char* why) {
        if (obstacle_ == nullptr) obstacle_ = why;
    }
    void note(const char* name, const traced_server& s, const traced_message* m = nullptr) {
        lines_.push_back(trace_line(name, s, m));
    }

    [[nodiscard]] static bool is_prefix(const core::log_terms& a, const core::log_terms& b) {
        return b.last_index() >= a.last_index() && b.matches(a.last());
    }
    [[nodiscard]] traced_past& past() { return servers_[after_->self.value]; }
    [[nodiscard]] traced_server then() { return traced(*before_, past().commit); }
    [[nodiscard]] traced_server now() {
        return traced(*after_, std::max(past().commit, after_->commit_index.value));
    }
    [[nodiscard]] static bool stands(const core::state& s) {
        const auto* standing = std::get_if<core::candidate_state>(&s.role);
        return standing != nullptr && !standing->pre_vote;
    }
    [[nodiscard]] bool newly_leads() const {
        return after_->is_leader() &&
               (!before_->is_leader() || before_->current_term != after_->current_term);
    }
    [[nodiscard]] bool stood_anew() const {
        return after_->current_term > before_->current_term &&
               (stands(*after_) || after_->is_leader());
    }

    // ----------------------------------------------------------------------------------- receiving

    void receive(const core::message& body, member_id from) {
        auto m = traced(from, before_->self, body);
        const bool later = after_->current_term > before_->current_term;
        if (!m) {
            if (later && !stood_anew()) give_up("a term came by a message that is not traced");
            return;
        }
        if (nothing_comes_of_it(*m, body)) return;
        take(*m);
        const bool append = std::holds_alternative<core::append_entries>(body);
        const bool vote = std::holds_alternative<core::request_vote>(body);
        note(append ? "ReceiveAppendEntriesRequest"
             : vote ? "ReceiveRequestVoteRequest"
             : std::holds_alternative<core::request_vote_reply>(body)
                 ? "ReceiveRequestVoteResponse"
                 : "ReceiveAppendEntriesResponse",
             then(), &*m);
        if (append) answer_append(*m, *std::get_if<core::append_entries>(&body));
        if (vote) send_vote(*m);
    }

    /// Whether the message might as well have been lost, as far as the specification goes.
    [[nodiscard]] bool nothing_comes_of_it(const traced_message& m,
                                           const core::message& body) const {
        if (after_->current_term > before_->current_term) return false;
        if (std::holds_alternative<core::request_vote_reply>(body))
            return granted() == granted_before();
        if (std::holds_alternative<core::append_entries_rejection>(body)) return true;
        if (const auto* reply = std::get_if<core::append_entries_reply>(&body))
            return !before_->is_leader() || reply->term != before_->current_term ||
                   match_before(m.from) >= reply->match_index;
        if (std::holds_alternative<core::request_vote>(body) &&
            m.term == before_->current_term.value && after_->voted_for != m.from)
            return true;  // It may be refused for more reasons here: it is as if it had not come.
        return out_->messages.empty() && is_as_before();
    }
    [[nodiscard]] bool is_as_before() const {
        const auto* was = std::get_if<core::follower_state>(&before_->role);
        const auto* is = std::get_if<core::follower_state>(&after_->role);
        if (before_->role.index() != after_->role.index()) return false;
        if (was != nullptr && was->deferred != is->deferred) return false;
        return before_->voted_for == after_->voted_for && before_->log == after_->log &&
               before_->commit_index == after_->commit_index && granted_before() == granted();
    }
    [[nodiscard]] static core::member_set granted_in(const core::state& s) {
        const auto* standing = std::get_if<core::candidate_state>(&s.role);
        return standing != nullptr && !standing->pre_vote ? standing->granted : core::member_set{};
    }
    [[nodiscard]] core::member_set granted_before() const { return granted_in(*before_); }
    [[nodiscard]] core::member_set granted() const {
        return newly_leads() ? after_->members().everyone() : granted_in(*after_);
    }
    [[nodiscard]] log_index match_before(member_id id) const {
        const auto member = before_->members().slot_of(id);
        return member ? before_->peers[member->value].match_index : log_index{};
    }

    /// What the specification makes of a vote asked for.
    void send_vote(const traced_message& asked) {
        const bool granted =
            after_->voted_for == asked.from && asked.term == after_->current_term.value;
        answer({.type = "MsgVoteResp", .term = now().term, .reject = !granted}, asked);
    }

    /// What the specification makes of entries received; it must be what we made of them.
    void answer_append(const traced_message& asked, const core::append_entries& m) {
        traced_message reply{.type = "MsgAppResp", .term = now().term};
        const auto known = past().commit;
        const auto first = asked.index + 1;
        const auto last = asked.index + asked.entries;
        if (m.term < after_->current_term || !before_->log.matches(m.prev)) {
            reply.reject = true;
        } else if (first <= known) {
            reply.index = known;
            if (!(before_->log == after_->log)) return give_up("entries beyond what is committed");
        } else {
            reply.index = last;
            past().commit = std::max(known, std::min(asked.commit, last));
        }
        if (after_->commit_index.value > past().commit) give_up("more is committed at once");
        answer(reply, asked);
    }

    void answer(traced_message reply, const traced_message& asked) {
        reply.from = asked.to;
        reply.to = asked.from;
        pending_.push_back(reply);
    }

    /// A message is taken from the network once, as it is there: a rejection is one whatever its
    /// hints, and what a restarted leader says of its commit index is what it knew.
    void take(traced_message& m) {
        for (const bool as_it_is : {true, false})
            for (auto each = network_.begin(); each != network_.end(); ++each) {
                auto alike = *each;
                if (m.reject && each->reject) {
                    alike.index = m.index;
                    alike.reject_hint = m.reject_hint;
                }
                if (!as_it_is) alike.commit = m.commit;
                if (!(alike == m)) continue;
                m.commit = each->commit;
                network_.erase(each);
                return;
            }
        give_up("a message came twice, or says more than the specification's");
    }

    // ------------------------------------------------------------------- what became of a server

    void become() {
        const bool follows = !stands(*after_) && !after_->is_leader();
        const bool followed = !stands(*before_) && !before_->is_leader();
        const bool later = after_->current_term > before_->current_term;
        if (follows && (later || !followed)) {
            auto s = then();
            s.term = after_->current_term.value;
            s.role = "StateFollower";
            if (later) s.vote.reset();
            note("BecomeFollower", s);
        }
        if (stood_anew()) {
            auto s = then();
            s.term = after_->current_term.value;
            s.vote = after_->self;
            s.role = "StateCandidate";
            note("BecomeCandidate", s);
        }
    }

    /// The candidate asks for votes, its own first, which it has at once.
    void gather_votes() {
        const auto own = after_->members().slot_of(after_->self);
        if (!own || !granted().contains(*own)) return;
        if (granted_before().contains(*own) && !stood_anew()) return;
        if (!stands(*after_) && !newly_leads()) return;
        auto s = now();
        s.role = "StateCandidate";
        s.last_index = before_->log.last_index().value;
        const traced_message vote{.type = "MsgVoteResp", .term = s.term, .from = s.id, .to = s.id};
        note("SendRequestVoteResponse", s, &vote);
        for_each_message([&](const traced_message& m) {
            if (m.type != "MsgVote") return;
            note("SendRequestVoteRequest", s, &m);
            pending_.push_back(m);
        });
        ready_as(s);
        note("ReceiveRequestVoteResponse", s, &vote);
    }

    /// Entries that a leader appends; those of a new one after it became one.
    void lead() {
        if (!after_->is_leader()) return;
        auto s = now();
        s.commit = past().commit;
        s.last_index = before_->log.last_index().value;
        if (newly_leads()) {
            past().own_acks.clear();
            note("BecomeLeader", s);
        }
        if (s.last_index == after_->log.last_index().value) return;
        for (; s.last_index < after_->log.last_index().value; ++s.last_index) note("Replicate", s);
        const auto ack = own_ack(s.last_index);
        note("SendAppendEntriesResponse", s, &ack);
        past().own_acks.push_back(s.last_index);
        sends_ = true;
    }

    [[nodiscard]] traced_message own_ack(std::uint64_t index) const {
        return {.type = "MsgAppResp",
                .term = after_->current_term.value,
                .from = after_->self,
                .to = after_->self,
                .index = index};
    }

    /// What was written since counts before it makes a majority.
    void commit() {
        if (after_->is_leader() && before_->is_leader() &&
            after_->disk.durable_index > before_->disk.durable_index) {
            auto s = now();
            s.commit = past().commit;
            ready_as(s);
            acknowledge_itself();
        }
        if (after_->is_leader() && after_->commit_index.value > past().commit)
            note("Commit", now());
        if (!after_->is_leader() && after_->commit_index.value > past().commit)
            give_up("a follower commits by itself");
        past().commit = std::max(past().commit, after_->commit_index.value);
    }

    // ------------------------------------------------------------------------------------- sending

    void for_each_message(auto visit) const {
        const auto one = [&](member_id to, const core::message& body) {
            if (const auto m = traced(after_->self, to, body)) visit(*m);
        };
        for (const auto& each : out_->messages) {
            if (const auto* id = std::get_if<member_id>(&each.to))
                one(*id, each.body);
            else
                for (const auto member : std::get<core::member_set>(each.to))
                    one(after_->identity_of(member), each.body);
        }
        for (const auto& each : out_->messages)
            if (std::holds_alternative<core::install_snapshot>(each.body)) no_snapshots_ = true;
    }

    void send() {
        for_each_message([&](traced_message m) {
            if (m.type == "MsgVote") return;
            sends_ = true;
            const auto s = now();
            if (m.type == "MsgVoteResp") return note("SendRequestVoteResponse", s, &m);
            if (m.type == "MsgAppResp") return note("SendAppendEntriesResponse", s, &m);
            if (m.index < match_of(m.to).value) give_up("entries from before what is acknowledged");
            m.commit = std::min(s.commit, m.index + m.entries);
            note("SendAppendEntriesRequest", s, &m);
            pending_.push_back(m);
        });
        if (no_snapshots_) give_up("snapshots are sent");
    }
    [[nodiscard]] log_index match_of(member_id id) const {
        return after_->peers[after_->members().slot_of(id)->value].match_index;
    }

    /// What the disk has since the last Ready, if it has everything.
    [[nodiscard]] bool is_newly_durable() {
        const auto& kept = past();
        return after_->disk.durable == after_->disk.issued &&
               (after_->current_term != kept.term || after_->voted_for != kept.vote ||
                after_->log.last_index() != kept.last_index ||
                past().commit != kept.durable_commit);
    }

    void ready() { ready_as(now()); }
    void ready_as(const traced_server& s) {
        note("Ready", s);
        for (const auto& each : pending_)
            if (each.from == s.id) network_.push_back(each);
        std::erase_if(pending_, [&](const auto& each) { return each.from == s.id; });
        auto& kept = past();
        kept.term = {s.term};
        kept.vote = s.vote;
        kept.last_index = {s.last_index};
        kept.durable_commit = s.commit;
    }
    void at_ready(const core::state& s, std::uint64_t commit) {
        servers_[s.self.value] = {commit, s.current_term, s.voted_for, s.log.last_index(), commit,
                                  {}};
    }

    /// A leader receives its own answers up to what its disk has.
    void acknowledge_itself() {
        auto& acks = past().own_acks;
        if (!after_->is_leader()) return acks.clear();
        const auto own = after_->members().slot_of(after_->self);
        const auto durable = own ? after_->peers[own->value].match_index.value : 0;
        auto s = now();
        s.commit = past().commit;
        while (!acks.empty() && acks.front() <= durable) {
            const auto ack = own_ack(acks.front());
            note("ReceiveAppendEntriesResponse", s, &ack);
            acks.erase(acks.begin());
        }
    }

    std::vector<std::string> lines_{};
    const char* obstacle_ = nullptr;
    std::map<std::uint64_t, traced_past> servers_{};
    std::vector<traced_message> pending_{};  ///< Sent, and not released by Ready.
    std::vector<traced_message> network_{};
    const core::state* before_ = nullptr;
    const core::state* after_ = nullptr;
    const core::effects* out_ = nullptr;
    bool sends_ = false;
    mutable bool no_snapshots_ = false;
};

}  // namespace raft::proof
