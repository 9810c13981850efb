// SPDX-License-Identifier: BSL-1.0
//
// What a leader sends, and to which members at once (§5.3, §7): members that need the same message
// get it as one effect. The leader decides what a member needs when it sends, from the member's
// next index and the base of the log.
#pragma once

#include <raft/core/role.hpp>

namespace raft::core {

// ---------------------------------------------------------------------------------------- messages

/// The last entry of the message that carries the entries from `first` on, as many as one message
/// may carry: of one term, and with at most one configuration.
[[nodiscard]] constexpr log_index last_to_send(const state& s, log_index first) {
    auto last = s.log.run_end(first, first + (s.config.entries_per_message - 1));
    bool carries_configuration = false;
    for (const auto& each : s.configurations) {
        if (each.index < first || each.index > last) continue;
        if (carries_configuration) last = previous(each.index);
        carries_configuration = true;
    }
    return last;
}

/// The message with the entries after `prev` up to `last`: a heartbeat if there are none.
[[nodiscard]] constexpr append_entries append_after(const state& s, const leader_state& leader,
                                                    log_index prev, log_index last) {
    return {.term = s.current_term,
            .prev = {prev, s.log.known_term_at(prev)},
            .last_index = last,
            .entries_term = last == prev ? term_number{} : s.log.known_term_at(last),
            .commit_index = s.commit_index,
            .round = leader.round};
}

/// Up to `length` bytes of the snapshot, from the member's offset on. A witness gets only the
/// snapshot's description: it holds no data.
[[nodiscard]] constexpr install_snapshot chunk_for(const state& s, const leader_state& leader,
                                                   slot member, std::uint32_t length) {
    install_snapshot chunk{
        .term = s.current_term, .last_included = s.snapshot.last_included, .round = leader.round};
    if (s.members().witnesses.contains(member)) return chunk;
    chunk.size = s.snapshot.size;
    chunk.offset = s.peers[member.value].snapshot_offset;
    chunk.length =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(chunk.size - chunk.offset, length));
    chunk.checksum = s.snapshot.checksum;
    return chunk;
}

// ------------------------------------------------------------------------------------ what is next

/// What to send to a member now, besides heartbeats.
enum class next_message : std::uint8_t { none, entries, snapshot };

[[nodiscard]] constexpr next_message next_for(const state& s, const progress& peer) {
    if (peer.mode == replication_mode::replicate && peer.next_index > s.log.base().index) {
        const bool waits = peer.next_index > s.log.last_index() || peer.in_flight >= peer.window;
        return waits ? next_message::none : next_message::entries;
    }
    if (peer.mode != replication_mode::snapshot && peer.needs_snapshot(s.log.base().index))
        return next_message::snapshot;
    if (peer.in_flight > 0) return next_message::none;
    return peer.mode == replication_mode::probe ? next_message::entries : next_message::snapshot;
}

/// Entries to send to all members that need them next.
struct multicast {
    log_index first{};
    log_index last{};
    replication_mode mode{};
    member_set receivers{};
    member_set others{};  ///< The members that need something else.
};

constexpr void send_chunk(turn& t, const leader_state& leader, slot member) {
    auto& peer = t.s.peers[member.value];
    peer.sent_chunk();
    t.out.send(member_set::of(member),
               chunk_for(t.s, leader, member, t.s.config.snapshot_chunk_bytes));
}

/// The entries for the first of `candidates` that can receive any, and the others that need the
/// same ones. They count as sent to these members. A candidate that needs the snapshot gets a chunk
/// of it at once.
[[nodiscard]] constexpr multicast next_multicast(turn& t, const leader_state& leader,
                                                 member_set candidates) {
    multicast found;
    for (const auto member : candidates) {
        auto& peer = t.s.peers[member.value];
        const auto wanted = next_for(t.s, peer);
        if (wanted == next_message::none) continue;
        if (wanted == next_message::snapshot) {
            send_chunk(t, leader, member);
            continue;
        }
        if (found.receivers.empty()) {
            found.first = peer.next_index;
            found.last = last_to_send(t.s, peer.next_index);
            found.mode = peer.mode;
        } else if (peer.next_index != found.first || peer.mode != found.mode) {
            found.others.insert(member);
            continue;
        }
        found.receivers.insert(member);
        peer.sent_entries(found.last);
    }
    return found;
}

/// Sends entries, or chunks of the snapshot, to those of `candidates` that can receive them.
constexpr void send_appends_to(turn& t, const leader_state& leader, member_set candidates) {
    while (!candidates.empty()) {
        const auto next_one = next_multicast(t, leader, candidates);
        if (next_one.receivers.empty()) return;
        t.out.send(next_one.receivers,
                   append_after(t.s, leader, previous(next_one.first), next_one.last));
        if (next_one.last == t.s.log.last_index()) candidates = next_one.others;
    }
}

constexpr void send_appends(turn& t, const leader_state& leader) {
    send_appends_to(t, leader, leader.others);
}

// -------------------------------------------------------------------------------------- heartbeats

/// Sends a message without entries to each: it carries the commit index and the round, and the
/// reply shows whether the logs match. A member that gets the snapshot receives a chunk without
/// bytes instead.
constexpr void send_heartbeats_to(turn& t, const leader_state& leader, member_set receivers) {
    while (!receivers.empty()) {
        const auto first = receivers.front();
        const auto& peer = t.s.peers[first.value];
        auto same = member_set::of(first);
        if (peer.needs_snapshot(t.s.log.base().index)) {
            t.out.send(same, chunk_for(t.s, leader, first, 0));
        } else {
            const auto prev = previous(peer.next_index);
            for (const auto other : receivers) {
                const auto& another = t.s.peers[other.value];
                if (another.next_index == peer.next_index &&
                    another.mode != replication_mode::snapshot)
                    same.insert(other);
            }
            t.out.send(same, append_after(t.s, leader, prev, prev));
        }
        receivers = receivers.without(same);
    }
}

constexpr void send_heartbeats(turn& t, const leader_state& leader) {
    send_heartbeats_to(t, leader, leader.others);
}

}  // namespace raft::core
