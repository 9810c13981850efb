// SPDX-License-Identifier: BSL-1.0
//
// All that a server knows: the "State" box of Figure 2 as one regular value, to copy, compare, and
// keep. What only a follower, a candidate or a leader knows exists only in one. `invariants` says
// what must hold in every state.
#pragma once

#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <raft/core/configuration.hpp>
#include <raft/core/effects.hpp>
#include <raft/core/log.hpp>
#include <raft/core/seldom.hpp>
#include <raft/core/types.hpp>

namespace raft {

/// The constants of a deployment. The same on every server, but for the time of a rolling change.
struct settings {
    /// A server that hears of no leader stands for election after a random time in
    /// [election_timeout, 2 election_timeout) (§5.2). Well above the heartbeat interval, the time
    /// of a round trip with its disk writes (§5.6), the slowest flush of a disk, and the longest
    /// time that the process gets no processor; and at most two hours.
    duration election_timeout = milliseconds(1000);
    /// A leader is heard at least this often.
    duration heartbeat_interval = milliseconds(100);
    /// The most entries that one message carries.
    std::uint32_t entries_per_message = 1024;
    /// The most entries that a leader holds uncommitted; proposals beyond it are refused.
    std::uint32_t pending_entries = 1U << 16;
    /// How many entries before the last snapshot are kept, so that a slow follower need not get the
    /// snapshot.
    std::uint32_t retained_entries = 1024;
    /// How many entries after its snapshot, at most, a leader keeps for a member that it hears and
    /// that receives this snapshot, or what follows it: so long a newer snapshot would make the
    /// transfer begin anew, and so on without end.
    std::uint32_t entries_kept_for_transfer = 1U << 18;
    /// The bytes of a snapshot that one message carries.
    std::uint32_t snapshot_chunk_bytes = 256 * 1024;
    /// How far, at most, any server's clock runs ahead of or behind true time, in millionths: what
    /// reads under a lease rest on (thesis §6.4.1). None: there are no leases.
    std::optional<std::uint16_t> clock_drift_ppm{};
    /// How many messages with entries may be on their way to one follower; what is proposed
    /// meanwhile goes in one message when the first of them is answered. Deeper pipelines raise
    /// latency on a local network, so there are more, up to 16 times as many, only where messages
    /// are full and more of them wait: over a distance, or while a follower catches up.
    std::uint8_t messages_in_flight = 4;
    /// Ask whether an election could be won before disturbing the cluster with a new term (thesis
    /// §9.6).
    bool pre_vote = true;
    /// A leader that does not hear from a majority for an election timeout steps down, and a
    /// follower that hears its leader lets no other server have an election (thesis §4.2.3, §6.2).
    bool check_quorum = true;
    /// What is written is durable as soon as it is asked for: a step does not wait for the
    /// completion of its own log write, and `effects` says in which order it is carried out. Of one
    /// server, not of the cluster: the node takes it from the type of its storage.
    bool durable_at_once = false;
    /// A server waits this many election timeouts longer before it stands for election than one of
    /// rank 0: where it may differ, those of low rank lead.
    std::uint8_t election_rank = 0;
    /// In a cluster that has never had a leader, the first of its members stands at once.
    bool first_election_at_once = false;
    /// A group in which nothing is to be done sleeps: no heartbeats, no timers, until it is needed.
    /// For programs with many groups, most of which are idle.
    bool quiescence = false;
    /// The rounds in which new voters may catch up; if the last one still took longer than an
    /// election timeout the change is given up (thesis §4.2.1).
    std::uint8_t catch_up_rounds = 10;

    friend constexpr bool operator==(const settings&, const settings&) = default;
};

/// What is on the way to the disk (the disk is a peer: it acknowledges later). Each entry counts
/// one in the sequence of writes, so that between two writes of another kind an index and a
/// sequence number go in step.
struct disk_progress {
    write_sequence begun{};             ///< The last write that was asked for.
    write_sequence durable{};           ///< The last one known to be durable.
    write_sequence vote{};              ///< The last one that held term and vote.
    write_sequence stretch_sequence{};  ///< From here on, sequence numbers and indexes go in step …
    log_index stretch_index{};          ///< … and this is the index that goes with it.
    log_index durable_index{};          ///< The log is durable up to here.
    bool full = false;                  ///< It has no room for further entries.
    friend constexpr bool operator==(const disk_progress&, const disk_progress&) = default;
};

/// A snapshot that is being received (§7).
struct incoming_snapshot {
    snapshot_description description{};
    std::uint64_t received = 0;  ///< In bytes; their writes have begun.
    std::uint64_t durable = 0;   ///< In bytes.
    friend constexpr bool operator==(const incoming_snapshot&, const incoming_snapshot&) = default;
};

/// Answers that wait for the disk.
struct owed_replies {
    log_position rejected_prev{};  ///< Of the rejection.
    bool rejection = false;        ///< The leader hears that its prev did not match.
    bool append = false;           ///< The leader hears how far the log is durable.
    bool chunk = false;            ///< The leader hears how much of the snapshot is durable.
    bool vote = false;             ///< The candidate that has the vote hears that it has.
    friend constexpr bool operator==(const owed_replies&, const owed_replies&) = default;
};

/// Reads that a follower asks its leader for, one request at a time (thesis §6.4).
struct forwarded_reads {
    read_round asked{};      ///< The latest request.
    read_round confirmed{};  ///< Reads up to this request are safe.
    read_round round{};      ///< The leader's round that settles the latest request, once known.
    log_index index{};       ///< The index that goes with it.
    bool answered = false;   ///< The leader has said so.
    bool wanted = false;     ///< Reads wait for a request that is not made yet.
    bool overdue = false;    ///< A heartbeat came after the request, but what it asks for did not.
    friend constexpr bool operator==(const forwarded_reads&, const forwarded_reads&) = default;
};

/// Proposals that a follower hands to its leader, one request at a time.
struct forwarded_proposals {
    request_id last{};        ///< The latest request, to whichever leader.
    std::uint32_t count = 0;  ///< Its commands; 0: it is answered, or nobody waits for the answer.
    std::optional<instant> asked_at{};  ///< When it was last sent; none: not yet.
    friend constexpr bool operator==(const forwarded_proposals&,
                                     const forwarded_proposals&) = default;
};

struct follower {
    std::optional<member_id> leader{};  ///< Of this term, once heard of.
    instant heard_at{};                 ///< When the leader was last heard.
    log_index verified_index{};         ///< The log is the leader's at least up to here.
    read_round round{};                 ///< The leader's latest round heard of.
    owed_replies owed{};
    bool asleep = false;         ///< The leader has let it sleep: no word is expected.
    bool is_informed = false;    ///< When the leader was last heard, this server knew everything
                                 ///< that was committed by then to be so.
    bool keeps_promise = false;  ///< It heard a leader of an earlier term, or may have before it
                                 ///< started, and lets none be elected as if it followed it still:
                                 ///< a lease may rest on that (thesis §6.4.1).
    friend constexpr bool operator==(const follower&, const follower&) = default;
};

struct candidate {
    bool pre_vote =
        false;  ///< Only asks whether it could win (thesis §9.6); the term is not raised yet.
    bool leadership_transfer = false;  ///< The leader asked for this election (thesis §3.10).
    bool asked = false;                ///< The others were asked for their votes.
    std::uint8_t failed = 0;           ///< Elections before this one that it did not win.
    member_set granted{};
    friend constexpr bool operator==(const candidate&, const candidate&) = default;
};

/// What a leader tries to do for a member that is behind.
enum class replication_mode : std::uint8_t {
    probe,      ///< Where the logs meet is not known: one message at a time.
    replicate,  ///< The logs meet: messages are sent ahead of their acknowledgements.
    snapshot,   ///< The entries it needs are compacted away: it gets the snapshot (§7).
};

/// What a leader knows of a member (Figure 2: nextIndex and matchIndex).
struct progress {
    log_index match_index{};
    log_index next_index{};
    read_round round{};  ///< The latest round that it acknowledged.
    instant heard_at{};  ///< When it last answered; of the leader itself: when its disk did.
    std::uint64_t snapshot_offset = 0;
    std::uint16_t in_flight =
        0;  ///< Messages with entries that are not answered; reset when all entries are.
    std::uint8_t window = 1;  ///< So many messages with entries may be, to a member in step.
    replication_mode mode = replication_mode::probe;
    bool silent = false;  ///< It was let sleep, and has not answered since; `heard_at` is when the
                          ///< leader woke.
    friend constexpr bool operator==(const progress&, const progress&) = default;
};

/// A wish to hand leadership over (thesis §3.10).
struct leadership_transfer {
    member_id target{};
    instant give_up_at{};
    bool asked = false;  ///< The target has the whole log and was told to stand for election.
    friend constexpr bool operator==(const leadership_transfer&,
                                     const leadership_transfer&) = default;
};

/// New voters catch up in rounds: each brings what the log held when the round began (thesis
/// §4.2.1).
struct catch_up {
    log_index goal{};
    instant began_at{};
    std::uint8_t number = 1;
    friend constexpr bool operator==(const catch_up&, const catch_up&) = default;
};

/// A configuration that waits until a majority of its voters has answered a round of heartbeats
/// that began after it was asked for.
struct awaited_majority {
    configuration next{};
    read_round round{};
    instant give_up_at{};
    friend constexpr bool operator==(const awaited_majority&, const awaited_majority&) = default;
};

/// This leader told a member to stand for election when its log ended there. As long as that
/// message may still have an effect there are no leases.
struct told_to_stand {
    member_id target{};
    log_index last_index{};
    friend constexpr bool operator==(const told_to_stand&, const told_to_stand&) = default;
};

/// What became of the latest request of a server that forwards proposals to this leader, in one run
/// of that server: the index of its first entry, or the reason why it has none. If the request
/// comes again it is answered so again.
struct forwarder {
    member_id id{};
    request_id last{};
    std::variant<log_index, refusal_reason> answer{};
    friend constexpr bool operator==(const forwarder&, const forwarder&) = default;
};

struct leader {
    std::optional<slot> own{};       ///< Its own place among the members, if it is one.
    member_set others{};             ///< The members to whom it sends.
    member_set readers{};            ///< The followers that wait for the present round or the next.
    member_set full{};               ///< The others whose disks have no room for further entries.
    bool next_round_wanted = false;  ///< Reads wait for a round that has not begun.
    bool changing = false;  ///< The configuration is not the last of its change, or not committed.
    bool asleep = false;    ///< It has let the members sleep, and sends no heartbeats.
    bool gave_up = false;   ///< The change under way leads back to where it began.
    bool forced = false;    ///< The change under way waits for no majority.
    bool has_lease =
        false;  ///< A quorum has acknowledged a round; `lease_from` says when it began.
    log_index term_start{};  ///< The no-op of this term: only from here on are entries committed by
                             ///< counting.
    read_round round{};      ///< The latest round of heartbeats begun …
    instant round_began{};   ///< … and when.
    read_round confirmed{};  ///< The latest round that a quorum acknowledged.
    instant lease_from{};
    friend constexpr bool operator==(const leader&, const leader&) = default;
};

/// What is under way that seldom is. All but the first six ends with the role, and of the sixth
/// only the count of its requests goes on.
struct role_tasks {
    std::optional<incoming_snapshot> incoming{};      ///< A follower receives it; of the same
                                                      ///< snapshot, from whichever leader.
    std::optional<read_round> last_request{};         ///< The last one for reads that this server
                                                      ///< made of a leader, of whatever term.
    std::optional<log_position> lost_through{};       ///< The log ended here before the disk lost
                                                      ///< entries that are not here again yet.
    std::optional<log_index> lacks_from{};            ///< The commands from this entry on are not
                                                      ///< here: the log is a witness's.
    std::optional<log_index> removed_at{};            ///< This server belongs to the cluster no
                                                      ///< more, since the configuration there.
    std::optional<forwarded_proposals> forwarding{};  ///< A follower hands proposals on.
    std::optional<forwarded_reads> reads{};           ///< A follower asks its leader.
    std::optional<leadership_transfer> transfer{};    ///< A leader hands over …
    std::vector<told_to_stand> told{};                ///< … or has tried to.
    std::optional<raft::catch_up> catch_up{};         ///< A leader waits for new voters …
    std::optional<awaited_majority> awaited{};        ///< … or for a majority of them.
    member_set awaiting_snapshot{};                   ///< Members that asked for a newer one.
    std::vector<forwarder> forwarders{};              ///< Who hands proposals to this leader.
    friend constexpr bool operator==(const role_tasks&, const role_tasks&) = default;
};

/// Why a server takes part in nothing.
enum class halt_reason : std::uint8_t {
    storage_failed,  ///< The storage has lost a write. It will for as long as it runs.
    not_born,        ///< The storage is empty, and nobody said that it is new. The server that it
                     ///< belonged to may have promised what this one does not know.
};

/// This server takes part in nothing.
struct halted {
    halt_reason reason{};
    friend constexpr bool operator==(const halted&, const halted&) = default;
};

using role = std::variant<follower, candidate, leader, halted>;

struct state {
    member_id self{};
    settings config{};

    // Figure 2, persistent state on all servers. The commands themselves are in the storage.
    term_number current_term{};
    std::optional<member_id> voted_for{};
    log_shape log{};
    snapshot_description snapshot{};  ///< The newest durable one; all zero if there is none.

    /// The configurations in the log after `snapshot` or its base, oldest first, after the one in
    /// force before them. The last is in force (§6: from the moment it is in the log).
    std::vector<indexed_configuration> configurations{};

    // Figure 2, volatile state.
    log_index commit_index{};
    raft::role role{};
    std::vector<progress> peers{};  ///< By slot; a leader's only, else empty.
    seldom<role_tasks> tasks{};

    disk_progress disk{};
    std::uint64_t seed = 0;  ///< Of the present random timeout, and of those to come.
                             ///< It begins anywhere: what was asked before a restart may be
                             ///< answered late.

    [[nodiscard]] constexpr const configuration& members() const {
        return configurations.back().value;
    }
    [[nodiscard]] constexpr bool is_halted() const { return std::holds_alternative<halted>(role); }
    [[nodiscard]] constexpr bool is_leader() const { return std::holds_alternative<leader>(role); }
    [[nodiscard]] constexpr bool is_follower() const {
        return std::holds_alternative<follower>(role);
    }
    [[nodiscard]] constexpr bool is_candidate() const {
        return std::holds_alternative<candidate>(role);
    }

    /// Who leads in this term, as far as this server knows.
    [[nodiscard]] constexpr std::optional<member_id> current_leader() const {
        if (is_leader()) return self;
        const auto* following = std::get_if<follower>(&role);
        return following != nullptr ? following->leader : std::nullopt;
    }

    /// Whether this server leads, and a change of membership is under way.
    [[nodiscard]] constexpr bool is_changing_members() const {
        const auto* leading = std::get_if<leader>(&role);
        return leading != nullptr && leading->changing;
    }

    friend constexpr bool operator==(const state&, const state&) = default;
};

/// What must hold of every state, whatever came in.
[[nodiscard]] constexpr bool invariants(const state& s) {
    const auto& disk = s.disk;
    const bool log_holds =
        s.log.base().index <= s.commit_index && s.commit_index <= s.log.last_index() &&
        s.log.last_term() <= s.current_term && disk.durable_index <= s.log.last_index() &&
        s.snapshot.last_included.index <= s.commit_index &&
        s.log.base().index <= s.snapshot.last_included.index;
    const bool disk_holds = disk.durable <= disk.begun && disk.vote <= disk.begun &&
                            disk.stretch_sequence <= disk.begun;
    const bool configurations_hold =
        !s.configurations.empty() && s.configurations.back().index <= s.log.last_index();
    const auto& lost = s.tasks->lost_through;
    const bool is_passive = s.is_follower() || s.is_halted();
    const bool loss_holds = !lost || (lost->term <= s.current_term && is_passive);
    const auto& lacks_from = s.tasks->lacks_from;
    const bool lack_holds = !lacks_from || (is_passive && *lacks_from > log_index{} &&
                                            *lacks_from <= s.log.last_index());
    if (!log_holds || !disk_holds || !configurations_hold || !loss_holds || !lack_holds)
        return false;

    const auto* leading = std::get_if<leader>(&s.role);
    if (leading == nullptr) return s.peers.empty();
    if (s.peers.size() != s.members().members.size() || s.voted_for != s.self) return false;
    if (leading->confirmed > leading->round || s.log.last_term() != s.current_term) return false;
    const auto own = s.members().slot_of(s.self);
    for (const auto member : s.members().everyone()) {
        const auto& peer = s.peers[member.value];
        if (peer.match_index > s.log.last_index()) return false;
        if (member == own) continue;
        if (peer.match_index >= peer.next_index || peer.next_index > next(s.log.last_index()))
            return false;
        if (peer.next_index <= s.log.base().index && peer.mode != replication_mode::snapshot)
            return false;
    }
    return true;
}

}  // namespace raft
