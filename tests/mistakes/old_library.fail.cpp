// SPDX-License-Identifier: BSL-1.0
// error: raft needs C\+\+20 and a standard library with a constexpr std::vector
// flags: -std=c++17
#include <raft/raft.hpp>
