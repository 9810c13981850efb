// SPDX-License-Identifier: BSL-1.0
//
// Whole clusters as they ship, on virtual time, from one seed: `raft::node` over `file_storage` on
// disks in memory, connected by a network that knows connections, with clients and an operator, and
// with more going wrong than in the years of a real cluster. After every event the properties of
// Figure 3 are checked, and that nothing acknowledged is lost, that servers which have applied the
// same are equal, and that reads are linearizable; at the end, that the cluster recovers.
//
//     raft::testing::simulator<> run{{.seed = 7, .servers = 5}};
//     const auto report = run.run();
//     if (!report.violation.empty()) …
//
// The same seed makes the same run, on every machine. It uses no thread and no clock.
//
// For a state machine of your own, write a workload: what its clients want, and what they expect.
// `simulation::register_workload` (simulator/registers.hpp) is one; it has
//
// * `state_machine`, `command`, `result`; `request` and `question`, two types of its own;
// * `next_request(client, dice)`, `next_question(dice)`: what a client wants to have done, or to
//   read; `command_of(request)`: the command that is proposed for it, each time that it is;
// * `may_repeat(request)`: whether it may be proposed again when its outcome is not known;
// * `on_applied(index, command, result)`: a command is applied for the first time anywhere. These
//   calls come in the order of the log;
// * `on_answer(client, request, index, result)`, `on_never(request)`: what the client learns;
// * `on_read(question, const state_machine&)`: a linearizable read is answered from this state;
// * `violation()`: what was not as it should be; null if nothing was.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include <raft/testing/simulator/clients.hpp>
#include <raft/testing/simulator/liveness.hpp>
#include <raft/testing/simulator/operators.hpp>
#include <raft/testing/simulator/registers.hpp>
#include <raft/testing/simulator/stage.hpp>
#include <raft/testing/simulator/troubles.hpp>

namespace raft::testing {

struct simulator_report {
    std::string violation{};  ///< The first that went wrong; empty if nothing did.
    std::uint64_t events = 0;
    std::int64_t virtual_nanoseconds = 0;
    simulation::fault_counts faults{};
    std::uint64_t elections = 0;
    std::uint64_t entries = 0;  ///< That were committed.
    std::uint64_t answers = 0;  ///< That clients got.
    std::uint64_t digest = 0;   ///< Of all that happened: equal for equal runs.
};

template <class Workload = simulation::register_workload>
class simulator {
public:
    explicit simulator(const simulator_options& options) : stage_{options} {
        for (std::uint16_t i = 0; i < options.servers; ++i)
            stage_.start_later(i, stage_.around.luck.between(0, 2 * simulation::second));
    }

    /// The whole run: so many events with faults, and then a time without.
    simulator_report run() {
        while (is_sound() && events_ < stage_.options.events) go_on();
        if (is_sound()) come_to_rest();
        return report();
    }

    /// One event; false once something has gone wrong.
    bool go_on() {
        const auto next = stage_.around.events.take();
        stage_.around.now = std::max(stage_.around.now, next.at);
        ++events_;
        digest_ = (digest_ ^ static_cast<std::uint64_t>(next.at) ^
                   static_cast<std::uint64_t>(next.what)) *
                      0x9E3779B97F4A7C15U +
                  next.server;
        happen(next);
        if (const auto* wrong = stage_.workload.violation()) stage_.around.violate(wrong);
        if (stage_.around.seen_by != nullptr) [[unlikely]]
            stage_.around.seen_by->on_event();
        return is_sound();
    }

    [[nodiscard]] simulator_report report() const {
        return {.violation = stage_.around.violation,
                .events = events_,
                .virtual_nanoseconds = stage_.around.now,
                .faults = stage_.around.faults,
                .elections = stage_.all.elections(),
                .entries = stage_.all.committed().value,
                .answers = clients_.answered(),
                .digest = digest_};
    }

    /// For those who look inside.
    [[nodiscard]] simulation::stage<Workload>& inside() { return stage_; }

private:
    [[nodiscard]] bool is_sound() const { return stage_.around.violation.empty(); }

    void happen(const simulation::event& next) {
        using simulation::happening;
        switch (next.what) {
        case happening::arrival: return stage_.on_arrival(next);
        case happening::timer: return stage_.on_timer(next);
        case happening::flush: return stage_.on_flush(next);
        case happening::connection: return stage_.on_connection(next);
        case happening::look: return stage_.net.look(next);
        case happening::client: return clients_.on_event(next);
        case happening::trouble: return troubles_.on_event();
        case happening::relief: return troubles_.on_relief(next);
        case happening::operation: return operators_.on_event();
        case happening::start:
            if (stage_.servers[next.server]->life() != next.life) return;
            troubles_.on_start(*stage_.servers[next.server]);
            return stage_.start(next.server);
        }
    }

    void run_until(std::int64_t end) {
        while (is_sound() && !stage_.around.events.empty() && stage_.around.events.next_at() <= end)
            go_on();
        stage_.around.now = std::max(stage_.around.now, end);
    }

    /// Nothing goes wrong any more, and all that can run does, but perhaps one. A majority that
    /// could have a leader has one within ten election timeouts; after thirty all have caught up.
    void come_to_rest() {
        troubles_.end_all();
        if (stage_.around.luck.percent(70)) clients_.stop();
        leave_one_down();
        for (std::uint16_t i = 0; i < stage_.servers.size(); ++i)
            if (!stage_.is_up(i)) stage_.start(i);
        const auto timeout = stage_.made.config.election_timeout.nanoseconds;
        run_until(end_of_delays());
        const auto begin = stage_.around.now;
        const bool could = liveness_.can_have_leader();
        run_until(begin + 10 * timeout);
        if (could && liveness_.can_have_leader())
            stage_.around.expect(liveness_.has_leader(),
                                 "a majority that lives has no leader within 10 election timeouts");
        const auto goal = liveness_.committed();
        run_until(begin + 30 * timeout);
        const auto* behind = could ? liveness_.straggler(goal) : nullptr;
        if (behind != nullptr)
            stage_.around.violate("server " + std::to_string(behind->id().value) +
                                  " has not caught up within 30 election timeouts");
        for (const auto& each : stage_.servers)
            if (each->is_up()) each->node().state_machine().note_state();
    }

    void leave_one_down() {
        if (!stage_.around.luck.percent(50)) return;
        const auto place =
            static_cast<std::uint16_t>(stage_.around.luck.below(stage_.servers.size()));
        if (stage_.is_up(place)) stage_.crash(place, simulation::ending::killed);
        stage_.fates[place].stays_down = true;
    }

    /// When all is over that has begun under faults: pauses, flushes, and frames on their way.
    [[nodiscard]] std::int64_t end_of_delays() const {
        auto end = std::max(stage_.around.now, stage_.net.last_arrival());
        for (const auto& each : stage_.servers)
            end = std::max({end, each->paused_until, each->flushed_at});
        return end;
    }

    simulation::stage<Workload> stage_;
    simulation::clients<Workload> clients_{stage_};
    simulation::operators<Workload> operators_{stage_};
    simulation::troubles<Workload> troubles_{stage_};
    simulation::liveness<Workload> liveness_{stage_};
    std::uint64_t events_ = 0;
    std::uint64_t digest_ = 0;
};

}  // namespace raft::testing
