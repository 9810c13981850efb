// SPDX-License-Identifier: BSL-1.0
#include "client_listener.hpp"

#include <utility>

#include <asio/error.hpp>

namespace raft_kv {

namespace {
constexpr std::chrono::milliseconds accept_pause{200};
/// The same trouble is told no more often than this.
constexpr std::chrono::minutes tell_again_after{1};
}  // namespace

client_listener::client_listener(asio::io_context& io, event_log log,
                                 std::function<void(asio::ip::tcp::socket)> take)
    : log_{log}, take_{std::move(take)}, acceptor_{io}, accept_again_{io} {}

std::optional<std::string> client_listener::listen(const asio::ip::tcp::endpoint& endpoint) {
    using acceptor = asio::ip::tcp::acceptor;
    asio::error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(acceptor::reuse_address{true}, error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(acceptor::max_listen_connections, error);
    if (error) return error.message();
    return std::nullopt;
}

void client_listener::open() {
    if (listens()) accept();
}

void client_listener::accept() {
    acceptor_.async_accept([this](const asio::error_code& error, asio::ip::tcp::socket socket) {
        if (error == asio::error::operation_aborted || closing_) return;
        if (error) return wait_for_descriptors(error);
        take_(std::move(socket));
        accept();
    });
}

/// No descriptors left, for example: clients wait in the queue of the system meanwhile.
void client_listener::wait_for_descriptors(const asio::error_code& error) {
    const auto now = clock::now();
    if (!told_full_ || now - *told_full_ >= tell_again_after) {
        told_full_ = now;
        log_("cannot accept a client: " + error.message() + "; clients wait");
    }
    accept_again_.expires_after(accept_pause);
    accept_again_.async_wait([this](const asio::error_code& cancelled) {
        if (!cancelled) accept();
    });
}

void client_listener::close() {
    closing_ = true;
    asio::error_code ignored;
    acceptor_.close(ignored);
    accept_again_.cancel();
}

}  // namespace raft_kv
