// SPDX-License-Identifier: BSL-1.0
//
// What stands behind the words `raft-kv serve`.
#pragma once

#include <span>
#include <string>
#include <variant>

#include "server_options.hpp"

namespace raft_kv {

struct serve_flags {
    std::string cluster_file{};
    server_options server{};  ///< All that the flags say of it; the layout is the file's.
    bool help = false;
};

/// The flags, or what is wrong with them.
[[nodiscard]] std::variant<serve_flags, std::string> parse_serve_flags(std::span<char*> arguments);

/// What --help prints.
[[nodiscard]] std::string serve_help();

}  // namespace raft_kv
