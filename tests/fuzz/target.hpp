// SPDX-License-Identifier: BSL-1.0
//
// What a fuzz target is: a function that tries one input. libFuzzer calls it with bytes that it
// bred (libfuzzer.cpp), and the tests with those of a corpus (corpus.cpp). What an input breaks
// ends the process, in every kind of build.
#pragma once

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <span>

namespace raft::fuzz {

/// Each target defines it.
void try_input(std::span<const std::byte> input);

/// A rule that an input broke.
inline void expect(bool holds, const char* rule) {
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", rule);
    std::abort();
}

/// How many bytes were asked of `new` since the process began (counted_memory.cpp).
[[nodiscard]] std::size_t bytes_allocated();

}  // namespace raft::fuzz
