// SPDX-License-Identifier: BSL-1.0
//
// Settings of long tests, from the environment: to repeat a run, or to have a shorter one.
#pragma once

#include <cstdlib>
#include <string>

namespace support {

[[nodiscard]] inline unsigned long number_from(const char* name, unsigned long otherwise) {
    const auto* const text = std::getenv(name);
    return text == nullptr ? otherwise : std::stoul(text);
}

}  // namespace support
