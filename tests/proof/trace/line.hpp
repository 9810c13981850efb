// SPDX-License-Identifier: BSL-1.0
//
// The lines of a trace, in the format that Traceetcdraft.tla of etcd-io/raft reads: one JSON object
// each, `{"tag":"trace","event":{…}}`.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <raft/core/step.hpp>

namespace raft::proof {

/// What a line says of a server.
struct traced_server {
    member_id id{};
    std::uint64_t term = 0;
    std::optional<member_id> vote{};
    std::uint64_t commit = 0;
    const char* role = "StateFollower";
    std::uint64_t last_index = 0;
    configuration members{};
};

/// A message, as far as that specification knows messages.
struct traced_message {
    std::string_view type{};
    std::uint64_t term = 0;
    member_id from{};
    member_id to{};
    std::uint64_t entries = 0;
    std::uint64_t log_term = 0;
    std::uint64_t index = 0;
    std::uint64_t commit = 0;
    bool reject = false;
    std::uint64_t reject_hint = 0;
    friend bool operator==(const traced_message&, const traced_message&) = default;
};

/// None for a message that the specification does not have. It clips the commit index to what the
/// message brings, where ours is the sender's whole.
[[nodiscard]] inline std::optional<traced_message> traced(member_id from, member_id to,
                                                          const core::message& body) {
    const auto append_reply = [&](term_number term) {
        return traced_message{.type = "MsgAppResp", .term = term.value, .from = from, .to = to};
    };
    if (const auto* m = std::get_if<core::request_vote>(&body))
        return traced_message{.type = "MsgVote",
                              .term = m->term.value,
                              .from = from,
                              .to = to,
                              .log_term = m->last_log.term.value,
                              .index = m->last_log.index.value};
    if (const auto* m = std::get_if<core::request_vote_reply>(&body))
        return traced_message{.type = "MsgVoteResp",
                              .term = m->term.value,
                              .from = from,
                              .to = to,
                              .reject = !m->granted};
    if (const auto* m = std::get_if<core::append_entries>(&body))
        return traced_message{.type = "MsgApp",
                              .term = m->term.value,
                              .from = from,
                              .to = to,
                              .entries = m->last_index - m->prev.index,
                              .log_term = m->prev.term.value,
                              .index = m->prev.index.value,
                              .commit = std::min(m->commit_index, m->last_index).value};
    if (const auto* m = std::get_if<core::append_entries_reply>(&body)) {
        auto reply = append_reply(m->term);
        reply.index = m->match_index.value;
        return reply;
    }
    if (const auto* m = std::get_if<core::append_entries_rejection>(&body)) {
        auto reply = append_reply(m->term);
        reply.index = m->prev_index.value;
        reply.reject = true;
        reply.reject_hint = m->hint.index.value;
        return reply;
    }
    return std::nullopt;
}

/// What is known of a server now; a pre-candidate has not raised its term, and is a follower there.
[[nodiscard]] inline traced_server traced(const core::state& s, std::uint64_t commit) {
    const auto* standing = std::get_if<core::candidate_state>(&s.role);
    const char* role = s.is_leader()                     ? "StateLeader"
                       : standing && !standing->pre_vote ? "StateCandidate"
                                                         : "StateFollower";
    return {s.self, s.current_term.value,     s.voted_for, commit,
            role,   s.log.last_index().value, s.members()};
}

namespace detail {

inline std::string trace_name(std::uint64_t id) { return '"' + std::to_string(id) + '"'; }
inline std::string trace_number(std::uint64_t value) { return std::to_string(value); }

inline std::string trace_names(const configuration& members, core::member_set which) {
    std::string text = "[";
    for (const auto each : which) {
        if (text.size() > 1) text += ',';
        text += trace_name(members.id_of(each).value);
    }
    return text + "]";
}

}  // namespace detail

[[nodiscard]] inline std::string trace_text(const traced_message& m) {
    using namespace detail;
    return std::string{"{\"type\":\""} + std::string{m.type} +
           "\",\"term\":" + trace_number(m.term) + ",\"from\":" + trace_name(m.from.value) +
           ",\"to\":" + trace_name(m.to.value) + ",\"entries\":" + trace_number(m.entries) +
           ",\"logTerm\":" + trace_number(m.log_term) + ",\"index\":" + trace_number(m.index) +
           ",\"commit\":" + trace_number(m.commit) +
           ",\"vote\":\"0\",\"reject\":" + (m.reject ? "true" : "false") +
           ",\"rejectHint\":" + trace_number(m.reject_hint) + "}";
}

[[nodiscard]] inline std::string trace_line(const char* name, const traced_server& s,
                                            const traced_message* m = nullptr) {
    using namespace detail;
    std::string text = std::string{"{\"tag\":\"trace\",\"event\":{\"name\":\""} + name +
                       "\",\"nid\":" + trace_name(s.id.value) +
                       ",\"state\":{\"term\":" + trace_number(s.term) +
                       ",\"vote\":" + trace_name(s.vote ? s.vote->value : 0) +
                       ",\"commit\":" + trace_number(s.commit) + "},\"role\":\"" + s.role +
                       "\",\"log\":" + trace_number(s.last_index) + ",\"conf\":[" +
                       trace_names(s.members, s.members.voters) + "," +
                       trace_names(s.members, s.members.outgoing_voters) + "]";
    if (m != nullptr) text += ",\"msg\":" + trace_text(*m);
    return text + "}}";
}

}  // namespace raft::proof
