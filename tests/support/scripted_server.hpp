// SPDX-License-Identifier: BSL-1.0
//
// A server that answers as it is told to, whatever it is asked: for the tests of clients.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace support {

/// Of each connection it answers the requests with one answer after another, and then closes it. An
/// empty answer closes it at once, and the one that is `sends_to_itself` names its own address.
class scripted_server {
public:
    static constexpr std::string_view sends_to_itself = "-MOVED 1 ";

    explicit scripted_server(std::vector<std::vector<std::string>> connections)
        : connections_{std::move(connections)}
        , listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
        auto* const generic = reinterpret_cast<sockaddr*>(&address);
        if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 8) != 0 ||
            ::getsockname(listener_, generic, &size) != 0)
            throw std::runtime_error{"no port to listen on"};
        port_ = ::ntohs(address.sin_port);
        thread_ = std::thread{[this] { serve(); }};
    }
    scripted_server(const scripted_server&) = delete;
    scripted_server& operator=(const scripted_server&) = delete;
    ~scripted_server() {
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
    }

    [[nodiscard]] std::uint16_t port() const { return port_; }
    /// Where the requests are SET, which are arrays of three.
    [[nodiscard]] std::size_t requests() const { return requests_; }

private:
    void serve() {
        for (const auto& answers : connections_) {
            const auto client = ::accept(listener_, nullptr, nullptr);
            if (client < 0) return;
            talk(client, answers);
            ::close(client);
        }
        ::shutdown(listener_, SHUT_RDWR);
    }

    void talk(int client, const std::vector<std::string>& answers) {
        std::size_t waiting = 0;
        for (auto answer : answers) {
            if (answer == sends_to_itself) answer += "127.0.0.1:" + std::to_string(port_) + "\r\n";
            std::array<char, 4096> buffer{};
            while (waiting == 0) {
                const auto count = ::recv(client, buffer.data(), buffer.size(), 0);
                if (count <= 0) return;
                for (const auto byte : std::string_view{buffer.data(), std::size_t(count)})
                    waiting += byte == '*' ? 1 : 0;
            }
            --waiting;
            ++requests_;
            if (answer.empty()) return;
            ::send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
        }
    }

    std::vector<std::vector<std::string>> connections_;
    int listener_;
    std::uint16_t port_ = 0;
    std::atomic<std::size_t> requests_ = 0;
    std::thread thread_;
};

}  // namespace support
