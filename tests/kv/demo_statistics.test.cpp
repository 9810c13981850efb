// SPDX-License-Identifier: BSL-1.0
#include <chrono>
#include <vector>

#include <demo/contents.hpp>
#include <demo/statistics.hpp>
#include <doctest/doctest.h>

using namespace raft_kv::outside;
using namespace std::chrono_literals;

namespace {

constexpr steady::time_point start{1h};

acknowledgement acknowledged(std::uint64_t server, steady::duration received) {
    return {.number = 0, .server = server, .sent = start, .received = start + received};
}

}  // namespace

TEST_CASE("demo: a percentile is the smallest value that so many are not above") {
    std::vector<steady::duration> sorted;
    CHECK(percentile(sorted, 50) == 0ms);
    for (int i = 1; i <= 200; ++i) sorted.push_back(std::chrono::milliseconds{i});
    CHECK(percentile(sorted, 0) == 1ms);
    CHECK(percentile(sorted, 50) == 100ms);
    CHECK(percentile(sorted, 99) == 198ms);
    CHECK(percentile(sorted, 99.9) == 200ms);
    CHECK(percentile(sorted, 100) == 200ms);
    CHECK(percentile({sorted.data(), 1}, 50) == 1ms);
}

TEST_CASE("demo: latencies are sorted, whatever the order of the acknowledgements") {
    const acknowledgement all[] = {acknowledged(1, 7ms), acknowledged(1, 2ms),
                                   acknowledged(2, 5ms)};
    CHECK(latencies(all) == std::vector<steady::duration>{2ms, 5ms, 7ms});
}

TEST_CASE("demo: an outage begins with the last word of the dead and ends with another's first") {
    const auto killed_at = start + 100ms;
    SUBCASE("what the dead had sent may be read after its death") {
        const acknowledgement all[] = {acknowledged(1, 90ms), acknowledged(2, 450ms),
                                       acknowledged(1, 101ms), acknowledged(2, 401ms)};
        CHECK(outage(all, 1, killed_at) == 300ms);
    }
    SUBCASE("when it leads again later, that is after the outage") {
        const acknowledgement all[] = {acknowledged(1, 90ms), acknowledged(2, 390ms),
                                       acknowledged(1, 900ms)};
        CHECK(outage(all, 1, killed_at) == 300ms);
    }
    SUBCASE("an earlier leader's words do not end it") {
        const acknowledgement all[] = {acknowledged(2, 10ms), acknowledged(1, 90ms),
                                       acknowledged(3, 290ms)};
        CHECK(outage(all, 1, killed_at) == 200ms);
    }
    SUBCASE("without a word on both sides there is none to measure") {
        const acknowledgement before[] = {acknowledged(1, 90ms)};
        const acknowledgement after[] = {acknowledged(2, 290ms)};
        CHECK_FALSE(outage(before, 1, killed_at).has_value());
        CHECK_FALSE(outage(after, 1, killed_at).has_value());
    }
}

TEST_CASE("demo: each write has a key and a value of its own") {
    CHECK(key_of(0) != key_of(1));
    CHECK(value_of(0) != value_of(1));
    CHECK(key_of(7) == "key:00000007");
    CHECK(value_of(7).starts_with("value 7: "));
    CHECK(value_of(99'999).size() < 96);
}

TEST_CASE("demo: what is missing and what is different is lost") {
    std::vector<acknowledgement> all;
    contents held;
    for (std::size_t i = 0; i < 10; ++i) {
        all.push_back({.number = i});
        held.emplace(key_of(i), value_of(i));
    }
    held.emplace("another", "key");
    CHECK(lost_from(held, all).count() == 0);
    held.erase(key_of(3));
    held.at(key_of(5)) = value_of(6);
    const auto lost = lost_from(held, all);
    CHECK(lost.missing == 1);
    CHECK(lost.different == 1);
    CHECK(lost.example == "key:00000003 is missing");
}

TEST_CASE("demo: two servers' contents are compared key by key") {
    const contents one{{"a", "1"}, {"b", "2"}};
    CHECK(first_difference(one, one).empty());
    CHECK(first_difference({}, {}).empty());
    CHECK(first_difference(one, {}) == "a");
    CHECK(first_difference({}, one) == "a");
    CHECK(first_difference(one, {{"a", "1"}}) == "b");
    CHECK(first_difference(one, {{"a", "1"}, {"b", "3"}}) == "b");
    CHECK(first_difference(one, {{"a", "1"}, {"aa", "1"}, {"b", "2"}}) == "aa");
}
