// SPDX-License-Identifier: BSL-1.0
// error: raft: a pointer or a view in a command, a result or a snapshot means
#include <string_view>

#include <raft/codec.hpp>

struct greeting {
    std::uint64_t number = 0;
    std::string_view text{};
};

std::size_t size_of(const greeting& value) { return raft::codec<greeting>::size(value); }
