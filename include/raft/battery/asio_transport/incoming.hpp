// SPDX-License-Identifier: BSL-1.0
//
// A connection that was accepted: hears who calls, answers, then reads frames and hands them on. It
// closes at the first thing that is wrong; a caller that means well comes again.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include <asio/buffer.hpp>
#include <asio/read.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>

#include <raft/battery/asio_transport/shared_state.hpp>

namespace raft::detail {

class incoming_connection;

/// Who decides about accepted connections. Not called any more after `close()`.
class incoming_owner {
public:
    [[nodiscard]] virtual handshake judge(const handshake& question) = 0;
    virtual void caller_welcomed(incoming_connection& connection) = 0;
    /// One whole frame. An error ends the connection.
    [[nodiscard]] virtual std::optional<frame_error> deliver(member_id from,
                                                             std::span<const std::byte> frame) = 0;
    /// The last call. `refused`: because of what the caller said, not because it went away.
    virtual void caller_gone(incoming_connection& connection, bool refused,
                             std::string_view reason, asio::error_code error) = 0;

protected:
    ~incoming_owner() = default;
};

class incoming_connection : public std::enable_shared_from_this<incoming_connection> {
public:
    incoming_connection(std::shared_ptr<asio_shared_state> shared, asio::ip::tcp::socket socket,
                        incoming_owner& owner)
        : shared_{std::move(shared)},
          owner_{&owner},
          socket_{std::move(socket)},
          timer_{shared_->io} {
        asio::error_code unknown;
        remote_ = socket_.remote_endpoint(unknown);
    }

    void start() {
        prepare_socket(socket_);
        timer_.expires_after(shared_->options.handshake_timeout);
        timer_.async_wait([self = shared_from_this()](asio::error_code error) {
            if (!error && !self->ready_) self->end(true, "the caller does not say who it is", {});
        });
        asio::async_read(socket_, asio::buffer(question_),
                         [self = shared_from_this()](asio::error_code error, std::size_t) {
                             if (self->closed()) return;
                             if (error)
                                 return self->end(false, "the caller left before it spoke", error);
                             self->hear_question();
                         });
    }

    /// Ends it without telling the owner.
    void close() {
        owner_ = nullptr;
        ready_ = false;
        timer_.cancel();
        close_socket(socket_);
    }

    /// Who calls; none as long as it has not been welcomed.
    [[nodiscard]] std::optional<member_id> from() const { return from_; }
    [[nodiscard]] asio::ip::tcp::endpoint remote() const { return remote_; }

private:
    [[nodiscard]] bool closed() const { return owner_ == nullptr; }

    void end(bool refused, std::string_view reason, asio::error_code error) {
        if (closed()) return;
        auto* const owner = owner_;
        close();
        owner->caller_gone(*this, refused, reason, error);
    }

    void hear_question() {
        handshake question;
        if (const auto error = decode_handshake(question_, question))
            return end(true, describe(*error), {});
        if (question.verdict != handshake_verdict::asking)
            return end(true, describe(frame_error::unknown_verdict), {});
        const auto reply = owner_->judge(question);
        answer_ = encode_handshake(reply);
        asio::async_write(
            socket_, asio::buffer(answer_),
            [self = shared_from_this(), question, reply](asio::error_code error, std::size_t) {
                if (self->closed()) return;
                if (reply.verdict != handshake_verdict::welcome)
                    return self->end(true, describe(reply.verdict), {});
                if (error) return self->end(false, "the caller left", error);
                self->welcome(question.from);
            });
    }

    void welcome(member_id caller) {
        from_ = caller;
        ready_ = true;
        timer_.cancel();
        buffer_.resize(first_buffer_bytes);
        owner_->caller_welcomed(*this);
        if (!closed()) read_some();
    }

    void read_some() {
        make_room();
        socket_.async_read_some(
            asio::buffer(buffer_.data() + end_, buffer_.size() - end_),
            [self = shared_from_this()](asio::error_code error, std::size_t bytes) {
                if (error) return self->end(false, "the peer closed the connection", error);
                self->end_ += bytes;
                self->take_frames();
            });
    }

    void take_frames() {
        while (!closed()) {
            const auto bytes = std::span<const std::byte>{buffer_}.subspan(begin_, end_ - begin_);
            const auto beginning = inspect_length(bytes, shared_->framing.lengths);
            if (beginning.error) return end(true, describe(*beginning.error), {});
            if (!beginning.length || *beginning.length > bytes.size()) return read_some();
            begin_ += *beginning.length;
            const auto error = owner_->deliver(*from_, bytes.first(*beginning.length));
            if (error) return end(true, describe(*error), {});
        }
    }

    // The buffer at most doubles each time that it is really full, whatever length a frame claims.
    void make_room() {
        if (begin_ == end_) begin_ = end_ = 0;
        if (end_ < buffer_.size()) return;
        if (begin_ > 0) {
            std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
            end_ -= begin_;
            begin_ = 0;
        } else {
            buffer_.resize(std::min(2 * buffer_.size(), shared_->framing.lengths.most));
        }
    }

    static constexpr std::size_t first_buffer_bytes = 64U << 10U;

    std::shared_ptr<asio_shared_state> shared_;
    incoming_owner* owner_;
    asio::ip::tcp::socket socket_;
    asio::steady_timer timer_;
    asio::ip::tcp::endpoint remote_{};
    std::optional<member_id> from_{};
    std::array<std::byte, handshake_bytes> question_{};
    std::array<std::byte, handshake_bytes> answer_{};
    std::vector<std::byte> buffer_{};
    std::size_t begin_ = 0;  // What has come and is not yet taken lies in [begin_, end_).
    std::size_t end_ = 0;
    bool ready_ = false;
};

}  // namespace raft::detail
