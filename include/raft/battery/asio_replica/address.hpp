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
[[nodiscard]] inline std::variant<asio::ip::tcp::endpoint, std::string>
listening_endpoint(asio::io_context& io, const replica_options& options) {
    const auto own = std::ranges::find(options.members, options.id, &transport::peer::id);
    if (own == options.members.end())
        return "server " + std::to_string(options.id.value) + " is not among the members";
    if (options.listen) return *options.listen;
    asio::error_code error;
    const auto found =
        asio::ip::tcp::resolver{io}.resolve(own->host, std::to_string(own->port), error);
    if (error || found.empty())
        return "cannot find the address of " + own->host + ": " + error.message();
    return found.begin()->endpoint();
}

}  // namespace raft::detail
