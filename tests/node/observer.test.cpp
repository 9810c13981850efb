// SPDX-License-Identifier: BSL-1.0
//
// An observer of a node sees all that goes into the step and comes out of it, in that order.
#include <chrono>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <support/trio.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

/// Keeps all that it is told.
struct witness_of_all {
    struct told_step {
        instant when{};
        input what{};
        std::vector<message> sent{};
        std::vector<hard_state> votes{};
        std::vector<append> entries{};
        state after{};
    };
    state first{};
    int starts = 0;
    std::vector<told_step> steps{};

    void on_start(const state& s) {
        first = s;
        ++starts;
    }
    void on_input(instant now, const auto& in) {
        auto& one = steps.emplace_back();
        one.when = now;
        one.what = in;
    }
    void on_message(const auto& /*to*/, const auto& body) { steps.back().sent.emplace_back(body); }
    void on_write(const log_write& write) {
        if (write.vote) steps.back().votes.push_back(*write.vote);
        if (write.entries) steps.back().entries.push_back(*write.entries);
    }
    void on_state(const state& s) { steps.back().after = s; }
};

/// Wants to know of nothing but messages.
struct postmark {
    int messages = 0;
    void on_message(const auto& /*to*/, const auto& /*body*/) { ++messages; }
};

template <class Observer>
struct observed_trio {
    using server =
        node<list, wires_type::port, memory_storage<int>, manual_clock&, limits{}, Observer>;

    observed_trio() {
        for (std::uint64_t id = 1; id <= 3; ++id) {
            servers.emplace_back(
                node_options{{id}, voters_only({{1}, {2}, {3}}), history_id{1}, {}, id}, list{},
                wires.port_of({id}), memory_storage<int>{}, clock, Observer{});
            REQUIRE(servers.back().start());
        }
        for (int i = 0; i < 600; ++i) pass();
        for (auto& each : servers) {
            if (!each.protocol_state().is_leader()) continue;
            each.propose(1, [](const outcome<std::size_t>&) {});
            each.read([](const read_outcome&) {});
            static_cast<void>(each.take_snapshot());
            pass();
            static_cast<void>(each.step_down());
            break;
        }
        for (int i = 0; i < 600; ++i) pass();
    }

    void pass() {
        clock.advance_to(clock.now() + std::chrono::milliseconds{10});
        for (auto& each : servers) each.poll();
        wires.deliver_all([&](member_id to, auto... mail) {
            ++delivered;
            servers[to.value - 1].receive(mail...);
        });
    }

    int delivered = 0;
    wires_type wires{};
    manual_clock clock{};
    std::deque<server> servers{};
};

}  // namespace

TEST_CASE("an observer sees the start, each input, what it led to, and the state after it") {
    observed_trio<witness_of_all> c;
    std::size_t messages = 0;
    for (auto& each : c.servers) {
        const auto& seen = each.observer();
        CHECK(seen.starts == 1);
        REQUIRE(seen.steps.size() > 50);
        CHECK(seen.steps.front().what == input{started{}});
        CHECK(seen.steps.back().after == each.protocol_state());
        // The step is pure: what was told is all that there was, if the step says so too.
        auto now = seen.first;
        effects out;
        for (const auto& step : seen.steps) {
            out.clear();
            advance(now, step.what, step.when, out);
            REQUIRE(now == step.after);
            REQUIRE(step.sent.size() == out.messages.size());
            for (std::size_t i = 0; i < step.sent.size(); ++i)
                CHECK(step.sent[i] == out.messages[i].body);
            // A step that writes twice tells each; its effects name the last.
            const auto* write = out.write ? &*out.write : nullptr;
            CHECK(step.votes.empty() == !(write && write->vote));
            if (!step.votes.empty()) CHECK(step.votes.back() == write->vote);
            CHECK(step.entries.empty() == !(write && write->entries));
            if (!step.entries.empty()) CHECK(step.entries.back() == write->entries);
            messages += step.sent.size();
        }
    }
    CHECK(messages > 0);
}

TEST_CASE("an observer is told only what it has a member for") {
    observed_trio<postmark> c;
    int messages = 0;
    for (auto& each : c.servers) messages += each.observer().messages;
    CHECK(messages > 0);
    CHECK(messages <= c.delivered);  // One to several servers is told once.
}
