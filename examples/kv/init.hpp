// SPDX-License-Identifier: BSL-1.0
//
// `raft-kv init`: the birth of a cluster, once, when all its founders run and none has ever before.
#pragma once

#include <span>

namespace raft_kv {

/// Returns the status of the process.
[[nodiscard]] int init(std::span<char*> arguments);

}  // namespace raft_kv
