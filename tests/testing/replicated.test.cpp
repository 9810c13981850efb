// SPDX-License-Identifier: BSL-1.0
//
// The testing kit finds a state machine whose `apply` is not deterministic, or whose snapshot is
// not its state.
#include <cstdint>
#include <string>

#include <doctest/doctest.h>

#include <raft/codec/saved_value.hpp>
#include <raft/testing/replicated.hpp>

namespace raft::testing {
namespace {

/// Adds up. What it should not do it does on server 2.
struct adder {
    using command = int;
    using result = std::int64_t;
    enum class fault { none, own_memory, forgetful };

    std::int64_t sum = 0;
    fault wrong = fault::none;

    result apply(log_index, const int& more) {
        return sum += more + (wrong == fault::own_memory && more == 7 ? 1 : 0);
    }
    void save(auto& sink) const { save_value(sink, wrong == fault::forgetful ? 0 : sum); }
    bool restore(auto& source) { return restore_value(source, sum); }
};
struct digested_adder : adder {
    [[nodiscard]] std::uint64_t digest() const { return static_cast<std::uint64_t>(sum); }
};

template <class Machine>
auto with(adder::fault wrong, member_id where) {
    return [=](member_id id) {
        Machine made;
        if (id == where) made.wrong = wrong;
        return made;
    };
}

template <class Machine>
std::string violation_of(adder::fault wrong) {
    cluster c{3};
    replicated<Machine> all{c, with<Machine>(wrong, s2)};
    c.elect(s1);
    all.follow();
    for (const int more : {1, 2, 3}) CHECK(all.propose(s1, more));
    c.settle();
    all.follow();
    CHECK_FALSE(all.propose(s2, 4));
    all.propose(s1, 7);
    c.settle();
    c.heartbeat(s1);
    c.settle();
    all.follow();
    return all.violation();
}

}  // namespace

TEST_CASE("replicated: an apply that is not deterministic is found at its entry") {
    CHECK(violation_of<adder>(adder::fault::none).empty());
    CHECK(violation_of<digested_adder>(adder::fault::none).empty());
    const std::string found =
        "after entry 5 the state of server 2 is not that of server 1: apply is not deterministic";
    CHECK(violation_of<adder>(adder::fault::own_memory) == found);
    CHECK(violation_of<digested_adder>(adder::fault::own_memory) == found);
}

TEST_CASE("replicated: a snapshot that is not the state is found by whoever gets it") {
    for (const auto wrong : {adder::fault::none, adder::fault::forgetful}) {
        settings config;
        config.retained_entries = 2;
        cluster c{3, config};
        replicated<digested_adder> all{c, with<digested_adder>(wrong, s1)};
        c.elect(s1);
        c.crash(s3);
        all.follow();
        for (int more = 1; more < 20; ++more) {
            all.propose(s1, more);
            c.settle();
            all.follow();
        }
        c.take_snapshot(s1);
        all.follow();
        c.restart(s3);
        c.run_for(milliseconds(2000));
        all.follow();
        REQUIRE(c.at(s3).snapshot.last_included.index > log_index{});
        const auto violation = all.violation();
        CAPTURE(violation);
        CHECK(violation.empty() == (wrong == adder::fault::none));
    }
}

TEST_CASE("replicated: a server that crashed applies again what it had") {
    cluster c{3};
    replicated<adder> all{c};
    c.elect(s1);
    for (int more = 1; more < 5; ++more) all.propose(s1, more);
    c.settle();
    c.heartbeat(s1);
    c.settle();
    all.follow();
    REQUIRE(all.at(s2).sum == 10);
    c.crash(s2);
    all.follow();
    c.restart(s2);
    c.heartbeat(s1);
    c.settle();
    all.follow();
    CHECK(all.at(s2).sum == 10);
    CHECK(all.violation().empty());
}

}  // namespace raft::testing
