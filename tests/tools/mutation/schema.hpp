// SPDX-License-Identifier: BSL-1.0
//
// What raft-mutate writes into its copy of the headers in place of the operators that mutants
// change: each knows the number of its mutant, and is the operator unless that mutant lives. One
// lives at most: the environment variable RAFT_MUTANT names it. None lives in a constant
// expression, since what is there can only be changed by compiling anew.
#pragma once

#include <cstdlib>
#include <type_traits>

namespace raft::mutation {

[[nodiscard]] inline unsigned long number_from_environment() {
    const char* const text = std::getenv("RAFT_MUTANT");
    return text != nullptr ? std::strtoul(text, nullptr, 10) : 0;
}

inline const unsigned long living = number_from_environment();

[[nodiscard]] constexpr bool lives(unsigned long mutant) {
    return !std::is_constant_evaluated() && living == mutant;
}

[[nodiscard]] constexpr bool less(unsigned long mutant, const auto& a, const auto& b) {
    return lives(mutant) ? a <= b : a < b;
}

[[nodiscard]] constexpr bool at_most(unsigned long mutant, const auto& a, const auto& b) {
    return lives(mutant) ? a < b : a <= b;
}

[[nodiscard]] constexpr bool greater(unsigned long mutant, const auto& a, const auto& b) {
    return lives(mutant) ? a >= b : a > b;
}

[[nodiscard]] constexpr bool at_least(unsigned long mutant, const auto& a, const auto& b) {
    return lives(mutant) ? a > b : a >= b;
}

[[nodiscard]] constexpr bool equal(unsigned long mutant, const auto& a, const auto& b) {
    return lives(mutant) ? a != b : a == b;
}

[[nodiscard]] constexpr bool unequal(unsigned long mutant, const auto& a, const auto& b) {
    return lives(mutant) ? a == b : a != b;
}

/// What the process ends with where the faulty operator is none, or gives another type.
inline constexpr int no_choice = 77;

[[nodiscard]] constexpr auto sum(unsigned long mutant, const auto& a, const auto& b) {
    if (lives(mutant)) {
        if constexpr (requires { requires std::is_same_v<decltype(a - b), decltype(a + b)>; })
            return a - b;
        else
            std::_Exit(no_choice);
    }
    return a + b;
}

constexpr auto& increment(unsigned long mutant, auto& value) {
    if (lives(mutant)) {
        if constexpr (requires { --value; })
            return --value;
        else
            std::_Exit(no_choice);
    }
    return ++value;
}

template <class T>
[[nodiscard]] constexpr T greatest_of(unsigned long mutant, T a, T b) {
    return (a < b) != lives(mutant) ? b : a;
}

template <class T>
[[nodiscard]] constexpr T least_of(unsigned long mutant, T a, T b) {
    return (b < a) != lives(mutant) ? b : a;
}

template <class T>
[[nodiscard]] constexpr T next_of(unsigned long mutant, T value) {
    return lives(mutant) ? value : next(value);
}

template <class T>
[[nodiscard]] constexpr T previous_of(unsigned long mutant, T value) {
    return lives(mutant) ? value : previous(value);
}

[[nodiscard]] constexpr bool result(unsigned long mutant, bool value) {
    return value != lives(mutant);
}

}  // namespace raft::mutation
