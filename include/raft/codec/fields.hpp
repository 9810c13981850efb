// SPDX-License-Identifier: BSL-1.0
//
// The fields of a plain struct without their names: what is written down field by field goes
// through here, so that no field can be forgotten, not even one that is added later.
#pragma once

#include <type_traits>

namespace raft::detail {

/// Calls `visit` with every field of `x`, an aggregate without a base whose fields are all made by
/// `{}`. How many there are is found by trying: an aggregate takes as many initializers as it has
/// fields, and no more.
template <class T, class Visit>
constexpr decltype(auto) with_fields(T& x, Visit&& visit) {
    using value = std::remove_const_t<T>;
    static_assert(std::is_aggregate_v<value>, "it has no fields to be seen");
    static_assert(
        !requires { value{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}}; },
        "raft: at most sixteen fields of a struct can be found: a class with more names them in "
        "`raft_fields`");
    if constexpr (requires {
                      value{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}};
                  }) {
        auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = x;
        return visit(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p);
    } else if constexpr (requires {
                             value{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}};
                         }) {
        auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o] = x;
        return visit(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o);
    } else if constexpr (requires {
                             value{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}};
                         }) {
        auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n] = x;
        return visit(a, b, c, d, e, f, g, h, i, j, k, l, m, n);
    } else if constexpr (requires { value{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}}; }) {
        auto& [a, b, c, d, e, f, g, h, i, j, k, l, m] = x;
        return visit(a, b, c, d, e, f, g, h, i, j, k, l, m);
    } else if constexpr (requires { value{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}}; }) {
        auto& [a, b, c, d, e, f, g, h, i, j, k, l] = x;
        return visit(a, b, c, d, e, f, g, h, i, j, k, l);
    } else if constexpr (requires { value{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}}; }) {
        auto& [a, b, c, d, e, f, g, h, i, j, k] = x;
        return visit(a, b, c, d, e, f, g, h, i, j, k);
    } else if constexpr (requires { value{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}}; }) {
        auto& [a, b, c, d, e, f, g, h, i, j] = x;
        return visit(a, b, c, d, e, f, g, h, i, j);
    } else if constexpr (requires { value{{}, {}, {}, {}, {}, {}, {}, {}, {}}; }) {
        auto& [a, b, c, d, e, f, g, h, i] = x;
        return visit(a, b, c, d, e, f, g, h, i);
    } else if constexpr (requires { value{{}, {}, {}, {}, {}, {}, {}, {}}; }) {
        auto& [a, b, c, d, e, f, g, h] = x;
        return visit(a, b, c, d, e, f, g, h);
    } else if constexpr (requires { value{{}, {}, {}, {}, {}, {}, {}}; }) {
        auto& [a, b, c, d, e, f, g] = x;
        return visit(a, b, c, d, e, f, g);
    } else if constexpr (requires { value{{}, {}, {}, {}, {}, {}}; }) {
        auto& [a, b, c, d, e, f] = x;
        return visit(a, b, c, d, e, f);
    } else if constexpr (requires { value{{}, {}, {}, {}, {}}; }) {
        auto& [a, b, c, d, e] = x;
        return visit(a, b, c, d, e);
    } else if constexpr (requires { value{{}, {}, {}, {}}; }) {
        auto& [a, b, c, d] = x;
        return visit(a, b, c, d);
    } else if constexpr (requires { value{{}, {}, {}}; }) {
        auto& [a, b, c] = x;
        return visit(a, b, c);
    } else if constexpr (requires { value{{}, {}}; }) {
        auto& [a, b] = x;
        return visit(a, b);
    } else if constexpr (requires { value{{}}; }) {
        auto& [a] = x;
        return visit(a);
    } else {
        static_assert(std::is_empty_v<value>,
                      "raft: the fields of this struct cannot be found, since `{}` makes not every "
                      "one of them: let it name them in `raft_fields`");
        return visit();
    }
}

}  // namespace raft::detail
