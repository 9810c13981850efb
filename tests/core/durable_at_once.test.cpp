// SPDX-License-Identifier: BSL-1.0
//
// Goal: a server whose storage is durable at once needs no completion of its log writes, and says
// nothing before it has asked for the write that it rests on. Method: single steps and stories in
// both modes, and a taker of effects that keeps the order in which the rules emit them.
#include <algorithm>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

using words = std::vector<std::string>;

settings at_once() {
    auto config = plain();
    config.durable_at_once = true;
    return config;
}

/// What a step asks for in words, in the order in which it is carried out.
words in_words(const effects& out) {
    words asked;
    if (out.write && out.write->vote) asked.emplace_back("persist");
    if (out.rare->cut) asked.emplace_back("cut");
    if (out.write && out.write->entries) asked.emplace_back("append");
    if (out.commit) asked.emplace_back("commit");
    for (const auto& each : out.messages) {
        const bool votes = std::holds_alternative<request_vote>(each.body) ||
                           std::holds_alternative<request_vote_reply>(each.body);
        asked.emplace_back(votes ? "send vote" : "send");
    }
    return asked;
}

/// A server that has just started, of `servers` voters.
state fresh(std::uint64_t servers, const settings& config = at_once()) {
    std::vector<member_id> ids;
    for (std::uint64_t id = 1; id <= servers; ++id) ids.push_back({id});
    recovered_state nothing;
    nothing.configurations.push_back({{}, voters_only(ids)});
    return initial_state(s1, config, nothing, 1);
}

template <class Input>
words asked_by(state& s, const Input& in) {
    effects out;
    advance(s, in, instant{}, out);
    CHECK(invariants(s));
    return in_words(out);
}

received from(member_id id, const message& body) { return {id, body, std::nullopt}; }

}  // namespace

TEST_CASE("both kinds of storage elect, replicate and commit") {
    for (const bool durable_at_once : {false, true})
        for (std::size_t servers = 1; servers <= 5; ++servers) {
            settings config{};
            config.durable_at_once = durable_at_once;
            cluster c{servers, config};
            c.elect(s1);
            c.propose(s1, 3);
            c.settle();
            c.crash(s1);
            c.restart(s1);
            CHECK(c.last(s1) == 4);
            c.elect(s1);
            c.heartbeat(s1);
            c.settle();
            for (std::uint64_t id = 1; id <= servers; ++id) CHECK(c.commit({id}) == 5);
            CHECK(c.safe());
        }
}

TEST_CASE("durable at once: a vote is persisted before it is told") {
    auto s = fresh(3);
    CHECK(asked_by(s, from(s2, ask(1, log_start))) == words{"persist", "send vote"});
    CHECK(s.disk.durable == s.disk.issued);
    CHECK(s.voted_for == s2);
}

TEST_CASE("durable at once: a candidate's own vote is persisted before it asks for others") {
    auto s = fresh(3);
    CHECK(asked_by(s, timer_fired{timer::election}) == words{"persist", "send vote"});
    CHECK(asked_by(s, from(s2, yes(1))) == words{"append", "send"});
    CHECK(s.is_leader());
    CHECK(s.peers[0].match_index == log_index{1});
}

TEST_CASE("durable at once: a server alone leads and commits within a step") {
    auto s = fresh(1);
    CHECK(asked_by(s, timer_fired{timer::election}) == words{"persist", "append", "commit"});
    CHECK(s.is_leader());
    CHECK(asked_by(s, proposed{2}) == words{"append", "commit"});
    CHECK(s.commit_index == log_index{3});
}

TEST_CASE("durable at once: the only voter commits alone, and its learners are told") {
    configuration members{{{1}, {2}}, member_set::of(slot{0}), {}};
    cluster c{members, at_once()};
    c.elect(s1);
    c.propose(s1);
    c.settle();
    CHECK(c.commit(s1) == 2);
    CHECK(c.commit(s2) == 2);
}

TEST_CASE("durable at once: a leader counts its own entry with the first acknowledgement") {
    auto s = fresh(3);
    asked_by(s, timer_fired{timer::election});
    asked_by(s, from(s2, yes(1)));
    CHECK(asked_by(s, from(s3, ack(1, 1))) == words{"commit", "send"});
    CHECK(asked_by(s, proposed{1}) == words{"append", "send"});
    CHECK(s.peers[0].match_index == log_index{2});
    CHECK(s.commit_index == log_index{1});
    CHECK(asked_by(s, from(s3, ack(1, 2))).front() == "commit");
    CHECK(s.commit_index == log_index{2});
}

TEST_CASE("durable at once: entries are appended before they are acknowledged") {
    auto s = fresh(3);
    const auto first = from(s2, entries(1, log_start, 2, 1));
    CHECK(asked_by(s, first) == words{"persist", "append", "send"});
    const auto second = from(s2, entries(1, position(2, 1), 2, 1, 2));
    CHECK(asked_by(s, second) == words{"append", "commit", "send"});
    CHECK(s.disk.durable_index == log_index{4});
    const auto conflict = from(s3, entries(2, position(2, 1), 1, 2, 2));
    CHECK(asked_by(s, conflict) == words{"persist", "append", "send"});
    CHECK(s.disk.durable_index == log_index{3});
}

TEST_CASE("durable at once: what was appended there is acknowledged, whole, after a conflict") {
    auto s = fresh(3);
    asked_by(s, from(s2, entries(1, log_start, 4, 1)));
    asked_by(s, from(s3, heartbeat(2, position(1, 1))));
    effects out;
    advance(s, from(s3, entries(2, position(1, 1), 1, 2)), instant{}, out);
    CHECK(out.messages.back().body == message{ack(2, 2)});
}

TEST_CASE("durable at once: the parts of a snapshot have their completion") {
    auto s = fresh(3);
    const install_snapshot half{
        .term = {1}, .last_included = position(5, 1), .size = 2, .offset = 0, .length = 1};
    const received chunk{s2, half, indexed_configuration{{5}, voters_only({{1}, {2}, {3}})}};
    CHECK(asked_by(s, chunk) == words{"persist"});
    CHECK(s.disk.durable < s.disk.issued);
    CHECK(asked_by(s, written{s.disk.issued}) == words{"send"});
    CHECK(asked_by(s, written{s.disk.issued}) == words{});
}
