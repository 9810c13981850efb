// SPDX-License-Identifier: BSL-1.0
//
// A secure stream encrypts a connection between two servers and authenticates its other end:
// asio_tls.hpp has one over OpenSSL. Without one a connection is its socket.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <asio/buffer.hpp>
#include <asio/error_code.hpp>
#include <asio/ip/tcp.hpp>

#include <raft/core/types.hpp>

namespace raft::security {

/// One connection's, over a socket that outlives it. Like a socket it has one read and one write
/// under way at most; closing the socket ends both.
class secure_stream {
public:
    using executor_type = asio::ip::tcp::socket::executor_type;
    using done = std::function<void(asio::error_code, std::size_t)>;

    secure_stream() = default;
    secure_stream(const secure_stream&) = delete;
    secure_stream& operator=(const secure_stream&) = delete;
    virtual ~secure_stream() = default;

    /// Begins it, before anything is read or written.
    virtual void shake_hands(std::function<void(asio::error_code)> then) = 0;
    /// Whether the other end has proved to be that member. After the handshake.
    [[nodiscard]] virtual bool is_member(member_id claimed) const = 0;
    /// Why the other end was refused, or refuses, in words that live for ever; none if the error
    /// is not about that.
    [[nodiscard]] virtual std::optional<std::string_view>
    describe_refusal(const asio::error_code& error) const = 0;

    // As Asio's functions over streams want it. Of several buffers the first is used.
    [[nodiscard]] virtual executor_type get_executor() = 0;
    template <class Buffers, class Handler>
    void async_read_some(const Buffers& buffers, Handler&& handler) {
        read_some(first_of<asio::mutable_buffer>(buffers), std::forward<Handler>(handler));
    }
    template <class Buffers, class Handler>
    void async_write_some(const Buffers& buffers, Handler&& handler) {
        write_some(first_of<asio::const_buffer>(buffers), std::forward<Handler>(handler));
    }

protected:
    virtual void read_some(asio::mutable_buffer into, done then) = 0;
    virtual void write_some(asio::const_buffer from, done then) = 0;

private:
    template <class Buffer, class Buffers>
    [[nodiscard]] static Buffer first_of(const Buffers& buffers) {
        for (auto at = asio::buffer_sequence_begin(buffers);
             at != asio::buffer_sequence_end(buffers); ++at)
            if (Buffer{*at}.size() != 0) return *at;
        return {};
    }
};

/// Makes them. Used on the thread of the transport alone.
class stream_security {
public:
    stream_security() = default;
    stream_security(const stream_security&) = delete;
    stream_security& operator=(const stream_security&) = delete;
    virtual ~stream_security() = default;

    /// For a new connection over `socket`, which this side has opened if it `calls`.
    [[nodiscard]] virtual std::unique_ptr<secure_stream> secure(asio::ip::tcp::socket& socket,
                                                                bool calls) = 0;
};

}  // namespace raft::security
