// SPDX-License-Identifier: BSL-1.0
//
// Goal: no step of the production code leads out of the invariant, whatever cluster it is taken in,
// and the induction would show it if one did. Method: it is run on small clusters, without each of
// its clauses in turn, and with steps that break a rule of Raft.
#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <proof/induction.hpp>
#include <support/explored_settings.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::proof;
using namespace raft::testing;

namespace {

induction_bounds with_all_features(induction_bounds bounds) {
    bounds.transfers = true;
    bounds.config.entries_per_message = 8;
    bounds.config.messages_in_flight = 2;
    return bounds;
}

void must_close(const induction_bounds& bounds) {
    const auto proof = induction{bounds}.run();
    CHECK(proof.first == "");
    CHECK(proof.violations == 0);
    CHECK(proof.clusters > 1000);
}

/// The first violation, within the smallest bounds that show one.
template <class Step = production_step>
induction_result first_violation(const chosen_clauses& clauses, Step step = {}) {
    induction_result found;
    for (auto bounds : {induction_bounds{.servers = 2, .term_max = 2, .log_max = 2},
                        induction_bounds{.servers = 2, .term_max = 2, .log_max = 2, .holes = true},
                        induction_bounds{.servers = 3, .term_max = 2, .log_max = 1, .holes = true},
                        induction_bounds{.servers = 3, .term_max = 3, .log_max = 1},
                        induction_bounds{.servers = 3, .term_max = 2, .log_max = 2}}) {
        bounds.config = plain_settings();
        bounds.clauses = clauses;
        found = induction{bounds, 1, step}.run();
        if (found.violations > 0) break;
    }
    return found;
}

// ------------------------------------------------------------------------------------------ faults

/// A step that breaks a rule: by what it makes of its state and input before, or its state after.
struct faulty_step {
    void (*before)(state&, input&) = nullptr;
    void (*after)(state&, const input&) = nullptr;

    void operator()(state& s, const input& given, instant now, effects& out) const {
        auto in = given;
        if (before != nullptr) before(s, in);
        advance(s, in, now, out);
        if (after != nullptr) after(s, given);
    }
};

template <class Message>
Message* message_in(input& in) {
    auto* came = std::get_if<received>(&in);
    return came == nullptr ? nullptr : std::get_if<Message>(&came->body);
}
template <class Message>
const Message* message_in(const input& in) {
    const auto* came = std::get_if<received>(&in);
    return came == nullptr ? nullptr : std::get_if<Message>(&came->body);
}

/// Takes a late message for one of this term.
template <class Message>
void take_for_present(state& s, input& in) {
    auto* m = message_in<Message>(in);
    if (m != nullptr && m->term < s.current_term) m->term = s.current_term;
}

void forget_vote(state& s, input& in) {
    auto* following = std::get_if<follower_state>(&s.role);
    const auto* m = message_in<request_vote>(in);
    if (following == nullptr || m == nullptr || m->term != s.current_term) return;
    s.voted_for = std::nullopt;
    following->leader = std::nullopt;
}

void see_the_best_log(state&, input& in) {
    if (auto* m = message_in<request_vote>(in)) m->last_log = {{9}, {9}};
}

void compare_lengths_alone(state& s, input& in) {
    if (auto* m = message_in<request_vote>(in)) m->last_log.term = s.log.last_term();
}

void count_refusals(state&, input& in) {
    if (auto* m = message_in<request_vote_reply>(in)) m->granted = true;
}

void ignore_the_term_of_prev(state& s, input& in) {
    if (auto* m = message_in<append_entries>(in))
        if (const auto term = s.log.term_at(m->prev.index)) m->prev.term = *term;
}

void verify_the_whole_log(state& s, input& in) {
    auto* following = std::get_if<follower_state>(&s.role);
    if (following != nullptr && message_in<append_entries>(in) != nullptr)
        following->matched_index = s.log.last_index();
}

void let_late_messages_cut(state& s, const input& in) {
    const auto* m = message_in<append_entries>(in);
    auto* following = std::get_if<follower_state>(&s.role);
    if (m == nullptr || m->term != s.current_term || following == nullptr ||
        m->last_index < s.commit_index || m->last_index >= s.log.last_index())
        return;
    s.log.truncate_after(m->last_index);
    s.disk.durable_index = s.disk.run_index = m->last_index;
    following->matched_index = std::min(following->matched_index, m->last_index);
}

void commit_unverified(state& s, const input& in) {
    const auto* m = message_in<append_entries>(in);
    if (m != nullptr && s.is_follower() && m->term == s.current_term)
        s.commit_index = std::max(s.commit_index, std::min(m->commit_index, s.log.last_index()));
}

void commit_what_is_said(state& s, const input& in) {
    const auto* m = message_in<append_entries>(in);
    if (m != nullptr && s.is_follower() && m->term == s.current_term)
        s.commit_index = std::min(s.commit_index, m->commit_index);
}

/// Figure 8: every entry that a quorum has is taken for committed.
void commit_earlier_terms(state& s, const input&) {
    if (!s.is_leader()) return;
    const auto match = [&](slot member) { return s.peers[member.value].match_index; };
    s.commit_index = std::max(s.commit_index, quorum_reached(s.members(), match));
}

void believe_in_next_index(state& s, const input&) {
    if (!s.is_leader()) return;
    for (auto& peer : s.peers) peer.match_index = previous(peer.next_index);
}

void believe_hints(state& s, const input& in) {
    const auto* m = message_in<append_entries_rejection>(in);
    if (m == nullptr || !s.is_leader() || m->term != s.current_term) return;
    for (auto& peer : s.peers)
        if (m->hint.index < peer.next_index) peer.match_index = m->hint.index;
}

/// §5.4.1, but for entries that this server has lost.
void vote_by_the_log_that_is_here(state& s, input& in) {
    if (s.tasks->lost_through) see_the_best_log(s, in);
}

void forget_what_was_lost(state& s, const input& in) {
    if (s.tasks->lost_through && message_in<append_entries>(in) != nullptr)
        s.tasks.change().lost_through.reset();
}

/// The log that lacks commands is removed, and nothing is known of it any more.
void forget_what_was_removed(state& s, input& in) {
    if (!s.tasks->lacks_from || message_in<append_entries>(in) == nullptr) return;
    const auto kept = previous(*s.tasks->lacks_from);
    if (std::get_if<received>(&in)->withheld || kept < s.commit_index) return;
    s.log.truncate_after(kept);
    s.disk.durable_index = s.disk.run_index = kept;
    s.tasks.change().lacks_from.reset();
    if (auto* following = std::get_if<follower_state>(&s.role))
        following->matched_index = std::min(following->matched_index, kept);
}

/// Entries that the disk has not any more are acknowledged by the log that it had.
void acknowledge_what_was_lost(state& s, const input&) {
    auto* following = std::get_if<follower_state>(&s.role);
    if (following != nullptr && s.tasks->lost_through)
        following->matched_index = s.log.last_index();
}

struct named_fault {
    std::string name{};
    faulty_step step{};
    std::string broken{};  ///< The clause.
};

const std::vector<named_fault>& faults() {
    static const std::vector<named_fault> all{
        {"a vote is forgotten", {.before = forget_vote}, "a server takes back its vote"},
        {"a vote is given to any log",
         {.before = see_the_best_log},
         "a candidate is as up to date as its voters"},
        {"logs are compared by their lengths",
         {.before = compare_lengths_alone},
         "a candidate is as up to date as its voters"},
        {"a vote of an earlier term counts",
         {.before = take_for_present<request_vote_reply>},
         "a candidate counts its votes"},
        {"a vote is given in an earlier term",
         {.before = take_for_present<request_vote>},
         "votes are for candidates"},
        {"refusals count as votes", {.before = count_refusals}, "a candidate counts its votes"},
        {"an earlier leader is followed",
         {.before = take_for_present<append_entries>},
         "a follower follows the leader"},
        {"the term of prev is not compared",
         {.before = ignore_the_term_of_prev},
         "what is acknowledged is kept"},
        {"more is acknowledged than matches",
         {.before = verify_the_whole_log},
         "a follower follows the leader"},
        {"a late message cuts the log",
         {.after = let_late_messages_cut},
         "what is acknowledged is kept"},
        {"a follower commits what does not match",
         {.after = commit_unverified},
         "only what is committed is taken for committed"},
        {"an old message takes back what is committed",
         {.after = commit_what_is_said},
         "the commit index goes back"},
        {"entries of earlier terms are counted",
         {.after = commit_earlier_terms},
         "only what is committed is taken for committed"},
        {"late acknowledgements count",
         {.before = take_for_present<append_entries_reply>},
         "a leader leads"},
        {"what was sent counts as acknowledged",
         {.after = believe_in_next_index},
         "a leader leads"},
        {"hints count as acknowledged", {.after = believe_hints}, "a leader leads"},
        {"who has lost entries votes by what is left",
         {.before = vote_by_the_log_that_is_here},
         "a candidate is as up to date as its voters"},
        {"what was lost is forgotten",
         {.after = forget_what_was_lost},
         "what is acknowledged is kept"},
        {"entries without commands are removed, and the server votes by what is left",
         {.before = forget_what_was_removed},
         "what is acknowledged is kept"},
        {"who has lost entries matches the leader with all that is left",
         {.after = acknowledge_what_was_lost},
         "a follower follows the leader"},
    };
    return all;
}

}  // namespace

TEST_CASE("induction: the invariant holds after every step of two servers and of three") {
    must_close({.servers = 2, .term_max = 3, .log_max = 3, .config = plain_settings()});
    must_close({.servers = 3, .term_max = 2, .log_max = 1, .config = plain_settings()});
}

TEST_CASE("induction: pre-votes, a quorum to hear, pipelines, batches and transfers keep it, too") {
    must_close(with_all_features({.servers = 2, .term_max = 2, .log_max = 2}));
}

TEST_CASE("induction: logs without commands and disks that lose entries keep it, too") {
    must_close(with_all_features({.servers = 2, .term_max = 2, .log_max = 2, .holes = true}));
    must_close(
        {.servers = 3, .term_max = 2, .log_max = 1, .holes = true, .config = plain_settings()});
}

TEST_CASE("induction: no clause can be left out") {
    const auto without = [](const std::string& clause, const chosen_clauses& others) {
        CAPTURE(clause);
        CHECK(first_violation(others).violations > 0);
    };
    for (std::size_t k = 0; k < history_clauses.size(); ++k)
        without(history_clauses[k].name, {.of_history = ~(1U << k)});
    for (std::size_t k = 0; k < server_clauses.size(); ++k)
        without(server_clauses[k].name, {.of_servers = ~(1U << k)});
    without("messages say what is true", {.of_messages = false});
    without("candidates boast of their logs", {.of_requests = false});
}

TEST_CASE("induction: a step that breaks a rule is found, by the clause that rests on the rule") {
    for (const auto& fault : faults()) {
        CAPTURE(fault.name);
        const auto story = first_violation({}, fault.step).first;
        CHECK(story.substr(0, story.find('\n')) == fault.broken);
    }
}
