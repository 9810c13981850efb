// SPDX-License-Identifier: BSL-1.0
//
// A cluster of nodes whose recorders are replayed: to the same state, in words, and not at all if
// the recording is altered.
#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <raft/battery/flight_recorder.hpp>
#include <raft/battery/manual_clock.hpp>
#include <raft/battery/memory_network.hpp>
#include <raft/battery/memory_storage.hpp>
#include <raft/raft.hpp>
#include <raft/testing/replay.hpp>

using raft::testing::replay;
using raft::testing::replayed_step;

namespace {

struct counter {
    using command = int;
    using result = int;
    int value = 0;
    int apply(raft::log_index, const int& amount) { return value += amount; }
};

/// Three servers with recorders, on virtual time.
struct recorded_cluster {
    using network = raft::memory_network<int>;
    using server = raft::node<counter, network::port, raft::memory_storage<int>,
                              raft::manual_clock&, raft::limits{}, raft::flight::recorder<>>;
    network wires;
    raft::manual_clock clock;
    std::deque<server> servers;

    explicit recorded_cluster(std::size_t bytes) {
        for (std::uint64_t id = 1; id <= 3; ++id)
            servers.emplace_back(
                raft::node_options{
                    {id}, raft::core::voters_only({{1}, {2}, {3}}), raft::history_id{1}, {}, id},
                counter{}, wires.port_of({id}), raft::memory_storage<int>{}, clock,
                raft::flight::recorder<>{{.bytes = bytes, .file = {}}});
        for (auto& each : servers) each.start();
    }
    void deliver() {
        wires.deliver_all([&](auto to, auto... mail) { servers[to.value - 1].receive(mail...); });
    }
    void pass(std::chrono::milliseconds time) {
        clock.advance_to(clock.now() + time);
        for (auto& each : servers) each.poll();
        deliver();
    }
    server& leader() {
        for (int i = 0; i < 1000; ++i) {
            for (auto& each : servers)
                if (each.protocol_state().is_leader()) return each;
            pass(std::chrono::milliseconds{10});
        }
        FAIL("no leader");
        return servers.front();
    }
    void propose(int count) {
        for (int i = 0; i < count; ++i) {
            leader().propose(i, [](const raft::outcome<int>&) {});
            deliver();
            if (i % 16 == 0) pass(std::chrono::milliseconds{10});
        }
    }
    raft::flight::recording saved(server& of) {
        auto read = raft::flight::read_recording(of.observer().recorded(of.protocol_state()));
        REQUIRE(std::holds_alternative<raft::flight::recording>(read));
        return std::get<raft::flight::recording>(std::move(read));
    }
};

std::string told(const raft::flight::recording& all) {
    std::string text;
    const auto origin = all.stretches.front().inputs.front().when;
    static_cast<void>(replay(
        all, [&](const replayed_step& step) { text += raft::testing::in_words(step, origin); }));
    return text;
}

}  // namespace

TEST_CASE("replay: every server of a cluster ends where it was, from its start and from later") {
    for (const std::size_t bytes : {std::size_t{8} * 1024, std::size_t{1} << 20U}) {
        recorded_cluster c{bytes};
        c.propose(1000);
        static_cast<void>(c.leader().step_down());
        c.deliver();
        c.propose(300);
        for (auto& each : c.servers) {
            const auto saved = c.saved(each);
            const auto result = replay(saved, [](const replayed_step&) {});
            CHECK(result.same());
            CHECK(result.inputs == each.observer().inputs());
            CHECK(saved.after == each.protocol_state());
        }
    }
}

TEST_CASE("replay: an altered recording is noticed, with the part that differs") {
    recorded_cluster c{8 * 1024};
    c.propose(1000);
    const auto good = c.saved(c.servers[0]);
    const auto ignore = [](const replayed_step&) {};
    auto other_end = good;
    other_end.after.seed += 1;
    const auto seed = replay(other_end, ignore);
    CHECK(seed.differences == std::vector<std::string>{"seed"});
    CHECK(seed.differs_at == seed.inputs);
    auto shorter = good;
    REQUIRE(shorter.stretches.size() == 2);
    shorter.stretches[0].inputs.pop_back();
    const auto missing = replay(shorter, ignore);
    CHECK_FALSE(missing.same());
    CHECK(missing.differs_at == shorter.stretches[0].inputs.size());
}

TEST_CASE("replay: a timeline tells the election, the entries and the votes") {
    recorded_cluster c{1 << 20};
    c.propose(3);
    auto& leader = c.leader();
    const auto text = told(c.saved(leader));
    for (const std::string part :
         {"1  0.000000000  it starts", "the election timer fires", "= role pre-candidate -> ",
          "candidate -> leader", "= term 0 -> 1", "request_vote(term 1",
          "request_vote_reply(term 1", "a command is proposed", "append_entries(term 1",
          "= commit "}) {
        CAPTURE(part);
        CAPTURE(text);
        CHECK(text.find(part) != std::string::npos);
    }
}
