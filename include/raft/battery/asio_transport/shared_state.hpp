// SPDX-License-Identifier: BSL-1.0
//
// What all connections of one transport share. It lives as long as the last of them, which can
// be longer than the transport: a handler that was cancelled still has to run.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <utility>

#include <asio/io_context.hpp>

#include <raft/battery/asio_transport/options.hpp>
#include <raft/battery/asio_transport/shared_frame.hpp>
#include <raft/battery/asio_transport/tcp_system.hpp>
#include <raft/codec/frame.hpp>

namespace raft::detail {

/// All that connections know of the frames that they carry.
struct asio_framing {
    frame_content content{};
    frame_lengths lengths{};
};

struct asio_shared_state {
    asio::io_context& io;
    asio_framing framing;
    transport::options options;
    frame_pool frames;
    /// Takes one whole frame, from whom it came. An error ends the connection.
    std::function<std::optional<frame_error>(member_id, std::span<const std::byte>)> deliver{};

    asio_shared_state(asio::io_context& context, const asio_framing& carried,
                      transport::options chosen)
        : io{context}
        , framing{carried}
        , options{std::move(chosen)}
        , frames{options.queue_bytes_max} {}

    void report(const transport::event& event) const {
        if (options.on_event) options.on_event(event);
    }
};

// Messages are small and answered at once, so none may wait for others (TCP_NODELAY); and a peer
// that vanished without a word must be noticed even if nothing is ever sent to it. A socket that
// does not take an option works all the same, hence no error is looked at.
inline void prepare_socket(asio::ip::tcp::socket& socket, const transport::options& options) {
    asio::error_code ignored;
    socket.set_option(asio::ip::tcp::no_delay{true}, ignored);
    keep_alive(socket, options.keepalive_interval);
}

inline void close_socket(asio::ip::tcp::socket& socket) {
    asio::error_code ignored;
    socket.close(ignored);
}

}  // namespace raft::detail
