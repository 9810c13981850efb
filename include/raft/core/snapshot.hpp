// SPDX-License-Identifier: BSL-1.0
//
// Log compaction (§7). A server drops what its own durable snapshot covers; a follower that needs
// what its leader has dropped gets the leader's snapshot in chunks, each asked for by the answer to
// the one before.
#pragma once

#include <raft/core/replication.hpp>

namespace raft {

/// The configuration in force at `index`, which is not before the log's base.
[[nodiscard]] constexpr const configuration& members_at(const state& s, log_index index) {
    auto in_force = s.configurations.rbegin();
    while (in_force->index > index && in_force + 1 != s.configurations.rend()) ++in_force;
    return in_force->value;
}

/// Whether a snapshot of what is applied up to `index` would be of use: it is newer than the last,
/// and says who belongs to the cluster. A server that was added later does not know that of the
/// entries before the configuration that named it. Of entries without commands only a witness takes
/// one, which has no state.
[[nodiscard]] constexpr bool may_take_snapshot(const state& s, log_index index) {
    return !s.is_halted() && (!lacks_commands(s, index) || s.members().is_witness(s.self)) &&
           index > s.snapshot.last_included.index && index <= s.commit_index &&
           !members_at(s, index).members.empty();
}

/// Whether a newer snapshot would make the transfer of the last one begin anew, to a member that
/// was heard of late. It may, once there is much log that only the newer one lets go.
[[nodiscard]] constexpr bool is_snapshot_in_use(const state& s, instant now) {
    const auto* leading = std::get_if<leader>(&s.role);
    const auto after = s.log.last_index() - s.snapshot.last_included.index;
    if (leading == nullptr || s.disk.full || after > s.config.entries_kept_for_transfer)
        return false;
    for (const auto member : leading->others) {
        const auto& peer = s.peers[member.value];
        if (peer.mode == replication_mode::snapshot &&
            now - peer.heard_at < s.config.election_timeout)
            return true;
    }
    return false;
}

/// The snapshot that this is a chunk of.
[[nodiscard]] constexpr snapshot_description description_of(const install_snapshot& m) {
    return {m.last_included, m.size, m.checksum};
}

namespace detail {

/// Drops the configurations that nobody can go back to: of those at or before the log's base, all
/// but the last.
constexpr void forget_old_configurations(state& s) {
    const auto in_force_at_base = [&] {
        return s.configurations.size() > 1 && s.configurations[1].index <= s.log.base().index;
    };
    while (in_force_at_base()) s.configurations.erase(s.configurations.begin());
}

/// Up to where the log may go with a snapshot of everything up to `index`. Slow followers may still
/// need what is not long before that. One that has got the leader's last snapshot, and is heard,
/// needs what follows it: without that it would get one snapshot after the other.
[[nodiscard]] constexpr log_index no_longer_needed(const state& s, log_index index, instant now) {
    auto through = index - least<std::uint64_t>(s.config.retained_entries, index.value);
    const auto* leading = std::get_if<leader>(&s.role);
    const auto last_sent = s.snapshot.last_included.index;
    if (leading == nullptr || s.disk.full || last_sent == log_index{}) return through;
    const auto bound =
        index - least<std::uint64_t>(s.config.entries_kept_for_transfer, index.value);
    for (const auto member : leading->others) {
        const auto& peer = s.peers[member.value];
        const bool is_heard = now - peer.heard_at < s.config.election_timeout;
        if (is_heard && peer.match_index >= last_sent)
            through = least(through, greatest(peer.match_index, bound));
    }
    return through;
}

/// The members that asked for a newer snapshot than there was get this one.
constexpr void serve_awaiting_snapshot(state& s, auto& out) {
    const auto waiting = s.tasks->awaiting_snapshot;
    if (waiting.empty()) return;
    s.tasks.change().awaiting_snapshot = {};
    for (const auto member : waiting) enter_snapshot_mode(s.peers[member.value]);
    send_news(s, *std::get_if<leader>(&s.role), out);
}

/// This server's own snapshot is durable: the log before it goes, but for what may be needed.
constexpr void on_snapshot_saved(state& s, const snapshot_description& saved, instant now,
                                 auto& out) {
    const auto index = saved.last_included.index;
    if (index <= s.snapshot.last_included.index || index > s.commit_index) return;
    const auto through = no_longer_needed(s, index, now);
    s.snapshot = saved;
    regain_lost_entries(s, s.commit_index, out);
    for (auto& peer : s.peers) peer.snapshot_offset = 0;
    serve_awaiting_snapshot(s, out);
    if (through <= s.log.base().index) return;
    s.log.discard_through(through);
    if (const auto* leading = std::get_if<leader>(&s.role))
        for (const auto member : leading->others) begin_snapshot_mode(s, s.peers[member.value]);
    forget_old_configurations(s);
    out.occasionally().discard = through;
}

// ---------------------------------------------------------------------------------------- follower

/// The snapshot is complete: it takes the place of the log up to its last entry, and of all that
/// follows if the log is another one there (§7). Nothing is acknowledged before the storage has
/// done the same.
constexpr void install(state& s, follower& following, const configuration& members, bool withheld,
                       auto& out) {
    const auto description = s.tasks->incoming->description;
    const auto last_included = description.last_included;
    const bool keep_suffix = s.log.matches(last_included);
    if (keep_suffix) {
        s.log.discard_through(last_included.index);
    } else {
        s.log = log_shape{last_included};
        s.disk.durable_index = least(s.disk.durable_index, s.commit_index);
    }
    std::erase_if(s.configurations, [&](const indexed_configuration& each) {
        return each.index <= last_included.index || !keep_suffix;
    });
    s.configurations.insert(s.configurations.begin(), {last_included.index, members});
    if (withheld) note_missing_commands(s, next(s.commit_index), out);
    s.snapshot = description;
    s.commit_index = last_included.index;
    following.verified_index = greatest(following.verified_index, last_included.index);
    forget(s.tasks.change().incoming);
    following.owed.chunk = false;
    following.owed.append = true;
    out.occasionally().install =
        snapshot_install{begin_other_write(s), description, keep_suffix, withheld};
}

constexpr void answer_chunk(const state& s, const follower& following,
                            const incoming_snapshot& incoming, auto& out) {
    out.send(*following.leader,
             install_snapshot_reply{s.current_term, incoming.description.last_included.index,
                                    incoming.durable, following.round});
}

/// What is here of the snapshot that the leader offers: nothing, if it is another than before.
[[nodiscard]] constexpr incoming_snapshot& receiving(state& s,
                                                     const snapshot_description& offered) {
    auto& incoming = s.tasks.change().incoming;
    if (!incoming || incoming->description != offered)
        incoming = incoming_snapshot{.description = offered};
    if (s.disk.durable == s.disk.begun) incoming->durable = incoming->received;
    return *incoming;
}

/// What was received is not what its description says: it is received anew, if it is offered again.
constexpr void on_snapshot_damaged(state& s) {
    if (s.tasks->incoming) forget(s.tasks.change().incoming);
}

/// Whether a peer that keeps the rules could have sent this.
[[nodiscard]] constexpr bool is_well_formed(const install_snapshot& m, const configuration* members,
                                            bool withheld) {
    return !(withheld && m.size > 0) && members != nullptr && is_valid(*members) &&
           !members->members.empty() && m.last_included.term <= m.term &&
           m.last_included.index > log_index{} && m.offset <= m.size &&
           m.length <= m.size - m.offset;
}

/// Whether this chunk follows what was received of its snapshot.
[[nodiscard]] constexpr bool is_next_chunk(const install_snapshot& m, std::uint64_t received) {
    return m.offset == received && (m.length > 0 || m.size == 0);
}

/// Whether this server would take it as the next chunk, if it came now. Who carries the bytes can
/// bring them to the disk before.
[[nodiscard]] constexpr bool awaits_chunk(const state& s, const install_snapshot& m,
                                          const configuration& members) {
    if (!is_well_formed(m, &members, false) || s.is_halted() || s.is_leader()) return false;
    const auto& incoming = s.tasks->incoming;
    const bool goes_on = incoming && incoming->description == description_of(m);
    return m.term >= s.current_term && m.last_included.index > s.commit_index &&
           is_next_chunk(m, goes_on ? incoming->received : 0);
}

constexpr void on(state& s, member_id from, const install_snapshot& m, const configuration* members,
                  bool withheld, instant now, auto& out) {
    if (!is_well_formed(m, members, withheld)) return;
    observe_term(s, m.term, now, out);
    if (m.term < s.current_term) {
        if (may_speak(s)) out.send(from, install_snapshot_reply{s.current_term, {}, 0, m.round});
        return;
    }
    auto* following = follow(s, from, now, out);
    if (following == nullptr) return;
    following->round = greatest(following->round, m.round);
    forget_removal(s);
    expect_commands(s, *following, withheld, out);
    if (m.last_included.index <= s.commit_index) return acknowledge(s, *following, out);

    auto& incoming = receiving(s, description_of(m));
    const bool is_next = is_next_chunk(m, incoming.received);
    if (is_next) {
        out.occasionally().chunk =
            chunk_write{begin_other_write(s), incoming.description, m.offset, m.length};
        incoming.received += m.length;
    }
    if (incoming.received == incoming.description.size)
        return install(s, *following, *members, withheld, out);
    if (!may_speak(s) || incoming.durable != incoming.received) following->owed.chunk = true;
    if (may_speak(s) && !is_next) answer_chunk(s, *following, incoming, out);
}

/// This server would rather have the leader's snapshot than the log.
constexpr void on_request(state& s, auto& out) {
    const auto* following = std::get_if<follower>(&s.role);
    if (following == nullptr || !following->leader || !may_speak(s))
        return refuse(s, s.is_leader() ? refusal_reason::nothing_to_do : refusal_reason::not_leader,
                      out);
    out.send(*following->leader, request_snapshot{s.current_term, s.commit_index});
}

// ------------------------------------------------------------------------------------------ leader

/// It gets the last snapshot if that is newer than what it has, or the next one. A witness has no
/// use for one.
constexpr void on(state& s, member_id from, const request_snapshot& m, instant now, auto& out) {
    observe_term(s, m.term, now, out);
    auto* peer = answered_by(s, from, m.term, now);
    if (peer == nullptr || peer->mode == replication_mode::snapshot ||
        s.members().is_witness(from) || m.after >= s.commit_index)
        return;
    s.tasks.change().awaiting_snapshot.insert(*s.members().slot_of(from));
    if (s.snapshot.last_included.index > m.after)
        serve_awaiting_snapshot(s, out);
    else
        out.occasionally().snapshot_wanted = true;
}

constexpr void on(state& s, member_id from, const install_snapshot_reply& m, instant now,
                  auto& out) {
    observe_term(s, m.term, now, out);
    auto* peer = answered_by(s, from, m.term, now);
    if (peer == nullptr) return;
    auto& leading = *std::get_if<leader>(&s.role);
    on_round_acknowledged(s, leading, *peer, m.round, now, out);
    if (peer->mode != replication_mode::snapshot) return;
    const bool of_this =
        m.last_included_index == s.snapshot.last_included.index && m.offset <= s.snapshot.size;
    peer->snapshot_offset = of_this ? m.offset : 0;
    peer->in_flight = 0;
    send_news(s, leading, out);
}

}  // namespace detail
}  // namespace raft
