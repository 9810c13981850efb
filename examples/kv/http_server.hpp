// SPDX-License-Identifier: BSL-1.0
//
// Answers GET over HTTP: metrics, and whether the server is well. A connection is answered once and
// closed. How much it may send, how long it may take, and how many there are is limited: so much of
// the server can be taken by who reaches the port, and no more.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

namespace raft_kv {

struct http_page {
    std::string_view status{};  ///< "200 OK".
    std::string_view type{};    ///< Of the body, as in Content-Type.
    std::string body{};
};

class http_connection;

class http_server {
public:
    /// `page(path)` gives what is there, if anything, within the io_context's thread.
    using page_function = std::function<std::optional<http_page>(std::string_view path)>;

    http_server(asio::io_context& io, page_function page);

    /// What is wrong, if it cannot listen there.
    [[nodiscard]] std::optional<std::string> listen(const asio::ip::tcp::endpoint& endpoint);
    void stop();

private:
    friend class http_connection;
    void accept();
    [[nodiscard]] bool make_room();

    asio::ip::tcp::acceptor acceptor_;
    asio::steady_timer accept_again_;
    page_function page_;
    std::size_t connections_ = 0;
    std::deque<std::weak_ptr<http_connection>> asking_{};  ///< In the order of their coming.
};

}  // namespace raft_kv
