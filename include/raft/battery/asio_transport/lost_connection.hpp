// SPDX-License-Identifier: BSL-1.0
//
// Why a connection was lost, in words. Most errors of the system mean one of a few things, and
// which of them tells an operator where to look: at the peer's process, its host, or the network.
#pragma once

#include <string_view>

#include <asio/error.hpp>
#include <asio/error_code.hpp>

namespace raft::detail {

/// `within_frame`: part of a frame had come.
[[nodiscard]] inline std::string_view describe_loss(const asio::error_code& error,
                                                    bool within_frame = false) {
    using namespace asio::error;
    if (error == eof && within_frame) return "the peer closed the connection within a frame";
    if (error == eof || error == broken_pipe) return "the peer closed the connection";
    if (error == connection_reset || error == connection_aborted)
        return "the peer's system has reset the connection";
    if (error == timed_out) return "the peer's system gives no sign of life";
    if (error == host_unreachable || error == network_unreachable || error == network_down)
        return "there is no way to the peer any more";
    return "the connection broke";
}

}  // namespace raft::detail
