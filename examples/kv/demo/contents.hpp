// SPDX-License-Identifier: BSL-1.0
//
// All that one server holds, read from that server itself, and what of it is not as acknowledged.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>

#include "../cluster_file.hpp"
#include "write_load.hpp"

namespace raft_kv::outside {

using contents = std::map<std::string, std::string, std::less<>>;

/// What the server has applied, whether it leads or not.
[[nodiscard]] contents contents_of(const server_address& server);

struct losses {
    std::size_t missing = 0;
    std::size_t different = 0;
    std::string example{};  ///< The first, in words.

    [[nodiscard]] std::size_t count() const { return missing + different; }
};

[[nodiscard]] losses lost_from(const contents& held, std::span<const acknowledgement> acknowledged);

/// The first key that only one of the two has, or that has two values; empty if there is none.
[[nodiscard]] std::string first_difference(const contents& one, const contents& other);

}  // namespace raft_kv::outside
