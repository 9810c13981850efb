// SPDX-License-Identifier: BSL-1.0
//
// What a leader sends, and to whom at once (§5.3, §7): members that need the same message get it as
// one effect. Entries are sent ahead of their acknowledgements while the logs are known to meet,
// one message at a time while they are not.
#pragma once

#include <raft/core/role.hpp>

namespace raft::detail {

/// The last entry of the message that brings entries from `first` on, as many as one may carry: of
/// one term, at most one configuration.
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

/// The message with the entries from `first` to `last`. Inline, as is the next: so that it is made
/// where it is sent.
[[nodiscard, gnu::always_inline]] constexpr append_entries
append_between(const state& s, const leader& leading, log_index first, log_index last) {
    const auto prev = previous(first);
    return {.term = s.current_term,
            .prev = {prev, s.log.known_term_at(prev)},
            .last_index = last,
            .entries_term = s.log.known_term_at(last),
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
    return peer.next_index <= s.log.last_index() && peer.in_flight < peer.window;
}

/// Whether the same message serves both.
[[nodiscard]] constexpr bool are_in_step(const progress& a, const progress& b) {
    return a.next_index == b.next_index && a.mode == b.mode;
}

constexpr void enter_snapshot_mode(progress& peer) {
    peer.mode = replication_mode::snapshot;
    peer.snapshot_offset = 0;
    peer.in_flight = 0;
}

/// §7: if the entries that this member needs next are compacted away, it needs the snapshot first.
/// To be called whenever the log's base, or what a member needs, has moved.
constexpr void begin_snapshot_mode(const state& s, progress& peer) {
    if (peer.mode != replication_mode::snapshot && peer.next_index <= s.log.base().index)
        enter_snapshot_mode(peer);
}

/// Members that want the same message: those in step with the first of them; and the rest.
struct next_group {
    member_set in_step{};
    member_set others{};
};

[[nodiscard, gnu::always_inline]] constexpr next_group
next_in_step(const state& s, member_set candidates, auto wants) {
    next_group found;
    const auto* const peers = s.peers.data();
    const progress* first = nullptr;
    for (const auto member : candidates) {
        const auto& peer = peers[member.value];
        if (!wants(peer)) continue;
        if (first == nullptr) first = &peer;
        if (are_in_step(*first, peer))
            found.in_step.insert(member);
        else
            found.others.insert(member);
    }
    return found;
}

/// Sends each its chunk of the snapshot.
[[gnu::noinline, gnu::cold]] constexpr void send_chunks(state& s, const leader& leading,
                                                        member_set receivers, std::uint32_t length,
                                                        auto& out) {
    for (const auto member : receivers)
        out.send(member_set::of(member), chunk_for(s, leading, member, length));
}

/// Entries that are on their way to members that are in step.
struct shipment {
    log_index first{};
    log_index last{};
    replication_mode mode{};
    member_set receivers{};
    member_set others{};  ///< Those that wait for something else.
};

/// What goes next to the first of `candidates` that wants news, and to those in step with it. They
/// are taken to have got it.
[[nodiscard, gnu::always_inline]] constexpr shipment next_shipment(state& s,
                                                                   member_set candidates) {
    shipment next_one;
    auto* const peers = s.peers.data();
    for (const auto member : candidates) {
        auto& peer = peers[member.value];
        if (!wants_news(s, peer)) continue;
        if (next_one.receivers.empty()) {
            next_one.first = peer.next_index;
            next_one.last = last_to_send(s, peer.next_index);
            next_one.mode = peer.mode;
        } else if (peer.next_index != next_one.first || peer.mode != next_one.mode) {
            next_one.others.insert(member);
            continue;
        }
        next_one.receivers.insert(member);
        ++peer.in_flight;
        if (peer.mode == replication_mode::replicate) peer.next_index = next(next_one.last);
    }
    return next_one;
}

/// Sends entries, or chunks of the snapshot, to those of `candidates` that want them.
[[gnu::always_inline]] constexpr void send_news_to(state& s, const leader& leading,
                                                   member_set candidates, auto& out) {
    while (!candidates.empty()) {
        const auto news = next_shipment(s, candidates);
        if (news.receivers.empty()) return;
        if (news.mode == replication_mode::snapshot)
            send_chunks(s, leading, news.receivers, s.config.snapshot_chunk_bytes, out);
        else
            out.send(news.receivers, append_between(s, leading, news.first, news.last));
        candidates = news.last < s.log.last_index() ? candidates : news.others;
    }
}

/// Sends a message without entries to each: it carries the commit index and the round, and its
/// answer shows whether the logs meet.
[[gnu::always_inline]] constexpr void send_heartbeats_in_step(state& s, const leader& leading,
                                                              next_group receivers, auto& out) {
    while (!receivers.in_step.empty()) {
        const auto& peer = s.peers[receivers.in_step.front().value];
        if (peer.mode == replication_mode::snapshot)
            send_chunks(s, leading, receivers.in_step, 0, out);
        else
            out.send(receivers.in_step, heartbeat_after(s, leading, previous(peer.next_index)));
        if (receivers.others.empty()) return;
        receivers = next_in_step(s, receivers.others, [](const progress&) { return true; });
    }
}

[[gnu::noinline]] constexpr void send_news(state& s, const leader& leading, auto& out) {
    send_news_to(s, leading, leading.others, out);
}

[[gnu::noinline]] constexpr void send_heartbeats(state& s, const leader& leading, auto& out) {
    const auto everyone = next_in_step(s, leading.others, [](const progress&) { return true; });
    send_heartbeats_in_step(s, leading, everyone, out);
}

}  // namespace raft::detail
