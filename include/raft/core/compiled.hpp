// SPDX-License-Identifier: BSL-1.0
//
// The step as a node takes it: `advance`. With RAFT_CORE_COMPILED, as the target raft::core defines
// it, the rules are only declared here and compiled once for a program, in compiled.cpp; otherwise
// they are compiled in each file that uses a node.
#pragma once

#include <raft/core/step.hpp>

namespace raft::core {

#ifdef RAFT_CORE_COMPILED

template <class Input>
void take_step(state& s, const Input& in, instant now, effects& out);

template <class Body>
void take_message(state& s, member_id from, const Body& body, const indexed_configuration* members,
                  bool withheld, instant now, effects& out);

#else

template <class Input>
constexpr void take_step(state& s, const Input& in, instant now, effects& out) {
    advance(s, in, now, out);
}

template <class Body>
constexpr void take_message(state& s, member_id from, const Body& body,
                            const indexed_configuration* members, bool withheld, instant now,
                            effects& out) {
    advance(s, from, body, members, withheld, now, out);
}

#endif

}  // namespace raft::core
