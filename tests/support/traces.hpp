// SPDX-License-Identifier: BSL-1.0
//
// Judges traces by their text alone, as Traceetcdraft.tla does: each line must be an action of
// etcd's specification that is enabled, and the server must be what the line says, after it, or
// before it where a message is received, of which all else follows.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <support/json.hpp>

namespace support {

class trace_judge {
public:
    /// Empty if the specification allows all of it; else what it does not.
    [[nodiscard]] static std::string judge(const std::vector<std::string>& lines) {
        trace_judge one;
        for (std::size_t k = 0; k < lines.size(); ++k) {
            try {
                one.take(json_reader::read(lines[k])["event"]);
            } catch (const std::runtime_error& wrong) {
                return "line " + std::to_string(k + 1) + ": " + wrong.what() + ": " + lines[k];
            }
        }
        return {};
    }

private:
    using number = std::int64_t;
    struct server {
        number term = 0;
        std::string vote = "0";
        std::string role = "StateFollower";
        std::vector<number> log{};
        number commit = 0;
        std::set<std::string> granted{};
        std::map<std::string, number> match{};
    };
    struct letter {
        std::string type{}, from{}, to{};
        number term = 0, log_term = 0, index = 0, commit = 0;
        std::vector<number> entries{};
        bool reject = false;
        auto operator<=>(const letter&) const = default;
    };

    static void must(bool holds, const char* what) {
        if (!holds) throw std::runtime_error{what};
    }

    void take(const json& e) {
        const auto& name = e["name"].text;
        const auto& id = e["nid"].text;
        if (name == "InitState") return init(e, id);
        auto& s = servers_.at(id);
        if (name.starts_with("Receive")) {
            is(s, e);
            receive(e["msg"]);
            const auto before = e["state"]["term"].number;
            const auto term = e["msg"]["term"].number;
            const bool returns = name == "ReceiveAppendEntriesRequest" && before == term &&
                                 e["role"].text == "StateCandidate";
            last_received_ = {id, before < term || returns};
            return;
        }
        const bool caused = last_received_.first == id && last_received_.second;
        if (last_received_.first == id) last_received_ = {};
        if (name == "BecomeFollower") {
            if (caused) return;  // It follows from what was received.
            s.role = "StateFollower";
            return is(s, e);
        }
        if (name == "BecomeCandidate") {
            must(s.role != "StateLeader", "a leader stands");
            ++s.term;
            s.vote = id;
            s.role = "StateCandidate";
            s.granted.clear();
        } else if (name == "BecomeLeader") {
            must(s.role == "StateCandidate" && s.granted.size() * 2 > servers_.size(),
                 "no quorum of votes");
            s.role = "StateLeader";
            s.match.clear();
            s.match[id] = length(s);
        } else if (name == "Replicate") {
            must(s.role == "StateLeader", "no leader");
            is(s, e);  // Just before the append.
            s.log.push_back(s.term);
            return;
        } else if (name == "Commit") {
            commit(s);
        } else if (name == "Ready") {
            durable_[id] = s;
            for (const auto& each : pending_)
                if (each.from == id) network_.insert(each);
            std::erase_if(pending_, [&](const letter& each) { return each.from == id; });
        } else {
            must(name.starts_with("Send"), "an unknown event");
            send(s, e["msg"], id);
        }
        is(s, e);
    }

    [[nodiscard]] static number length(const server& s) {
        return static_cast<number>(s.log.size());
    }
    [[nodiscard]] static number term_at(const server& s, number index) {
        return index == 0 || index > length(s) ? 0 : s.log[static_cast<std::size_t>(index - 1)];
    }

    static void is(const server& s, const json& e) {
        must(s.term == e["state"]["term"].number, "another term");
        must(s.vote == e["state"]["vote"].text, "another vote");
        must(s.commit == e["state"]["commit"].number, "another commit index");
        must(s.role == e["role"].text, "another role");
        must(length(s) == e["log"].number, "another log");
    }

    void init(const json& e, const std::string& id) {
        if (!servers_.contains(id)) {
            servers_[id] = durable_[id] = {};
        } else {
            servers_[id] = durable_[id];
            servers_[id].role = "StateFollower";
            servers_[id].granted.clear();
            servers_[id].match.clear();
            std::erase_if(pending_, [&](const letter& each) { return each.from == id; });
        }
        is(servers_[id], e);
    }

    void commit(server& s) const {
        must(s.role == "StateLeader", "no leader commits");
        std::vector<number> matches;
        for (const auto& [id, index] : s.match) matches.push_back(index);
        matches.resize(servers_.size());
        std::ranges::sort(matches, std::greater<>{});
        const auto agreed = matches[matches.size() / 2];
        if (agreed > 0 && term_at(s, agreed) == s.term) s.commit = std::max(s.commit, agreed);
    }

    // ------------------------------------------------------------------------------------- sending

    void send(const server& s, const json& m, const std::string& id) {
        const auto& type = m["type"].text;
        const auto& to = m["to"].text;
        must(m["from"].text == id && m["term"].number == s.term, "not its own message");
        letter one{.type = type, .from = id, .to = to, .term = s.term};
        if (type == "MsgVote" || (type == "MsgVoteResp" && to == id)) {
            must(s.role == "StateCandidate", "no candidate asks");
            if (type == "MsgVote") {
                must(m["index"].number == length(s), "another last index");
                must(m["logTerm"].number == term_at(s, length(s)), "another last term");
                one.index = length(s);
                one.log_term = term_at(s, length(s));
            }
        } else if (type == "MsgApp") {
            must(s.role == "StateLeader", "no leader sends");
            one.index = m["index"].number;
            const auto last = one.index + m["entries"].number;
            const auto match = s.match.contains(to) ? s.match.at(to) : 0;
            must(one.index >= match && last <= length(s), "a range that cannot be");
            must(m["logTerm"].number == term_at(s, one.index), "another previous term");
            must(m["commit"].number == std::min(s.commit, last), "another commit");
            one.log_term = m["logTerm"].number;
            one.commit = m["commit"].number;
            one.entries.assign(s.log.begin() + one.index, s.log.begin() + last);
        } else if (type == "MsgAppResp" && to == id) {
            must(s.role == "StateLeader" && m["index"].number == length(s), "a wrong own answer");
            one.index = length(s);
        } else {
            must(type.ends_with("Resp"), "an unknown message");
            return;  // Follows from what was received.
        }
        pending_.insert(one);
    }

    // ----------------------------------------------------------------------------------- receiving

    void receive(const json& m) {
        const auto found = std::ranges::find_if(network_, [&](const letter& each) {
            return each.type == m["type"].text && each.from == m["from"].text &&
                   each.to == m["to"].text && each.term == m["term"].number &&
                   each.reject == (m["reject"].number != 0) &&
                   (each.reject ||
                    (each.index == m["index"].number && each.log_term == m["logTerm"].number &&
                     each.commit == m["commit"].number &&
                     std::cmp_equal(each.entries.size(), m["entries"].number)));
        });
        must(found != network_.end(), "no such message is on its way");
        const auto one = *found;
        network_.erase(found);
        auto& s = servers_.at(one.to);
        if (one.term > s.term) {
            s.term = one.term;
            s.vote = "0";
            s.role = "StateFollower";
        }
        if (one.type == "MsgVote") return asked_for_vote(s, one);
        if (one.type == "MsgApp") return entries(s, one);
        if (one.term < s.term || one.reject) return;
        if (one.type == "MsgVoteResp")
            s.granted.insert(one.from);
        else
            s.match[one.from] = std::max(s.match[one.from], one.index);
    }

    void answer(const letter& asked, letter reply) {
        reply.from = asked.to;
        reply.to = asked.from;
        reply.term = servers_.at(asked.to).term;
        pending_.insert(reply);
    }

    void asked_for_vote(server& s, const letter& m) {
        const auto last = term_at(s, length(s));
        const bool complete = m.log_term > last || (m.log_term == last && m.index >= length(s));
        const bool grant = m.term == s.term && complete && (s.vote == "0" || s.vote == m.from);
        if (grant) s.vote = m.from;
        answer(m, {.type = "MsgVoteResp", .reject = !grant});
    }

    void entries(server& s, const letter& m) {
        if (m.term == s.term && s.role == "StateCandidate") s.role = "StateFollower";
        const bool matches =
            m.index == 0 || (m.index <= length(s) && m.log_term == term_at(s, m.index));
        if (m.term < s.term || !matches) return answer(m, {.type = "MsgAppResp", .reject = true});
        must(s.role == "StateFollower", "no follower receives entries");
        const auto last = m.index + static_cast<number>(m.entries.size());
        if (m.index + 1 <= s.commit) return answer(m, {.type = "MsgAppResp", .index = s.commit});
        const auto differs = [&](number index) {
            return index <= length(s) &&
                   term_at(s, index) != m.entries[static_cast<std::size_t>(index - m.index - 1)];
        };
        for (auto index = m.index + 1; index <= last; ++index)
            if (differs(index)) s.log.resize(static_cast<std::size_t>(index - 1));
        for (auto index = length(s) + 1; index <= last; ++index)
            s.log.push_back(m.entries[static_cast<std::size_t>(index - m.index - 1)]);
        s.commit = std::max(s.commit, std::min(m.commit, last));
        answer(m, {.type = "MsgAppResp", .index = last});
    }

    std::map<std::string, server> servers_{};
    std::map<std::string, server> durable_{};
    std::multiset<letter> pending_{};
    std::multiset<letter> network_{};
    std::pair<std::string, bool> last_received_{};
};

}  // namespace support
