// SPDX-License-Identifier: BSL-1.0
//
// Named lists of explorations.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "options.hpp"

namespace raft_explore {

struct preset {
    std::string_view name{};
    std::string_view purpose{};
    std::vector<exploration_options> (*make)();
};

[[nodiscard]] const std::vector<preset>& presets();

}  // namespace raft_explore
