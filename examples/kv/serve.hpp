// SPDX-License-Identifier: BSL-1.0
//
// `raft-kv serve`: the process around a server.
#pragma once

#include <span>

namespace raft_kv {

/// Runs a server until it is told to end. The result is the process's: 0 if it ended well, 1 if it
/// could not start, 2 if the flags are wrong, 3 if its storage failed for good.
[[nodiscard]] int serve(std::span<char*> arguments);

}  // namespace raft_kv
