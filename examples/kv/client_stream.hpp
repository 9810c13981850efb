// SPDX-License-Identifier: BSL-1.0
//
// The stream between a server and one client: a socket, or TLS over it. To Asio's functions it is a
// stream as any other.
#pragma once

#include <chrono>
#include <memory>
#include <string_view>
#include <utility>

#include <asio/error.hpp>
#include <asio/error_code.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ssl/context.hpp>
#include <asio/ssl/error.hpp>
#include <asio/ssl/stream.hpp>
#include <asio/steady_timer.hpp>

#include <raft/battery/asio_tls/refusal.hpp>

namespace raft_kv {

class client_stream {
public:
    using executor_type = asio::ip::tcp::socket::executor_type;

    static constexpr std::chrono::seconds handshake_time_max{3};

    /// `tls`: null if the client speaks none; else it lives on in the stream.
    client_stream(asio::ip::tcp::socket socket, asio::ssl::context* tls)
        : socket_{std::move(socket)} {
        if (tls != nullptr) tls_ = std::make_unique<encryption>(socket_, *tls);
    }

    [[nodiscard]] bool is_encrypted() const { return tls_ != nullptr; }
    [[nodiscard]] const asio::ip::tcp::socket& socket() const { return socket_; }
    [[nodiscard]] executor_type get_executor() { return socket_.get_executor(); }

    /// Of TLS, before anything is read or written. `done(error)` keeps this object alive.
    template <class Done>
    void async_handshake(Done done) {
        tls_->deadline.expires_after(handshake_time_max);
        tls_->deadline.async_wait([this, done](const asio::error_code& cancelled) {
            if (cancelled || tls_->is_over) return;
            tls_->is_late = true;
            close();
        });
        tls_->stream.async_handshake(encryption::stream_type::server,
                                     [this, done](const asio::error_code& error) {
                                         tls_->is_over = true;
                                         tls_->deadline.cancel();
                                         done(error);
                                     });
    }

    /// Why a handshake failed, in words that live for ever.
    [[nodiscard]] std::string_view describe(const asio::error_code& error) const {
        if (tls_->is_late) return "the TLS handshake took longer than 3 s";
        return raft::security::describe_tls_refusal(tls_->native(), error)
            .value_or("the connection ended in the TLS handshake");
    }

    template <class Buffers, class Handler>
    void async_read_some(const Buffers& into, Handler&& handler) {
        if (!tls_) return socket_.async_read_some(into, std::forward<Handler>(handler));
        // Requests and replies have lengths: an end without a farewell is an end.
        tls_->stream.async_read_some(into, [then = std::forward<Handler>(handler)](
                                               asio::error_code error, std::size_t count) mutable {
            if (error == asio::ssl::error::stream_truncated) error = asio::error::eof;
            then(error, count);
        });
    }

    template <class Buffers, class Handler>
    void async_write_some(const Buffers& from, Handler&& handler) {
        if (!tls_) return socket_.async_write_some(from, std::forward<Handler>(handler));
        tls_->stream.async_write_some(from, std::forward<Handler>(handler));
    }

    void close() {
        asio::error_code ignored;
        socket_.close(ignored);
    }

private:
    struct encryption {
        using stream_type = asio::ssl::stream<asio::ip::tcp::socket&>;

        encryption(asio::ip::tcp::socket& socket, asio::ssl::context& context)
            : stream{socket, context}, deadline{socket.get_executor()} {}
        [[nodiscard]] const SSL* native() { return stream.native_handle(); }

        stream_type stream;
        asio::steady_timer deadline;  ///< Of the handshake.
        bool is_over = false;         ///< The handshake.
        bool is_late = false;
    };

    asio::ip::tcp::socket socket_;
    std::unique_ptr<encryption> tls_{};
};

}  // namespace raft_kv
