// SPDX-License-Identifier: BSL-1.0
//
// What is measured, and how: CPU time of this process, pinned to one processor, systems taken in
// turn, and the heap allocations meanwhile. CPU time and not wall time, because other work on the
// machine stretches the latter; in turn, because the machine's speed changes while one measures.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace bench {

/// Keeps this process on one processor from now on. Measuring goes on where that is not possible.
void pin_to_one_processor();

/// The CPU time that this process has used, in nanoseconds.
[[nodiscard]] std::int64_t cpu_time();

/// How often `operator new` was called so far.
[[nodiscard]] std::uint64_t allocations();

/// The bytes that `operator new` has given out and that were not given back yet.
[[nodiscard]] std::int64_t bytes_in_use();

/// Something to be measured: does its work `repetitions` times, and checks that it was done.
struct contestant {
    std::function<void(std::uint64_t repetitions)> run;
    std::uint64_t repetitions = 0;  ///< In one round.
    std::uint64_t entries = 1;      ///< In one repetition.
};

/// Of one entry, over all rounds.
struct measurement {
    double cpu_ns = 0;  ///< The median round's.
    double min = 0;
    double max = 0;
    double allocations = 0;
};

/// Lets each contestant warm up, then run a round in its turn, `rounds` times.
[[nodiscard]] std::vector<measurement> measure_in_turn(const std::vector<contestant>& all,
                                                       int rounds);

}  // namespace bench
