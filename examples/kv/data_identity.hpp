// SPDX-License-Identifier: BSL-1.0
//
// Whose data a directory holds. A log that is taken for another server's, or for another cluster's,
// breaks every promise and shows no sign of it, so the directory says whose it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cluster_file.hpp"

namespace raft_kv {

/// Makes sure that `directory` belongs to server `id` of this cluster, or claims it if nobody has:
/// the claim is durable when this returns. Otherwise says whose it is, or what went wrong. To be
/// called by whoever holds the directory's lock.
[[nodiscard]] std::optional<std::string>
claim_directory(const std::string& directory, const cluster_layout& layout, std::uint64_t id);

}  // namespace raft_kv
