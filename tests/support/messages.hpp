// SPDX-License-Identifier: BSL-1.0
//
// Short ways to write the messages, logs and settings that the tests of the core are made of, and
// to ask what servers have said.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>

#include <raft/testing/cluster.hpp>

namespace raft::testing {

/// The entry at `index` of a log, in `term`.
[[nodiscard]] constexpr core::log_position position(std::uint64_t index, std::uint64_t term) {
    return {{index}, {term}};
}

/// The empty log's end.
inline constexpr core::log_position log_start{};

/// The election timeout where a test says nothing else.
inline constexpr auto usual_timeout = settings{}.election_timeout;

/// What the body of the paper describes: no pre-votes, and no leader that needs its quorum to stay.
[[nodiscard]] constexpr settings plain() {
    settings config{};
    config.pre_vote = false;
    config.check_quorum = false;
    return config;
}

/// AppendEntries of the leader of `term`, with `count` entries after `prev`, all of one term.
[[nodiscard]] constexpr core::append_entries entries(std::uint64_t term, core::log_position prev,
                                                     std::uint64_t count,
                                                     std::uint64_t entries_term,
                                                     std::uint64_t commit = 0) {
    return {.term = {term},
            .prev = prev,
            .last_index = prev.index + count,
            .entries_term = {count == 0 ? 0 : entries_term},
            .commit_index = {commit},
            .round = {}};
}

/// AppendEntries without entries.
[[nodiscard]] constexpr core::append_entries heartbeat(std::uint64_t term, core::log_position prev,
                                                       std::uint64_t commit = 0) {
    return entries(term, prev, 0, 0, commit);
}

/// A candidate's request, by its term and its last entry.
[[nodiscard]] constexpr core::request_vote ask(std::uint64_t term, core::log_position last_log) {
    return {.term = {term}, .last_log = last_log, .leadership_transfer = false};
}

[[nodiscard]] constexpr core::request_vote_reply yes(std::uint64_t term) { return {{term}, true}; }
[[nodiscard]] constexpr core::request_vote_reply no(std::uint64_t term) { return {{term}, false}; }

[[nodiscard]] constexpr core::append_entries_reply ack(std::uint64_t term, std::uint64_t match,
                                                       std::uint64_t round = 0) {
    return {{term}, {match}, {round}};
}

/// How many messages of this type are on their way from `from` to `to`.
template <class Message>
[[nodiscard]] constexpr std::size_t count(const cluster& c, member_id from, member_id to) {
    std::size_t found = 0;
    for (const auto& each : c.network())
        found +=
            each.from == from && each.to == to && std::holds_alternative<Message>(each.what.body);
    return found;
}

/// The newest message of this type on its way from `from` to `to`.
template <class Message>
[[nodiscard]] constexpr std::optional<Message> newest(const cluster& c, member_id from,
                                                      member_id to) {
    std::optional<Message> found;
    for (const auto& each : c.network())
        if (each.from == from && each.to == to)
            if (const auto* body = std::get_if<Message>(&each.what.body)) found = *body;
    return found;
}

/// Whether `voter` has granted its vote to `candidate`, in a reply that is on its way.
[[nodiscard]] constexpr bool granted(const cluster& c, member_id voter, member_id candidate) {
    const auto reply = newest<core::request_vote_reply>(c, voter, candidate);
    return reply && reply->granted;
}

/// What a leader knows of a member.
[[nodiscard]] constexpr const core::progress& progress_of(const cluster& c, member_id leader,
                                                          member_id member) {
    const auto& s = c.at(leader);
    return s.peers[s.members().slot_of(member)->value];
}

[[nodiscard]] constexpr core::append_entries_rejection
reject(std::uint64_t term, std::uint64_t prev, core::log_position hint) {
    return {{term}, {prev}, hint, {}};
}

/// `servers`, of which s1 leads; its first entry is everywhere, and known to be.
[[nodiscard]] constexpr cluster steady(std::size_t servers, const settings& config = plain()) {
    cluster c{servers, config};
    c.elect(s1);
    c.heartbeat(s1);
    c.settle();
    return c;
}

}  // namespace raft::testing
