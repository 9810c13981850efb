// SPDX-License-Identifier: BSL-1.0
//
// Which clients CLIENT KILL closes, and CLIENT LIST tells of.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace raft_kv {

/// All that is said has to fit.
struct client_filter {
    std::vector<std::uint64_t> ids{};  ///< One of these; none: whichever.
    std::optional<std::string> address{};
    std::optional<std::string> own_address{};
    std::optional<std::string> user{};
    std::optional<std::uint64_t> but{};  ///< Not this one, whoever it is.
    bool of_other_type = false;          ///< As none is: all are of the type "normal".
};

}  // namespace raft_kv
