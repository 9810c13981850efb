// SPDX-License-Identifier: BSL-1.0
//
// A port where clients come in.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "event_log.hpp"
#include <asio/error_code.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

namespace raft_kv {

class client_listener {
public:
    /// `take(socket)` is called for each client.
    client_listener(asio::io_context& io, event_log log,
                    std::function<void(asio::ip::tcp::socket)> take);

    /// What is wrong, if it cannot listen there.
    [[nodiscard]] std::optional<std::string> listen(const asio::ip::tcp::endpoint& endpoint);
    [[nodiscard]] bool listens() const { return acceptor_.is_open(); }
    [[nodiscard]] asio::ip::tcp::endpoint listens_on() const { return acceptor_.local_endpoint(); }
    /// From now on they are let in.
    void open();
    /// Nobody comes in any more.
    void close();
    void cancel_timers() { accept_again_.cancel(); }

private:
    using clock = std::chrono::steady_clock;

    void accept();
    void wait_for_descriptors(const asio::error_code& error);

    event_log log_;
    std::function<void(asio::ip::tcp::socket)> take_;
    asio::ip::tcp::acceptor acceptor_;
    asio::steady_timer accept_again_;
    std::optional<clock::time_point> told_full_{};
    bool closing_ = false;
};

}  // namespace raft_kv
