// SPDX-License-Identifier: BSL-1.0
//
// Goal: a term never stands where an index belongs, and arithmetic on either is that of 64 bits.
// Method: what must not compile is asked of the type system, the rest is computed by the compiler.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <type_traits>

#include <doctest/doctest.h>

#include <raft/core/types.hpp>

using namespace raft;
using namespace raft::core;

namespace {

template <class... Types>
struct list {};

/// None of these converts into another, nor into a number, nor a number into it.
template <class Type, class... Others>
constexpr bool stands_apart_from(list<Others...>) {
    return ((std::is_same_v<Type, Others> ||
             (!std::is_convertible_v<Type, Others> && !std::is_constructible_v<Type, Others> &&
              !std::is_assignable_v<Type&, Others>)) &&
            ...) &&
           !std::is_convertible_v<Type, std::uint64_t> &&
           !std::is_convertible_v<std::uint64_t, Type>;
}

template <class... Types>
constexpr bool all_stand_apart(list<Types...> all) {
    return (stands_apart_from<Types>(all) && ...);
}

static_assert(all_stand_apart(list<term_number, log_index, member_id, duration, instant,
                                   write_sequence, read_round, slot>{}));

template <class A, class B>
concept can_be_compared = requires(A a, B b) {
    a < b;
};
template <class A, class B>
concept can_be_added = requires(A a, B b) {
    a + b;
};

static_assert(!can_be_compared<term_number, log_index>);
static_assert(!can_be_compared<write_sequence, log_index>);
static_assert(!can_be_added<term_number, std::uint64_t>);
static_assert(!can_be_added<log_index, log_index>);
static_assert(!can_be_added<instant, instant>);

static_assert(std::is_trivially_copyable_v<log_index> && sizeof(log_index) == 8);
static_assert(std::is_trivially_copyable_v<instant> && sizeof(instant) == 8);
static_assert(members_max == 32 && sizeof(slot) == 1);

}  // namespace

TEST_CASE("an index goes up and down by counts and the difference of two is a count") {
    const log_index five{5};
    CHECK(five + 3 == log_index{8});
    CHECK(five - 5 == log_index{});
    CHECK(five - log_index{2} == 3);
    CHECK(next(five) == log_index{6});
    CHECK(previous(five) == log_index{4});
    CHECK(next(term_number{4}) == term_number{5});
}

TEST_CASE("B28 indexes and terms beyond 32 and 63 bits keep their order") {
    for (const auto bit : {31U, 32U, 62U, 63U}) {
        const log_index below{(std::uint64_t{1} << bit) - 1};
        CHECK(below < next(below));
        CHECK(next(below) - below == 1);
        CHECK(previous(next(below)) == below);
        CHECK(term_number{below.value} < next(term_number{below.value}));
    }
    const log_index last{std::numeric_limits<std::uint64_t>::max()};
    CHECK(previous(last) < last);
    CHECK(last - log_index{} == last.value);
}

TEST_CASE("an instant plus a duration is an instant and two instants are a duration apart") {
    const instant start{1'000'000};
    CHECK(start + milliseconds(2) == instant{3'000'000});
    CHECK((start + milliseconds(2)) - start == milliseconds(2));
    CHECK(instant{-5} < instant{});
    CHECK(milliseconds(3) * 4 == milliseconds(12));
    CHECK(milliseconds(3) + milliseconds(4) == milliseconds(7));
    CHECK(milliseconds(1) == duration{1'000'000});
}

TEST_CASE("least and greatest take either when both are equal") {
    CHECK(std::min(3, 4) == 3);
    CHECK(std::min(4, 3) == 3);
    CHECK(std::max(3, 4) == 4);
    CHECK(std::max(4, 3) == 4);
    CHECK(std::min(log_index{7}, log_index{7}) == log_index{7});
}
