// SPDX-License-Identifier: BSL-1.0
//
// The way to one peer: keeps a connection to it, and makes a new one whenever it ends, with growing
// pauses.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>

#include <asio/steady_timer.hpp>

#include <raft/battery/asio_transport/outgoing.hpp>

namespace raft::detail {

class peer_link final : public outgoing_owner, public std::enable_shared_from_this<peer_link> {
public:
    peer_link(std::shared_ptr<asio_shared_state> shared, transport::peer peer)
        : shared_{std::move(shared)}
        , peer_{std::move(peer)}
        , where_{std::make_shared<peer_addresses>(shared_->io, peer_)}
        , timer_{shared_->io}
        , random_{static_cast<std::uint64_t>(
                      std::chrono::steady_clock::now().time_since_epoch().count()) ^
                  (shared_->options.self.value << 32U) ^ peer_.id.value} {}

    [[nodiscard]] const transport::peer& peer() const { return peer_; }

    void connect() {
        if (closed_) return;
        connection_ = std::make_shared<outgoing_connection>(shared_, peer_.id, where_, *this);
        connection_->start();
    }

    void close() {
        closed_ = true;
        timer_.cancel();
        where_->close();
        if (connection_) connection_->close();
        connection_.reset();
    }

    /// The peer has called, so there is a way to it: whatever waits here for that to be found out
    /// does not have to. An attempt that the peer's system has answered goes on: were it begun anew
    /// too, two servers that call each other at the same moment would never be done with it.
    void peer_called() {
        if (closed_) return;
        if (const auto before = connection_) {
            if (!before->is_stuck()) return;
            if (before->ready()) {
                before->give_up("the peer calls, but acknowledges nothing here");
            } else {
                before->close();
            }
        }
        attempts_failed_ = 0;
        timer_.cancel();
        connect();
    }

    /// The connection, if frames flow on it; else null.
    [[nodiscard]] frame_connection* connection() const {
        return connection_ && connection_->ready() ? connection_.get() : nullptr;
    }

    /// The peer could not be reached when that was last tried.
    [[nodiscard]] bool is_failing() const { return failing_; }

    void connection_ready() override {
        failing_ = false;
        attempts_failed_ = 0;
        told_reason_ = {};
        shared_->report({.kind = transport::event_kind::connected,
                         .peer = peer_.id,
                         .remote = connection_->remote()});
    }

    void connection_ended(bool refused, std::string_view reason, asio::error_code error) override {
        const auto remote = connection_->remote();
        connection_.reset();
        failing_ = true;
        pause(refused);
        if (reason == told_reason_ && error == told_error_) return;
        told_reason_ = reason;
        told_error_ = error;
        shared_->report({.kind = refused ? transport::event_kind::refused_by_peer
                                         : transport::event_kind::disconnected,
                         .peer = peer_.id,
                         .remote = remote,
                         .reason = reason,
                         .error = error});
    }

private:
    using nanoseconds = std::chrono::nanoseconds;

    // Who refuses us will hardly have changed its mind in a moment.
    void pause(bool longest) {
        const auto& options = shared_->options;
        const nanoseconds most = std::max(options.reconnect_min, options.reconnect_max);
        nanoseconds wait = longest ? most : nanoseconds{options.reconnect_min};
        for (int i = 0; i < attempts_failed_ && wait < most; ++i) wait *= 2;
        wait = std::min(wait, most);
        if (attempts_failed_ < doublings_max) ++attempts_failed_;
        const auto half = static_cast<std::uint64_t>(std::max(wait.count() / 2, std::int64_t{1}));
        wait -= nanoseconds{static_cast<std::int64_t>(next_random() % half)};
        timer_.expires_after(wait);
        timer_.async_wait([self = shared_from_this()](asio::error_code error) {
            if (!error && !self->connection_) self->connect();
        });
    }

    // splitmix64.
    [[nodiscard]] std::uint64_t next_random() {
        random_ += 0x9E3779B97F4A7C15U;
        auto mixed = random_;
        mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
        mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
        return mixed ^ (mixed >> 31U);
    }

    static constexpr int doublings_max = 30;

    std::shared_ptr<asio_shared_state> shared_;
    transport::peer peer_;
    std::shared_ptr<peer_addresses> where_;
    asio::steady_timer timer_;
    std::shared_ptr<outgoing_connection> connection_{};  // None during a pause.
    std::uint64_t random_;
    int attempts_failed_ = 0;  // In a row, without a call of the peer.
    bool failing_ = false;
    bool closed_ = false;
    std::string_view told_reason_{};
    asio::error_code told_error_{};
};

}  // namespace raft::detail
