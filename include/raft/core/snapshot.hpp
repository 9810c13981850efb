// SPDX-License-Identifier: BSL-1.0
//
// Log compaction (§7). A server discards the log that its own durable snapshot covers. A follower
// that needs entries which its leader has discarded gets the leader's snapshot in chunks; the reply
// to each chunk requests the next one.
#pragma once

#include <algorithm>

#include <raft/core/replication.hpp>

namespace raft::core {

/// The configuration in force at `index`, which is not before the log's base.
[[nodiscard]] constexpr const configuration& members_at(const state& s, log_index index) {
    auto in_force = s.configurations.rbegin();
    while (in_force->index > index && in_force + 1 != s.configurations.rend()) ++in_force;
    return in_force->value;
}

/// Whether a snapshot of what is applied up to `index` would be of use: it is newer than the last
/// one, and names the members of the cluster. A server that was added later does not know the
/// members for the entries before the configuration that added it. Of entries without commands only
/// a witness takes a snapshot, which has no state.
[[nodiscard]] constexpr bool may_take_snapshot(const state& s, log_index index) {
    return !s.is_halted() && (!lacks_commands(s, index) || s.members().is_witness(s.self)) &&
           index > s.snapshot.last_included.index && index <= s.commit_index &&
           !members_at(s, index).members.empty();
}

/// Whether a newer snapshot would restart the transfer of the last one to a reachable member. It
/// may, once there is much log that only the newer snapshot lets the leader discard.
[[nodiscard]] constexpr bool is_snapshot_in_use(const state& s, instant now) {
    const auto* leader = std::get_if<leader_state>(&s.role);
    const auto after = s.log.last_index() - s.snapshot.last_included.index;
    if (leader == nullptr || s.disk.full || after > s.config.entries_kept_for_transfer)
        return false;
    for (const auto member : leader->others) {
        const auto& peer = s.peers[member.value];
        if (peer.needs_snapshot(s.log.base().index) && is_reachable(s, peer, now)) return true;
    }
    return false;
}

/// The description of the snapshot to which this chunk belongs.
[[nodiscard]] constexpr snapshot_description description_of(const install_snapshot& m) {
    return {m.last_included, m.size, m.checksum};
}

/// Removes the configurations to which no truncation can lead back: of those at or before the log's
/// base, all but the last.
constexpr void forget_old_configurations(state& s) {
    const auto in_force_at_base = [&] {
        return s.configurations.size() > 1 && s.configurations[1].index <= s.log.base().index;
    };
    while (in_force_at_base()) s.configurations.erase(s.configurations.begin());
}

/// Up to which entry the log may be discarded, with a snapshot of everything up to `index`. Slow
/// followers may still need the last `retained_entries` before it. A reachable follower that has
/// the leader's last snapshot needs the entries that follow it (up to a bound): without them it
/// would get one snapshot after the other. But if the log is full, nobody is waited for.
[[nodiscard]] constexpr log_index no_longer_needed(const state& s, log_index index,
                                                   bool log_is_full, instant now) {
    auto through = index - std::min<std::uint64_t>(s.config.retained_entries, index.value);
    const auto* leader = std::get_if<leader_state>(&s.role);
    const auto last_sent = s.snapshot.last_included.index;
    if (leader == nullptr || s.disk.full || log_is_full || last_sent == log_index{}) return through;
    const auto bound =
        index - std::min<std::uint64_t>(s.config.entries_kept_for_transfer, index.value);
    for (const auto member : leader->others) {
        const auto& peer = s.peers[member.value];
        if (is_reachable(s, peer, now) && peer.match_index >= last_sent)
            through = std::min(through, std::max(peer.match_index, bound));
    }
    return through;
}

/// Sends this snapshot to the members that requested a newer one than there was.
constexpr void serve_awaiting_snapshot(turn& t) {
    const auto waiting = t.s.tasks->awaiting_snapshot;
    if (waiting.empty()) return;
    t.s.tasks.change().awaiting_snapshot = {};
    for (const auto member : waiting) t.s.peers[member.value].begin_snapshot();
    send_appends(t, held<leader_state>(t.s.role));
}

/// This server's own snapshot is durable: the log before it is discarded, except for what may be
/// needed.
constexpr void on_snapshot_saved(turn& t, const snapshot_description& saved, bool log_is_full) {
    const auto index = saved.last_included.index;
    if (index <= t.s.snapshot.last_included.index || index > t.s.commit_index) return;
    const auto through = no_longer_needed(t.s, index, log_is_full, t.now);
    t.s.snapshot = saved;
    regain_lost_entries(t, t.s.commit_index);
    for (auto& peer : t.s.peers) peer.snapshot_offset = 0;
    serve_awaiting_snapshot(t);
    if (through <= t.s.log.base().index) return;
    t.s.log.discard_through(through);
    forget_old_configurations(t.s);
    t.out.rare.change().discard = through;
}

// ---------------------------------------------------------------------------------------- follower

/// The snapshot is complete: it replaces the log up to its last entry, and also the rest of the log
/// if that differs there (§7). Nothing is acknowledged before the storage has done the same.
constexpr void install(turn& t, follower_state& follower, const configuration& members,
                       bool withheld) {
    const auto description = t.s.tasks->incoming->description;
    const auto last_included = description.last_included;
    const bool keep_suffix = t.s.log.matches(last_included);
    if (keep_suffix) {
        t.s.log.discard_through(last_included.index);
    } else {
        t.s.log = log_terms{last_included};
        t.s.disk.durable_index = std::min(t.s.disk.durable_index, t.s.commit_index);
    }
    std::erase_if(t.s.configurations, [&](const indexed_configuration& each) {
        return each.index <= last_included.index || !keep_suffix;
    });
    t.s.configurations.insert(t.s.configurations.begin(), {last_included.index, members});
    if (withheld) note_missing_commands(t, next(t.s.commit_index));
    t.s.snapshot = description;
    t.s.commit_index = last_included.index;
    follower.matched_index = std::max(follower.matched_index, last_included.index);
    forget(t.s.tasks.change().incoming);
    follower.deferred.chunk = false;
    follower.deferred.append = true;
    t.out.rare.change().install =
        snapshot_install{begin_other_write(t.s), description, keep_suffix, withheld};
}

constexpr void answer_chunk(turn& t, const follower_state& follower,
                            const incoming_snapshot& incoming) {
    t.out.send(*follower.leader,
               install_snapshot_reply{t.s.current_term, incoming.description.last_included.index,
                                      incoming.durable, follower.round});
}

/// What is here of the snapshot that the leader offers: nothing, if it is another one than before.
[[nodiscard]] constexpr incoming_snapshot& receiving(state& s,
                                                     const snapshot_description& offered) {
    auto& incoming = s.tasks.change().incoming;
    if (!incoming || incoming->description != offered)
        incoming = incoming_snapshot{.description = offered};
    if (s.disk.is_idle()) incoming->durable = incoming->received;
    return *incoming;
}

/// The bytes received do not match the description: the snapshot is received from the start, if it
/// is offered again.
constexpr void on_snapshot_damaged(state& s) {
    if (s.tasks->incoming) forget(s.tasks.change().incoming);
}

/// Whether a correct peer could have sent this.
[[nodiscard]] constexpr bool is_well_formed(const install_snapshot& m, const configuration& members,
                                            bool withheld) {
    return !(withheld && m.size > 0) && is_valid(members) && !members.members.empty() &&
           m.last_included.term <= m.term && m.last_included.index > log_index{} &&
           m.offset <= m.size && m.length <= m.size - m.offset;
}

/// Whether this chunk is the next one of its snapshot.
[[nodiscard]] constexpr bool is_next_chunk(const install_snapshot& m, std::uint64_t received) {
    return m.offset == received && (m.length > 0 || m.size == 0);
}

/// Whether this server would accept it as the next chunk, if it came now. The node can write the
/// bytes to the disk before that.
[[nodiscard]] constexpr bool awaits_chunk(const state& s, const install_snapshot& m,
                                          const configuration& members) {
    if (!is_well_formed(m, members, false) || s.is_halted() || s.is_leader()) return false;
    const auto& incoming = s.tasks->incoming;
    const bool goes_on = incoming && incoming->description == description_of(m);
    return m.term >= s.current_term && m.last_included.index > s.commit_index &&
           is_next_chunk(m, goes_on ? incoming->received : 0);
}

constexpr void on(turn& t, member_id from, const install_snapshot& m, const configuration& members,
                  bool withheld) {
    if (m.term < t.s.current_term) {
        if (hard_state_is_durable(t.s))
            t.out.send(from, install_snapshot_reply{t.s.current_term, {}, 0, m.round});
        return;
    }
    auto* follower = follow(t, from);
    if (follower == nullptr) return;
    follower->round = std::max(follower->round, m.round);
    forget_removal(t.s);
    expect_commands(t, *follower, withheld);
    if (m.last_included.index <= t.s.commit_index) return acknowledge(t, *follower);

    auto& incoming = receiving(t.s, description_of(m));
    const bool is_next = is_next_chunk(m, incoming.received);
    if (is_next) {
        t.out.rare.change().chunk =
            chunk_write{begin_other_write(t.s), incoming.description, m.offset, m.length};
        incoming.received += m.length;
    }
    if (incoming.received == incoming.description.size)
        return install(t, *follower, members, withheld);
    if (!hard_state_is_durable(t.s) || incoming.durable != incoming.received)
        follower->deferred.chunk = true;
    if (hard_state_is_durable(t.s) && !is_next) answer_chunk(t, *follower, incoming);
}

/// This server requests the leader's snapshot in place of the log.
constexpr void on_request(turn& t) {
    const auto* follower = std::get_if<follower_state>(&t.s.role);
    if (follower == nullptr || !follower->leader || !hard_state_is_durable(t.s))
        return refuse(t,
                      t.s.is_leader() ? refusal_reason::nothing_to_do : refusal_reason::not_leader);
    t.out.send(*follower->leader, request_snapshot{t.s.current_term, t.s.commit_index});
}

// ------------------------------------------------------------------------------------------ leader

/// The member gets the last snapshot if that is newer than what it has, or else the next one. A
/// witness has no use for one.
constexpr void on(turn& t, member_id from, const request_snapshot& m) {
    auto* peer = answered_by(t, from, m.term);
    if (peer == nullptr || peer->needs_snapshot(t.s.log.base().index) ||
        t.s.members().is_witness(from) || m.after >= t.s.commit_index)
        return;
    t.s.tasks.change().awaiting_snapshot.insert(held(t.s.members().slot_of(from)));
    if (t.s.snapshot.last_included.index > m.after)
        serve_awaiting_snapshot(t);
    else
        t.out.rare.change().snapshot_wanted = true;
}

constexpr void on(turn& t, member_id from, const install_snapshot_reply& m) {
    auto* peer = answered_by(t, from, m.term);
    if (peer == nullptr) return;
    auto& leader = held<leader_state>(t.s.role);
    on_round_acknowledged(t, leader, *peer, m.round);
    if (!peer->needs_snapshot(t.s.log.base().index)) return;
    const bool of_this =
        m.last_included_index == t.s.snapshot.last_included.index && m.offset <= t.s.snapshot.size;
    peer->acknowledged_chunk(of_this ? m.offset : 0);
    send_appends(t, leader);
}
}  // namespace raft::core
