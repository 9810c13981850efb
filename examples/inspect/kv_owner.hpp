// SPDX-License-Identifier: BSL-1.0
//
// Whose a directory is, if it is one of raft-kv's: its log has small files beside it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace raft_inspect {

struct kv_owner {
    std::string claim{};                    ///< "server 1 of cluster … of servers 1 2 3".
    std::vector<std::uint64_t> founders{};  ///< Who was there when the cluster was born.
    std::vector<std::string> problems{};    ///< What is wrong with these files.
};

/// None if nothing of raft-kv's is in the directory. Changes nothing there.
[[nodiscard]] std::optional<kv_owner> owner_of(const std::string& directory);

}  // namespace raft_inspect
