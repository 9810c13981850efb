// SPDX-License-Identifier: BSL-1.0
//
// The flags of what operators run beside servers: `raft-kv init`, `backup` and `restore`.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "keys.hpp"
#include "listen_address.hpp"

namespace raft_kv {

struct operator_flags {
    std::string cluster_file{};
    listen_address from{};
    std::string file{};  ///< The word that belongs to no flag.
    key_files key_paths{};
    std::chrono::seconds wait{30};
    bool help = false;
};

/// What the words say, of which each is one that the command takes (`--cluster`, `--from`, `FILE`);
/// the keys and --wait-seconds every command takes. Or what is wrong with them.
[[nodiscard]] std::variant<operator_flags, std::string>
parse_operator_flags(std::span<char*> arguments, std::span<const std::string_view> takes);

}  // namespace raft_kv
