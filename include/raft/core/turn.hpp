// SPDX-License-Identifier: BSL-1.0
//
// One step in progress: the state that it changes, the time at which it is taken, and its effects.
// Every rule that does more than answer a question takes a turn.
#pragma once

#include <raft/core/effects.hpp>
#include <raft/core/state.hpp>

namespace raft::core {

struct turn {
    state& s;
    instant now;
    effects& out;
};

}  // namespace raft::core
