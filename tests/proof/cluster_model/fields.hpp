// SPDX-License-Identifier: BSL-1.0
//
// Every field of everything that a cluster consists of, named in this one place: what writes,
// reads, renames or compares states field by field goes through it. A field that is added to the
// core and not here does not compile.
#pragma once

#include <concepts>
#include <type_traits>

#include <raft/core/step.hpp>
#include <raft/testing/cluster.hpp>

namespace raft::proof {

using testing::in_flight;
using testing::simulated_disk;

template <class T, class Value>
concept fields_of = std::same_as<std::remove_const_t<T>, Value>;

// -------------------------------------------------------------------------------------- vocabulary

constexpr void visit_fields(fields_of<core::log_position> auto& x, auto visit) {
    auto& [index, term] = x;
    visit(index, term);
}

constexpr void visit_fields(fields_of<core::hard_state> auto& x, auto visit) {
    auto& [current_term, voted_for] = x;
    visit(current_term, voted_for);
}

constexpr void visit_fields(fields_of<core::snapshot_description> auto& x, auto visit) {
    auto& [last_included, size, checksum] = x;
    visit(last_included, size, checksum);
}

/// The sets are of the slots of `members`.
constexpr void visit_fields(fields_of<configuration> auto& x, auto visit) {
    auto& [members, voters, outgoing_voters, next_voters, next_learners, newcomers, witnesses] = x;
    visit(members, voters, outgoing_voters, next_voters, next_learners, newcomers, witnesses);
}

constexpr void visit_fields(fields_of<core::indexed_configuration> auto& x, auto visit) {
    auto& [index, value] = x;
    visit(index, value);
}

// ------------------------------------------------------------------------------------------- roles

constexpr void visit_fields(fields_of<core::incoming_snapshot> auto& x, auto visit) {
    auto& [description, received, durable] = x;
    visit(description, received, durable);
}

constexpr void visit_fields(fields_of<core::deferred_replies> auto& x, auto visit) {
    auto& [rejected_prev, rejection, append, chunk, vote] = x;
    visit(rejected_prev, rejection, append, chunk, vote);
}

constexpr void visit_fields(fields_of<core::follower_state> auto& x, auto visit) {
    auto& [leader, last_contact, matched_index, round, owed, asleep, commit_index_is_current,
           withholds_vote] = x;
    visit(leader, last_contact, matched_index, round, owed, asleep, commit_index_is_current,
          withholds_vote);
}

/// How many elections it did not win decides nothing but deadlines.
constexpr void visit_fields(fields_of<core::candidate_state> auto& x, auto visit) {
    auto& [pre_vote, leadership_transfer, asked, failed, granted] = x;
    visit(pre_vote, leadership_transfer, asked, granted);
}

constexpr void visit_fields(fields_of<core::progress> auto& x, auto visit) {
    auto& [match_index, next_index, round, last_contact, snapshot_offset, in_flight, window, mode,
           silent] = x;
    visit(match_index, next_index, round, last_contact, snapshot_offset, in_flight, window, mode,
          silent);
}

constexpr void visit_fields(fields_of<core::leadership_transfer> auto& x, auto visit) {
    auto& [target, give_up_at, asked] = x;
    visit(target, give_up_at, asked);
}

constexpr void visit_fields(fields_of<core::leader_state> auto& x, auto visit) {
    auto& [own, others, readers, full, next_round_wanted, changing, asleep, aborted, forced,
           has_lease, term_start, round, round_began, confirmed, lease_from] = x;
    visit(own, others, readers, full, next_round_wanted, changing, asleep, aborted, forced,
          has_lease, term_start, round, round_began, confirmed, lease_from);
}

constexpr void visit_fields(fields_of<core::halted> auto& x, auto visit) {
    auto& [reason] = x;
    visit(reason);
}

constexpr void visit_fields(fields_of<core::forwarded_reads> auto& x, auto visit) {
    auto& [asked, confirmed, round, index, answered, wanted, overdue] = x;
    visit(asked, confirmed, round, index, answered, wanted, overdue);
}

constexpr void visit_fields(fields_of<core::request_id> auto& x, auto visit) {
    auto& [run, number] = x;
    visit(run, number);
}

constexpr void visit_fields(fields_of<core::forwarded_proposals> auto& x, auto visit) {
    auto& [last, count, sent_at] = x;
    visit(last, count, sent_at);
}

constexpr void visit_fields(fields_of<core::forwarder> auto& x, auto visit) {
    auto& [id, last, answer] = x;
    visit(id, last, answer);
}

constexpr void visit_fields(fields_of<core::catch_up> auto& x, auto visit) {
    auto& [goal, began_at, number] = x;
    visit(goal, began_at, number);
}

constexpr void visit_fields(fields_of<core::awaited_majority> auto& x, auto visit) {
    auto& [next, round, give_up_at] = x;
    visit(next, round, give_up_at);
}

constexpr void visit_fields(fields_of<core::timeout_now_sent> auto& x, auto visit) {
    auto& [target, last_index] = x;
    visit(target, last_index);
}

constexpr void visit_fields(fields_of<core::role_tasks> auto& x, auto visit) {
    auto& [incoming, last_request, lost_through, lacks_from, removed_at, forwarding, reads,
           transfer, told, catch_up, awaited, awaiting_snapshot, forwarders] = x;
    visit(incoming, last_request, lost_through, lacks_from, removed_at, forwarding, reads, transfer,
          told, catch_up, awaited, awaiting_snapshot, forwarders);
}

// ------------------------------------------------------------------------------------------- state

constexpr void visit_fields(fields_of<core::disk_progress> auto& x, auto visit) {
    auto& [issued, durable, vote, run_sequence, run_index, durable_index, full] = x;
    visit(issued, durable, vote, run_sequence, run_index, durable_index, full);
}

/// All but what is the same in every state of a server: its identity, the settings, and the seed
/// and the timers, since any timer may fire at any time. The configurations come first: the places
/// in what follows are those of the last.
constexpr void visit_fields(fields_of<core::state> auto& x, auto visit) {
    auto& [self, config, current_term, voted_for, log, snapshot, configurations, commit_index, role,
           peers, tasks, disk, timers, seed] = x;
    visit(configurations, current_term, voted_for, log, snapshot, commit_index, role, peers, tasks,
          disk);
}

// ---------------------------------------------------------------------------------------- messages

constexpr void visit_fields(fields_of<core::request_pre_vote> auto& x, auto visit) {
    auto& [term, last_log] = x;
    visit(term, last_log);
}

constexpr void visit_fields(fields_of<core::pre_vote_reply> auto& x, auto visit) {
    auto& [term, granted] = x;
    visit(term, granted);
}

constexpr void visit_fields(fields_of<core::request_vote> auto& x, auto visit) {
    auto& [term, last_log, transfer] = x;
    visit(term, last_log, transfer);
}

constexpr void visit_fields(fields_of<core::request_vote_reply> auto& x, auto visit) {
    auto& [term, granted] = x;
    visit(term, granted);
}

constexpr void visit_fields(fields_of<core::append_entries> auto& x, auto visit) {
    auto& [term, prev, last_index, entries_term, commit_index, round] = x;
    visit(term, prev, last_index, entries_term, commit_index, round);
}

constexpr void visit_fields(fields_of<core::append_entries_reply> auto& x, auto visit) {
    auto& [term, match_index, round, full] = x;
    visit(term, match_index, round, full);
}

constexpr void visit_fields(fields_of<core::append_entries_rejection> auto& x, auto visit) {
    auto& [term, prev_index, hint, round, lost] = x;
    visit(term, prev_index, hint, round, lost);
}

constexpr void visit_fields(fields_of<core::install_snapshot> auto& x, auto visit) {
    auto& [term, last_included, size, offset, length, checksum, round] = x;
    visit(term, last_included, size, offset, length, checksum, round);
}

constexpr void visit_fields(fields_of<core::install_snapshot_reply> auto& x, auto visit) {
    auto& [term, last_included_index, offset, round] = x;
    visit(term, last_included_index, offset, round);
}

constexpr void visit_fields(fields_of<core::timeout_now> auto& x, auto visit) {
    auto& [term, last_index] = x;
    visit(term, last_index);
}

constexpr void visit_fields(fields_of<core::request_read_index> auto& x, auto visit) {
    auto& [term, request] = x;
    visit(term, request);
}

constexpr void visit_fields(fields_of<core::read_index_reply> auto& x, auto visit) {
    auto& [term, request, round, index] = x;
    visit(term, request, round, index);
}

constexpr void visit_fields(fields_of<core::round_confirmed> auto& x, auto visit) {
    auto& [term, round] = x;
    visit(term, round);
}

constexpr void visit_fields(fields_of<core::fall_asleep> auto& x, auto visit) {
    auto& [term, last_log] = x;
    visit(term, last_log);
}

constexpr void visit_fields(fields_of<core::request_snapshot> auto& x, auto visit) {
    auto& [term, after] = x;
    visit(term, after);
}

constexpr void visit_fields(fields_of<core::forward_proposal> auto& x, auto visit) {
    auto& [term, request, count] = x;
    visit(term, request, count);
}

constexpr void visit_fields(fields_of<core::forward_proposal_reply> auto& x, auto visit) {
    auto& [term, request, first] = x;
    visit(term, request, first);
}

constexpr void visit_fields(fields_of<core::forward_proposal_refusal> auto& x, auto visit) {
    auto& [term, request, reason] = x;
    visit(term, request, reason);
}

constexpr void visit_fields(fields_of<core::removal_notice> auto& x, auto visit) {
    auto& [term, configuration] = x;
    visit(term, configuration);
}

constexpr void visit_fields(fields_of<core::wake_up> auto& x, auto visit) {
    auto& [term] = x;
    visit(term);
}

constexpr void visit_fields(fields_of<in_flight> auto& x, auto visit) {
    auto& [from, to, what] = x;
    visit(from, to, what.body, what.members, what.withheld);
}

// -------------------------------------------------------------------------------------------- disk

constexpr void visit_fields(fields_of<core::append> auto& x, auto visit) {
    auto& [first, last, term, source] = x;
    visit(first, last, term, source);
}

constexpr void visit_fields(fields_of<core::chunk_write> auto& x, auto visit) {
    auto& [sequence, snapshot, offset, length] = x;
    visit(sequence, snapshot, offset, length);
}

constexpr void visit_fields(fields_of<core::snapshot_install> auto& x, auto visit) {
    auto& [sequence, snapshot, keep_suffix, withheld] = x;
    visit(sequence, snapshot, keep_suffix, withheld);
}

constexpr void visit_fields(fields_of<core::log_cut> auto& x, auto visit) {
    auto& [sequence, last_kept, lost_through] = x;
    visit(sequence, last_kept, lost_through);
}

constexpr void visit_fields(fields_of<core::recovered_state> auto& x, auto visit) {
    auto& [vote, snapshot, log, configurations, incoming, lost_through, lacks_from, born] = x;
    visit(vote, snapshot, log, configurations, incoming, lost_through, lacks_from, born);
}

constexpr void visit_fields(fields_of<simulated_disk::unfinished> auto& x, auto visit) {
    auto& [sequence, vote, entries, chunk, install, cut, members, discard] = x;
    visit(sequence, vote, entries, chunk, install, cut, members, discard);
}

constexpr void visit_fields(fields_of<simulated_disk::contents> auto& x, auto visit) {
    auto& [durable, snapshot_members, waiting] = x;
    visit(durable, snapshot_members, waiting);
}

template <class T>
concept has_fields = requires(T& x) {
    visit_fields(x, [](auto&...) {});
};

}  // namespace raft::proof
