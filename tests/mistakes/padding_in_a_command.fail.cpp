// SPDX-License-Identifier: BSL-1.0
// error: raft: this plain struct has padding, which is not the same on all machines
#include <raft/codec.hpp>

struct deposit {
    bool checked = false;
    std::uint64_t amount = 0;
};

std::size_t size_of(const deposit& value) { return raft::codec<deposit>::size(value); }
