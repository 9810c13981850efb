// SPDX-License-Identifier: BSL-1.0
//
// A TCP connection for bytes that no client would send.
#pragma once

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace support {

class raw_socket {
public:
    explicit raw_socket(std::uint16_t port)
        : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
        address.sin_port = ::htons(port);
        timeval limit{};
        limit.tv_sec = 20;
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
        if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
            ::close(socket_);
            throw std::runtime_error{"nobody listens on port " + std::to_string(port)};
        }
    }
    raw_socket(const raw_socket&) = delete;
    raw_socket& operator=(const raw_socket&) = delete;
    ~raw_socket() { ::close(socket_); }

    /// False if the other side closed the connection before all was sent.
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
        return true;
    }

    /// Bytes until there are so many. Fewer if the connection is closed before, or nothing comes.
    [[nodiscard]] std::string receive(std::size_t count) {
        std::string bytes;
        while (bytes.size() < count && read_more(bytes, count - bytes.size())) {
        }
        return bytes;
    }

    /// All until the other side closes the connection.
    [[nodiscard]] std::string receive_all() {
        std::string bytes;
        while (read_more(bytes, buffer_.size())) {
        }
        return bytes;
    }

    /// Whether the connection was closed, rather than silent for too long.
    [[nodiscard]] bool was_closed() const { return closed_; }

    void end_of_output() { ::shutdown(socket_, SHUT_WR); }

private:
    bool read_more(std::string& bytes, std::size_t most) {
        const auto count = ::recv(socket_, buffer_.data(), std::min(most, buffer_.size()), 0);
        closed_ = count == 0 || (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
        if (count <= 0) return false;
        bytes.append(buffer_.data(), static_cast<std::size_t>(count));
        return true;
    }

    int socket_;
    bool closed_ = false;
    std::array<char, 65536> buffer_{};
};

}  // namespace support
