// SPDX-License-Identifier: BSL-1.0
//
// A wire between two servers that a test can break: it listens where the one calls, and passes on
// what comes to the other, both ways. It breaks within a frame, as wires do.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "asio_transport.hpp"

namespace asio_test {

class relay {
public:
    relay(asio::io_context& io, tcp::endpoint target, const tcp::endpoint& listen = loopback())
        : io_{io}, target_{std::move(target)}, acceptor_{io, listen} {
        accept();
    }
    relay(const relay&) = delete;
    relay& operator=(const relay&) = delete;
    ~relay() { break_now(); }

    [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

    /// Passes on so many bytes more, then ends all connections, and takes no other until `mend`.
    void break_after(std::size_t bytes) { bytes_left_ = bytes; }
    [[nodiscard]] bool is_broken() const { return bytes_left_ == 0; }
    void mend() { bytes_left_ = unbroken; }

    /// All that callers have said so far.
    [[nodiscard]] const std::vector<std::byte>& heard_of_callers() const { return heard_; }
    /// All that they were told.
    [[nodiscard]] const std::vector<std::byte>& told_to_callers() const { return told_; }

private:
    static constexpr auto unbroken = std::numeric_limits<std::size_t>::max();

    /// A connection of the caller's, and the one that goes on from it.
    struct connection {
        explicit connection(asio::io_context& io) : caller{io}, called{io} {}
        tcp::socket caller;
        tcp::socket called;
        std::array<std::byte, 4096> to_called{};
        std::array<std::byte, 4096> to_caller{};
    };
    using shared_connection = std::shared_ptr<connection>;

    void accept() {
        acceptor_.async_accept([this](asio::error_code error, tcp::socket caller) {
            if (error == asio::error::operation_aborted) return;
            if (!error && !is_broken()) go_on(std::move(caller));
            accept();
        });
    }

    void go_on(tcp::socket caller) {
        auto made = std::make_shared<connection>(io_);
        made->caller = std::move(caller);
        asio::error_code error;
        made->called.connect(target_, error);  // At once: it is the same machine.
        if (error) return;
        made->called.set_option(tcp::no_delay{true}, error);
        connections_.push_back(made);
        pass_on(made, made->caller, made->called, made->to_called);
        pass_on(made, made->called, made->caller, made->to_caller);
    }

    void pass_on(const shared_connection& on, tcp::socket& from, tcp::socket& to,
                 std::span<std::byte> buffer) {
        from.async_read_some(
            asio::buffer(buffer.data(), buffer.size()),
            [this, on, &from, &to, buffer](asio::error_code error, std::size_t count) {
                if (error == asio::error::operation_aborted) return;
                if (error) return end(on);
                const auto passed = std::min(count, bytes_left_);
                auto& record = &to == &on->called ? heard_ : told_;
                record.insert(record.end(), &buffer[0], &buffer[0] + passed);
                if (bytes_left_ != unbroken) bytes_left_ -= passed;
                const auto write = asio::buffer(buffer.data(), passed);
                asio::async_write(to, write, [=, this, &from, &to](auto failed, std::size_t) {
                    if (failed == asio::error::operation_aborted) return;
                    if (is_broken()) return break_now();
                    if (failed) return end(on);
                    pass_on(on, from, to, buffer);
                });
            });
    }

    void break_now() {
        for (const auto& each : std::exchange(connections_, {})) close(*each);
    }

    void end(const shared_connection& on) {
        close(*on);
        std::erase(connections_, on);
    }

    static void close(connection& ended) {
        asio::error_code ignored;
        ended.caller.close(ignored);
        ended.called.close(ignored);
    }

    asio::io_context& io_;
    tcp::endpoint target_;
    tcp::acceptor acceptor_;
    std::size_t bytes_left_ = unbroken;
    std::vector<shared_connection> connections_{};
    std::vector<std::byte> heard_{};
    std::vector<std::byte> told_{};
};

}  // namespace asio_test
