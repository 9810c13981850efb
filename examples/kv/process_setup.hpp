// SPDX-License-Identifier: BSL-1.0
//
// What the process is before it does anything: what signals do to it from the first line of `main`
// on, until the server takes them over, who may read its files, and how many it may have.
#pragma once

#include <cstddef>

namespace raft_kv {

/// A write into a pipe that nobody reads any more fails, and so does one beyond the size that a
/// file may have: the program says so, instead of being ended by SIGPIPE or SIGXFSZ.
void let_writes_fail();

/// Until the server takes them over, SIGTERM, SIGINT and SIGHUP end the process at once and well:
/// it has promised nobody anything, and what is on the disk is good after any end. SIGHUP that is
/// ignored (nohup) stays so. SIGUSR1 finds nothing to save yet.
void end_at_once_when_told();

/// What it writes is its owner's alone: files are 0600, directories 0700.
void keep_files_private();

/// How many files the process may have open, of so many. Many systems let it have more than they
/// give it at first.
[[nodiscard]] std::size_t raise_open_files_limit(std::size_t wanted);

/// Whether SIGHUP is to end the server.
[[nodiscard]] bool heeds_hangup();

}  // namespace raft_kv
