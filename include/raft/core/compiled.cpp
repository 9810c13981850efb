// SPDX-License-Identifier: BSL-1.0
//
// The rules, compiled once for a program: the source of the target raft::core. A build without
// CMake compiles this file and defines RAFT_CORE_COMPILED for all of the program.
#ifndef RAFT_CORE_COMPILED
#error "raft: define RAFT_CORE_COMPILED for the whole program, as the target raft::core does"
#endif

#include <tuple>
#include <variant>

#include <raft/core/compiled.hpp>

namespace raft::core {

template <class Input>
void take_step(state& s, const Input& in, instant now, effects& out) {
    advance(s, in, now, out);
}

template <class Body>
void take_message(state& s, member_id from, const Body& body, const indexed_configuration* members,
                  bool withheld, instant now, effects& out) {
    advance(s, from, body, members, withheld, now, out);
}

namespace {

template <class... Inputs>
constexpr auto each_step(const std::variant<Inputs...>* /*all*/) {
    return std::tuple{&take_step<Inputs>..., &take_step<input>};
}

template <class... Bodies>
constexpr auto each_message(const std::variant<Bodies...>* /*all*/) {
    return std::tuple{&take_message<Bodies>..., &take_message<message>};
}

// Whoever uses a node may call any of them.
[[gnu::used]] const auto steps = each_step(static_cast<const input*>(nullptr));
[[gnu::used]] const auto messages = each_message(static_cast<const message*>(nullptr));

}  // namespace
}  // namespace raft::core
