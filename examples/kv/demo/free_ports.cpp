// SPDX-License-Identifier: BSL-1.0
//
// Tries ports by binding to them, from a place of its own on: so programs that look at the same
// time hardly meet.
#include "free_ports.hpp"

#include <algorithm>
#include <random>

#include "wait.hpp"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace raft_kv::outside {

namespace {

constexpr std::uint16_t lowest = 10000;
constexpr std::uint16_t highest = 32000;

bool is_free(std::uint16_t port) {
    const auto socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return false;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    address.sin_port = ::htons(port);
    const auto bound =
        ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
    ::close(socket);
    return bound;
}

}  // namespace

std::vector<std::uint16_t> free_ports(std::size_t count) {
    std::random_device random;
    std::uniform_int_distribution<std::uint16_t> any{lowest, highest};
    constexpr int tries_max = 10000;
    std::vector<std::uint16_t> found;
    for (int tries = 0; found.size() < count; ++tries) {
        if (tries == tries_max) throw failure{"no free port was found on 127.0.0.1"};
        const auto port = any(random);
        if (std::ranges::find(found, port) == found.end() && is_free(port)) found.push_back(port);
    }
    return found;
}

}  // namespace raft_kv::outside
