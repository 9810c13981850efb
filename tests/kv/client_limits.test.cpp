// SPDX-License-Identifier: BSL-1.0
//
// How many clients there may be for so many file descriptors, and what their replies may take.
#include "client_limits.hpp"

#include <algorithm>
#include <cstddef>

#include "memory_budget.hpp"
#include <doctest/doctest.h>

using namespace raft_kv;

TEST_CASE("F4 clients leave descriptors to the storage and the peers") {
    const auto all = limits_for(wanted_descriptors);
    REQUIRE(all);
    CHECK(all->clients_max == limits::clients_max);
    CHECK(all->operators_max == limits::operators_max);
    for (std::size_t descriptors = limits::descriptors_min; descriptors < 2000; ++descriptors) {
        const auto most = limits_for(descriptors);
        REQUIRE(most);
        REQUIRE(most->clients_max >= 1);
        REQUIRE(most->operators_max >= 1);
        REQUIRE(most->clients_max <= limits::clients_max);
        const auto left = descriptors - most->clients_max - most->operators_max;
        REQUIRE(left >= std::min(limits::own_descriptors, descriptors / 2));
    }
    CHECK_FALSE(limits_for(limits::descriptors_min - 1));
}

TEST_CASE("F19 each client's replies are a share of what all may take") {
    memory_budget budget{100};
    memory_budget::share one{budget};
    one.set(60);
    {
        memory_budget::share other{budget};
        other.set(40);
        CHECK_FALSE(budget.is_exceeded());
        other.set(41);
        CHECK(budget.is_exceeded());
        CHECK(budget.total() == 101);
    }
    CHECK(budget.total() == 60);
    one.set(10);
    CHECK(budget.total() == 10);
    one.give_back();
    one.set(1000);
    CHECK(budget.total() == 0);
}
