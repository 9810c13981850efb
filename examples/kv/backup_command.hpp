// SPDX-License-Identifier: BSL-1.0
//
// RAFT BACKUP, by which `raft-kv backup` reads a snapshot of a server that runs. Without a number
// it finds the newest, which this connection reads from then on, and answers the header of a backup
// of it; with one it answers bytes from there on.
#pragma once

#include "commands.hpp"

namespace raft_kv::commands {

/// The most bytes of one answer.
inline constexpr std::size_t backup_bytes_max = 256 * limits::kibibyte;

void raft_backup(local_call& call);

}  // namespace raft_kv::commands
