// SPDX-License-Identifier: BSL-1.0
//
// Answers GET /metrics over HTTP. Each connection is answered once and closed; how much it may
// send, how long it may take and how many there are is limited, so that nobody who can reach the
// port takes more of the server than that.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

namespace raft_kv {

class metrics_server {
public:
    /// `page()` gives the text, within the io_context's thread.
    metrics_server(asio::io_context& io, std::function<std::string()> page);

    /// What is wrong, if it cannot listen there.
    [[nodiscard]] std::optional<std::string> listen(const asio::ip::tcp::endpoint& endpoint);
    void stop();

private:
    friend class metrics_connection;
    void accept();

    asio::ip::tcp::acceptor acceptor_;
    asio::steady_timer accept_again_;
    std::function<std::string()> page_;
    std::size_t connections_ = 0;
};

}  // namespace raft_kv
