// SPDX-License-Identifier: BSL-1.0
//
// Where a peer is: at an address, or where a name leads that is looked up for each attempt to
// connect. What answers such questions can be cut off as the peer was, and for longer; then the
// addresses that were found last are the best that is known.
//
// Asio looks up one name after the other, on a thread of its own, and cannot break off. So a
// question that is not answered yet is not asked again: it would only wait behind itself.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <asio/ip/tcp.hpp>

#include <raft/battery/asio_transport/options.hpp>

namespace raft::detail {

class peer_addresses : public std::enable_shared_from_this<peer_addresses> {
public:
    using endpoint = asio::ip::tcp::endpoint;
    using on_answer = std::function<void(asio::error_code)>;

    peer_addresses(asio::io_context& io, const transport::peer& peer)
        : host_{peer.host}, port_{std::to_string(peer.port)}, resolver_{io} {
        asio::error_code not_an_address;
        const auto address = asio::ip::make_address(host_, not_an_address);
        is_name_ = static_cast<bool>(not_an_address);
        if (!is_name_) found_ = {endpoint{address, peer.port}};
    }

    [[nodiscard]] bool is_name() const { return is_name_; }
    /// Of a name: when it was looked up last with success.
    [[nodiscard]] const std::vector<endpoint>& found() const { return found_; }

    /// Looks the name up, unless that is being done. The answer is told to who asked last.
    void look_up(on_answer told) {
        told_ = std::move(told);
        if (std::exchange(is_looking_, true)) return;
        resolver_.async_resolve(
            host_, port_, [self = shared_from_this()](asio::error_code error, const auto& answer) {
                self->is_looking_ = false;
                if (!error) self->found_.assign(answer.begin(), answer.end());
                if (const auto tell = std::exchange(self->told_, {})) tell(error);
            });
    }

    /// Nobody is told anything any more.
    void close() {
        told_ = {};
        resolver_.cancel();
    }

private:
    std::string host_;
    std::string port_;
    asio::ip::tcp::resolver resolver_;
    std::vector<endpoint> found_{};
    on_answer told_{};
    bool is_name_ = false;
    bool is_looking_ = false;
};

}  // namespace raft::detail
