// SPDX-License-Identifier: BSL-1.0
//
// Goal: what the explorer leaves out, it may leave out. Method: on states from the whole library of
// starts and some steps around them, it is held that the step commutes with other names for the
// servers, and that `step` and `advance` agree; on the states around the beginning, that what
// happens to two servers may happen in either order.
#include <algorithm>
#include <cstdint>
#include <set>
#include <vector>

#include <doctest/doctest.h>

#include <proof/cluster_model.hpp>
#include <proof/cluster_model/start_states.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::proof;

namespace {

settings tested_settings() {
    settings config;
    config.retained_entries = 0;
    config.entries_per_message = 1;
    config.messages_in_flight = 1;
    return config;
}

struct moment {
    std::size_t servers = 0;
    configuration usual{};
    explored_cluster cluster{};
};

/// Clusters of three around every start of the library.
std::vector<moment> moments() {
    std::vector<moment> all;
    const auto config = tested_settings();
    for (const auto& start : start_states(config)) {
        if (start.servers != 3) continue;
        model_bounds bounds{.term_max = 1,
                            .log_max = 2,
                            .messages_max = 3,
                            .reads = 1,
                            .snapshots = 1,
                            .config = config};
        const auto begin = begin_with(start, bounds);
        cluster_model model{bounds, {begin}};
        const auto usual = voters_only({{1}, {2}, {3}});
        const auto first = all.size();
        all.push_back({3, usual, begin});
        for (auto done = first; done < all.size() && all.size() < first + 60; ++done) {
            const auto now = all[done].cluster;
            model.successors(now, [&](const explored_cluster& next, const char*) {
                all.push_back({3, usual, next});
            });
        }
    }
    return all;
}

template <class T>
T renamed(const T& what, const moment& at, const renaming& names) {
    encoding bytes;
    const auto patience = tested_settings().election_timeout;
    state_writer{bytes, names, at.usual, patience}.write(what);
    T result{};
    state_reader{bytes.bytes(), at.usual, patience}.read(result);
    return result;
}

state renamed_state(const state& s, const moment& at, const renaming& names) {
    auto result = renamed(s, at, names);
    result.self = names.of(s.self);
    result.config = s.config;
    return result;
}

/// A message to the same server under both names, that both get.
struct letter {
    member_id to{};
    message body{};
    friend bool operator==(const letter&, const letter&) = default;
};

std::vector<letter> letters(const state& from, const effects& out) {
    std::vector<letter> all;
    for (const auto& each : out.messages) {
        if (const auto* one = std::get_if<member_id>(&each.to))
            all.push_back({*one, each.body});
        else
            for (const auto member : *std::get_if<member_set>(&each.to))
                all.push_back({from.members().id_of(member), each.body});
    }
    return all;
}

bool same_letters(const std::vector<letter>& a, const std::vector<letter>& b) {
    return std::ranges::is_permutation(a, b);
}

void expect_to_commute(const state& s, const auto& in, const auto& renamed_in, const moment& at,
                       const renaming& names) {
    const auto one = step(s, in, explored_now);
    const auto other = step(renamed_state(s, at, names), renamed_in, explored_now);
    auto before = explored_server{one.next, {}};
    auto after = explored_server{other.next, {}};
    normalise(before);
    normalise(after);
    CHECK(renamed_state(before.now, at, names) == after.now);
    auto sent = letters(one.next, one.out);
    for (auto& each : sent) each.to = names.of(each.to);
    CHECK(same_letters(sent, letters(other.next, other.out)));
    CHECK(one.out.commit == other.out.commit);
}

}  // namespace

TEST_CASE("the step commutes with other names for the servers") {
    renaming turned;
    turned.set({1}, {2});
    turned.set({2}, {3});
    turned.set({3}, {1});
    for (const auto& at : moments())
        for (std::size_t i = 0; i < at.servers; ++i) {
            const auto& s = at.cluster.at(i).now;
            for (const auto which : {timer::election, timer::heartbeat})
                expect_to_commute(s, timer_fired{which}, timer_fired{which}, at, turned);
            expect_to_commute(s, proposed{1}, proposed{1}, at, turned);
            expect_to_commute(s, read_requested{}, read_requested{}, at, turned);
            expect_to_commute(s, written{s.disk.issued}, written{s.disk.issued}, at, turned);
            for (const auto& each : at.cluster.network) {
                if (each.to != s.self) continue;
                auto other = renamed(each, at, turned);
                other.what.from = other.from;
                expect_to_commute(s, each.what, other.what, at, turned);
            }
        }
}

TEST_CASE("step and advance agree") {
    for (const auto& at : moments())
        for (std::size_t i = 0; i < at.servers; ++i) {
            const auto agree = [&](const input& in) {
                const auto& s = at.cluster.at(i).now;
                const auto stepped = step(s, in, explored_now);
                auto advanced = s;
                effects out;
                advance(advanced, in, explored_now, out);
                CHECK(stepped.next == advanced);
                CHECK(stepped.out == out);
            };
            agree(timer_fired{timer::election});
            agree(timer_fired{timer::heartbeat});
            agree(proposed{1});
            agree(read_requested{});
            for (const auto& each : at.cluster.network)
                if (each.to.value == i + 1) agree(each.what);
        }
}

namespace {

/// What happened to one server, by what it was rather than where it stood.
struct told_event {
    explored_event what{};
    in_flight message{};
    friend bool operator==(const told_event& a, const told_event& b) {
        const bool number_matters = a.what.what != explored_event::kind::deliver;
        return a.what.what == b.what.what && a.what.server == b.what.server &&
               (!number_matters || a.what.number == b.what.number) && a.message == b.message;
    }
};

told_event told(const explored_event& event, const explored_cluster& before) {
    if (event.what != explored_event::kind::deliver) return {event, {}};
    return {event, before.network[event.number]};
}

struct moved {
    told_event by{};
    explored_cluster to{};
};

/// All that can happen. The network has room, so each event has one outcome.
std::vector<moved> moves(cluster_model& model, const explored_cluster& now) {
    std::vector<moved> all;
    model.successors(now, [&](const explored_cluster& next, const char*) {
        all.push_back({told(model.last_event(), now), next});
    });
    return all;
}

/// After `first`, the same event `second`; none if it cannot happen any more.
const explored_cluster* find(const std::vector<moved>& all, const told_event& event) {
    const auto at = std::ranges::find(all, event, &moved::by);
    return at == all.end() ? nullptr : &at->to;
}

bool same_cluster(const explored_cluster& a, const explored_cluster& b, std::size_t servers) {
    for (std::size_t i = 0; i < servers; ++i)
        if (!(a.at(i).now == b.at(i).now) || !(a.at(i).disk == b.at(i).disk)) return false;
    return std::ranges::is_permutation(a.network, b.network);
}

}  // namespace

TEST_CASE("what happens to two servers may happen in either order") {
    auto config = tested_settings();
    config.pre_vote = config.check_quorum = false;
    const model_bounds bounds{.term_max = 2,
                              .log_max = 2,
                              .messages_max = 100,  // None is ever given up.
                              .crashes = 200,       // Nor is there an end to crashes.
                              .config = config};
    cluster_model model{bounds};
    std::vector<explored_cluster> reached{model.first_cluster()};
    std::set<std::vector<std::uint8_t>> known;
    const auto is_new = [&](const explored_cluster& c) {
        cluster_model fresh{bounds, {c}};
        encoding bytes;
        fresh.initial_states([&](const auto& same, const char*) { fresh.encode(same, bytes); });
        return known.insert({bytes.bytes().begin(), bytes.bytes().end()}).second;
    };
    constexpr std::size_t states = 3000;
    std::size_t pairs = 0;
    for (std::size_t done = 0; done < reached.size() && done < states; ++done) {
        const auto now = reached[done];
        const auto all = moves(model, now);
        std::vector<std::vector<moved>> after;
        for (const auto& each : all) after.push_back(moves(model, each.to));
        for (std::size_t a = 0; a < all.size(); ++a) {
            if (reached.size() < states && is_new(all[a].to)) reached.push_back(all[a].to);
            for (std::size_t b = a + 1; b < all.size(); ++b) {
                if (all[a].by.what.server == all[b].by.what.server) continue;
                const auto* one = find(after[a], all[b].by);
                const auto* other = find(after[b], all[a].by);
                REQUIRE(one != nullptr);
                REQUIRE(other != nullptr);
                REQUIRE(same_cluster(*one, *other, bounds.servers));
                ++pairs;
            }
        }
    }
    CHECK(reached.size() == states);
    CHECK(pairs > 50'000);
}
