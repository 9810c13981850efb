// SPDX-License-Identifier: BSL-1.0
//
// Goal: nothing is lost with a disk, or for want of commands: births, wiped servers and witnesses
// are among what the explorer does, and it finds who counts on what is not there. Method: small
// explorations to their end, and clusters in which one server has forgotten what it lacks.
#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <proof/cluster_model/retelling.hpp>
#include <proof/cluster_model/start_states.hpp>
#include <support/explored_settings.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::proof;
using namespace raft::testing;

namespace {

exploration explore(const cluster_model& model) { return explorer<cluster_model>{model}.run(); }

/// The founders wait for the birth of their cluster, and one disk is lost at some time.
model_bounds with_a_birth() {
    return {.log_max = 1,
            .messages_max = 1,
            .crashes = 0,
            .wipes = 1,
            .births = 1,
            .config = compacting_settings()};
}

/// One of three holds no commands.
model_bounds with_a_witness() {
    return {.log_max = 1,
            .messages_max = 1,
            .crashes = 0,
            .wipes = 1,
            .witnesses = 1,
            .config = compacting_settings()};
}

/// Two voters, and a server that gets any part.
model_bounds with_a_joiner() {
    return {.term_max = 1,
            .messages_max = 1,
            .crashes = 0,
            .wipes = 1,
            .births = 1,
            .parts = 1,
            .voters = 2,
            .config = compacting_settings()};
}

settings at_once() {
    auto config = compacting_settings();
    config.durable_at_once = true;
    return config;
}

model_bounds from_a_start() {
    return {.term_max = 1, .log_max = 1, .messages_max = 1, .crashes = 0, .config = at_once()};
}

/// A story goes on, once `forget` has made one of its servers forget something.
exploration explore_with_fault(const start_state& start, auto forget) {
    auto bounds = from_a_start();
    auto begin = begin_with(start, bounds);
    forget(begin);
    return explore(cluster_model{bounds, {begin}});
}

/// Visits the first `count` states of an exploration, with what led there.
void walk(const model_bounds& bounds, std::size_t count, auto visit) {
    cluster_model model{bounds};
    std::vector<explored_cluster> reached{model.first_cluster()};
    for (std::size_t done = 0; done < reached.size(); ++done) {
        const auto now = reached[done];
        model.successors(now, [&](const explored_cluster& next, const char*) {
            visit(now, model.last_event(), next);
            if (reached.size() < count) reached.push_back(next);
        });
    }
}

}  // namespace

TEST_CASE("holes: with births, lost disks, witnesses and a server that joins no rule is broken") {
    for (const auto& bounds : {with_a_birth(), with_a_witness(), with_a_joiner()}) {
        const auto found = explore(cluster_model{bounds});
        CHECK(found.complete);
        CHECK(found.violations == 0);
        CHECK(found.states > 3000);
    }
}

TEST_CASE("holes: nobody takes part before the birth, and never again with another disk") {
    bool joined = false;
    bool wiped = false;
    walk(with_a_birth(), 3000, [&](const auto& before, const auto& event, const auto& after) {
        using kind = explored_event::kind;
        const auto& was = before.at(event.server).now;
        const auto& is = after.at(event.server).now;
        CHECK((!was.is_halted() || is.is_halted() || event.what == kind::join_birth));
        CHECK((before.past.left.births == 0 || is.is_halted()));
        if (event.what == kind::join_birth) joined = joined || is.is_follower();
        if (event.what != kind::wipe) return;
        wiped = true;
        CHECK(is.is_halted());
        CHECK(is.log.last_index() == log_index{});
    });
    CHECK(joined);
    CHECK(wiped);
}

TEST_CASE("holes: a disk that is lost between the birth and the news of it is not born") {
    cluster_model model{with_a_birth()};
    using kind = explored_event::kind;
    auto now = model.first_cluster();
    bool heard = false;
    for (const auto step : {kind::birth, kind::wipe, kind::join_birth}) {
        auto chosen = now;
        model.successors(now, [&](const explored_cluster& next, const char*) {
            const auto& event = model.last_event();
            if (event.what == step && event.server == 0) chosen = next;
            heard = heard || (step == kind::join_birth && event.what == step && event.server == 0);
        });
        now = chosen;
    }
    CHECK_FALSE(heard);
    CHECK(now.at(0).now.is_halted());
}

TEST_CASE("holes: an empty founder that votes is found") {
    cluster story{3, at_once()};
    story.elect(s1, {s2});
    story.deliver(s1, s2);
    story.deliver(s2, s1);
    story.lose_all();
    const auto found = explore_with_fault({"led by two", story, 3}, [](explored_cluster& c) {
        auto& voter = c.at(1);
        voter.disk.wipe(voter.now.configurations.front().value);
        auto kept = voter.disk.recover();
        kept.born = true;
        voter.now = initial_state(voter.now.self, voter.now.config, kept, 0);
        normalise(voter);
    });
    REQUIRE(found.first);
    CHECK(found.first->rule == doctest::String{"a quorum could do without a committed entry"});
}

TEST_CASE("holes: a server that takes a witness's log for whole is found before it leads") {
    const auto all = start_states(at_once());
    const auto start = std::ranges::find(all, "witness-to-vote", &start_state::name);
    REQUIRE(start != all.end());
    const auto found = explore_with_fault(*start, [](explored_cluster& c) {
        REQUIRE(c.at(2).now.tasks->lacks_from);
        c.at(2).now.tasks.reset();
    });
    REQUIRE(found.first);
    CHECK(found.first->rule == doctest::String{"a server stands that lacks commands"});
}

TEST_CASE("holes: a voter without the commands is not counted on for them") {
    // The leader's own entry is not durable yet. It is committed by two others, of which one has
    // taken the commands for what it has, and the disk says otherwise.
    cluster story{3, plain_settings()};
    story.elect(s1);
    story.hold_disk(s1);
    story.hold_disk(s2);
    story.propose(s1);
    story.settle();
    auto bounds = from_a_start();
    bounds.config = plain_settings();
    bounds.term_max = 0;  // No further election: there it would be found before.
    auto begin = begin_with({"held", story, 3}, bounds);
    const auto sound = explore(cluster_model{bounds, {begin}});
    CHECK(sound.violations == 0);
    begin.at(2).disk.inside().durable.lacks_from = log_index{2};
    const auto found = explore(cluster_model{bounds, {begin}});
    REQUIRE(found.first);
    CHECK(found.first->rule == doctest::String{"committed, and not on a quorum of disks"});
}

TEST_CASE("holes: symmetry saves states, and no more than there are names") {
    for (auto bounds : {with_a_birth(), with_a_witness()}) {
        const auto names = bounds.witnesses == 0 ? 6U : 2U;
        bounds.term_max = 1;
        const auto with = explore(cluster_model{bounds});
        bounds.symmetry = false;
        const auto without = explore(cluster_model{bounds});
        CHECK(without.violations == 0);
        CHECK(with.depth == without.depth);
        CHECK(with.states * names > without.states);
        CHECK(with.states * names < without.states * 2);
    }
}

TEST_CASE("holes: bytes hold all of a cluster, and any way can be told and retold") {
    for (const auto& bounds : {with_a_birth(), with_a_witness(), with_a_joiner()}) {
        const cluster_model model{bounds};
        explorer<cluster_model> checker{model, {.threads = 1, .states_max = 4000}};
        const auto found = checker.run();
        for (std::uint64_t place = 0; place < found.states; place += 499) {
            const counterexample way{nullptr, checker.way_to(place)};
            const auto again = retell(model, tell(model, way));
            CHECK(again.happens());
            CHECK(again.told == way.states.size());
            CHECK(again.rule == nullptr);
        }
    }
}
