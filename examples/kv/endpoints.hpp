// SPDX-License-Identifier: BSL-1.0
//
// The sockets that a server listens on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "listen_address.hpp"
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

namespace raft_kv {

/// Where to listen: as the flag says, and for the rest as the cluster file does.
[[nodiscard]] listen_address listening(const listen_address& flag, const std::string& host,
                                       std::uint16_t port);

/// The address that a host's name stands for, to listen on; or what is wrong. Blocks for the name.
[[nodiscard]] std::variant<asio::ip::tcp::endpoint, std::string>
endpoint_of(asio::io_context& io, const listen_address& at);

/// A way out for who has none of the addresses of the cluster file: the flag's `name`.
[[nodiscard]] std::string where_else(const listen_address& flag, std::string_view name);

/// Whether only this host reaches it.
[[nodiscard]] bool is_loopback(const asio::ip::address& address);

[[nodiscard]] std::string address_text(const asio::ip::tcp::endpoint& endpoint);

}  // namespace raft_kv
