// SPDX-License-Identifier: BSL-1.0
//
// All that a server knows: the "State" box of Figure 2 as one regular value, to copy, compare, and
// keep. What only a follower, a candidate or a leader knows is in the state of that role.
// `invariants` says what must hold in every state.
#pragma once

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <raft/core/configuration.hpp>
#include <raft/core/disk.hpp>
#include <raft/core/effects.hpp>
#include <raft/core/log.hpp>
#include <raft/core/progress.hpp>
#include <raft/core/quorum.hpp>
#include <raft/core/seldom.hpp>
#include <raft/core/settings.hpp>
#include <raft/core/types.hpp>

namespace raft::core {

/// A snapshot that is being received (§7).
struct incoming_snapshot {
    snapshot_description description{};
    std::uint64_t received = 0;  ///< In bytes; their writes are issued.
    std::uint64_t durable = 0;   ///< In bytes.
    friend constexpr bool operator==(const incoming_snapshot&, const incoming_snapshot&) = default;
};

/// Replies that wait for the disk.
struct deferred_replies {
    log_position rejected_prev{};  ///< The prev of the rejection.
    bool rejection = false;        ///< To the leader: its prev did not match.
    bool append = false;           ///< To the leader: how far the log is durable.
    bool chunk = false;            ///< To the leader: how much of the snapshot is durable.
    bool vote = false;             ///< To the candidate: it has the vote.
    friend constexpr bool operator==(const deferred_replies&, const deferred_replies&) = default;
};

/// Reads that a follower requests from its leader, one request at a time (thesis §6.4).
struct forwarded_reads {
    read_round requested{};  ///< The latest request.
    read_round confirmed{};  ///< Reads up to this request are safe.
    read_round round{};      ///< The leader's round that settles the latest request, once known.
    log_index index{};       ///< The index that goes with it.
    bool answered = false;   ///< The leader has replied with both.
    bool wanted = false;     ///< Reads wait for a request that is not made yet.
    bool overdue = false;    ///< A heartbeat came since the request; its reads are not confirmed.
    friend constexpr bool operator==(const forwarded_reads&, const forwarded_reads&) = default;
};

/// Proposals that a follower forwards to its leader, one request at a time.
struct forwarded_proposals {
    request_id last{};        ///< The latest request, to any leader.
    std::uint32_t count = 0;  ///< Its commands; 0: it is answered, or no caller waits for it.
    std::optional<instant> sent_at{};  ///< When it was last sent; none: not yet.
    friend constexpr bool operator==(const forwarded_proposals&,
                                     const forwarded_proposals&) = default;
};

struct follower_state {
    std::optional<member_id> leader{};  ///< The leader of this term, once known.
    instant last_contact{};             ///< When its last message came.
    log_index matched_index{};          ///< The log is the leader's at least up to here.
    read_round round{};                 ///< The leader's latest round received.
    deferred_replies deferred{};
    bool asleep = false;  ///< The leader has let it sleep: it expects no message.
    bool commit_index_is_current =
        false;                    ///< When the last message of the leader came, this server knew as
                                  ///< committed everything that was committed by then.
    bool withholds_vote = false;  ///< It was in contact with a leader of an earlier term, or may
                                  ///< have been before it started, and elects no other as if it
                                  ///< still followed that one: a lease may rely on that (thesis
                                  ///< §6.4.1).
    friend constexpr bool operator==(const follower_state&, const follower_state&) = default;
};

struct candidate_state {
    bool pre_vote =
        false;  ///< It only asks whether it could win (thesis §9.6); its term is not raised yet.
    bool leadership_transfer = false;  ///< The leader requested this election (thesis §3.10).
    bool votes_requested = false;      ///< RequestVote was sent to the others.
    std::uint8_t failed = 0;           ///< Elections before this one that it did not win.
    member_set granted{};
    friend constexpr bool operator==(const candidate_state&, const candidate_state&) = default;
};

/// A transfer of leadership (thesis §3.10).
struct leadership_transfer {
    member_id target{};
    instant give_up_at{};
    bool started = false;  ///< The target has the whole log, and timeout_now was sent to it.
    friend constexpr bool operator==(const leadership_transfer&,
                                     const leadership_transfer&) = default;
};

/// How much a newcomer has of the leader's log, or, before that, of its snapshot.
struct catch_up_progress {
    log_index match_index{};
    std::uint64_t snapshot_offset = 0;
    friend constexpr auto operator<=>(const catch_up_progress&, const catch_up_progress&) = default;
};

/// New voters catch up in rounds: each round sends what the log held when the round began (thesis
/// §4.2.1).
struct catch_up {
    log_index goal{};
    instant began_at{};
    catch_up_progress slowest{};  ///< Of the newcomer that is farthest behind …
    instant slowest_since{};      ///< … and since when it has been so.
    std::uint8_t number = 1;
    friend constexpr bool operator==(const catch_up&, const catch_up&) = default;
};

/// A configuration that waits until a majority of its voters has acknowledged a round of
/// heartbeats. The round began after the configuration was requested.
struct awaited_majority {
    configuration next{};
    read_round round{};
    instant give_up_at{};
    friend constexpr bool operator==(const awaited_majority&, const awaited_majority&) = default;
};

/// This leader sent timeout_now to a member when its log ended at `last_index`. While this message
/// may still have an effect there are no leases.
struct timeout_now_sent {
    member_id target{};
    log_index last_index{};
    friend constexpr bool operator==(const timeout_now_sent&, const timeout_now_sent&) = default;
};

/// The result of the latest request of a server that forwards proposals to this leader, in one run
/// of that server: the index of its first entry, or the reason why it has none. If the request
/// comes again, it gets the same reply again.
struct forwarder {
    member_id id{};
    request_id last{};
    std::variant<log_index, refusal_reason> answer{};
    friend constexpr bool operator==(const forwarder&, const forwarder&) = default;
};

/// A member has rejected what it had acknowledged, and has acknowledged nothing since. If it does
/// so in this round, or a later one, it has lost it.
struct suspected_loss {
    member_id member{};
    read_round round{};
    friend constexpr bool operator==(const suspected_loss&, const suspected_loss&) = default;
};

/// The last loss that a leader has found: the member had acknowledged the log up to here.
struct found_loss {
    member_id member{};
    log_position through{};
    friend constexpr bool operator==(const found_loss&, const found_loss&) = default;
};

struct leader_state {
    std::optional<slot> own{};       ///< Its own place, if it is a member.
    member_set others{};             ///< The members to which it sends.
    member_set readers{};            ///< The followers that wait for the current round or the next.
    member_set full{};               ///< The others whose disks have no room for more entries.
    bool next_round_wanted = false;  ///< Reads wait for a round that has not begun.
    bool changing = false;  ///< The configuration is not the last of its change, or not committed.
    bool asleep = false;    ///< It has let the members sleep, and sends no heartbeats.
    bool aborted = false;   ///< The change in progress leads back to where it began.
    bool forced = false;    ///< The change in progress waits for no majority.
    bool has_lease =
        false;  ///< A quorum has acknowledged a round; `lease_from` says when it began.
    log_index term_start{};  ///< The no-op of this term: only from here on are entries committed by
                             ///< counting replicas.
    read_round round{};      ///< The latest round of heartbeats begun …
    instant round_began{};   ///< … and when.
    read_round confirmed{};  ///< The latest round that a quorum acknowledged.
    instant lease_from{};
    friend constexpr bool operator==(const leader_state&, const leader_state&) = default;
};

/// Tasks that are rarely in progress, allocated on first use. `incoming`, `last_request`,
/// `lost_through`, `lacks_from` and `removed_at` survive a change of role; of `forwarding` only the
/// count of the requests does. All others end with the role.
struct role_tasks {
    std::optional<incoming_snapshot> incoming{};      ///< The snapshot that a follower receives,
                                                      ///< from any leader.
    std::optional<read_round> last_request{};         ///< The number of the last request for reads,
                                                      ///< to any leader in any term.
    std::optional<log_position> lost_through{};       ///< The log ended here before the disk lost
                                                      ///< entries; they are not here again yet.
    std::optional<log_index> lacks_from{};            ///< The commands from this entry on are not
                                                      ///< here: the log is a witness's.
    std::optional<log_index> removed_at{};            ///< This server was removed by the
                                                      ///< configuration at this index.
    std::optional<forwarded_proposals> forwarding{};  ///< A follower forwards proposals.
    std::optional<forwarded_reads> reads{};           ///< A follower requests reads.
    std::optional<leadership_transfer> transfer{};    ///< A leader transfers leadership …
    std::vector<timeout_now_sent> timeouts_sent{};    ///< … or has tried to.
    std::optional<core::catch_up> catch_up{};         ///< A leader waits for new voters …
    std::optional<awaited_majority> awaited{};        ///< … or for a majority of the next voters.
    std::vector<suspected_loss> suspected{};          ///< A leader asks them once more …
    std::optional<core::found_loss> found_loss{};     ///< … and has found this.
    member_set awaiting_snapshot{};                   ///< Members that requested a newer one.
    std::vector<forwarder> forwarders{};              ///< The servers that forward to this leader.
    friend constexpr bool operator==(const role_tasks&, const role_tasks&) = default;
};

/// Why a server is halted.
enum class halt_reason : std::uint8_t {
    storage_failed,   ///< The storage has lost a write. The server is halted as long as it runs.
    not_born,         ///< The storage is empty, and its birth was not declared. An earlier storage
                      ///< of this server may have held promises that are unknown now.
    state_differs,    ///< After equal entries its state was not that of the others.
    version_too_old,  ///< A committed command needs a newer version of the program.
};

/// A halted server takes part in nothing.
struct halted {
    halt_reason reason{};
    friend constexpr bool operator==(const halted&, const halted&) = default;
};

using role = std::variant<follower_state, candidate_state, leader_state, halted>;

/// The timers of a server. Each has one deadline or none.
enum class timer : std::uint8_t {
    election,   ///< Followers and candidates: no message of a leader came for too long (§5.2).
    heartbeat,  ///< Leaders: the next heartbeat to the followers is due (§5.2).
};

/// The deadlines of the timers. At a deadline the driver of the server gives it `timer_fired`.
struct timers {
    std::optional<instant> election{};
    std::optional<instant> heartbeat{};

    [[nodiscard]] constexpr const std::optional<instant>& of(timer which) const {
        return which == timer::election ? election : heartbeat;
    }
    /// The earlier deadline; none if no timer is set.
    [[nodiscard]] constexpr std::optional<instant> deadline() const {
        if (!election || !heartbeat) return election ? election : heartbeat;
        return std::min(*election, *heartbeat);
    }
    friend constexpr bool operator==(const timers&, const timers&) = default;
};

struct state {
    member_id self{};
    settings config{};

    // Figure 2, persistent state on all servers. The commands themselves are in the storage.
    term_number current_term{};
    std::optional<member_id> voted_for{};
    log_terms log{};
    snapshot_description snapshot{};  ///< The newest durable one; all zero if there is none.

    /// Oldest first: the configuration in force at the log's base or at `snapshot`, then the
    /// configurations in the log after it. The last one is in force (§6: from the moment it is in
    /// the log).
    std::vector<indexed_configuration> configurations{};

    // Figure 2, volatile state.
    log_index commit_index{};
    core::role role{};
    std::vector<progress> peers{};  ///< By place; only a leader has them, else empty.
    seldom<role_tasks> tasks{};

    disk_progress disk{};
    core::timers timers{};
    std::uint64_t seed = 0;  ///< The current random timeout comes from it, and so do the next ones.
                             ///< It starts with a different value in each run: replies to requests
                             ///< of an earlier run may come late.

    [[nodiscard]] constexpr const configuration& members() const {
        return configurations.back().value;
    }
    [[nodiscard]] constexpr bool is_halted() const { return std::holds_alternative<halted>(role); }
    [[nodiscard]] constexpr bool is_leader() const {
        return std::holds_alternative<leader_state>(role);
    }
    [[nodiscard]] constexpr bool is_follower() const {
        return std::holds_alternative<follower_state>(role);
    }
    [[nodiscard]] constexpr bool is_candidate() const {
        return std::holds_alternative<candidate_state>(role);
    }

    /// The configuration before the newest, or the newest if there is no other. A step may end a
    /// change of membership, and send to a member that leaves by that.
    [[nodiscard]] constexpr const configuration& members_before() const {
        return configurations[configurations.size() > 1 ? configurations.size() - 2 : 0].value;
    }
    /// The identity of a member to which a step sends.
    [[nodiscard]] constexpr member_id identity_of(slot member) const {
        const auto& now = members();
        if (now.everyone().contains(member)) return now.id_of(member);
        return members_before().id_of(member);
    }
    /// Those of the members to which a step sends that hold no commands.
    [[nodiscard]] constexpr member_set witnesses_among(member_set receivers) const {
        const auto leaving = receivers.without(members().everyone());
        return (receivers & members().witnesses) | (leaving & members_before().witnesses);
    }

    /// The leader of this term, as far as this server knows.
    [[nodiscard]] constexpr std::optional<member_id> current_leader() const {
        if (is_leader()) return self;
        const auto* follower = std::get_if<follower_state>(&role);
        return follower != nullptr ? follower->leader : std::nullopt;
    }

    /// Whether this server leads and a change of membership is in progress.
    [[nodiscard]] constexpr bool is_changing_members() const {
        const auto* leader = std::get_if<leader_state>(&role);
        return leader != nullptr && leader->changing;
    }

    friend constexpr bool operator==(const state&, const state&) = default;
};

/// What must hold in every state, whatever the inputs were.
[[nodiscard]] constexpr bool invariants(const state& s) {
    const auto& disk = s.disk;
    const bool log_holds =
        s.log.base().index <= s.commit_index && s.commit_index <= s.log.last_index() &&
        s.log.last_term() <= s.current_term && disk.durable_index <= s.log.last_index() &&
        s.snapshot.last_included.index <= s.commit_index &&
        s.log.base().index <= s.snapshot.last_included.index;
    const bool disk_holds =
        disk.durable <= disk.issued && disk.vote <= disk.issued && disk.run_sequence <= disk.issued;
    const bool configurations_hold =
        !s.configurations.empty() && s.configurations.back().index <= s.log.last_index();
    const auto& lost = s.tasks->lost_through;
    const bool is_passive = s.is_follower() || s.is_halted();
    const bool loss_holds = !lost || (lost->term <= s.current_term && is_passive);
    const auto& lacks_from = s.tasks->lacks_from;
    const bool lack_holds = !lacks_from || (is_passive && *lacks_from > log_index{} &&
                                            *lacks_from <= s.log.last_index());
    const auto* follower = std::get_if<follower_state>(&s.role);
    const bool match_holds = follower == nullptr || follower->matched_index <= s.log.last_index();
    if (!log_holds || !disk_holds || !configurations_hold || !loss_holds || !lack_holds ||
        !match_holds)
        return false;

    const auto& awaiting = s.tasks->awaiting_snapshot;
    const auto* leader = std::get_if<leader_state>(&s.role);
    if (leader == nullptr) return s.peers.empty() && awaiting.empty();
    if (!awaiting.without(s.members().everyone()).empty()) return false;
    if (s.peers.size() != s.members().members.places() || s.voted_for != s.self) return false;
    if (leader->confirmed > leader->round || s.log.last_term() != s.current_term) return false;
    const auto own = s.members().slot_of(s.self);
    for (const auto member : s.members().everyone()) {
        const auto& peer = s.peers[member.value];
        if (peer.match_index > s.log.last_index()) return false;
        if (member == own) continue;
        if (peer.match_index >= peer.next_index || peer.next_index > next(s.log.last_index()))
            return false;
    }
    return true;
}

}  // namespace raft::core
