// SPDX-License-Identifier: BSL-1.0
//
// The messages between servers: the RPCs of Figure 2, §7, and thesis §3.10 and §9.6, one struct
// each, with the paper's names. Every message is trivially copyable and fits in 64 bytes. A message
// never contains commands: `append_entries` names a range of entries, and the node sends the
// entries beside it. Forwarded commands, the bytes of a snapshot, and configurations also travel
// beside their message.
#pragma once

#include <type_traits>
#include <variant>

#include <raft/core/log.hpp>
#include <raft/core/refusal.hpp>
#include <raft/core/types.hpp>

namespace raft::core {

/// "Would you vote for me if I started an election in this term?" (thesis §9.6). It changes no
/// state of sender or receiver.
struct request_pre_vote {
    term_number term{};       ///< The term of that election: one above the sender's own.
    log_position last_log{};  ///< The sender's last entry, for §5.4.1.
    friend constexpr bool operator==(const request_pre_vote&, const request_pre_vote&) = default;
};

struct pre_vote_reply {
    term_number
        term{};  ///< Granted: the requested term. Refused: the replier's own, so that it spreads.
    bool granted = false;
    friend constexpr bool operator==(const pre_vote_reply&, const pre_vote_reply&) = default;
};

/// Figure 2, RequestVote.
struct request_vote {
    term_number term{};
    log_position last_log{};  ///< lastLogIndex and lastLogTerm.
    bool leadership_transfer =
        false;  ///< The leader itself requested this election, so no voter protects it (§3.10).
    friend constexpr bool operator==(const request_vote&, const request_vote&) = default;
};

struct request_vote_reply {
    term_number term{};
    bool granted = false;
    friend constexpr bool operator==(const request_vote_reply&,
                                     const request_vote_reply&) = default;
};

/// Figure 2, AppendEntries, for the entries in (prev, last_index], all of one term; a range with
/// several terms is sent as several messages. Without entries (last_index equal to prev.index) it
/// is a heartbeat.
struct append_entries {
    term_number term{};
    log_position prev{};         ///< prevLogIndex and prevLogTerm.
    log_index last_index{};      ///< The last entry that travels with this message.
    term_number entries_term{};  ///< The term of each of them.
    log_index commit_index{};    ///< leaderCommit.
    read_round round{};          ///< The leader's latest round of heartbeats (thesis §6.4).
    friend constexpr bool operator==(const append_entries&, const append_entries&) = default;
};

/// "My log is yours up to match_index, and it is on my disk."
struct append_entries_reply {
    term_number term{};
    log_index match_index{};
    read_round round{};  ///< The round of the message answered.
    bool full = false;   ///< The disk has no room for more entries.
    friend constexpr bool operator==(const append_entries_reply&,
                                     const append_entries_reply&) = default;
};

/// "My log does not match prev." If the term is above the receiver's it means "your term is over".
struct append_entries_rejection {
    term_number term{};
    log_index prev_index{};  ///< The index that did not match. It distinguishes a late rejection
                             ///< from a current one.
    log_position
        hint{};  ///< The last position that could match, as far as the replier knows (§5.3).
    read_round round{};
    bool lost = false;  ///< Entries that it acknowledged may be gone from its disk.
    friend constexpr bool operator==(const append_entries_rejection&,
                                     const append_entries_rejection&) = default;
};

/// §7, InstallSnapshot: one chunk, [offset, offset + length) of the `size` bytes of the snapshot. A
/// chunk without bytes is the heartbeat to a member that receives a snapshot.
struct install_snapshot {
    term_number term{};
    log_position last_included{};
    std::uint64_t size = 0;
    std::uint64_t offset = 0;
    std::uint32_t length = 0;
    std::uint32_t checksum = 0;  ///< Of the whole snapshot (`snapshot_description`).
    read_round round{};
    friend constexpr bool operator==(const install_snapshot&, const install_snapshot&) = default;
};

/// "I have the first `offset` bytes of it on my disk: send what follows."
struct install_snapshot_reply {
    term_number term{};
    log_index last_included_index{};
    std::uint64_t offset = 0;
    read_round round{};
    friend constexpr bool operator==(const install_snapshot_reply&,
                                     const install_snapshot_reply&) = default;
};

/// A follower requests the leader's snapshot in place of the log: the state that it made from the
/// log cannot be trusted, or a snapshot is faster.
struct request_snapshot {
    term_number term{};
    log_index after{};  ///< A snapshot that ends here or before is of no use to it.
    friend constexpr bool operator==(const request_snapshot&, const request_snapshot&) = default;
};

/// Thesis §3.10: the leader requests that a member with a complete log starts an election at once.
struct timeout_now {
    term_number term{};
    log_index last_index{};  ///< The leader's last entry. A log that does not reach it would lose
                             ///< the election; its server ignores the request.
    friend constexpr bool operator==(const timeout_now&, const timeout_now&) = default;
};

/// A follower's reads (thesis §6.4): "when may I serve the reads that I received until now?"
struct request_read_index {
    term_number term{};
    read_round request{};  ///< The follower's number of this request.
    friend constexpr bool operator==(const request_read_index&,
                                     const request_read_index&) = default;
};

/// "Once a quorum has acknowledged `round`, and you have applied the log up to `index`."
struct read_index_reply {
    term_number term{};
    read_round request{};
    read_round round{};
    log_index index{};
    friend constexpr bool operator==(const read_index_reply&, const read_index_reply&) = default;
};

/// "A quorum has acknowledged `round`." To the followers that requested it.
struct round_confirmed {
    term_number term{};
    read_round round{};
    friend constexpr bool operator==(const round_confirmed&, const round_confirmed&) = default;
};

/// "There is nothing to do: sleep, and expect no messages from me." From a leader to members whose
/// logs end where its own log ends (quiescence.hpp).
struct fall_asleep {
    term_number term{};
    log_position last_log{};  ///< All of it is committed.
    friend constexpr bool operator==(const fall_asleep&, const fall_asleep&) = default;
};

/// "This group is needed." From a member that wakes to all others.
struct wake_up {
    term_number term{};
    friend constexpr bool operator==(const wake_up&, const wake_up&) = default;
};

/// Identifies a request of a server. `run` is a number that most likely differs in each run of the
/// server; `number` counts the requests of one run from 1.
struct request_id {
    std::uint64_t run = 0;
    std::uint64_t number = 0;
    friend constexpr bool operator==(const request_id&, const request_id&) = default;
};

/// A follower forwards proposals to its leader (thesis §6.2): "append the commands that travel with
/// this message, unless you have already done so for this request."
struct forward_proposal {
    term_number term{};
    request_id request{};
    std::uint32_t count = 0;  ///< Of the commands, one entry each.
    friend constexpr bool operator==(const forward_proposal&, const forward_proposal&) = default;
};

/// "They are in the log from `first` on, in this term."
struct forward_proposal_reply {
    term_number term{};
    request_id request{};
    log_index first{};
    friend constexpr bool operator==(const forward_proposal_reply&,
                                     const forward_proposal_reply&) = default;
};

/// "They are not in the log, and will not be."
struct forward_proposal_refusal {
    term_number term{};
    request_id request{};
    refusal_reason reason{};
    friend constexpr bool operator==(const forward_proposal_refusal&,
                                     const forward_proposal_refusal&) = default;
};

/// "You are no longer a member, since the configuration at this index." From a server that knows
/// this configuration to be committed, to a server that was removed while it was offline and now
/// requests votes.
struct removal_notice {
    term_number term{};
    log_index configuration{};
    friend constexpr bool operator==(const removal_notice&, const removal_notice&) = default;
};

/// "Your log had gone this far: you had acknowledged it." From a leader to a member that lacks what
/// it had acknowledged.
struct loss_notice {
    term_number term{};
    log_position through{};
    friend constexpr bool operator==(const loss_notice&, const loss_notice&) = default;
};

using message =
    std::variant<request_pre_vote, pre_vote_reply, request_vote, request_vote_reply, append_entries,
                 append_entries_reply, append_entries_rejection, install_snapshot,
                 install_snapshot_reply, timeout_now, request_read_index, read_index_reply,
                 round_confirmed, fall_asleep, wake_up, request_snapshot, forward_proposal,
                 forward_proposal_reply, forward_proposal_refusal, removal_notice, loss_notice>;

static_assert(std::is_trivially_copyable_v<message> && sizeof(message) <= 64);

}  // namespace raft::core
