// SPDX-License-Identifier: BSL-1.0
//
// What a step asks the world to do, as plain data. The order in which the parts of one `effects`
// are carried out does not matter, and they may be carried out in parallel: whatever must wait for
// something durable is not here before the completion of that write was an input. Writes alone keep
// their order: they become durable in the order of their sequence. Where `settings.durable_at_once`
// holds, a step counts on its log write: that is carried out before its messages are sent, and all
// of a step before the next input. Chunks and installs of snapshots have a completion even so.
//
// The rules emit into any type that takes the calls of `effects` (`send` to `occasionally`): what
// takes them may carry out on the spot, as the node does, and build no list. Entries are appended
// before a message with them is sent. Of one step, a vote is persisted before the log is cut, and
// that before entries are appended.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <variant>
#include <vector>

#include <raft/core/configuration.hpp>
#include <raft/core/message.hpp>
#include <raft/core/refusal.hpp>
#include <raft/core/types.hpp>

namespace raft {

/// Where a message goes: one server by its identity, or members of the sender's current
/// configuration, all of whom get the very same message.
using destination = std::variant<member_id, member_set>;

struct outgoing {
    destination to{};
    message body{};
    friend constexpr bool operator==(const outgoing&, const outgoing&) = default;
};

/// The timers of a server. Each has one deadline or none.
enum class timer : std::uint8_t {
    election,   ///< Followers and candidates: no leader was heard for too long (§5.2).
    heartbeat,  ///< Leaders: the followers must hear from this one (§5.2).
};
inline constexpr std::size_t timer_count = 2;

/// Sets a timer's deadline in place of the one that it had; without one, the timer is cancelled.
struct timer_action {
    timer which{};
    std::optional<instant> deadline{};
    friend constexpr bool operator==(const timer_action&, const timer_action&) = default;
};

/// The timers that a step sets or cancels: at most one action for each.
class timer_actions {
public:
    constexpr void add(timer which, std::optional<instant> deadline) {
        for (auto i = std::size_t{0}; i < count_; ++i)
            if (actions_[i].which == which) {
                actions_[i].deadline = deadline;
                return;
            }
        actions_[count_++] = {which, deadline};
    }
    constexpr void clear() { count_ = 0; }

    [[nodiscard]] constexpr const timer_action* begin() const { return actions_.data(); }
    [[nodiscard]] constexpr const timer_action* end() const { return actions_.data() + count_; }
    [[nodiscard]] constexpr std::size_t size() const { return count_; }
    [[nodiscard]] constexpr bool empty() const { return count_ == 0; }
    [[nodiscard]] constexpr const timer_action& front() const { return actions_[0]; }
    [[nodiscard]] constexpr const timer_action& operator[](std::size_t i) const {
        return actions_[i];
    }

    friend constexpr bool operator==(const timer_actions& a, const timer_actions& b) {
        if (a.count_ != b.count_) return false;
        for (std::size_t i = 0; i < a.count_; ++i)
            if (a.actions_[i] != b.actions_[i]) return false;
        return true;
    }

private:
    std::array<timer_action, timer_count> actions_{};
    std::size_t count_ = 0;
};

/// What a server must not forget besides its log (Figure 2, persistent state). Always written as
/// one.
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
    withheld,  ///< The same, without their commands: the leader takes this server for a witness.
};

/// Entries to append. The log is cut off before `first`, if it reaches so far.
struct append {
    log_index first{};
    log_index last{};
    term_number term{};
    entry_source source{};
    friend constexpr bool operator==(const append&, const append&) = default;
};

/// A write of term and vote, of entries, or of both at once; never one without the other where both
/// are given.
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
    std::uint32_t checksum = 0;  ///< CRC32C of the bytes: what two servers have received of equal
                                 ///< descriptions is the same.
    friend constexpr bool operator==(const snapshot_description&,
                                     const snapshot_description&) = default;
};

/// The chunk that came with this step's message goes to the snapshot that is being received, at
/// `offset`.
struct chunk_write {
    write_sequence sequence{};
    snapshot_description snapshot{};
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    friend constexpr bool operator==(const chunk_write&, const chunk_write&) = default;
};

/// The received snapshot takes the place of everything up to its last entry: of an older snapshot,
/// of the log's entries up to it, and of the state machine's state. Entries after it stay if
/// `keep_suffix`, else the whole log goes (§7). `withheld`: a witness gets its description alone,
/// and the state stays what it was.
struct snapshot_install {
    write_sequence sequence{};
    snapshot_description snapshot{};
    bool keep_suffix = false;
    bool withheld = false;
    friend constexpr bool operator==(const snapshot_install&, const snapshot_install&) = default;
};

/// The log ends at `last_kept` from now on: what followed has no commands, and this server is to
/// have them. If `last_kept` is the log's start, what there is of a snapshot goes too. The storage
/// remembers `lost_through`, where the log ended, as if it had lost the entries itself.
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

/// Reads of this round and of earlier ones are safe once everything up to `index` is applied, and
/// to the index that each was given.
struct confirmed_reads {
    read_round round{};
    log_index index{};
    friend constexpr bool operator==(const confirmed_reads&, const confirmed_reads&) = default;
};

/// How a change of membership that this leader had to carry out has ended.
enum class change_result : std::uint8_t {
    completed,  ///< The configuration that the change led to is committed. Who inherited the change
                ///< from another leader does not know whether it was given up on the way.
    given_up,  ///< The new voters did not catch up, or the change was taken back; the configuration
               ///< is what it was.
};

/// A message was ignored because its term is further ahead than any server can have come: it is
/// damaged or forged.
struct implausible_term {
    member_id from{};
    term_number term{};
    friend constexpr bool operator==(const implausible_term&, const implausible_term&) = default;
};

/// What few steps ask for.
struct occasional_effects {
    std::optional<confirmed_reads> confirmed{};
    std::optional<accepted_read> read{};  ///< The read that was this step's input is taken.
    std::optional<refusal> refused{};     ///< The request that was this step's input is refused.
    std::optional<log_index> change{};    ///< The change that was this step's input has begun,
                                          ///< with the configuration at this index.
    std::optional<refusal> change_refused{};  ///< It was taken at first, and has not begun.
    std::optional<change_result> change_ended{};
    bool leadership_lost = false;  ///< Reads not yet served are void, proposals in doubt.
    bool reads_lost = false;       ///< Reads that the leader was asked for are void.
    std::optional<accepted_proposal> forwarded{};  ///< The leader has taken what was forwarded …
    std::optional<refusal> forward_refused{};      ///< … or has not.
    bool forwarding_lost = false;  ///< What was forwarded to the leader of before is in doubt.
    std::optional<chunk_write> chunk{};
    std::optional<snapshot_install> install{};
    std::optional<log_cut> cut{};
    bool snapshot_wanted = false;        ///< A member asks for a newer snapshot than there is.
    bool lost_regained = false;          ///< What the storage had lost is here again, and durable.
    std::optional<log_index> discard{};  ///< A durable snapshot covers the log up to here.
    std::optional<implausible_term> implausible{};  ///< The message that was this step's input.
    std::optional<log_index> removed{};  ///< This server hears that it is no member any more, since
                                         ///< the configuration at this index.

    friend constexpr bool operator==(const occasional_effects&,
                                     const occasional_effects&) = default;
};

/// What a step asks for: of the parts that are there, each is to be carried out.
struct effects : occasional_effects {
    std::vector<outgoing> messages{};
    timer_actions timers{};
    std::optional<log_write> write{};
    std::optional<log_index> commit{};  ///< Everything up to here is committed: apply it.
    std::optional<accepted_proposal> proposal{};
    bool has_occasional = false;  ///< Whether any of the occasional effects may be there.

    template <class Body>
    constexpr void send(destination to, const Body& body) {
        messages.push_back({to, message{body}});
    }
    constexpr void persist(write_sequence sequence, const hard_state& kept) {
        begin(sequence).vote = kept;
    }
    constexpr void append(write_sequence sequence, const raft::append& entries) {
        begin(sequence).entries = entries;
    }
    constexpr void cut_log(const log_cut& cut_off) { occasionally().cut = cut_off; }
    constexpr void commit_through(log_index index) { commit = index; }
    constexpr void accept(accepted_proposal place) { proposal = place; }
    constexpr void set(timer which, instant deadline) { timers.add(which, deadline); }
    constexpr void cancel(timer which) { timers.add(which, std::nullopt); }
    [[nodiscard]] constexpr occasional_effects& occasionally() {
        has_occasional = true;
        return *this;
    }

    constexpr void clear() {
        messages.clear();
        timers.clear();
        write.reset();
        commit.reset();
        proposal.reset();
        if (!has_occasional) return;
        has_occasional = false;
        static_cast<occasional_effects&>(*this) = {};
    }

    friend constexpr bool operator==(const effects&, const effects&) = default;

private:
    [[nodiscard]] constexpr log_write& begin(write_sequence sequence) {
        if (!write) write.emplace();
        write->sequence = sequence;
        return *write;
    }
};

}  // namespace raft
