// SPDX-License-Identifier: BSL-1.0
// error: raft: what this class is made of cannot be seen: make it a struct, give it
#include <raft/codec.hpp>

class money {
public:
    money() = default;
    explicit money(int cents) : cents_{cents} {}

private:
    int cents_ = 0;
};

struct deposit {
    std::string owner{};
    money amount{};
};

std::size_t size_of(const deposit& value) { return raft::codec<deposit>::size(value); }
