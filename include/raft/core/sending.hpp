// SPDX-License-Identifier: BSL-1.0
//
// What a leader sends, and to whom at once (§5.3, §7): members that need the same message get it as
// one effect. Entries are sent ahead of their acknowledgements while the logs are known to meet,
// one message at a time while they are not.
#pragma once

#include <raft/core/role.hpp>

namespace raft::detail {

/// The message that brings entries from `first` on, as many as one may carry: of one term, at most
/// one configuration. Inline, as is the next: so that it can be made where it is sent.
[[nodiscard, gnu::always_inline]] constexpr append_entries
append_from(const state& s, const leader& leading, log_index first) {
    auto last = s.log.run_end(first, first + (s.config.entries_per_message - 1));
    bool carries_configuration = false;
    for (const auto& each : s.configurations) {
        if (each.index < first || each.index > last) continue;
        if (carries_configuration) last = previous(each.index);
        carries_configuration = true;
    }
    const auto prev = previous(first);
    return {.term = s.current_term,
            .prev = {prev, s.log.known_term_at(prev)},
            .last_index = last,
            .entries_term = last > prev ? s.log.known_term_at(last) : term_number{},
            .commit_index = s.commit_index,
            .round = leading.round};
}

/// The message without entries after `prev`.
[[nodiscard, gnu::always_inline]] constexpr append_entries
heartbeat_after(const state& s, const leader& leading, log_index prev) {
    return {.term = s.current_term,
            .prev = {prev, s.log.known_term_at(prev)},
            .last_index = prev,
            .entries_term = {},
            .commit_index = s.commit_index,
            .round = leading.round};
}

[[nodiscard]] constexpr install_snapshot chunk_at(const state& s, const leader& leading,
                                                  std::uint64_t offset, std::uint32_t length) {
    const auto rest = s.snapshot.size - offset;
    return {.term = s.current_term,
            .last_included = s.snapshot.last_included,
            .size = s.snapshot.size,
            .offset = offset,
            .length = rest < length ? static_cast<std::uint32_t>(rest) : length,
            .checksum = s.snapshot.checksum,
            .round = leading.round};
}

/// A witness gets the snapshot's description alone: it holds no data.
[[nodiscard]] constexpr install_snapshot description_alone(const state& s, const leader& leading) {
    return {.term = s.current_term,
            .last_included = s.snapshot.last_included,
            .size = 0,
            .offset = 0,
            .length = 0,
            .checksum = 0,
            .round = leading.round};
}

[[nodiscard]] constexpr install_snapshot chunk_for(const state& s, const leader& leading,
                                                   slot member, std::uint32_t length) {
    if (s.members().witnesses.contains(member)) return description_alone(s, leading);
    return chunk_at(s, leading, s.peers[member.value].snapshot_offset, length);
}

/// Whether this member should get a message with news now.
[[nodiscard]] constexpr bool wants_news(const state& s, const progress& peer) {
    if (peer.mode != replication_mode::replicate) return peer.in_flight == 0;
    return peer.next_index <= s.log.last_index() && peer.in_flight < s.config.messages_in_flight;
}

/// The members among `candidates` that are in step with `peer`, so that the same message serves
/// them all.
[[nodiscard]] constexpr member_set in_step_with(const state& s, const progress& peer,
                                                member_set candidates) {
    member_set group;
    for (const auto member : candidates) {
        const auto& other = s.peers[member.value];
        if (other.mode == peer.mode && other.next_index == peer.next_index) group.insert(member);
    }
    return group;
}

/// §7: the entries that this member needs next are compacted away, so it needs the snapshot first.
constexpr void begin_snapshot_mode(const state& s, progress& peer) {
    if (peer.mode == replication_mode::snapshot || peer.next_index > s.log.base().index) return;
    peer.mode = replication_mode::snapshot;
    peer.snapshot_offset = 0;
    peer.in_flight = 0;
}

/// The members that should get news now.
[[nodiscard]] constexpr member_set members_wanting_news(state& s, const leader& leading) {
    member_set hungry;
    for (const auto member : leading.others) {
        auto& peer = s.peers[member.value];
        begin_snapshot_mode(s, peer);
        if (wants_news(s, peer)) hungry.insert(member);
    }
    return hungry;
}

/// Sends the next entries to `group`, whose members are in step; says which still want more.
[[gnu::always_inline]] constexpr member_set send_entries(state& s, const leader& leading,
                                                         member_set group, auto& out) {
    const auto body = append_from(s, leading, s.peers[group.front().value].next_index);
    out.send(group, body);
    member_set hungry;
    for (const auto member : group) {
        auto& peer = s.peers[member.value];
        ++peer.in_flight;
        if (peer.mode == replication_mode::replicate) peer.next_index = next(body.last_index);
        if (wants_news(s, peer)) hungry.insert(member);
    }
    return hungry;
}

/// Sends entries, or chunks of the snapshot, to the members that want them.
constexpr void send_news_to(state& s, const leader& leading, member_set hungry, auto& out) {
    while (!hungry.empty()) {
        const auto member = hungry.front();
        auto& peer = s.peers[member.value];
        if (peer.mode == replication_mode::snapshot) {
            out.send(member_set::of(member),
                     chunk_for(s, leading, member, s.config.snapshot_chunk_bytes));
            peer.in_flight = 1;
            hungry = hungry.without(member);
        } else {
            const auto group = in_step_with(s, peer, hungry);
            hungry = hungry.without(group) | send_entries(s, leading, group, out);
        }
    }
}

constexpr void send_news(state& s, const leader& leading, auto& out) {
    send_news_to(s, leading, members_wanting_news(s, leading), out);
}

/// Sends a message without entries to each of `receivers`: it carries the commit index and the
/// round, and its answer shows whether the logs meet.
constexpr void send_heartbeats_to(state& s, const leader& leading, member_set receivers,
                                  auto& out) {
    member_set served;
    for (const auto member : receivers) {
        if (served.contains(member)) continue;
        const auto& peer = s.peers[member.value];
        if (peer.mode == replication_mode::snapshot) {
            out.send(member_set::of(member), chunk_for(s, leading, member, 0));
            continue;
        }
        const auto group = in_step_with(s, peer, receivers);
        out.send(group, heartbeat_after(s, leading, previous(peer.next_index)));
        served = served | group;
    }
}

constexpr void send_heartbeats(state& s, const leader& leading, auto& out) {
    for (const auto member : leading.others) begin_snapshot_mode(s, s.peers[member.value]);
    send_heartbeats_to(s, leading, leading.others, out);
}

}  // namespace raft::detail
