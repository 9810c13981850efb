// SPDX-License-Identifier: BSL-1.0
//
// How a command of raft-kv ends: what it tells, and what it returns to whoever started it.
#pragma once

#include <cstdio>
#include <string_view>

namespace raft_kv {

inline constexpr int failed = 1;
inline constexpr int wrong_usage = 2;

/// Says on the standard error what is wrong, and gives the status back.
struct complainer {
    std::string_view command;
    std::string_view consolation = "";  ///< Told behind every complaint.

    int operator()(std::string_view problem, int status) const {
        const auto name = static_cast<int>(command.size());
        std::fprintf(stderr, "raft-kv %.*s: %.*s%.*s\n", name, command.data(),
                     static_cast<int>(problem.size()), problem.data(),
                     static_cast<int>(consolation.size()), consolation.data());
        if (status == wrong_usage)
            std::fprintf(stderr, "See raft-kv %.*s --help.\n", name, command.data());
        return status;
    }
};

/// Prints what was asked for.
inline int print(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return 0;
}

}  // namespace raft_kv
