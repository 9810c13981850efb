// SPDX-License-Identifier: BSL-1.0
//
// What a step asks the node to do, as plain data. The parts of one `effects` may be carried out in
// any order, or in parallel, with two exceptions. Writes become durable in the order of their
// sequence. And where `settings.durable_at_once` holds, a step relies on its log write: this write
// is carried out before the messages of the step are sent, and all of a step before the next input.
// Everything else that must wait for a durable write appears only after the completion of that
// write was an input. Chunks and installs of snapshots have a completion in any case.
//
// Within one step, a vote is persisted before the log is cut, and the log is cut before entries are
// appended.
#pragma once

#include <cstddef>
#include <optional>

#include <raft/core/message.hpp>
#include <raft/core/outgoing.hpp>
#include <raft/core/refusal.hpp>
#include <raft/core/seldom.hpp>
#include <raft/core/types.hpp>

namespace raft::core {

/// What a server must persist besides its log (Figure 2, persistent state). It is always written as
/// a whole.
struct hard_state {
    term_number current_term{};
    std::optional<member_id> voted_for{};
    friend constexpr bool operator==(const hard_state&, const hard_state&) = default;
};

/// Where the entries of a write come from.
enum class entry_source : std::uint8_t {
    no_op,          ///< One entry without a command: a leader's first (§8, thesis §6.4).
    configuration,  ///< One entry without a command: the newest of `state.configurations`.
    proposed,       ///< The commands of the proposal that was this step's input.
    received,       ///< The entries that came with the message that was this step's input.
    withheld,       ///< The same without commands: the leader regards this server as a witness.
};

/// Entries to append. The log is truncated before `first` if it reaches that far.
struct append {
    log_index first{};
    log_index last{};
    term_number term{};
    entry_source source{};
    friend constexpr bool operator==(const append&, const append&) = default;
};

/// A write of term and vote, of entries, or of both. If both are given the write is atomic: never
/// one without the other.
struct log_write {
    write_sequence sequence{};
    std::optional<hard_state> vote{};
    std::optional<append> entries{};
    friend constexpr bool operator==(const log_write&, const log_write&) = default;
};

/// What a snapshot is: the state of the state machine after the entry at `last_included`.
struct snapshot_description {
    log_position last_included{};
    std::uint64_t size = 0;      ///< In bytes.
    std::uint32_t checksum = 0;  ///< CRC32C of the bytes. Two servers that received snapshots of
                                 ///< equal descriptions have received the same bytes.
    friend constexpr bool operator==(const snapshot_description&,
                                     const snapshot_description&) = default;
};

/// The chunk that came with this step's message is written to the snapshot that is being received,
/// at `offset`.
struct chunk_write {
    write_sequence sequence{};
    snapshot_description snapshot{};
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    friend constexpr bool operator==(const chunk_write&, const chunk_write&) = default;
};

/// The received snapshot replaces everything up to its last entry: an older snapshot, the log's
/// entries up to it, and the state machine's state. Entries after it stay if `keep_suffix`, else
/// the whole log is removed (§7). `withheld`: a witness gets only the description, and its state
/// machine keeps its state.
struct snapshot_install {
    write_sequence sequence{};
    snapshot_description snapshot{};
    bool keep_suffix = false;
    bool withheld = false;
    friend constexpr bool operator==(const snapshot_install&, const snapshot_install&) = default;
};

/// The log ends at `last_kept` from now on: the entries after it have no commands, and this server
/// is to have them. If `last_kept` is the start of the log, any snapshot is removed too. The
/// storage remembers `lost_through`, where the log ended, as if it had lost the entries itself.
struct log_cut {
    write_sequence sequence{};
    log_position last_kept{};
    log_position lost_through{};
    friend constexpr bool operator==(const log_cut&, const log_cut&) = default;
};

/// A proposal's entries are in the leader's log from `first` on, in `term`.
struct accepted_proposal {
    log_index first{};
    term_number term{};
    friend constexpr bool operator==(const accepted_proposal&, const accepted_proposal&) = default;
};

/// A read may be served once `round` is confirmed and everything up to `index` is applied (thesis
/// §6.4).
struct accepted_read {
    read_round round{};
    log_index index{};
    friend constexpr bool operator==(const accepted_read&, const accepted_read&) = default;
};

/// Reads of this round and of earlier rounds are safe once everything up to `index`, and up to the
/// index of each read, is applied.
struct confirmed_reads {
    read_round round{};
    log_index index{};
    friend constexpr bool operator==(const confirmed_reads&, const confirmed_reads&) = default;
};

/// How a change of membership that this leader carried out has ended.
enum class change_result : std::uint8_t {
    completed,  ///< The configuration that the change led to is committed. A leader that took the
                ///< change over from another leader does not know whether that one aborted it.
    aborted,  ///< The new voters did not catch up, or the change was taken back; the configuration
              ///< is the one before the change.
};

/// A message was ignored because its term is further ahead than any server's can be: it is damaged
/// or forged.
struct implausible_term {
    member_id from{};
    term_number term{};
    friend constexpr bool operator==(const implausible_term&, const implausible_term&) = default;
};

/// The effects that only few steps have.
struct rare_effects {
    std::optional<confirmed_reads> confirmed{};
    std::optional<accepted_read> read{};  ///< The read that was this step's input is accepted.
    std::optional<refusal> refused{};     ///< The request that was this step's input is refused.
    std::optional<log_index> change{};    ///< The change that was this step's input has begun,
                                          ///< with the configuration at this index.
    std::optional<refusal> change_refused{};  ///< It was accepted at first, but has not begun.
    std::optional<change_result> change_ended{};
    bool leadership_lost = false;  ///< Reads not yet served fail, proposals are in doubt.
    bool reads_lost = false;       ///< Reads that were requested from the leader fail.
    std::optional<accepted_proposal> forwarded{};  ///< The leader accepted what was forwarded …
    std::optional<refusal> forward_refused{};      ///< … or refused it.
    bool forwarding_lost = false;  ///< The proposals forwarded to the previous leader are in doubt.
    std::optional<chunk_write> chunk{};
    std::optional<snapshot_install> install{};
    std::optional<log_cut> cut{};
    bool snapshot_wanted = false;        ///< A member requests a newer snapshot than there is.
    bool lost_regained = false;          ///< The lost entries are here again, and durable.
    std::optional<log_index> discard{};  ///< A durable snapshot covers the log up to here.
    std::optional<implausible_term> implausible{};  ///< The message that was this step's input.
    std::optional<log_index> removed{};  ///< This server received a notice: it is no longer a
                                         ///< member, since the configuration at this index.

    friend constexpr bool operator==(const rare_effects&, const rare_effects&) = default;
};

/// What a step asks for. Every part that is present is to be carried out.
struct effects {
    outgoing_messages messages{};
    std::optional<log_write> write{};
    std::optional<log_index> commit{};  ///< Everything up to here is committed: apply it.
    std::optional<accepted_proposal> proposal{};
    seldom_here<rare_effects> rare{};

    template <class Body>
    constexpr void send(destination to, const Body& body) {
        messages.add(to, body);
    }
    constexpr void persist(write_sequence sequence, const hard_state& kept) {
        begin(sequence).vote = kept;
    }
    constexpr void append(write_sequence sequence, const core::append& entries) {
        begin(sequence).entries = entries;
    }

    /// Removes all effects.
    constexpr void clear() {
        messages.clear();
        write.reset();
        commit.reset();
        proposal.reset();
        rare.reset();
    }

    friend constexpr bool operator==(const effects&, const effects&) = default;

private:
    [[nodiscard]] constexpr log_write& begin(write_sequence sequence) {
        if (!write) write.emplace();
        write->sequence = sequence;
        return *write;
    }
};

}  // namespace raft::core
