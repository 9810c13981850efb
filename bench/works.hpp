// SPDX-License-Identifier: BSL-1.0
//
// The works that raft-bench does, each in a file of its own.
#pragma once

#include <vector>

#include "results.hpp"

namespace bench {

/// Entries replicated to every server and applied there, beside the floor (replication.cpp).
void measure_replication(std::vector<row>& rows);

/// What a server that does nothing takes up (idle.cpp).
void measure_idle(std::vector<row>& rows);

/// Single steps of the core, and elections, by Google Benchmark (step.cpp).
void measure_steps(std::vector<row>& rows);

}  // namespace bench
