// SPDX-License-Identifier: BSL-1.0
//
// What the tests of the Asio transport share: servers on real sockets of this machine, on ports
// that the system chooses, and plain sockets as peers that misbehave. All of a test share one
// io_context, which runs until what is expected has happened; the deadline only guards against
// waiting for ever.
#pragma once

#include <array>
#include <string>

#include <doctest/doctest.h>

#include <raft/battery/asio_transport.hpp>

namespace asio_test {

using namespace raft;
using namespace raft::wire;
using namespace raft::core;
using namespace std::chrono_literals;
using tcp = asio::ip::tcp;
using transport_type = asio_transport<std::string>;

inline constexpr cluster_id ours{0xC1};

/// Runs until `happened()`; false if it has not within any reasonable time.
template <class Happened>
bool run_until(asio::io_context& io, const Happened& happened) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (!happened()) {
        io.restart();
        if (io.run_one_until(deadline) == 0) return happened();
    }
    return true;
}

inline tcp::endpoint loopback(std::uint16_t port = 0) {
    return {asio::ip::make_address("127.0.0.1"), port};
}

struct received_message {
    member_id from{};
    message body{};
    std::vector<entry<std::string>> entries{};
    std::optional<indexed_configuration> configuration{};
    std::string chunk{};
};

struct told {
    transport::event_kind kind{};
    std::optional<member_id> peer{};
    std::string reason{};
};

/// Whether any of the events is of that kind, and says that reason if one is given.
inline bool any_of(const std::vector<told>& events, transport::event_kind kind,
                   std::string_view reason = {}) {
    for (const auto& event : events)
        if (event.kind == kind && (reason.empty() || event.reason == reason)) return true;
    return false;
}

inline transport::options options_for(std::uint64_t id) {
    transport::options options;
    options.cluster = ours;
    options.self = {id};
    options.listen = loopback();
    options.reconnect_min = 1ms;
    options.reconnect_max = 20ms;
    return options;
}

/// A transport, and all that it has said.
struct server {
    std::vector<received_message> inbox{};
    std::vector<told> events{};
    member_id id;
    transport_type transport;

    server(asio::io_context& io, transport::options options)
        : id{options.self}, transport{io, with_log(std::move(options))} {}

    transport::options with_log(transport::options options) {
        options.on_event = [this](const transport::event& event) {
            events.push_back({event.kind, event.peer, std::string(event.reason)});
        };
        return options;
    }

    void start() {
        const auto error = transport.start(
            [this](member_id from, const message& body, const attachment<std::string>& beside) {
                auto& one = inbox.emplace_back();
                one.from = from;
                one.body = body;
                one.entries.assign(beside.entries.begin(), beside.entries.end());
                if (beside.configuration != nullptr) one.configuration = *beside.configuration;
                for (const auto byte : beside.chunk) one.chunk.push_back(static_cast<char>(byte));
            });
        REQUIRE_FALSE(error);
    }

    void knows(const server& other) {
        transport.set_peer({other.id, "127.0.0.1", other.transport.local_endpoint().port()});
    }

    void send(std::initializer_list<member_id> to, const message& body,
              const attachment<std::string>& beside = {}) {
        transport.send({to.begin(), to.size()}, body, beside);
    }

    [[nodiscard]] bool heard(transport::event_kind kind, std::string_view reason = {}) const {
        return any_of(events, kind, reason);
    }
};

inline bool connected(server& from, const server& to) { return from.transport.room(to.id) > 0; }

/// Two servers that know each other, and are connected both ways.
struct pair_of_servers {
    asio::io_context io{};
    server a;
    server b;

    explicit pair_of_servers(transport::options for_a = options_for(1),
                             transport::options for_b = options_for(2))
        : a{io, std::move(for_a)}, b{io, std::move(for_b)} {
        a.start();
        b.start();
        a.knows(b);
        b.knows(a);
        REQUIRE(run_until(io, [&] { return connected(a, b) && connected(b, a); }));
    }
};

/// A plain socket that says what it is told to say.
struct plain_client {
    tcp::socket socket;
    std::string heard{};
    bool gone = false;
    std::array<char, 256> buffer{};

    plain_client(asio::io_context& io, const server& to)
        : plain_client{io, to.transport.local_endpoint()} {}

    plain_client(asio::io_context& io, const tcp::endpoint& to) : socket{io} {
        asio::error_code error;
        socket.connect(to, error);
        REQUIRE_FALSE(error);
        listen();
    }

    void listen() {
        socket.async_read_some(asio::buffer(buffer), [this](asio::error_code error, std::size_t n) {
            if (error == asio::error::operation_aborted) return;
            heard.append(buffer.data(), n);
            gone = static_cast<bool>(error);
            if (!gone) listen();
        });
    }

    void say(std::span<const std::byte> bytes) {
        asio::error_code error;
        asio::write(socket, asio::buffer(bytes.data(), bytes.size()), error);
        REQUIRE_FALSE(error);
    }

    /// As a server of version 1, which does not introduce itself.
    void say(handshake question) {
        if (question.version_newest == frame_version_newest) question.version_newest = 1;
        say(encode_handshake(question));
    }

    [[nodiscard]] std::optional<handshake_verdict> verdict() const {
        handshake reply;
        const auto bytes = std::as_bytes(std::span{heard});
        if (bytes.size() < handshake_bytes) return std::nullopt;
        REQUIRE_FALSE(decode_handshake(bytes.first(handshake_bytes), reply).has_value());
        return reply.verdict;
    }
};

/// A plain socket that waits for a caller, welcomes it, and then reads only if it is told to.
struct plain_listener {
    tcp::acceptor acceptor;
    tcp::socket socket;
    member_id self;
    std::array<std::byte, handshake_bytes> question{};
    std::array<std::byte, handshake_bytes> reply{};

    plain_listener(asio::io_context& io, member_id id)
        : acceptor{io, loopback()}, socket{io}, self{id} {
        acceptor.async_accept(socket, [this](asio::error_code error) {
            if (!error) hear();
        });
    }

    void hear() {
        asio::async_read(socket, asio::buffer(question),
                         [this](asio::error_code error, std::size_t) {
                             if (error) return;
                             handshake asked;
                             REQUIRE_FALSE(decode_handshake(question, asked).has_value());
                             asked.version_newest = 1;
                             const auto anyone = [](member_id) { return true; };
                             reply = encode_handshake(answer(asked, ours, self, anyone));
                             asio::async_write(socket, asio::buffer(reply),
                                               [](asio::error_code, std::size_t) {});
                         });
    }

    [[nodiscard]] transport::peer address() const {
        return {self, "127.0.0.1", acceptor.local_endpoint().port()};
    }
};

inline std::vector<std::byte> frame_of(const message& body) {
    std::vector<std::byte> frame;
    REQUIRE_FALSE(append_frame(frame, body, attachment<std::string>{}).has_value());
    return frame;
}

inline const message any_message = timeout_now{.term = {3}, .last_index = {4}};

}  // namespace asio_test
