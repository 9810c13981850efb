// SPDX-License-Identifier: BSL-1.0
//
// What opens this server's doors, and those of the others: read from files when it starts.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "peer_door.hpp"

namespace raft_kv {

/// Where they are. Empty: there is none.
struct key_files {
    std::string peer_secret{};
    friend bool operator==(const key_files&, const key_files&) = default;
};

struct keys {
    peer_secret secret{};  ///< Null: whoever reaches the port of the peers is believed.
};

/// The keys, or what is wrong with a file.
[[nodiscard]] std::variant<keys, std::string> read_keys(const key_files& files);

/// Has a server let this one in on its client port; what is wrong, if it does not.
[[nodiscard]] std::optional<std::string> enter(outside::connection& asked, const keys& own);

}  // namespace raft_kv
