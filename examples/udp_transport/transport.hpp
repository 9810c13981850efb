// SPDX-License-Identifier: BSL-1.0
//
// A transport of one's own: datagrams over UDP. Raft takes what a network does: they may be lost,
// doubled, late. They must not be changed, which a frame's checksum sees, nor come from somebody
// else: here the address tells; asio_transport proves it.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <raft/codec.hpp>
#include <raft/raft.hpp>

namespace udp {

inline constexpr std::size_t datagram_max = 60'000;
// A command counts 4 bytes (`storage::size_of`), and an entry takes 8 of a frame.
inline constexpr raft::limits small{.message_bytes = datagram_max / 4};

class transport {
public:
    /// Binds a socket of this host, at a port that is free.
    transport() : socket_{::socket(AF_INET, SOCK_DGRAM, 0)} {
        here_.sin_family = AF_INET;
        here_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof here_;
        auto* address = reinterpret_cast<sockaddr*>(&here_);
        if (socket_ < 0 || ::bind(socket_, address, length) != 0 ||
            ::getsockname(socket_, address, &length) != 0)
            throw std::runtime_error{std::string{"no socket: "} + std::strerror(errno)};
    }
    transport(const transport&) = delete;  // The node borrows it.
    transport& operator=(const transport&) = delete;
    ~transport() { ::close(socket_); }

    void know(raft::member_id id, const transport& other) { peers_[id] = other.here_; }
    [[nodiscard]] int handle() const { return socket_; }

    // What the concept asks for: see policy/transport.hpp.
    void send(std::span<const raft::member_id> to, const raft::core::message& body,
              const raft::attachment<std::int32_t>& beside) {
        frame_.clear();
        const raft::wire::frame_limits limits{.frame_bytes_max = datagram_max};
        if (raft::wire::append_frame(frame_, body, beside, limits)) return;  // As if it were lost.
        for (const auto each : to) {
            const auto found = peers_.find(each);
            if (found == peers_.end()) continue;
            const auto* at = reinterpret_cast<const sockaddr*>(&found->second);
            ::sendto(socket_, frame_.data(), frame_.size(), MSG_DONTWAIT, at, sizeof here_);
        }
    }
    [[nodiscard]] std::size_t room(raft::member_id) const { return small.message_bytes; }

    /// Gives the node, by its `receive(from, message, attachment)`, what has arrived.
    void deliver_to(auto& node) {
        std::vector<std::byte> bytes(datagram_max);
        sockaddr_in from{};
        for (;;) {
            socklen_t length = sizeof from;
            const auto got = ::recvfrom(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT,
                                        reinterpret_cast<sockaddr*>(&from), &length);
            if (got < 0) return;
            const auto* sender = member_at(from);
            const std::span<const std::byte> frame{bytes.data(), static_cast<std::size_t>(got)};
            if (sender == nullptr || raft::wire::decode_frame(frame, arrived_)) continue;
            node.receive(*sender, arrived_.body, arrived_.beside());
        }
    }

private:
    [[nodiscard]] const raft::member_id* member_at(const sockaddr_in& address) const {
        for (const auto& [id, peer] : peers_)
            if (peer.sin_port == address.sin_port &&
                peer.sin_addr.s_addr == address.sin_addr.s_addr)
                return &id;
        return nullptr;
    }

    int socket_;
    sockaddr_in here_{};
    std::map<raft::member_id, sockaddr_in> peers_{};
    std::vector<std::byte> frame_{};
    raft::wire::decoded<std::int32_t> arrived_{};
};

}  // namespace udp
