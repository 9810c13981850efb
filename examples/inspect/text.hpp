// SPDX-License-Identifier: BSL-1.0
//
// The report for people, on stdout.
#pragma once

#include "report.hpp"

namespace raft_inspect {

/// All but the entries and what is wrong.
void tell(const report& all);
void tell(const raft::wal::inspected_entry& each);
/// Notes and problems, and the sum of it.
void tell_verdict(const report& all);

}  // namespace raft_inspect
