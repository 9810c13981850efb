// SPDX-License-Identifier: BSL-1.0
//
// Who is refused is counted each time, and told to the log once a minute from each address.
#include "refusals.hpp"

#include <doctest/doctest.h>

using namespace raft_kv;
using namespace std::chrono_literals;

TEST_CASE("refusals: each is counted, and the same is told once a minute") {
    refusals refused;
    const refusals::clock::time_point start{};
    CHECK(refused.note("wrong", "10.0.0.1", start));
    CHECK_FALSE(refused.note("wrong", "10.0.0.1", start + 59s));
    CHECK(refused.note("wrong", "10.0.0.2", start + 59s));
    CHECK(refused.note("other", "10.0.0.1", start + 59s));
    CHECK_FALSE(refused.note("wrong", "10.0.0.1", start + 59s));
    CHECK(refused.note("wrong", "10.0.0.1", start + 60s));
    CHECK(refused.counts() == refusal_counts{{"wrong", 5}, {"other", 1}});
}

TEST_CASE("refusals: however many come, what is remembered of them has a bound") {
    refusals refused;
    const refusals::clock::time_point start{};
    int told = 0;
    for (int i = 0; i < 1000; ++i) told += refused.note("wrong", std::to_string(i), start) ? 1 : 0;
    CHECK(told == 256);
    CHECK(refused.note("wrong", "1", start + 60s));
    CHECK(refused.counts().at("wrong") == 1001);
}
