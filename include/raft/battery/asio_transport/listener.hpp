// SPDX-License-Identifier: BSL-1.0
//
// Accepts connections until it is closed, and goes on when the system cannot give one for a while.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include <asio/steady_timer.hpp>

#include <raft/battery/asio_transport/shared_state.hpp>

namespace raft::detail {

class listener : public std::enable_shared_from_this<listener> {
public:
    using on_accept = std::function<void(asio::ip::tcp::socket)>;

    listener(std::shared_ptr<asio_shared_state> shared, on_accept accepted)
        : shared_{std::move(shared)}
        , accepted_{std::move(accepted)}
        , acceptor_{shared_->io}
        , timer_{shared_->io} {}

    [[nodiscard]] asio::error_code open() {
        const auto& endpoint = shared_->options.listen;
        asio::error_code error;
        acceptor_.open(endpoint.protocol(), error);
        if (error) return error;
        acceptor_.set_option(asio::socket_base::reuse_address{true}, error);
        if (!error) acceptor_.bind(endpoint, error);
        if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
        if (error) {
            close();
        } else {
            accept();
        }
        return error;
    }

    void close() {
        closed_ = true;
        timer_.cancel();
        asio::error_code ignored;
        acceptor_.close(ignored);
    }

    [[nodiscard]] asio::ip::tcp::endpoint local_endpoint() const {
        asio::error_code not_open;
        return acceptor_.local_endpoint(not_open);
    }

private:
    void accept() {
        acceptor_.async_accept(
            [self = shared_from_this()](asio::error_code error, asio::ip::tcp::socket socket) {
                if (self->closed_) return;
                if (error) return self->pause(error);
                self->accepted_(std::move(socket));
                if (!self->closed_) self->accept();
            });
    }

    // Typically there are no file descriptors left; trying at once again would only burn time.
    void pause(asio::error_code error) {
        shared_->report({.kind = transport::event_kind::accept_failed, .error = error});
        timer_.expires_after(std::chrono::milliseconds{100});
        timer_.async_wait([self = shared_from_this()](asio::error_code cancelled) {
            if (!cancelled && !self->closed_) self->accept();
        });
    }

    std::shared_ptr<asio_shared_state> shared_;
    on_accept accepted_;
    asio::ip::tcp::acceptor acceptor_;
    asio::steady_timer timer_;
    bool closed_ = false;
};

}  // namespace raft::detail
