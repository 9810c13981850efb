// SPDX-License-Identifier: BSL-1.0
//
// raft-sim: runs simulated clusters, one for each seed, and says what went wrong.
//
//     raft-sim --seeds A..B --profile NAME [--servers N] [--events M] [--html FILE]
//
// A profile is a set of faults; `all` goes through them by the seed. Without --servers the seed
// decides between 3, 5 and 7. The last line sums up. A seed that fails has the command that shows
// it again, and the program ends with 1. With --html, which is for one seed, a page shows the run.
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "options.hpp"
#include "recording.hpp"
#include <page/page.hpp>

#include <raft/testing/simulator.hpp>

namespace {

using raft::testing::simulator;
using raft::testing::simulator_options;
using raft::testing::simulator_report;
namespace simulation = raft::testing::simulation;

struct sum {
    std::uint64_t seeds = 0;
    std::uint64_t violations = 0;
    simulator_report all{};

    void add(const simulator_report& one) {
        ++seeds;
        violations += !one.violation.empty();
        all.events += one.events;
        all.virtual_nanoseconds += one.virtual_nanoseconds;
        all.faults.add(one.faults);
        all.elections += one.elections;
        all.entries += one.entries;
        all.answers += one.answers;
    }
};

unsigned long long number(std::uint64_t value) { return value; }

/// The command that runs it again.
std::string command_of(const simulator_options& run) {
    const auto seed = std::to_string(run.seed);
    return "raft-sim --seeds " + seed + ".." + seed + " --profile " +
           std::string{name_of(run.profile)} + " --servers " + std::to_string(run.servers) +
           " --events " + std::to_string(run.events);
}

/// Runs it, and writes its page. False if that cannot be written.
bool show(const simulator_options& run, const std::string& file, simulator_report& found) {
    auto shown = raft_sim::recorded(run, found);
    shown.title = "Simulated cluster, seed " + std::to_string(run.seed) + ", profile " +
                  std::string{name_of(run.profile)};
    shown.made_by = command_of(run);
    return raft_page::write_page(file, shown);
}

void tell_violation(const simulator_options& run, const simulator_report& found) {
    std::printf("seed %llu: %s (event %llu, %.3f s)\n  %s\n", number(run.seed),
                found.violation.c_str(), number(found.events),
                static_cast<double>(found.virtual_nanoseconds) / 1e9, command_of(run).c_str());
    std::fflush(stdout);
}

void tell_faults(const simulation::fault_counts& faults) {
    std::printf("faults by kind:");
    for (std::size_t i = 0; i < simulation::fault_kinds; ++i) {
        const auto kind = static_cast<simulation::fault>(i);
        if (faults.of(kind) != 0)
            std::printf(" %s=%llu", std::string{name_of(kind)}.c_str(), number(faults.of(kind)));
    }
    std::printf("\n");
}

void tell_sum(const sum& total, double seconds) {
    std::printf("simulated: seeds=%llu virtual_s=%.0f events=%llu faults=%llu elections=%llu "
                "entries=%llu events_per_s=%.0f violations=%llu\n",
                number(total.seeds), static_cast<double>(total.all.virtual_nanoseconds) / 1e9,
                number(total.all.events), number(total.all.faults.all()),
                number(total.all.elections), number(total.all.entries),
                static_cast<double>(total.all.events) / seconds, number(total.violations));
}

}  // namespace

int main(int count, char** given) {
    const auto wanted = raft_sim::parse(count, given);
    if (!wanted) return std::fprintf(stderr, "%s", raft_sim::usage), 2;
    using clock = std::chrono::steady_clock;
    const auto begin = clock::now();
    auto told = begin;
    sum total;
    for (auto seed = wanted->first; seed <= wanted->last; ++seed) {
        const auto run = raft_sim::run_of(*wanted, seed);
        simulator_report found;
        if (wanted->html_file.empty())
            found = simulator<>{run}.run();
        else if (!show(run, wanted->html_file, found))
            return 2;
        total.add(found);
        if (!found.violation.empty()) tell_violation(run, found);
        if (clock::now() - told < std::chrono::seconds{10}) continue;
        told = clock::now();
        std::printf("seed %llu, %llu events, %llu violations\n", number(seed),
                    number(total.all.events), number(total.violations));
        std::fflush(stdout);
    }
    tell_faults(total.all.faults);
    tell_sum(total, std::chrono::duration<double>(clock::now() - begin).count());
    return total.violations == 0 ? 0 : 1;
}
