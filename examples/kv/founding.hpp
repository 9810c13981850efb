// SPDX-License-Identifier: BSL-1.0
//
// What a server is before it takes part: of which cluster and which history. A directory that was
// used knows it; an empty one gets to know it once, from the others or when the cluster is born.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "address_file.hpp"
#include "birth.hpp"
#include "cluster_file.hpp"
#include "event_log.hpp"
#include "server_options.hpp"
#include <asio/io_context.hpp>

namespace raft_kv {

/// What the opened storage says of itself.
struct storage_identity {
    bool was_empty = false;
    raft::storage_mark mark{};
    std::optional<raft::history_id> history{};
};

struct server_identity {
    std::uint64_t cluster = 0;
    birth_record birth{};
    cluster_layout known{};  ///< Where servers are, as far as it was told outside the log.
    address_file addresses{};
};

/// Waits, with an empty directory, until there is a cluster to take part in. Or says why this
/// server must not. Blocks.
[[nodiscard]] std::variant<server_identity, std::string> identify(asio::io_context& io,
                                                                  const server_options& options,
                                                                  const storage_identity& storage,
                                                                  const event_log& log);

}  // namespace raft_kv
