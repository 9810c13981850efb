// SPDX-License-Identifier: BSL-1.0
//
// Goal: the short way (core/steady.hpp) is taken in the steady state, is what `advance` is, and is
// left for everything unusual. Method: the same inputs in both ways, from a leader, a follower, and
// states with one thing out of the ordinary. The explorer compares both on all that it reaches.
#include <functional>
#include <vector>

#include <doctest/doctest.h>

#include <proof/short_way.hpp>
#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

template <class Input>
bool goes_short(const state& before, const Input& in) {
    const instant now{1};
    auto after = before;
    effects out;
    advance(after, in, now, out);
    proof::short_way judge;
    const auto* wrong = judge.judge(before, in, now, after, out);
    CAPTURE(wrong);
    CHECK(wrong == nullptr);
    return judge.taken() == 1;
}

cluster steady_cluster(bool durable_at_once) {
    settings config{};
    config.durable_at_once = durable_at_once;
    auto c = steady(3, config);
    c.propose(s1);
    c.settle();
    c.heartbeat(s1);
    c.settle();
    return c;
}

received from_leader(const append_entries& m) { return {s1, m, std::nullopt}; }

}  // namespace

TEST_CASE("the short way is taken for what a busy cluster does") {
    for (const bool at_once : {false, true}) {
        CAPTURE(at_once);
        auto c = steady_cluster(at_once);
        CHECK(goes_short(c.at(s1), proposed{1}));
        CHECK(goes_short(c.at(s1), proposed{3}));
        c.propose(s1);
        for (const auto& each : std::vector(c.network().begin(), c.network().end()))
            CHECK(goes_short(c.at(each.to), each.what));
        c.deliver(s1, {s2, s3});
        for (const auto& each : std::vector(c.network().begin(), c.network().end()))
            CHECK(goes_short(c.at(s1), each.what));
        c.deliver(s2, s1);
        CHECK(c.commit(s1) == c.last(s1));
        for (const auto& each : std::vector(c.network().begin(), c.network().end()))
            CHECK(goes_short(c.at(each.to), each.what));
    }
}

TEST_CASE("whatever is out of the ordinary goes the long way") {
    const std::vector<std::function<void(state&)>> leaders{
        [](state& s) { std::get_if<leader_state>(&s.role)->changing = true; },
        [](state& s) { std::get_if<leader_state>(&s.role)->full.insert(slot{1}); },
        [](state& s) { std::get_if<leader_state>(&s.role)->asleep = true; },
        [](state& s) { s.disk.full = true; },
        [](state& s) { s.peers[1].mode = replication_mode::probe; },
        [](state& s) { s.peers[2].next_index = previous(s.peers[2].next_index); },
        [](state& s) { s.peers[1].in_flight = s.peers[1].window; },
        [](state& s) { s.config.pending_entries = 0; },
        [](state& s) {
            s.tasks.change().transfer = leadership_transfer{{2}, {}, false};
        },
        [](state& s) { s.disk.issue_vote(s.log.last_index()); },
    };
    const auto usual = steady_cluster(true);
    for (std::size_t i = 0; i < leaders.size(); ++i) {
        CAPTURE(i);
        auto s = usual.at(s1);
        leaders[i](s);
        CHECK_FALSE(goes_short(s, proposed{1}));
    }
    CHECK_FALSE(goes_short(usual.at(s1), proposed{0}));
    CHECK_FALSE(goes_short(usual.at(s1), proposed{usual.at(s1).config.entries_per_message + 1}));
    CHECK_FALSE(goes_short(usual.at(s2), proposed{1}));

    const auto& follower = usual.at(s2);
    const auto last = follower.log.last();
    const auto usual_append = entries(1, last, 1, 1, follower.commit_index.value);
    REQUIRE(goes_short(follower, from_leader(usual_append)));
    const std::vector<std::function<void(append_entries&)>> messages{
        [](append_entries& m) { m.term = {2}; },
        [](append_entries& m) { m.round = {m.round.value + 1}; },
        [](append_entries& m) { m.prev.index = previous(m.prev.index); },
        [](append_entries& m) { m.entries_term = {}; },
        [](append_entries& m) { m.commit_index = next(m.last_index); },
        [](append_entries& m) { m.last_index = previous(m.prev.index); },
    };
    for (std::size_t i = 0; i < messages.size(); ++i) {
        CAPTURE(i);
        auto m = usual_append;
        messages[i](m);
        CHECK_FALSE(goes_short(follower, from_leader(m)));
    }
    CHECK_FALSE(goes_short(follower, received{s3, usual_append, std::nullopt}));

    const auto usual_reply = ack(1, usual.at(s1).log.last_index().value);
    REQUIRE(goes_short(usual.at(s1), received{s2, usual_reply, std::nullopt}));
    for (const auto stranger : {s1, s7})
        CHECK_FALSE(goes_short(usual.at(s1), received{stranger, usual_reply, std::nullopt}));

    auto asleep = follower;
    std::get_if<follower_state>(&asleep.role)->asleep = true;
    CHECK_FALSE(goes_short(asleep, from_leader(usual_append)));
}
