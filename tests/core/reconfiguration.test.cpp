// SPDX-License-Identifier: BSL-1.0
//
// Goal: a change of membership ends as what was asked for or as what there was before, whatever
// befalls its leader, and no log of it is lost to compaction. Method: every change of a list is
// stopped after every single message of it: there the leader crashes, is cut off, or hands over,
// or every server takes a snapshot and is restarted.
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include <doctest/doctest.h>

#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

using membership = std::vector<member>;

struct change_case {
    std::size_t before;  ///< Servers 1 to this vote.
    membership wanted;
};

const membership one_to_three{{s1}, {s2}, {s3}};

std::vector<change_case> changes() {
    constexpr auto learner = member_part::learner;
    constexpr auto witness = member_part::witness;
    return {
        {1, {{s1}, {s2}}},
        {1, one_to_three},
        {1, {{s2}}},
        {1, {{s1}, {s2, learner}}},
        {2, {{s2}}},
        {2, {{s1}, {s2}, {s3, witness}}},
        {3, {{s1}, {s2}, {s3}, {s4}, {s5}}},
        {3, {{s2}, {s3}}},
        {3, {{s1, learner}, {s2}, {s3}}},
        {3, {{s2}, {s3}, {s4}}},
        {3, {{s4}, {s5}, {s6}}},
        {3, {{s2, learner}, {s4}, {s5}, {s6, witness}}},
        {3, {{s1}}},
        {3, {{s3}}},
        {5, {{s5}, {s6}}},
    };
}

membership first_voters(std::size_t count) {
    membership all;
    for (std::uint64_t id = 1; id <= count; ++id) all.push_back({{id}});
    return all;
}

/// s1 leads and has just been asked for the change; six servers run.
cluster begun(const change_case& each, const settings& config) {
    auto c = steady(each.before, config);
    for (auto id = each.before + 1; id <= 6; ++id) c.add_outsider({id});
    c.propose(s1);
    c.settle();
    c.change(s1, each.wanted);
    CHECK_FALSE(c.last_effects().rare->refused.has_value());
    return c;
}

/// The next message arrives, or if there is none the leader's heartbeat is due; false if the change
/// was over before.
bool goes_on(cluster& c) {
    const auto& s = c.at(s1);
    const auto* leading = std::get_if<leader_state>(&s.role);
    if (leading == nullptr || !leading->changing) return false;
    if (c.network().empty())
        c.heartbeat(s1);
    else
        c.deliver_nth(0);
    return true;
}

/// In the end it is all as it was, or as it was asked for; and it can be asked for again.
void check_ends(cluster& c, const change_case& each) {
    c.heal();
    for (std::uint64_t id = 1; id <= 6; ++id)
        if (!c.running({id})) c.restart({id});
    c.run_for(usual_timeout * 15);
    REQUIRE(c.safe());
    REQUIRE(c.leader().has_value());
    const auto& members = c.at(*c.leader()).members();
    CHECK_FALSE(members.is_changing());
    if (membership_of(members) != each.wanted) {
        CHECK(membership_of(members) == first_voters(each.before));
        c.change(*c.leader(), each.wanted);
        CHECK_FALSE(c.last_effects().rare->refused.has_value());
        c.run_for(usual_timeout * 15);
        REQUIRE(c.leader().has_value());
    }
    const auto leader = *c.leader();
    CHECK(membership_of(c.at(leader).members()) == each.wanted);
    c.propose(leader);
    c.run_for(usual_timeout);
    for (const auto& one : each.wanted) CHECK(c.commit(one.id) == c.last(leader));
    CHECK(c.safe());
}

/// Runs each change up to each of its events, lets `happen(c)` happen, and checks how it ends.
template <class Happen>
void stop_everywhere(const settings& config, Happen happen) {
    for (const auto& each : changes()) {
        bool under_way = true;
        for (int stop = 0; under_way; ++stop) {
            CAPTURE(each.before);
            CAPTURE(each.wanted.size());
            CAPTURE(stop);
            REQUIRE(stop < 300);
            auto c = begun(each, config);
            for (int i = 0; under_way && i < stop; ++i) under_way = goes_on(c);
            happen(c);
            check_ends(c, each);
        }
    }
}

}  // namespace

TEST_CASE("S81 S82 whenever its leader crashes a change ends, one way or the other") {
    stop_everywhere({}, [](cluster& c) {
        c.crash(s1);
        c.run_for(usual_timeout * 5);
    });
}

TEST_CASE("S81 S82 whenever its leader is cut off a change ends, also when it is back") {
    stop_everywhere({}, [](cluster& c) {
        c.isolate(s1);
        c.run_for(usual_timeout * 5);
    });
}

TEST_CASE("whenever the leader hands over in a change, the change ends under the next") {
    stop_everywhere({}, [](cluster& c) {
        if (c.at(s1).is_leader()) c.give(s1, transfer_requested{});
        c.settle();
    });
}

TEST_CASE("whenever the leader steps down in a change, the change ends under the next") {
    auto config = settings{};
    config.pre_vote = false;
    stop_everywhere(config, [](cluster& c) {
        if (c.at(s1).is_leader()) c.give(s1, step_down_requested{});
        c.settle();
    });
}

TEST_CASE("whenever all compact their logs in a change, and restart, they know their members") {
    auto config = settings{};
    config.retained_entries = 0;
    stop_everywhere(config, [](cluster& c) {
        for (std::uint64_t id = 1; id <= 6; ++id) {
            const auto before = c.at({id}).members();
            c.take_snapshot({id});
            CHECK(c.at({id}).members() == before);
            c.crash({id});
            c.restart({id});
            CHECK(c.at({id}).members() == before);
        }
    });
}
