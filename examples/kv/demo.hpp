// SPDX-License-Identifier: BSL-1.0
//
// `raft-kv demo`: three real servers, 100,000 writes, a leader killed in the middle, and the proof
// that nothing acknowledged was lost.
#pragma once

#include <span>

namespace raft_kv {

/// Runs the story and tells it on the standard output. `arguments` are those behind the word
/// `demo`; `self_path` is this program, which is started again for each server. The result is the
/// process's: 0 if every acknowledged write is on every server.
[[nodiscard]] int demo(std::span<char*> arguments, const char* self_path);

}  // namespace raft_kv
