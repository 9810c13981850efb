// SPDX-License-Identifier: BSL-1.0
//
// Ports of the loopback interface that nobody uses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace raft_kv::outside {

/// Ports on which a server can listen now and, most likely, again after it was killed: they are
/// below those that the system gives to outgoing connections, one of which could take the place of
/// a dead server, or even connect to itself.
[[nodiscard]] std::vector<std::uint16_t> free_ports(std::size_t count);

}  // namespace raft_kv::outside
