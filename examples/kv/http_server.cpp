// SPDX-License-Identifier: BSL-1.0
#include "http_server.hpp"

#include <array>
#include <chrono>
#include <memory>
#include <string_view>
#include <utility>

#include "http_request.hpp"
#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/write.hpp>

namespace raft_kv {

namespace {

constexpr std::size_t connections_max = 16;
/// Half a request is not waited for any longer, nor an answer that is not fetched.
constexpr std::chrono::seconds connection_time_max{5};

std::string response(const http_page& page) {
    std::string text{"HTTP/1.1 "};
    text.append(page.status).append("\r\nContent-Type: ").append(page.type);
    text.append("\r\nContent-Length: ").append(std::to_string(page.body.size()));
    return text.append("\r\nConnection: close\r\n\r\n").append(page.body);
}

http_page plain(std::string_view status, std::string text) {
    return {.status = status, .type = "text/plain; charset=utf-8", .body = std::move(text)};
}

}  // namespace

/// One caller: its request is read, answered, and that is all.
class http_connection : public std::enable_shared_from_this<http_connection> {
public:
    http_connection(http_server& owner, asio::ip::tcp::socket socket)
        : owner_{owner}, socket_{std::move(socket)}, timer_{socket_.get_executor()} {
        ++owner_.connections_;
    }
    http_connection(const http_connection&) = delete;
    http_connection& operator=(const http_connection&) = delete;
    ~http_connection() { --owner_.connections_; }

    /// Its request is not whole.
    [[nodiscard]] bool is_asking() const { return is_asking_; }

    void start() {
        timer_.expires_after(connection_time_max);
        timer_.async_wait([here = weak_from_this()](const asio::error_code& cancelled) {
            if (const auto alive = cancelled ? nullptr : here.lock()) alive->close();
        });
        read();
    }

    void close() {
        is_asking_ = false;
        asio::error_code ignored;
        socket_.shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
        socket_.close(ignored);
        timer_.cancel();
    }

private:
    void read() {
        auto free = asio::buffer(head_) + size_;
        socket_.async_read_some(
            free, [here = shared_from_this()](const asio::error_code& error, std::size_t count) {
                if (!error) here->was_read(count);
            });
    }

    void was_read(std::size_t count) {
        size_ += count;
        const auto request = judge_http_request({head_.data(), size_});
        switch (request.verdict) {
        case http_verdict::incomplete:
            if (size_ < head_.size()) return read();
            return answer(response(plain("400 Bad Request", "the request is too long\n")));
        case http_verdict::get:
            return answer(response(
                owner_.page_(request.path)
                    .value_or(plain("404 Not Found",
                                    "there are /metrics, /healthz and /ready, and no other\n"))));
        case http_verdict::bad: break;
        }
        answer(response(plain("400 Bad Request", "only GET is understood\n")));
    }

    void answer(std::string text) {
        is_asking_ = false;
        answer_ = std::move(text);
        asio::async_write(
            socket_, asio::buffer(answer_),
            [here = shared_from_this()](const asio::error_code&, std::size_t) { here->close(); });
    }

    http_server& owner_;
    asio::ip::tcp::socket socket_;
    asio::steady_timer timer_;
    std::array<char, http_head_bytes_max> head_;
    std::size_t size_ = 0;
    bool is_asking_ = true;
    std::string answer_;
};

http_server::http_server(asio::io_context& io, page_function page)
    : acceptor_{io}, accept_again_{io}, page_{std::move(page)} {}

std::optional<std::string> http_server::listen(const asio::ip::tcp::endpoint& endpoint) {
    asio::error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(asio::ip::tcp::acceptor::reuse_address{true}, error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::ip::tcp::acceptor::max_listen_connections, error);
    if (error) return error.message();
    accept();
    return std::nullopt;
}

void http_server::stop() {
    asio::error_code ignored;
    acceptor_.close(ignored);
    accept_again_.cancel();
}

void http_server::accept() {
    acceptor_.async_accept([this](const asio::error_code& error, asio::ip::tcp::socket socket) {
        if (error == asio::error::operation_aborted) return;
        if (!error && make_room()) {
            auto added = std::make_shared<http_connection>(*this, std::move(socket));
            asking_.push_back(added);
            added->start();
        }
        if (!error) return accept();
        accept_again_.expires_after(std::chrono::milliseconds{200});
        accept_again_.async_wait([this](const asio::error_code& cancelled) {
            if (!cancelled) accept();
        });
    });
}

/// Who has not asked yet, for the longest time, makes room for the next: half a request holds no
/// place. False if all are being answered.
bool http_server::make_room() {
    std::erase_if(asking_, [](const auto& each) {
        const auto one = each.lock();
        return one == nullptr || !one->is_asking();
    });
    if (connections_ < connections_max) return true;
    if (asking_.empty()) return false;
    if (const auto first = asking_.front().lock()) first->close();
    asking_.pop_front();
    return true;
}

}  // namespace raft_kv
