// SPDX-License-Identifier: BSL-1.0
//
// One attempt to reach a peer, and the connection that comes of it: resolve, connect, shake hands,
// then write what is offered, many frames in one system call. It ends once and is not used again;
// trying again is the business of peer_link.hpp.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <asio/buffer.hpp>
#include <asio/connect.hpp>
#include <asio/read.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>

#include <raft/battery/asio_transport/shared_state.hpp>

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

class outgoing_connection : public std::enable_shared_from_this<outgoing_connection> {
public:
    outgoing_connection(std::shared_ptr<asio_shared_state> shared, const asio_peer& peer,
                        outgoing_owner& owner)
        : shared_{std::move(shared)},
          peer_{peer},
          owner_{&owner},
          socket_{shared_->io},
          resolver_{shared_->io},
          timer_{shared_->io} {}

    void start() {
        timer_.expires_after(shared_->options.connect_timeout);
        timer_.async_wait([self = shared_from_this()](asio::error_code error) {
            if (!error && !self->ready_) self->end(false, "the peer does not answer", {});
        });
        asio::error_code not_an_address;
        const auto address = asio::ip::make_address(peer_.host, not_an_address);
        if (!not_an_address) return connect(std::array{endpoint{address, peer_.port}});
        resolver_.async_resolve(
            peer_.host, std::to_string(peer_.port),
            [self = shared_from_this()](asio::error_code error, const auto& found) {
                if (self->closed()) return;
                if (error) return self->end(false, "the host's name is not known", error);
                self->connect(found);
            });
    }

    /// Ends it without telling the owner.
    void close() {
        owner_ = nullptr;
        ready_ = false;
        waiting_.clear();
        resolver_.cancel();
        timer_.cancel();
        close_socket(socket_);
    }

    /// Whether a frame would be taken while the queue holds less than `queue_bytes_limit`.
    [[nodiscard]] bool takes(std::size_t queue_bytes_limit) const {
        return ready_ && queued_bytes_ < queue_bytes_limit;
    }

    [[nodiscard]] std::size_t queued_bytes() const { return queued_bytes_; }
    [[nodiscard]] bool ready() const { return ready_; }
    [[nodiscard]] asio::ip::tcp::endpoint remote() const { return remote_; }

    void write(const shared_frame& frame) {
        queued_bytes_ += frame.bytes().size();
        waiting_.push_back(frame);
        if (busy_) return;
        busy_ = true;
        watch_progress();
        write_some();
    }

private:
    using endpoint = asio::ip::tcp::endpoint;

    [[nodiscard]] bool closed() const { return owner_ == nullptr; }

    void end(bool refused, std::string_view reason, asio::error_code error) {
        if (closed()) return;
        auto* const owner = owner_;
        close();
        owner->connection_ended(refused, reason, error);
    }

    void connect(const auto& endpoints) {
        asio::async_connect(
            socket_, endpoints,
            [self = shared_from_this()](asio::error_code error, const endpoint& to) {
                if (self->closed()) return;
                self->remote_ = to;
                if (error) return self->end(false, "the connection failed", error);
                self->greet();
            });
    }

    void greet() {
        prepare_socket(socket_);
        const auto& options = shared_->options;
        greeting_ = encode_handshake({.content = shared_->framing.content,
                                      .cluster = options.cluster,
                                      .from = options.self,
                                      .to = peer_.id});
        asio::async_write(socket_, asio::buffer(greeting_),
                          [self = shared_from_this()](asio::error_code error, std::size_t) {
                              if (error) self->end(false, "the handshake failed", error);
                          });
        asio::async_read(socket_, asio::buffer(answer_),
                         [self = shared_from_this()](asio::error_code error, std::size_t) {
                             if (error) return self->end(false, "the handshake failed", error);
                             self->hear_answer();
                         });
    }

    void hear_answer() {
        if (closed()) return;
        handshake reply;
        if (const auto error = decode_handshake(answer_, reply))
            return end(true, describe(*error), {});
        if (reply.verdict != handshake_verdict::welcome)
            return end(true, describe(reply.verdict), {});
        if (reply.cluster != shared_->options.cluster)
            return end(true, describe(handshake_verdict::other_cluster), {});
        if (reply.from != peer_.id) return end(true, describe(handshake_verdict::not_me), {});
        if (reply.version_newest < frame_version_oldest ||
            reply.version_newest > frame_version_newest)
            return end(true, describe(handshake_verdict::unknown_version), {});
        if (reply.content != shared_->framing.content)
            return end(true, describe(handshake_verdict::other_content), {});
        ready_ = true;
        timer_.cancel();
        watch_for_end();
        owner_->connection_ready();
    }

    // The peer never writes after its answer, so all that should come is the end. Without a read
    // pending it would be noticed only at the second message that is lost.
    void watch_for_end() {
        socket_.async_read_some(
            asio::buffer(answer_),
            [self = shared_from_this()](asio::error_code error, std::size_t) {
                if (error) return self->end(false, "the peer closed the connection", error);
                self->end(true, "the peer sends where it should only receive", {});
            });
    }

    void write_some() {
        if (next_ == writing_.size()) {
            writing_.clear();
            writing_.swap(waiting_);
            next_ = 0;
        }
        if (writing_.empty()) {
            busy_ = false;
            return;
        }
        std::size_t count = 0;
        std::size_t skip = written_of_next_;
        while (count < gathered_.size() && next_ + count < writing_.size()) {
            gathered_[count] = asio::buffer(writing_[next_ + count].bytes()) + skip;
            skip = 0;
            ++count;
        }
        socket_.async_write_some(
            std::span<const asio::const_buffer>{gathered_.data(), count},
            [self = shared_from_this()](asio::error_code error, std::size_t bytes) {
                if (error) return self->end(false, "the connection broke", error);
                self->wrote(bytes);
            });
    }

    void wrote(std::size_t bytes) {
        if (closed()) return;
        queued_bytes_ -= bytes;
        written_bytes_ += bytes;
        written_of_next_ += bytes;
        while (next_ < writing_.size() && written_of_next_ >= writing_[next_].bytes().size()) {
            written_of_next_ -= writing_[next_].bytes().size();
            writing_[next_] = shared_frame{};
            ++next_;
        }
        write_some();
    }

    // One timer for as long as something waits, and not one for each write.
    void watch_progress() {
        if (watching_) return;
        watching_ = true;
        timer_.expires_after(shared_->options.write_timeout);
        timer_.async_wait(
            [self = shared_from_this(), before = written_bytes_](asio::error_code error) {
                self->watching_ = false;
                if (error || self->closed() || !self->busy_) return;
                if (self->written_bytes_ == before)
                    return self->end(false, "the peer takes nothing any more", {});
                self->watch_progress();
            });
    }

    static constexpr std::size_t gather_max = 64;  // What one system call takes of Asio's buffers.

    std::shared_ptr<asio_shared_state> shared_;  // First, so that the frames below go before it.
    asio_peer peer_;
    outgoing_owner* owner_;
    asio::ip::tcp::socket socket_;
    asio::ip::tcp::resolver resolver_;
    asio::steady_timer timer_;
    endpoint remote_{};
    std::array<std::byte, handshake_bytes> greeting_{};
    std::array<std::byte, handshake_bytes> answer_{};
    std::vector<shared_frame> waiting_{};
    std::vector<shared_frame> writing_{};
    std::array<asio::const_buffer, gather_max> gathered_{};
    std::size_t next_ = 0;             // The frame of `writing_` that is being written,
    std::size_t written_of_next_ = 0;  // and how many of its bytes already are.
    std::size_t queued_bytes_ = 0;
    std::uint64_t written_bytes_ = 0;
    bool ready_ = false;
    bool busy_ = false;
    bool watching_ = false;
};

}  // namespace raft::detail
