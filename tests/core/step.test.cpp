// SPDX-License-Identifier: BSL-1.0
//
// Goal: `step` is pure and is the same as `advance`, on every input; states are values. Method: a
// cluster is led at random, from printed seeds, and each input is also given to copies of the
// state, by each of the ways in; and rows by hand for inputs that find nothing to do.
#include <cstdint>
#include <optional>
#include <random>
#include <utility>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

/// Gives one input to copies of `before` in all ways, which must agree; what they agree on.
template <class Input>
transition all_ways(const state& before, const Input& in, instant now) {
    const auto untouched = before;
    const auto by_step = step(before, in, now);
    const auto by_variant = step(before, input{in}, now);
    auto in_place = before;
    effects out;
    advance(in_place, in, now, out);
    auto reused = before;
    effects written_before;
    written_before.send(s1, timeout_now{{9}, {9}});
    written_before.rare.change().leadership_lost = true;
    written_before.write.emplace();
    written_before.clear();
    advance(reused, input{in}, now, written_before);

    CHECK(before == untouched);
    CHECK(by_variant == by_step);
    CHECK(transition{in_place, out} == by_step);
    CHECK(transition{reused, written_before} == by_step);
    CHECK(step(before, in, now) == by_step);
    return by_step;
}

/// A cluster in which every input is given in all ways, and every alternative of `input` counted.
class walker {
public:
    explicit walker(std::uint64_t seed) : random_{seed}, cluster_{3, settings_of(seed)} {
        for (const auto id : {s1, s2, s3}) cluster_.hold_disk(id);
    }

    void walk(int events) {
        for (int i = 0; i < events; ++i) {
            const member_id id{below(3) + 1};
            if (!cluster_.running(id)) restart(id);
            event(id);
        }
    }

    [[nodiscard]] const std::vector<std::uint64_t>& given() const { return given_; }
    [[nodiscard]] const cluster& servers() const { return cluster_; }

private:
    static settings settings_of(std::uint64_t seed) {
        settings config{};
        config.pre_vote = seed % 2 == 0;
        config.check_quorum = seed % 3 == 0;
        config.retained_entries = seed % 4;
        config.quiescence = seed % 5 == 0;
        config.entries_per_message = static_cast<std::uint32_t>(1 + seed % 3);
        return config;
    }

    std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

    template <class Input>
    void give(member_id id, const Input& in) {
        ++given_[input{in}.index()];
        const auto expected = all_ways(cluster_.at(id), in, cluster_.now());
        cluster_.give(id, in);
        CHECK(cluster_.at(id) == expected.next);
        CHECK(cluster_.last_effects() == expected.out);
    }

    void change(member_id id) {
        std::vector<member> wanted;
        for (std::uint64_t other = 1; other <= 3; ++other)
            if (below(3) != 0)
                wanted.push_back(
                    {{other}, below(4) == 0 ? member_part::learner : member_part::voter});
        give(id, change_requested{cluster_.at(id).configurations.back().index, wanted});
    }

    void obstruct(member_id id) {
        const member_id from{below(3) + 1};
        const auto& forwarding = cluster_.at(from).tasks->forwarding;
        if (forwarding)
            give(id, forward_obstructed{from,
                                        {cluster_.at(from).current_term, forwarding->last, 1},
                                        refusal_reason::no_space});
    }

    void restart(member_id id) {
        cluster_.restart(id);
        cluster_.hold_disk(id);
        give(id, started{});
    }

    void deliver() {
        const auto& network = cluster_.network();
        if (network.empty()) return;
        const auto place = below(3) == 0 ? below(network.size()) : 0;
        const auto next = network[place];
        if (below(20) != 0) cluster_.lose_nth(place);
        const bool is_of_the_three = next.to <= s3;  // The fourth may be wanted; it never runs.
        if (is_of_the_three && cluster_.running(next.to)) give(next.to, next.what);
    }

    void event(member_id id) {
        const auto& s = cluster_.at(id);
        const auto kind = below(100);
        if (kind < 50) return deliver();
        if (kind < 70) return persist(id);
        if (kind < 78) return give(id, proposed{static_cast<std::uint32_t>(below(3) + 1)});
        if (kind < 84) return give(id, timer_fired{timer::heartbeat});
        if (kind < 86) return time_out(id);
        if (kind < 90) return give(id, read_requested{});
        if (kind < 91) return give(id, forward_requested{static_cast<std::uint32_t>(below(3))});
        if (kind < 93) return give(id, transfer_requested{member_id{below(4) + 1}});
        if (kind < 95) return cluster_.crash(id);
        if (kind < 96 && below(2) == 0) return give(id, room_changed{below(2) == 0});
        if (kind < 96 && below(4) == 0) return obstruct(id);
        if (kind < 96 && below(8) == 0) return give(id, wake_requested{});
        if (kind < 96 && below(4) == 0) return give(id, step_down_requested{});
        if (kind < 96 && below(4) == 0) return give(id, snapshot_requested{});
        if (kind < 96 && below(8) == 0) return give(id, snapshot_damaged{});
        if (kind < 96 && below(2) == 0) return change(id);
        if (kind < 96) return give(id, written{{s.disk.issued.value + below(3)}});
        if (kind < 97 && below(10) == 0) return give(id, storage_failed{});
        if (kind < 97 && below(10) == 0) return give(id, state_differs{});
        if (kind < 97 && below(10) == 0) return give(id, command_unreadable{});
        const auto index = s.commit_index;
        if (index <= s.snapshot.last_included.index) return;
        const auto before = s;
        const snapshot_saved in{{{index, *s.log.term_at(index)}, 1}};
        const auto expected = all_ways(before, in, cluster_.now());
        cluster_.take_snapshot(id);
        if (cluster_.at(id) == before) return;  // Not now.
        ++given_[input{in}.index()];
        CHECK(cluster_.at(id) == expected.next);
        CHECK(cluster_.last_effects() == expected.out);
    }

    /// A write or two become durable, as the cluster's disk says.
    void persist(member_id id) {
        const auto before = cluster_.at(id);
        cluster_.persist(id, below(2) + 1);
        const auto durable = cluster_.at(id).disk.durable;
        if (durable == before.disk.durable) return;
        const written in{durable};
        ++given_[input{in}.index()];
        const auto expected = all_ways(before, in, cluster_.now());
        CHECK(cluster_.at(id) == expected.next);
        CHECK(cluster_.last_effects() == expected.out);
    }

    void time_out(member_id id) {
        cluster_.let_time_pass(settings{}.election_timeout * 2);
        give(id, timer_fired{timer::election});
    }

    std::mt19937_64 random_;
    cluster cluster_;
    std::vector<std::uint64_t> given_ = std::vector<std::uint64_t>(std::variant_size_v<input>);
};

constexpr state fresh(member_id id) {
    recovered_state nothing;
    nothing.configurations.push_back({{}, voters_only({s1, s2, s3})});
    return initial_state(id, settings{}, std::move(nothing), id.value);
}

/// An election by `step` alone, in values, without the cluster.
constexpr bool election_in_values() {
    const instant now{};
    auto one = step(fresh(s1), timer_fired{timer::election}, now);
    const auto two = step(fresh(s2), received{s1, one.out.messages[0].body, std::nullopt}, now);
    one = step(one.next, received{s2, two.out.messages[0].body, std::nullopt}, now);
    one = step(one.next, written{one.out.write->sequence}, now);
    auto voter = step(two.next, received{s1, one.out.messages[0].body, std::nullopt}, now);
    voter = step(voter.next, written{voter.out.write->sequence}, now);
    one = step(one.next, received{s2, voter.out.messages[0].body, std::nullopt}, now);
    return one.next.is_leader() && one.next.current_term == term_number{1} &&
           one.out.write->entries == append{{1}, {1}, {1}, entry_source::no_op};
}
static_assert(election_in_values());

}  // namespace

TEST_CASE("step is advance on every input that random walks make") {
    std::vector<std::uint64_t> given(std::variant_size_v<input>);
    std::uint64_t committed = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        CAPTURE(seed);
        walker each{seed};
        each.walk(250);
        REQUIRE(each.servers().safe());
        committed += each.servers().commit(s1);
        for (std::size_t i = 0; i < given.size(); ++i) given[i] += each.given()[i];
    }
    for (std::size_t i = 0; i < given.size(); ++i) {
        CAPTURE(i);
        CHECK(given[i] > 0);
    }
    CHECK(committed > 60);
}

TEST_CASE("an election in values, by step alone") { CHECK(election_in_values()); }

TEST_CASE("a state is a value: a copy is equal and goes its own way") {
    cluster c{3};
    c.elect(s1);
    c.propose(s1, 2);
    const auto original = c.at(s1);
    auto copy = original;
    CHECK(copy == original);
    effects out;
    advance(copy, proposed{1}, c.now(), out);
    CHECK(copy != original);
    CHECK(original == c.at(s1));
    auto again = original;
    effects same;
    advance(again, proposed{1}, c.now(), same);
    CHECK(again == copy);
    CHECK(same == out);
}

TEST_CASE("states that differ in anything are not equal") {
    const auto base = fresh(s1);
    const auto differs = [&](auto change) {
        auto other = base;
        change(other);
        return other != base;
    };
    CHECK(differs([](state& s) { s.self = s2; }));
    CHECK(differs([](state& s) { s.config.pre_vote = false; }));
    CHECK(differs([](state& s) { s.current_term = {1}; }));
    CHECK(differs([](state& s) { s.voted_for = s1; }));
    CHECK(differs([](state& s) { s.log.append({1}, 1); }));
    CHECK(differs([](state& s) { s.snapshot.size = 1; }));
    CHECK(differs([](state& s) { s.configurations.clear(); }));
    CHECK(differs([](state& s) { s.commit_index = {1}; }));
    CHECK(differs([](state& s) { s.role = candidate_state{}; }));
    CHECK(differs([](state& s) { s.peers.emplace_back(); }));
    CHECK(differs([](state& s) { s.disk.issued = {1}; }));
    CHECK(differs([](state& s) { s.seed = 99; }));
    CHECK(differs([](state& s) { s.role = role{halted{}}; }));
}

TEST_CASE("a message from the server itself is nothing") {
    cluster c{3};
    c.elect(s1);
    const auto before = c.at(s1);
    c.inject(s1, s1, ask(9, position(9, 8)));
    c.inject(s1, s1, heartbeat(9, log_start));
    CHECK(c.at(s1) == before);
    CHECK(c.network().empty());
}

TEST_CASE("a timer that fires in a role that does not have it does nothing") {
    cluster c{3};
    c.elect(s1);
    const auto leading = c.at(s1);
    c.fire(s1, timer::election);
    CHECK(c.at(s1) == leading);
    const auto following = c.at(s2);
    c.fire(s2, timer::heartbeat);
    CHECK(c.at(s2) == following);
    CHECK(c.network().empty());
}

TEST_CASE("B70 a server whose storage failed says nothing, takes nothing and leads no more") {
    for (const auto id : {s1, s2}) {
        cluster c{3};
        c.elect(s1);
        c.give(id, storage_failed{});
        CHECK(c.at(id).is_halted());
        CHECK(c.last_effects().rare->leadership_lost == (id == s1));
        CHECK_FALSE(c.deadline(id, timer::election).has_value());
        CHECK_FALSE(c.deadline(id, timer::heartbeat).has_value());
        const auto before = c.at(id);
        c.inject(s3, id, ask(9, position(9, 8)));
        c.inject(s3, id, heartbeat(9, log_start));
        c.fire(id, timer::election);
        c.fire(id, timer::heartbeat);
        c.give(id, written{before.disk.issued});
        c.give(id, snapshot_saved{{position(1, 1), 1}});
        c.give(id, storage_failed{});
        CHECK_FALSE(c.last_effects().rare->leadership_lost);
        const refusal failed{refusal_reason::storage_failed, std::nullopt};
        c.propose(id);
        CHECK(c.last_effects().rare->refused == failed);
        c.give(id, read_requested{});
        CHECK(c.last_effects().rare->refused == failed);
        c.give(id, transfer_requested{s3});
        CHECK(c.last_effects().rare->refused == failed);
        CHECK(c.at(id) == before);
        CHECK(c.network().empty());
    }
}

TEST_CASE("B44 the others elect a leader when the leader's storage fails") {
    cluster c{3};
    c.elect(s1);
    c.give(s1, storage_failed{});
    c.run_for(settings{}.election_timeout * 6);
    REQUIRE(c.leader().has_value());
    CHECK(*c.leader() != s1);
    c.propose(*c.leader());
    c.run_for(settings{}.election_timeout);
    CHECK(c.commit(*c.leader()) == c.last(*c.leader()));
    CHECK(c.safe());
}

TEST_CASE("a server that no configuration names is quiet and follows whoever leads") {
    cluster c{3};
    c.add_outsider(s6);
    c.time_out(s6);
    CHECK(c.at(s6).is_follower());
    CHECK(c.term(s6) == 0);
    CHECK(c.network().empty());
    c.inject(s1, s6, entries(3, log_start, 2, 3, 1));
    CHECK(c.last(s6) == 2);
    CHECK(c.commit(s6) == 1);
    CHECK(c.at(s6).current_leader() == s1);
}

TEST_CASE("S57 a restarted server learns the commit index anew and passes over nothing") {
    cluster c{3, plain()};
    c.elect(s1);
    c.propose(s1, 9);
    c.settle();
    c.crash(s2);
    c.restart(s2);
    CHECK(c.commit(s2) == 0);
    c.heartbeat(s1);
    c.deliver_one(s1, s2);
    CHECK(c.last_effects().commit == log_index{10});
}

TEST_CASE("§5.3 a proposal of nothing is refused, and changes nothing") {
    cluster c{3};
    c.elect(s1);
    const auto before = c.at(s1);
    c.propose(s1, 0);
    REQUIRE(c.last_effects().rare->refused);
    CHECK(c.last_effects().rare->refused->reason == refusal_reason::nothing_to_do);
    CHECK(c.at(s1) == before);
}
