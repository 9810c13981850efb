// SPDX-License-Identifier: BSL-1.0
//
// Goal: the log's shape answers as the whole log would. Method: each question is put to the shape
// and to a plain list of terms, after random changes to both, from printed seeds; and rows by hand
// for the ends of the log and the hint of §5.3.
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <random>
#include <vector>

#include <doctest/doctest.h>

#include <raft/core/log.hpp>
#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using raft::testing::position;

namespace {

constexpr log_terms log_of(std::initializer_list<std::uint64_t> all) {
    log_terms log;
    for (const auto term : all) log.append({term}, 1);
    return log;
}

/// What a log is when nothing is left out: a term for each index, and a base.
struct plain_log {
    std::uint64_t base = 0;
    std::uint64_t base_term = 0;
    std::vector<std::uint64_t> terms{};

    [[nodiscard]] std::uint64_t last() const { return base + terms.size(); }
    [[nodiscard]] std::optional<term_number> term_at(std::uint64_t index) const {
        if (index < base || index > last()) return std::nullopt;
        return term_number{index == base ? base_term : terms[index - base - 1]};
    }
    [[nodiscard]] std::uint64_t run_end(std::uint64_t first, std::uint64_t limit) const {
        auto end = first;
        while (end < last() && end < limit && term_at(end + 1) == term_at(first)) ++end;
        return end;
    }
    [[nodiscard]] log_position find_conflict_by_term(std::uint64_t limit,
                                                     std::uint64_t term) const {
        auto index = limit < last() ? limit : last();
        while (index > base && term_at(index)->value > term) --index;
        return index > base ? position(index, term_at(index)->value) : position(base, base_term);
    }
};

void expect_same(const log_terms& shape, const plain_log& plain) {
    REQUIRE(shape.last_index().value == plain.last());
    REQUIRE(shape.last_term() == plain.term_at(plain.last()));
    REQUIRE(shape.base() == position(plain.base, plain.base_term));
    REQUIRE(shape.last() == log_position{shape.last_index(), shape.last_term()});
    for (std::uint64_t i = 0; i <= plain.last() + 2; ++i) {
        CAPTURE(i);
        const auto term = plain.term_at(i);
        REQUIRE(shape.term_at({i}) == term);
        for (std::uint64_t t = 0; t < 8; ++t)
            REQUIRE(shape.matches(position(i, t)) == (term == term_number{t}));
        if (i < plain.base) continue;
        for (std::uint64_t t = 0; t < 8; ++t)
            REQUIRE(shape.find_conflict_by_term({i}, {t}) == plain.find_conflict_by_term(i, t));
        if (i <= plain.base || i > plain.last()) continue;
        for (auto limit = i; limit <= plain.last() + 2; ++limit)
            REQUIRE(shape.run_end({i}, {limit}).value == plain.run_end(i, limit));
    }
    for (std::size_t i = 1; i < shape.runs().size(); ++i) {
        REQUIRE(shape.runs()[i - 1].term < shape.runs()[i].term);
        REQUIRE(shape.runs()[i - 1].first < shape.runs()[i].first);
    }
}

void change(log_terms& shape, plain_log& plain, std::mt19937_64& random) {
    const auto below = [&](std::uint64_t bound) { return random() % bound; };
    const auto kind = below(10);
    if (kind < 6) {
        const auto term = plain.term_at(plain.last())->value + below(2);
        const auto count = below(4);
        shape.append({term}, count);
        plain.terms.insert(plain.terms.end(), count, term);
    } else if (kind < 8) {
        const auto last = plain.base + below(plain.terms.size() + 1);
        shape.truncate_after({last});
        plain.terms.resize(last - plain.base);
    } else {
        const auto through = plain.base + below(plain.terms.size() + 1);
        shape.discard_through({through});
        plain.base_term = plain.term_at(through)->value;
        plain.terms.erase(plain.terms.begin(),
                          plain.terms.begin() + static_cast<std::ptrdiff_t>(through - plain.base));
        plain.base = through;
    }
}

}  // namespace

TEST_CASE("the shape of a log answers as the list of its terms does") {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        CAPTURE(seed);
        std::mt19937_64 random{seed};
        log_terms shape;
        plain_log plain;
        for (int i = 0; i < 25; ++i) {
            change(shape, plain, random);
            expect_same(shape, plain);
        }
    }
}

TEST_CASE("an empty log ends before its first entry and matches only there") {
    constexpr log_terms empty;
    static_assert(empty.last() == position(0, 0));
    CHECK(empty.matches(position(0, 0)));
    CHECK_FALSE(empty.matches(position(0, 1)));
    CHECK_FALSE(empty.matches(position(1, 1)));
    CHECK(empty.term_at({1}) == std::nullopt);
}

TEST_CASE("S93 a compacted log knows its base and nothing before it") {
    auto log = log_of({1, 1, 2, 3});
    log.discard_through({3});
    CHECK(log.term_at({2}) == std::nullopt);
    CHECK(log.term_at({3}) == term_number{2});
    CHECK(log.term_at({4}) == term_number{3});
    CHECK(log.last() == position(4, 3));
    log.discard_through({4});
    CHECK(log.last() == position(4, 3));
    CHECK(log.runs().empty());
    log.append({3}, 1);
    CHECK(log.term_at({5}) == term_number{3});
    CHECK(log.runs().front().first == log_index{5});
}

TEST_CASE("B06 §5.4.1 the later last term wins and of equal last terms the longer log") {
    struct row {
        log_position mine;
        log_position other;
        bool at_least;
    };
    constexpr row rows[] = {
        {position(1, 1), position(1, 1), true},  {position(2, 1), position(1, 1), true},
        {position(1, 1), position(2, 1), false}, {position(1, 2), position(9, 1), true},
        {position(9, 1), position(1, 2), false}, {position(0, 0), position(1, 1), false},
        {position(0, 0), position(0, 0), true},  {position(3, 2), position(2, 3), false},
        {position(2, 3), position(3, 2), true},
    };
    for (const auto& each : rows)
        CHECK(at_least_as_up_to_date(each.mine, each.other) == each.at_least);
}

TEST_CASE("§5.3 the hint skips every entry whose term the leader's log cannot have there") {
    const auto f = log_of({1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3});
    CHECK(f.find_conflict_by_term({9}, {6}) == position(9, 3));
    CHECK(f.find_conflict_by_term({9}, {2}) == position(6, 2));
    CHECK(f.find_conflict_by_term({9}, {1}) == position(3, 1));
    CHECK(f.find_conflict_by_term({5}, {2}) == position(5, 2));
    CHECK(f.find_conflict_by_term({20}, {9}) == position(11, 3));
    CHECK(f.find_conflict_by_term({20}, {0}) == position(0, 0));
}

TEST_CASE("§5.3 logs of equal content are equal whatever was done to them") {
    auto twice = log_of({1, 2, 3, 3});
    twice.truncate_after({2});
    twice.append({3}, 2);
    CHECK(twice == log_of({1, 2, 3, 3}));
    twice.truncate_after({1});
    CHECK(twice == log_of({1}));
    twice.truncate_after({0});
    CHECK(twice == log_terms{});
}
