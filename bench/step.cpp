// SPDX-License-Identifier: BSL-1.0
//
// Single steps of the core on the inputs that a busy cluster has most of, and whole elections of
// three nodes. Steps are timed a thousand at a time, and what sets them up is not timed.
#include <algorithm>
#include <memory>
#include <string>

#include "cluster.hpp"
#include "measure.hpp"
#include "works.hpp"
#include <benchmark/benchmark.h>

namespace bench {

namespace {

constexpr std::uint64_t steps = 120;
constexpr raft::instant now{};
constexpr raft::term_number term{1};

raft::core::state fresh_server(std::uint64_t id, std::size_t servers) {
    std::vector<raft::member_id> members;
    for (std::size_t i = 0; i < servers; ++i) members.push_back({i + 1});
    raft::core::recovered_state empty;
    empty.configurations.push_back({{}, raft::core::voters_only(members)});
    raft::settings config;
    config.pre_vote = false;
    config.messages_in_flight = std::uint8_t{2 * steps};
    return raft::core::initial_state({id}, config, empty, id);
}

/// A server of the core alone, whose disk is done at once only where that is asked for.
class server {
public:
    explicit server(raft::core::state first) : state_{std::move(first)} {}

    template <class Input>
    void step(const Input& in) {
        out_.clear();
        raft::core::advance(state_, in, now, out_);
    }
    void receive(raft::member_id from, const raft::core::message& body) {
        out_.clear();
        raft::core::advance(state_, from, body, nullptr, false, now, out_);
        benchmark::DoNotOptimize(out_.messages.begin());
    }
    void acknowledge(std::uint64_t from, raft::log_index match) {
        receive({from}, raft::core::append_entries_reply{term, match, {}});
    }
    void finish_writes() { step(raft::core::written{state_.disk.issued}); }

    [[nodiscard]] const raft::core::state& state() const { return state_; }
    [[nodiscard]] const raft::core::effects& out() const { return out_; }

private:
    raft::core::state state_;
    raft::core::effects out_{};
};

server leader_of(std::size_t servers) {
    server leader{fresh_server(1, servers)};
    leader.step(raft::core::started{});
    leader.step(raft::core::timer_fired{raft::core::timer::election});
    leader.finish_writes();
    for (std::uint64_t id = 2; id <= servers; ++id)
        leader.receive({id}, raft::core::request_vote_reply{term, true});
    leader.finish_writes();
    for (std::uint64_t id = 2; id <= servers; ++id) leader.acknowledge(id, {1});
    check(leader.state().is_leader() && leader.state().commit_index == raft::log_index{1});
    return leader;
}

server follower_of_first() {
    server follower{fresh_server(2, 3)};
    follower.step(raft::core::started{});
    follower.receive({1}, raft::core::append_entries{term, {}, {1}, term, {}, {}});
    follower.finish_writes();
    return follower;
}

/// Lets `act(i)` run for i in [0, count), and takes the time of it.
template <class Act>
void time_of(benchmark::State& timed, std::uint64_t count, Act act) {
    const auto before = cpu_time();
    for (std::uint64_t i = 0; i < count; ++i) act(i);
    timed.SetIterationTime(static_cast<double>(cpu_time() - before) * 1e-9);
    timed.SetItemsProcessed(timed.items_processed() + static_cast<std::int64_t>(count));
}

void heartbeat_at_follower(benchmark::State& timed) {
    auto follower = follower_of_first();
    const raft::core::message heartbeat =
        raft::core::append_entries{term, {{1}, term}, {1}, {}, {1}, {}};
    for (auto each : timed) {
        static_cast<void>(each);
        time_of(timed, steps, [&](std::uint64_t) { follower.receive({1}, heartbeat); });
    }
    check(follower.out().messages.size() == 1);
}

/// Proposes a thousand entries and lets them become durable at the leader; gives the last index
/// before them.
raft::log_index propose_all(server& leader) {
    const auto last = leader.state().log.last_index();
    for (std::uint64_t i = 0; i < steps; ++i) leader.step(raft::core::proposed{1});
    return last;
}

void acknowledgement_without_commit(benchmark::State& timed) {
    auto leader = leader_of(5);
    for (auto each : timed) {
        static_cast<void>(each);
        const auto last = propose_all(leader);
        leader.finish_writes();
        time_of(timed, steps, [&](std::uint64_t i) { leader.acknowledge(2, last + (i + 1)); });
        check(leader.state().commit_index == last);
        for (std::uint64_t id = 3; id <= 5; ++id) leader.acknowledge(id, last + steps);
    }
}

void acknowledgement_with_commit(benchmark::State& timed) {
    auto leader = leader_of(3);
    for (auto each : timed) {
        static_cast<void>(each);
        const auto last = propose_all(leader);
        leader.finish_writes();
        time_of(timed, steps, [&](std::uint64_t i) { leader.acknowledge(2, last + (i + 1)); });
        check(leader.state().commit_index == last + steps);
        leader.acknowledge(3, last + steps);
    }
}

void propose(benchmark::State& timed) {
    auto leader = leader_of(3);
    for (auto each : timed) {
        static_cast<void>(each);
        const auto last = leader.state().log.last_index();
        time_of(timed, steps, [&](std::uint64_t) { leader.step(raft::core::proposed{1}); });
        check(leader.out().messages.size() == 1);
        leader.finish_writes();
        for (std::uint64_t id = 2; id <= 3; ++id) leader.acknowledge(id, last + steps);
    }
}

void written_at_leader(benchmark::State& timed) {
    auto leader = leader_of(3);
    for (auto each : timed) {
        static_cast<void>(each);
        const auto done = leader.state().disk.durable.value;
        const auto last = propose_all(leader);
        time_of(timed, steps,
                [&](std::uint64_t i) { leader.step(raft::core::written{{done + i + 1}}); });
        check(leader.state().disk.durable_index == last + steps);
        for (std::uint64_t id = 2; id <= 3; ++id) leader.acknowledge(id, last + steps);
    }
}

/// From the timeout to the first command applied on all three: by then every server knows what the
/// election itself has committed.
void election_of_three_nodes(benchmark::State& timed) {
    constexpr std::size_t clusters = 100;
    for (auto each : timed) {
        static_cast<void>(each);
        std::vector<std::unique_ptr<cluster<16>>> fresh;
        for (std::size_t i = 0; i < clusters; ++i)
            fresh.push_back(std::make_unique<cluster<16>>(3));
        time_of(timed, clusters, [&](std::uint64_t i) {
            fresh[i]->elect_first();
            fresh[i]->replicate({});
        });
        for (auto& one : fresh) one->check_all_applied(1);
    }
}

/// Keeps the time of one step of every repetition, and prints nothing: the table does.
class collector : public benchmark::BenchmarkReporter {
public:
    explicit collector(std::vector<row>& rows) : rows_{rows} {}

    bool ReportContext(const Context&) override { return true; }

    void ReportRuns(const std::vector<Run>& runs) override {
        std::vector<double> times;
        for (const auto& each : runs)
            if (each.run_type == Run::RT_Iteration)
                times.push_back(1e9 / each.counters.at("items_per_second"));
        if (times.empty()) return;
        std::sort(times.begin(), times.end());
        rows_.push_back({.work = runs.front().run_name.function_name,
                         .system = "raft",
                         .servers = {},
                         .batch = {},
                         .bytes = {},
                         .cpu_ns = times[times.size() / 2],
                         .min = times.front(),
                         .max = times.back(),
                         .allocations = {},
                         .messages = {}});
    }

private:
    std::vector<row>& rows_;
};

}  // namespace

void measure_steps(std::vector<row>& rows) {
    const auto add = [](const char* name, benchmark::internal::Function function) {
        benchmark::RegisterBenchmark(name, function)
            ->UseManualTime()
            ->MinTime(0.05)
            ->Repetitions(7);
    };
    add("W4 step: heartbeat at a follower", heartbeat_at_follower);
    add("W4 step: acknowledgement", acknowledgement_without_commit);
    add("W4 step: acknowledgement that commits", acknowledgement_with_commit);
    add("W4 step: propose", propose);
    add("W4 step: written", written_at_leader);
    add("W6 election, and one entry", election_of_three_nodes);
    collector reporter{rows};
    benchmark::RunSpecifiedBenchmarks(&reporter);
}

}  // namespace bench
