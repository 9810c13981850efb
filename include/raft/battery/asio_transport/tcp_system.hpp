// SPDX-License-Identifier: BSL-1.0
//
// What the system is asked about one TCP connection, beyond reading and writing. All that differs
// from system to system is here: where one lacks something, the transport does without it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>

#include <asio/ip/tcp.hpp>
#include <asio/socket_base.hpp>

#include <raft/battery/asio_transport/delivery_watch.hpp>

namespace raft::detail {

/// After so many probes without an answer the system ends a connection.
inline constexpr int keepalive_probes = 3;

/// What became of the bytes that were sent. None where the system does not say.
[[nodiscard]] inline std::optional<tcp_delivery>
delivery_on([[maybe_unused]] asio::ip::tcp::socket& socket) {
#if defined(__linux__) && defined(TCP_INFO)
    ::tcp_info info{};
    auto size = static_cast<::socklen_t>(sizeof info);
    if (::getsockopt(socket.native_handle(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return {};
    // A peer that reads nothing has acknowledged all that its window let through (`tcpi_unacked` is
    // 0), and is asked by probes whether it has room again. Its system answers them, but not one
    // that comes within half a second of the one before: only a second without an answer says much.
    const bool is_silent = info.tcpi_probes > 1;
    return tcp_delivery{
        .is_due = info.tcpi_unacked != 0 || is_silent,
        .is_overdue = info.tcpi_retransmits != 0 || is_silent,
        .since_answer = std::chrono::milliseconds{info.tcpi_last_ack_recv},
    };
#else
    return std::nullopt;
#endif
}

/// A number that is set for one TCP connection, as Asio sets options.
class tcp_number {
public:
    tcp_number(int name, int value) : name_{name}, value_{value} {}
    [[nodiscard]] int level(const asio::ip::tcp&) const { return IPPROTO_TCP; }
    [[nodiscard]] int name(const asio::ip::tcp&) const { return name_; }
    [[nodiscard]] const void* data(const asio::ip::tcp&) const { return &value_; }
    [[nodiscard]] std::size_t size(const asio::ip::tcp&) const { return sizeof value_; }

private:
    int name_;
    int value_;
};

/// Has the system ask for a sign of life whenever none has come for `interval`. Systems count whole
/// seconds; one that takes no times asks after its own, which are mostly hours.
inline void keep_alive(asio::ip::tcp::socket& socket,
                       [[maybe_unused]] std::chrono::milliseconds interval) {
    asio::error_code ignored;
    socket.set_option(asio::socket_base::keep_alive{true}, ignored);
#if defined(TCP_KEEPINTVL) && defined(TCP_KEEPCNT)
    constexpr std::chrono::seconds least{1};
    constexpr std::chrono::seconds most{32'767};
    const auto rounded = std::chrono::ceil<std::chrono::seconds>(interval);
    const auto seconds = static_cast<int>(std::clamp(rounded, least, most).count());
#if defined(TCP_KEEPIDLE)
    socket.set_option(tcp_number{TCP_KEEPIDLE, seconds}, ignored);
#elif defined(TCP_KEEPALIVE)  // As macOS calls it.
    socket.set_option(tcp_number{TCP_KEEPALIVE, seconds}, ignored);
#endif
    socket.set_option(tcp_number{TCP_KEEPINTVL, seconds}, ignored);
    socket.set_option(tcp_number{TCP_KEEPCNT, keepalive_probes}, ignored);
#endif
}

/// Ends it at once: what waits in the system is thrown away rather than sent on for minutes, and
/// the other side, if it is there, is told by a reset.
inline void abort_socket(asio::ip::tcp::socket& socket) {
    asio::error_code ignored;
    socket.set_option(asio::socket_base::linger{true, 0}, ignored);
    socket.close(ignored);
}

}  // namespace raft::detail
