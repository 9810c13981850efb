// SPDX-License-Identifier: BSL-1.0
//
// A proof by induction, for small clusters and runs of any length: from every cluster of which the
// invariant of invariants.hpp holds, reachable or not, every step of the production code leads to
// one of which it holds. And it holds in the beginning.
//
//     const auto proof = induction{{.servers = 3}}.run();
//     CHECK(proof.violations == 0);
//
// A cluster is a history, a server in each place, and any messages. As the clauses speak of one
// server or message at a time, and of the history, clusters need not be put together one by one: a
// cluster of which the invariant holds is a history with any choice of servers and messages that go
// with it. So, for each history,
//
// * each server that goes with it gets each request, and each message that does (one that was sent
//   may come at any time, again, or never): it must go with the history then, and so must what it
//   says;
// * what this adds to the history must be admitted, and all that went with the history before must
//   go with it still: the servers that may stand beside, and the messages that may be under way.
//
// One clause does speak of a message and its sender, who stands for election: whoever is asked for
// a vote has such a candidate beside it.
//
// A server may crash between any two steps: its storage is durable at once. Steps out of bounds are
// not looked at; what is proved is true of all runs within them. Figure 3 is required of every two
// servers that go with a history.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <vector>

#include <proof/induction/histories.hpp>
#include <proof/induction/worker.hpp>

namespace raft::proof {

/// `Step` is what is proved; see `production_step`.
template <class Step = production_step>
class induction {
public:
    using progress_report = std::function<void(const induction_result&)>;

    /// There are no reads, no snapshots, no changes of membership, and nobody sleeps. Messages hold
    /// one entry or are never full: windows keep their width.
    explicit induction(induction_bounds bounds, std::size_t threads = 2, Step step = {})
        : bounds_{with_durable_storage(bounds)}, facts_{bounds_}, threads_{threads}, step_{step} {
        core::require(bounds.servers <= small_cluster_max && bounds.term_max <= small_term_max &&
                      bounds.log_max <= small_log_max);
        core::require(!bounds.config.quiescence && !bounds.config.clock_drift_ppm);
        core::require(bounds.config.entries_per_message == 1 ||
                      bounds.config.entries_per_message > bounds.log_max);
    }

    /// Goes through all histories, until one shows a violation. `report` is called every few
    /// seconds, with what one of the threads has done.
    [[nodiscard]] induction_result run(const progress_report& report = {}) {
        std::vector<induction_result> results(threads_);
        std::vector<std::thread> others;
        broken_ = false;
        for (std::size_t k = 1; k < threads_; ++k)
            others.emplace_back([this, k, &results] { results[k] = run_share(k, {}); });
        results[0] = run_share(0, report);
        for (auto& each : others) each.join();
        for (std::size_t k = 1; k < threads_; ++k) results[0].add(results[k]);
        return results[0];
    }

private:
    using clock = std::chrono::steady_clock;

    [[nodiscard]] static induction_bounds with_durable_storage(induction_bounds bounds) {
        bounds.config.durable_at_once = true;
        return bounds;
    }

    /// Takes one of `threads_` histories, beginning with number `k`.
    [[nodiscard]] induction_result run_share(std::size_t k, const progress_report& report) {
        constexpr std::chrono::seconds interval{5};
        induction_worker<Step> worker{bounds_, facts_, step_};
        if (k == 0) worker.judge_beginning();
        std::size_t count = 0;
        auto last_report = clock::now();
        admitted_histories histories{bounds_, [&](const cluster_history& h) {
                                         if (broken_ || count++ % threads_ != k) return;
                                         worker.take(h);
                                         if (worker.result().violations > 0) broken_ = true;
                                         if (!report || clock::now() - last_report < interval)
                                             return;
                                         last_report = clock::now();
                                         report(worker.result());
                                     }};
        histories.run();
        return worker.result();
    }

    induction_bounds bounds_;
    message_facts facts_;
    std::size_t threads_;
    Step step_;
    std::atomic<bool> broken_ = false;
};

}  // namespace raft::proof
