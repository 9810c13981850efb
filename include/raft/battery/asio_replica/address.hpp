// SPDX-License-Identifier: BSL-1.0
//
// Where a replica listens for the others.
#pragma once

#include <algorithm>
#include <string>
#include <variant>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <raft/battery/asio_replica/options.hpp>

namespace raft::detail {

/// As `listen` says, or this server's own line of `members`; or what is wrong with them. Blocks
/// where a name is to be resolved.
template <class Platform>
[[nodiscard]] std::variant<asio::ip::tcp::endpoint, std::string>
listening_endpoint(asio::io_context& io, const replica_options& options) {
    const auto own = std::ranges::find(options.members, options.id, &transport::peer::id);
    if (own == options.members.end())
        return "server " + std::to_string(options.id.value) + " is not among the members";
    if (options.listen) return *options.listen;
    return Platform::endpoint_of(io, *own);
}

}  // namespace raft::detail
