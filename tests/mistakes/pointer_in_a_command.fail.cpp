// SPDX-License-Identifier: BSL-1.0
// error: raft: a pointer or a view in a command, a result or a snapshot means
#include <raft/codec.hpp>

struct greeting {
    int number = 0;
    const char* text = "";
};

std::size_t size_of(const greeting& value) { return raft::codec<greeting>::size(value); }
