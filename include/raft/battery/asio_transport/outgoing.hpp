// SPDX-License-Identifier: BSL-1.0
//
// One attempt to reach a peer, and the connection that comes of it: resolve, connect, shake hands;
// then frames flow. Trying again is the business of peer_link.hpp.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <asio/read.hpp>
#include <asio/write.hpp>

#include <raft/battery/asio_transport/frame_connection.hpp>
#include <raft/battery/asio_transport/peer_addresses.hpp>

namespace raft::detail {

/// Who is told what becomes of an outgoing connection. Not called any more after `close()`.
class outgoing_owner {
public:
    virtual void connection_ready() = 0;
    /// The last call. `refused`: the other side does not want us, or is not whom we want.
    virtual void connection_ended(bool refused, std::string_view reason,
                                  asio::error_code error) = 0;

protected:
    ~outgoing_owner() = default;
};

class outgoing_connection final : public frame_connection {
public:
    outgoing_connection(std::shared_ptr<asio_shared_state> shared, member_id peer,
                        std::shared_ptr<peer_addresses> where, outgoing_owner& owner)
        : frame_connection{std::move(shared)}
        , peer_{peer}
        , owner_{owner}
        , where_{std::move(where)} {}

    void start() {
        if (!where_->is_name()) return connect();
        const auto patience =
            where_->found().empty() ? shared().options.resolve_timeout : patience_with_known_name;
        begin_stage(patience, [this] { not_found("the host's name is not found in time", {}); });
        where_->look_up([self = self(), attempt = stage()](asio::error_code error) {
            if (!self->is_in_stage(attempt)) return;
            if (error) return self->not_found("the host's name is not known", error);
            self->connect();
        });
    }

    /// Whether it waits for TCP to try again, so that a new attempt is quicker if there is a way.
    [[nodiscard]] bool is_stuck() { return connecting_ || is_overdue(); }

private:
    using endpoint = asio::ip::tcp::endpoint;

    [[nodiscard]] std::shared_ptr<outgoing_connection> self() {
        return std::static_pointer_cast<outgoing_connection>(shared_from_this());
    }

    void tell_end(bool refused, std::string_view reason, asio::error_code error) override {
        owner_.connection_ended(refused, reason, error);
    }

    void not_found(std::string_view reason, asio::error_code error) {
        if (where_->found().empty()) return end(false, reason, error);
        connect();
    }

    void connect() {
        addresses_ = where_->found();
        connecting_ = true;
        connect_to_next();
    }

    // Each address has its time: a host can have one that leads nowhere.
    void connect_to_next() {
        remote_ = addresses_[next_address_++];
        begin_stage(shared().options.connect_timeout,
                    [this] { not_connected("the peer does not answer", {}); });
        socket_.async_connect(remote_, [self = self(), attempt = stage()](asio::error_code error) {
            if (!self->is_in_stage(attempt)) return;
            if (error) return self->not_connected("the connection failed", error);
            self->greet();
        });
    }

    void not_connected(std::string_view reason, asio::error_code error) {
        if (next_address_ == addresses_.size()) return end(false, reason, error);
        close_socket(socket_);
        connect_to_next();
    }

    void greet() {
        connecting_ = false;
        prepare_socket(socket_, shared().options);
        begin_stage(shared().options.handshake_timeout,
                    [this] { end(false, "the peer does not say who it is", {}); });
        const auto& options = shared().options;
        greeting_ = encode_handshake({.content = shared().framing.content,
                                      .cluster = options.cluster,
                                      .from = options.self,
                                      .to = peer_});
        asio::async_write(socket_, asio::buffer(greeting_),
                          [self = self()](asio::error_code error, std::size_t) {
                              if (error) self->end(false, "the handshake failed", error);
                          });
        asio::async_read(socket_, asio::buffer(answer_),
                         [self = self()](asio::error_code error, std::size_t) {
                             if (error) return self->end(false, "the handshake failed", error);
                             self->hear_answer();
                         });
        watch();
    }

    void hear_answer() {
        if (closed()) return;
        handshake reply;
        if (const auto error = decode_handshake(answer_, reply))
            return end(true, describe(*error), {});
        if (reply.verdict != handshake_verdict::welcome)
            return end(true, describe(reply.verdict), {});
        if (reply.cluster != shared().options.cluster)
            return end(true, describe(handshake_verdict::other_cluster), {});
        if (reply.from != peer_) return end(true, describe(handshake_verdict::not_me), {});
        if (reply.version_newest < frame_version_oldest ||
            reply.version_newest > frame_version_newest)
            return end(true, describe(handshake_verdict::unknown_version), {});
        if (reply.content != shared().framing.content)
            return end(true, describe(handshake_verdict::other_content), {});
        version_ = reply.version_newest;
        version_ < introductions_from ? begin_frames() : introduce();
    }

    void introduce() {
        introduction_ = encode_introduction(own_introduction(handshake_verdict::asking));
        asio::async_write(socket_, asio::buffer(introduction_),
                          [self = self()](asio::error_code error, std::size_t) {
                              if (error) self->end(false, "the introduction failed", error);
                          });
        asio::async_read(socket_, asio::buffer(introduced_),
                         [self = self()](asio::error_code error, std::size_t) {
                             if (error) return self->end(false, "the introduction failed", error);
                             self->hear_introduction();
                         });
    }

    void hear_introduction() {
        if (closed()) return;
        introduction reply;
        if (const auto error = decode_introduction(introduced_, reply))
            return end(true, describe(*error), {});
        if (reply.verdict != handshake_verdict::welcome)
            return end(true, describe(reply.verdict), {});
        const auto verdict = judge_introduction(peer_, reply);
        if (verdict != handshake_verdict::welcome) return end(true, describe(verdict), {});
        begin_frames();
    }

    void begin_frames() {
        make_ready();
        owner_.connection_ready();
        if (!closed()) read_frames(peer_, first_buffer_bytes);
    }

    // After that the addresses are tried that were found before.
    static constexpr std::chrono::milliseconds patience_with_known_name{250};
    // A peer sends here only what it cannot send over a connection of its own.
    static constexpr std::size_t first_buffer_bytes = 1U << 10U;

    member_id peer_;
    outgoing_owner& owner_;
    std::shared_ptr<peer_addresses> where_;
    std::vector<endpoint> addresses_{};
    std::size_t next_address_ = 0;
    bool connecting_ = false;
    std::array<std::byte, handshake_bytes> greeting_{};
    std::array<std::byte, handshake_bytes> answer_{};
    std::array<std::byte, introduction_bytes> introduction_{};
    std::array<std::byte, introduction_bytes> introduced_{};
};

}  // namespace raft::detail
