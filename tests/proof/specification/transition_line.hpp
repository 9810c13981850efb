// SPDX-License-Identifier: BSL-1.0
//
// Transitions as text that a checker of the published specification can read: one JSON object a
// line, `{"pre":STATE,"post":STATE,"action":["Timeout","RequestVote",…]}`. A STATE has the
// specification's variables, each an object by server ("1", "2", …); Nil is "Nil", a set is a list,
// and `messages` is the list of the records in the bag. `action` names the actions that lead from
// `pre` to `post`, in order, those of action.hpp; there is none for a stutter.
#pragma once

#include <string>
#include <vector>

#include <proof/specification/transition.hpp>

namespace raft::proof::tla {

/// Writes states of the specification.
class state_text {
public:
    explicit state_text(std::size_t servers) : servers_{servers} {}

    [[nodiscard]] std::string of(const cluster& c) const {
        const auto variable = [&](const char* name, auto value_of) {
            return quoted(name) + ":" +
                   by_server([&](std::size_t i) { return value_of(c.servers[i]); }) + ",";
        };
        std::string text = "{";
        text += variable("currentTerm", [](const server& s) { return digits(s.currentTerm); });
        text += variable("state", [](const server& s) { return quoted(name_of(s.state)); });
        text += variable("votedFor", [](const server& s) {
            return s.votedFor == Nil ? quoted("Nil") : server_name(s.votedFor);
        });
        text += variable("log", [](const server& s) { return log_of(s); });
        text += variable("commitIndex", [](const server& s) { return digits(s.commitIndex); });
        text += variable("votesResponded",
                         [this](const server& s) { return set_of(s.votesResponded); });
        text +=
            variable("votesGranted", [this](const server& s) { return set_of(s.votesGranted); });
        text += variable("nextIndex", [this](const server& s) { return indexes(s.nextIndex); });
        text += variable("matchIndex", [this](const server& s) { return indexes(s.matchIndex); });
        return text + quoted("messages") + ":" +
               list(c.message_count, [&](std::size_t k) { return text_of(c.messages[k]); }) + "}";
    }

private:
    [[nodiscard]] static std::string quoted(std::string text) { return '"' + text + '"'; }
    [[nodiscard]] static std::string digits(std::size_t value) { return std::to_string(value); }
    [[nodiscard]] static std::string server_name(std::size_t i) { return quoted(digits(i + 1)); }
    [[nodiscard]] static std::string truth(number value) { return value != 0 ? "true" : "false"; }

    [[nodiscard]] static const char* name_of(role which) {
        constexpr const char* names[] = {"Follower", "Candidate", "Leader"};
        return names[static_cast<std::size_t>(which)];
    }

    [[nodiscard]] static std::string list(std::size_t count, auto text_of_nth) {
        std::string text = "[";
        for (std::size_t k = 0; k < count; ++k) text += (k > 0 ? "," : "") + text_of_nth(k);
        return text + "]";
    }
    [[nodiscard]] std::string by_server(auto text_of_server) const {
        std::string text = "{";
        for (std::size_t i = 0; i < servers_; ++i)
            text += (i > 0 ? "," : "") + server_name(i) + ":" + text_of_server(i);
        return text + "}";
    }

    [[nodiscard]] static std::string entry(number term) {
        return "{\"term\":" + digits(term) + ",\"value\":\"v\"}";
    }
    [[nodiscard]] static std::string log_of(const server& s) {
        return list(s.log_length, [&](std::size_t k) { return entry(s.log[k]); });
    }
    [[nodiscard]] std::string set_of(server_set members) const {
        std::vector<std::size_t> all;
        for (std::size_t i = 0; i < servers_; ++i)
            if ((members >> i & 1U) != 0) all.push_back(i);
        return list(all.size(), [&](std::size_t k) { return server_name(all[k]); });
    }
    [[nodiscard]] std::string indexes(const std::array<number, servers_max>& of) const {
        return by_server([&](std::size_t j) { return digits(of[j]); });
    }

    [[nodiscard]] static std::string text_of(const message& m) {
        constexpr const char* types[] = {"RequestVoteRequest", "RequestVoteResponse",
                                         "AppendEntriesRequest", "AppendEntriesResponse"};
        std::string text = "{\"mtype\":" + quoted(types[static_cast<std::size_t>(m.mtype)]);
        const auto field = [&](const char* name, const std::string& value) {
            text += "," + quoted(name) + ":" + value;
        };
        field("mterm", digits(m.mterm));
        switch (m.mtype) {
        case mtype::RequestVoteRequest:
            field("mlastLogTerm", digits(m.mlastLogTerm));
            field("mlastLogIndex", digits(m.mlastLogIndex));
            break;
        case mtype::RequestVoteResponse: field("mvoteGranted", truth(m.mvoteGranted)); break;
        case mtype::AppendEntriesRequest:
            field("mprevLogIndex", digits(m.mprevLogIndex));
            field("mprevLogTerm", digits(m.mprevLogTerm));
            field("mentries", list(m.mentries, [&](std::size_t) { return entry(m.entry_term); }));
            field("mcommitIndex", digits(m.mcommitIndex));
            break;
        case mtype::AppendEntriesResponse:
            field("msuccess", truth(m.msuccess));
            field("mmatchIndex", digits(m.mmatchIndex));
            break;
        }
        field("msource", server_name(m.msource));
        field("mdest", server_name(m.mdest));
        return text + "}";
    }

    std::size_t servers_;
};

[[nodiscard]] inline std::string line_of(const transition& x, std::size_t servers) {
    const state_text text{servers};
    std::string actions;
    for (const auto each : x.actions) {
        actions += actions.empty() ? "\"" : ",\"";
        actions += name_of(each);
        actions += '"';
    }
    return "{\"pre\":" + text.of(x.before) + ",\"post\":" + text.of(x.after) + ",\"action\":[" +
           actions + "]}";
}

}  // namespace raft::proof::tla
