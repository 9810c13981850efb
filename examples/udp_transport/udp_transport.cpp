// SPDX-License-Identifier: BSL-1.0
//
// A transport of one's own: three nodes that send each other datagrams over UDP. Raft takes what a
// network does: datagrams may be lost, doubled, late. They must not be changed, which a frame's
// checksum sees, nor come from somebody else: here the address tells; asio_transport proves it.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <deque>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <raft/battery/memory_storage.hpp>
#include <raft/codec.hpp>
#include <raft/raft.hpp>

namespace {

struct counter {
    using command = std::int32_t;
    using result = std::int32_t;
    std::int32_t value = 0;
    std::int32_t apply(raft::log_index, const std::int32_t& amount) { return value += amount; }
};

constexpr std::size_t datagram_max = 60'000;
// A command counts 4 bytes (`storage::size_of`), and an entry takes 8 of a frame.
constexpr raft::limits small{.message_bytes = datagram_max / 4};

class udp_transport {
public:
    /// Binds a socket of this host, at a port that is free.
    udp_transport() : socket_{::socket(AF_INET, SOCK_DGRAM, 0)} {
        here_.sin_family = AF_INET;
        here_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof here_;
        auto* address = reinterpret_cast<sockaddr*>(&here_);
        if (socket_ < 0 || ::bind(socket_, address, length) != 0 ||
            ::getsockname(socket_, address, &length) != 0)
            throw std::runtime_error{std::string{"no socket: "} + std::strerror(errno)};
    }
    udp_transport(const udp_transport&) = delete;  // The node borrows it.
    udp_transport& operator=(const udp_transport&) = delete;
    ~udp_transport() { ::close(socket_); }

    void know(raft::member_id id, const udp_transport& other) { peers_[id] = other.here_; }
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

    /// Gives the node what has arrived.
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

using server = raft::node<counter, udp_transport&, raft::memory_storage<std::int32_t>,
                          std::chrono::steady_clock, small>;

/// Waits until something arrives, or a timer is due, and has the nodes see to it.
void take_turn(std::deque<server>& servers, std::deque<udp_transport>& wires) {
    std::vector<pollfd> sockets;
    for (const auto& each : wires) sockets.push_back({each.handle(), POLLIN, 0});
    ::poll(sockets.data(), sockets.size(), 10);  // Timers are late by so many milliseconds at most.
    for (std::size_t i = 0; i < servers.size(); ++i) {
        wires[i].deliver_to(servers[i]);
        servers[i].poll();
    }
}

void run() {
    std::deque<udp_transport> wires(3);
    std::deque<server> servers;
    for (std::uint64_t id = 1; id <= 3; ++id) {
        for (std::uint64_t other = 1; other <= 3; ++other)
            if (other != id) wires[id - 1].know({other}, wires[other - 1]);
        servers.emplace_back(raft::node_options{.id = {id},
                                                .initial = raft::core::voters_only({{1}, {2}, {3}}),
                                                .birth = raft::history_id{1},  // None has run yet.
                                                .seed = id},
                             counter{}, wires[id - 1], raft::memory_storage<std::int32_t>{});
    }
    for (auto& each : servers) each.start();
    const auto lacks_it = [](const server& each) { return each.state_machine().value < 42; };
    bool asked = false;
    while (std::any_of(servers.begin(), servers.end(), lacks_it)) {
        take_turn(servers, wires);
        if (asked || !servers[0].protocol_state().current_leader()) continue;
        asked = true;
        servers[0].forward(42, [&](const raft::outcome<std::int32_t>& outcome) {
            std::cout << "the command is " << describe(outcome) << std::endl;
            asked = std::holds_alternative<raft::applied<std::int32_t>>(outcome);
        });
    }
    std::cout << "the counter is 42 on three servers" << std::endl;
}

}  // namespace

int main() try { run(); } catch (const std::exception& wrong) {
    std::cerr << wrong.what() << "\n";
    return 1;
}
