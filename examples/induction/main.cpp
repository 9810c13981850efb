// SPDX-License-Identifier: BSL-1.0
//
// raft-induction: the proof of tests/proof/induction.hpp, at bounds to choose.
#include <chrono>
#include <cstdio>

#include "options.hpp"

#include <proof/induction.hpp>

namespace raft_induction {

namespace {

using raft::proof::induction;
using raft::proof::induction_result;

constexpr int found_a_violation = 1;
constexpr int wrong_usage = 2;

unsigned long printable(std::uint64_t count) { return static_cast<unsigned long>(count); }

void print_progress(const induction_result& p) {
    std::printf("  one thread: %9lu histories, %13lu steps\n", printable(p.histories),
                printable(p.steps));
    std::fflush(stdout);
}

void print_summary(const proof_options& one, const induction_result& found, double seconds) {
    const auto& bounds = one.bounds;
    std::printf("induction: servers=%zu max_term=%zu max_log=%zu features=%s histories=%lu "
                "states=%lu steps=%lu advances=%lu seconds=%.1f violations=%lu\n",
                bounds.servers, bounds.term_max, bounds.log_max, one.features.c_str(),
                printable(found.histories), printable(found.clusters), printable(found.steps),
                printable(found.advances), seconds, printable(found.violations));
    std::fflush(stdout);
}

/// Whether the induction closes.
bool prove(const proof_options& one, std::size_t threads) {
    using clock = std::chrono::steady_clock;
    const auto begin = clock::now();
    const auto found = induction{one.bounds, threads}.run(print_progress);
    const std::chrono::duration<double> taken = clock::now() - begin;
    std::printf("%s", found.first.c_str());
    print_summary(one, found, taken.count());
    return found.violations == 0;
}

}  // namespace

}  // namespace raft_induction

int main(int count, char** arguments) {
    using namespace raft_induction;
    const auto all = read_options({arguments + 1, static_cast<std::size_t>(count - 1)});
    if (!all) return wrong_usage;
    if (all->help) return std::printf("%s", help_text.data()) < 0;
    for (const auto& each : all->proofs)
        if (!prove(each, all->threads)) return found_a_violation;
    return 0;
}
