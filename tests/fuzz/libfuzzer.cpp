// SPDX-License-Identifier: BSL-1.0
//
// A target as libFuzzer calls it.
#include <cstddef>
#include <cstdint>

#include "target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    raft::fuzz::try_input(std::as_bytes(std::span{bytes, size}));
    return 0;
}
