// SPDX-License-Identifier: BSL-1.0
#include <chrono>

#include <demo/progress.hpp>
#include <demo/text.hpp>
#include <doctest/doctest.h>

using namespace raft_kv::outside;
using namespace std::chrono_literals;

TEST_CASE("demo: numbers are grouped by thousands") {
    CHECK(grouped(0) == "0");
    CHECK(grouped(999) == "999");
    CHECK(grouped(1000) == "1,000");
    CHECK(grouped(123456) == "123,456");
    CHECK(grouped(1234567890) == "1,234,567,890");
}

TEST_CASE("demo: times have three digits") {
    CHECK(human_time(0ns) == "0.00 ms");
    CHECK(human_time(123us) == "0.12 ms");
    CHECK(human_time(9994us) == "9.99 ms");
    CHECK(human_time(9996us) == "10.0 ms");
    CHECK(human_time(99960us) == "100 ms");
    CHECK(human_time(999400us) == "999 ms");
    CHECK(human_time(999600us) == "1.00 s");
    CHECK(human_time(12345ms) == "12.3 s");
}

TEST_CASE("demo: a table has its colons below one another") {
    const row rows[] = {{"writes", "100,000"}, {"p50", "1.00 ms"}, {"lost", "0"}};
    CHECK(table(rows) == "  writes: 100,000\n"
                         "     p50: 1.00 ms\n"
                         "    lost: 0\n");
    CHECK(table({}).empty());
}

TEST_CASE("demo: the bar is as long as what is done") {
    const auto dashes = [](std::size_t count) { return std::string(count, '-'); };
    const auto marks = [](std::size_t count) { return std::string(count, '#'); };
    CHECK(bar(0, 100) == "[" + dashes(40) + "]   0 %");
    CHECK(bar(25, 100) == "[" + marks(10) + dashes(30) + "]  25 %");
    CHECK(bar(99'999, 100'000) == "[" + marks(39) + dashes(1) + "]  99 %");
    CHECK(bar(100, 100) == "[" + marks(40) + "] 100 %");
    CHECK(bar(101, 100) == bar(100, 100));
    CHECK(bar(0, 0) == bar(100, 100));
}
