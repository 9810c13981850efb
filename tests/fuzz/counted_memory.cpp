// SPDX-License-Identifier: BSL-1.0
//
// Counts the bytes that are asked of `new`, so that a target can say that an input of few bytes
// took no more memory than in proportion.
#include <cstdlib>
#include <new>

#include "target.hpp"

namespace {
thread_local std::size_t allocated = 0;
}

std::size_t raft::fuzz::bytes_allocated() { return allocated; }

// None inline: g++ would see `malloc` where `new` is called, and `free` of what came from `new`,
// and warn.
[[gnu::noinline]] void* operator new(std::size_t size) {
    allocated += size;
    auto* const place = std::malloc(size == 0 ? 1 : size);
    if (place == nullptr) throw std::bad_alloc{};
    return place;
}

[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t& /*unused*/) noexcept {
    allocated += size;
    return std::malloc(size == 0 ? 1 : size);
}

[[gnu::noinline]] void operator delete(void* place) noexcept { std::free(place); }

[[gnu::noinline]] void operator delete(void* place, std::size_t) noexcept { std::free(place); }
