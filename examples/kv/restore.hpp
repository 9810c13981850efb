// SPDX-License-Identifier: BSL-1.0
//
// `raft-kv restore`: the birth of a cluster that begins with the data of a backup. It is a cluster
// of its own, with a history of its own: servers of the one that was backed up are strangers to it.
#pragma once

#include <span>

namespace raft_kv {

/// Returns the status of the process.
[[nodiscard]] int restore(std::span<char*> arguments);

}  // namespace raft_kv
