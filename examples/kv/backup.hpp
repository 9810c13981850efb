// SPDX-License-Identifier: BSL-1.0
//
// `raft-kv backup`: a snapshot of a cluster that runs, in a file. It holds every write that was
// acknowledged before the backup began.
#pragma once

#include <span>

namespace raft_kv {

/// Returns the status of the process.
[[nodiscard]] int backup(std::span<char*> arguments);

}  // namespace raft_kv
