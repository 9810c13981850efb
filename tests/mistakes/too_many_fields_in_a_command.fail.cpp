// SPDX-License-Identifier: BSL-1.0
// error: raft: at most sixteen fields of a struct can be found: a class with more names them in
#include <raft/codec.hpp>

struct row {
    int a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q;
};

std::size_t size_of(const row& value) { return raft::codec<row>::size(value); }
