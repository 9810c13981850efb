// SPDX-License-Identifier: BSL-1.0
//
// Goal: the explorer's clusters are the production step's clusters, nothing is forgotten when they
// become bytes, and what is taken for equal behaves alike. Method: states are collected from small
// explorations, made into bytes and back, renamed, and compared.
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

/// Bounds under which everything that a model can do happens within a few thousand states.
model_bounds lively(const settings& config) {
    return {.term_max = 1,
            .log_max = 1,
            .messages_max = 2,
            .crashes = 1,
            .damages = 1,
            .reads = 1,
            .snapshots = 1,
            .transfers = 1,
            .config = config};
}

/// Visits `count` states from every start of the library.
void from_every_start(model_bounds bounds, std::size_t count, auto visit) {
    for (const auto& start : start_states(bounds.config)) {
        auto here = bounds;
        const auto begin = begin_with(start, here);
        cluster_model model{here, {begin}};
        std::vector<explored_cluster> level{begin};
        for (std::size_t done = 0; done < count && done < level.size(); ++done) {
            const auto now = level[done];
            visit(model, now);
            model.successors(now, [&](const explored_cluster& next, const char* wrong) {
                CHECK_FALSE(wrong);
                if (level.size() < count) level.push_back(next);
            });
        }
    }
}

bool has_gaps(const state& s) {
    return std::ranges::any_of(s.configurations, [](const indexed_configuration& each) {
        return each.value.members.places() != each.value.members.size();
    });
}

exploration explore(const model_bounds& bounds) {
    return explorer<cluster_model>{cluster_model{bounds}}.run();
}

}  // namespace

TEST_CASE("cluster_model: no rule is broken within small bounds") {
    const model_bounds all[] = {
        {.log_max = 1, .messages_max = 1, .crashes = 0, .config = compacting_settings()},
        {.log_max = 1,
         .messages_max = 1,
         .crashes = 0,
         .damages = 1,
         .config = compacting_settings()},
        {.term_max = 1,
         .messages_max = 1,
         .crashes = 0,
         .snapshots = 1,
         .config = compacting_settings()},
        {.term_max = 1,
         .log_max = 1,
         .messages_max = 1,
         .crashes = 0,
         .config = guarded_settings()},
        {.term_max = 1,
         .log_max = 3,
         .messages_max = 1,
         .crashes = 0,
         .changes = 1,
         .voters = 2,
         .config = compacting_settings()},
    };
    for (const auto& bounds : all) {
        const auto found = explore(bounds);
        CHECK(found.complete);
        CHECK(found.violations == 0);
    }
}

namespace {

/// Clusters in which it is wrong that a server which was none of the first two votes.
struct closed_to_others : cluster_model {
    using cluster_model::cluster_model;
    [[nodiscard]] const char* violation(const explored_cluster& now) {
        const auto votes = [](const explored_server& each) {
            return each.now.is_leader() && each.now.members().is_voter({3});
        };
        return std::ranges::any_of(now.servers, votes) ? "another votes" : nullptr;
    }
};

}  // namespace

TEST_CASE("cluster_model: a change of the voters comes to its end within small bounds") {
    auto config = compacting_settings();
    config.durable_at_once = true;
    const closed_to_others model{model_bounds{.term_max = 1,
                                              .log_max = 3,
                                              .messages_max = 1,
                                              .crashes = 0,
                                              .changes = 1,
                                              .voters = 2,
                                              .config = config}};
    const auto found = explorer<closed_to_others>{model}.run();
    REQUIRE(found.first);
    CHECK(found.first->rule == doctest::String{"another votes"});
}

TEST_CASE("cluster_model: bytes hold all of a cluster") {
    auto bounds = lively(guarded_settings());
    bounds.symmetry = false;
    from_every_start(bounds, 40, [](cluster_model& model, const explored_cluster& now) {
        // Bytes are asked for where `visit` was called: the states are successors, begun anew.
        cluster_model fresh{model.bounds(), {now}};
        encoding bytes;
        fresh.initial_states(
            [&](const explored_cluster& same, const char*) { fresh.encode(same, bytes); });
        explored_cluster read;
        model.decode(bytes.bytes(), read);
        for (std::size_t i = 0; i < model.bounds().servers; ++i) {
            // Places are a server's own affair: the bytes have them without gaps.
            if (has_gaps(now.at(i).now)) continue;
            CHECK(read.at(i).now == now.at(i).now);
            CHECK(read.at(i).disk == now.at(i).disk);
        }
        cluster_model again{model.bounds(), {read}};
        encoding same_bytes;
        again.initial_states(
            [&](const explored_cluster& same, const char*) { again.encode(same, same_bytes); });
        CHECK(std::ranges::equal(same_bytes.bytes(), bytes.bytes()));
        CHECK(read.past == now.past);
        CHECK(read.network.size() == now.network.size());
        for (const auto& each : now.network)
            CHECK(std::ranges::find(read.network, each) != read.network.end());
    });
}

TEST_CASE("cluster_model: symmetry saves states, and no more than there are names") {
    model_bounds bounds{.term_max = 1,
                        .log_max = 1,
                        .messages_max = 1,
                        .crashes = 1,
                        .config = compacting_settings()};
    const auto with = explore(bounds);
    bounds.symmetry = false;
    const auto without = explore(bounds);
    CHECK(with.violations == 0);
    CHECK(without.violations == 0);
    CHECK(with.depth == without.depth);
    CHECK(with.states * 3 < without.states);
    CHECK(with.states * 6 >= without.states);
}

TEST_CASE("cluster_model: what is normalised behaves as it did") {
    // Written once with the sequence numbers of a long life, and once with those counted anew.
    from_every_start(
        lively(guarded_settings()), 25, [](cluster_model&, const explored_cluster& now) {
            constexpr std::uint64_t life = 1000;
            for (const auto& server : now.servers) {
                if (server.now.self == member_id{}) continue;  // Fewer servers than places.
                auto old = server.now;
                for (auto* each :
                     {&old.disk.issued, &old.disk.durable, &old.disk.vote, &old.disk.run_sequence})
                    each->value += life;
                auto young = server.now;
                const auto both = [&](const auto& for_old, const auto& for_young) {
                    effects a;
                    effects b;
                    advance(old, for_old, explored_now, a);
                    advance(young, for_young, explored_now, b);
                    CHECK(a.messages == b.messages);
                    CHECK(a.commit == b.commit);
                };
                old.timers = {};
                young.timers = {};
                both(proposed{1}, proposed{1});
                both(timer_fired{timer::election}, timer_fired{timer::election});
                for (const auto& each : now.network)
                    if (each.to == server.now.self) both(each.what, each.what);
                both(written{old.disk.issued}, written{young.disk.issued});
                CHECK(old.log == young.log);
                CHECK(old.role == young.role);
                CHECK(old.timers == young.timers);
            }
        });
}

namespace {

/// A cluster in which two can become leaders of one term, in one step: the third server has
/// forgotten that it has voted, and its vote goes to another. Or it has not, if that is asked for.
cluster_model with_two_votes(bool forgotten) {
    auto bounds = lively(compacting_settings());
    cluster story{3, bounds.config};
    story.elect(s1);
    story.lose_all();
    auto begin = begin_with({"two votes", story, 3}, bounds);
    begin.at(2).now.voted_for.reset();
    begin.at(2).now.role = role{follower_state{}};
    begin.at(1).now.role = role{candidate_state{.granted = member_set::of({1})}};
    begin.at(1).now.voted_for = s2;
    begin.at(1).disk.inside().durable.vote.voted_for = s2;
    begin.network = {{s3, s2, {s3, request_vote_reply{{1}, forgotten}, std::nullopt}}};
    return cluster_model{bounds, {begin}};
}

}  // namespace

TEST_CASE("cluster_model: a broken rule is told as a story") {
    const auto model = with_two_votes(true);
    const auto found = explorer<cluster_model>{model}.run();
    REQUIRE(found.first);
    CHECK(found.first->rule == doctest::String{"Election Safety: two leaders in one term"});
    CHECK(found.first->states.size() == 2);
    const auto told = tell(model, *found.first);
    CHECK(told.find("1. server 2: receives 3 -> 2 request_vote_reply(term 1, yes)") !=
          std::string::npos);
    CHECK(told.find("=> Election Safety") != std::string::npos);
}

TEST_CASE("cluster_model: a saved story happens again, and breaks the rule again") {
    const auto model = with_two_votes(true);
    const auto found = explorer<cluster_model>{model}.run();
    REQUIRE(found.first);
    const auto saved = tell(model, *found.first);

    const auto again = retell(model, saved);
    CHECK(again.happens());
    CHECK(again.told == 2);
    CHECK(again.rule == doctest::String{"Election Safety: two leaders in one term"});

    // Once the fault is mended the story cannot happen as it was told.
    const auto mended = retell(with_two_votes(false), saved);
    CHECK_FALSE(mended.happens());
    CHECK(mended.steps == 0);
    CHECK(mended.rule == nullptr);
}

TEST_CASE("cluster_model: any way of the explorer can be told and retold") {
    const cluster_model model{lively(guarded_settings())};
    explorer<cluster_model> checker{model, {.threads = 1, .states_max = 20'000}};
    const auto found = checker.run();
    for (std::uint64_t place = 0; place < found.states; place += 1999) {
        const counterexample way{nullptr, checker.way_to(place)};
        const auto again = retell(model, tell(model, way));
        CHECK(again.happens());
        CHECK(again.told == way.states.size());
        CHECK(again.rule == nullptr);
    }
}

TEST_CASE("the library of starts is large, and every start is safe") {
    const auto all = start_states(compacting_settings());
    CHECK(all.size() >= 40);
    for (const auto& each : all) {
        CAPTURE(each.name);
        CHECK(each.story.safe());
    }
}
