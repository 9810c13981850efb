// SPDX-License-Identifier: BSL-1.0
//
// A connection between two servers, whoever has opened it: once they have shaken hands, frames are
// written that are offered here, many in one system call, and those that come are read and handed
// on. It ends once, at the first thing that is wrong, and is not used again.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <asio/buffer.hpp>
#include <asio/read.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>

#include <raft/battery/asio_transport/delivery_watch.hpp>
#include <raft/battery/asio_transport/lost_connection.hpp>
#include <raft/battery/asio_transport/shared_state.hpp>
#include <raft/battery/asio_transport/tcp_system.hpp>

namespace raft::detail {

class frame_connection : public std::enable_shared_from_this<frame_connection> {
public:
    frame_connection(const frame_connection&) = delete;
    frame_connection& operator=(const frame_connection&) = delete;
    virtual ~frame_connection() = default;

    /// Ends it, and tells nobody.
    void close() {
        closed_ = true;
        ready_ = false;
        waiting_.clear();
        limit_timer_.cancel();
        look_timer_.cancel();
        close_socket(socket_);
    }

    /// Ends it, and throws away what the system has not delivered.
    void give_up(std::string_view reason) {
        if (closed_) return;
        abort_socket(socket_);
        end(false, reason, {});
    }

    /// Whether hands are shaken, and frames flow.
    [[nodiscard]] bool ready() const { return ready_; }
    /// In which version frames are written here.
    [[nodiscard]] std::uint8_t version() const { return version_; }
    [[nodiscard]] asio::ip::tcp::endpoint remote() const { return remote_; }

    /// Whether something is not acknowledged though it was sent again.
    [[nodiscard]] bool is_overdue() {
        const auto sent = delivery_on(socket_);
        return sent && sent->is_overdue;
    }

    /// Whether it takes a frame now; `loaded`: one with entries or with a chunk in it.
    [[nodiscard]] bool takes(bool loaded) const {
        const auto& options = shared_->options;
        return ready_ &&
               queued_bytes_ < options.queue_bytes_max + (loaded ? 0 : options.reserve_bytes);
    }

    /// How many bytes of loaded frames it takes now.
    [[nodiscard]] std::size_t room() const {
        return takes(true) ? shared_->options.queue_bytes_max - queued_bytes_ : 0;
    }

    void write(const shared_frame& frame) {
        queued_bytes_ += frame.bytes().size();
        waiting_.push_back(frame);
        if (busy_) return;
        busy_ = true;
        watch();
        write_some();
    }

protected:
    [[nodiscard]] introduction own_introduction(handshake_verdict verdict) const {
        return {verdict, shared().options.history, shared().options.mark};
    }

    /// What is to be said to a server that introduces itself so.
    [[nodiscard]] handshake_verdict judge_introduction(member_id other,
                                                       const introduction& said) const {
        const auto& options = shared().options;
        if (!share_history(options.history, said.history)) return handshake_verdict::other_history;
        if (said.mark == storage_mark{} || !options.judge_storage)
            return handshake_verdict::welcome;
        return options.judge_storage(other, said.mark);
    }

    std::uint8_t version_ = frame_version_newest;

    /// To be connected.
    explicit frame_connection(std::shared_ptr<asio_shared_state> shared)
        : shared_{std::move(shared)}, socket_{shared_->io} {}

    /// Connected.
    frame_connection(std::shared_ptr<asio_shared_state> shared, asio::ip::tcp::socket socket)
        : shared_{std::move(shared)}, socket_{std::move(socket)} {}

    /// The last call, after `close()`. `refused`: because of what was said, not because the other
    /// side went away.
    virtual void tell_end(bool refused, std::string_view reason, asio::error_code error) = 0;

    void end(bool refused, std::string_view reason, asio::error_code error) {
        if (closed_) return;
        close();
        tell_end(refused, reason, error);
    }

    /// Hands are shaken: frames may be written from now on.
    void make_ready() {
        ready_ = true;
        ++stage_;
        limit_timer_.cancel();
    }

    /// Frames are read from now on; they come from `from`. Without a read pending the other side's
    /// end would be noticed only at the second frame that is lost.
    void read_frames(member_id from, std::size_t first_buffer_bytes) {
        sender_ = from;
        buffer_.resize(first_buffer_bytes);
        read_some();
    }

    [[nodiscard]] bool closed() const { return closed_; }
    [[nodiscard]] asio_shared_state& shared() const { return *shared_; }

    /// Begins a stage of what comes before frames flow: `expired` is called if it is still the
    /// stage when `patience` has run out.
    template <class Expired>
    void begin_stage(std::chrono::milliseconds patience, Expired expired) {
        limit_timer_.expires_after(patience);
        limit_timer_.async_wait(
            [self = shared_from_this(), stage = ++stage_, expired](asio::error_code error) {
                if (!error && self->is_in_stage(stage)) expired();
            });
    }
    [[nodiscard]] std::uint64_t stage() const { return stage_; }
    [[nodiscard]] bool is_in_stage(std::uint64_t stage) const {
        return !closed_ && stage == stage_;
    }

    /// Encrypts it from here on, where that is wanted, and goes on by `then`. `calls`: this side
    /// has opened it.
    template <class Then>
    void secure(bool calls, Then then) {
        if (!shared_->options.security) return then();
        secure_ = shared_->options.security->secure(socket_, calls);
        secure_->shake_hands([self = shared_from_this(), then](asio::error_code error) {
            if (self->closed()) return;
            if (error) return self->lose(error);
            then();
        });
    }

    [[nodiscard]] bool is_secured() const { return secure_ != nullptr; }

    /// Whether the other end is that member, as far as this can be seen.
    [[nodiscard]] bool may_be(member_id claimed) const {
        return !secure_ || secure_->is_member(claimed);
    }

    /// Reads until the buffers are full.
    template <class Buffers, class Handler>
    void read_whole(const Buffers& buffers, Handler handler) {
        secure_ ? asio::async_read(*secure_, buffers, std::move(handler))
                : asio::async_read(socket_, buffers, std::move(handler));
    }
    template <class Buffers, class Handler>
    void write_whole(const Buffers& buffers, Handler handler) {
        secure_ ? asio::async_write(*secure_, buffers, std::move(handler))
                : asio::async_write(socket_, buffers, std::move(handler));
    }

    /// It broke before frames flowed. What refuses a certificate is told, and by name.
    void lose(asio::error_code error, std::string_view otherwise) {
        const auto refusal = secure_ ? secure_->describe_refusal(error) : std::nullopt;
        refusal ? end(true, *refusal, error) : end(false, otherwise, error);
    }

    /// Something was written: looks at what becomes of it until all is acknowledged.
    void watch() {
        if (watching_) return;
        watching_ = true;
        watch_.begin(written_bytes_);
        look_later();
    }

private:
    // ------------------------------------------------------------------------------------- reading

    void read_some() {
        make_room();
        const auto room = asio::buffer(buffer_.data() + end_, buffer_.size() - end_);
        auto then = [self = shared_from_this()](asio::error_code error, std::size_t bytes) {
            if (error) return self->lose(error);
            self->end_ += bytes;
            self->take_frames();
        };
        secure_ ? secure_->async_read_some(room, std::move(then))
                : socket_.async_read_some(room, std::move(then));
    }

    void take_frames() {
        while (!closed_) {
            const auto bytes = std::span<const std::byte>{buffer_}.subspan(begin_, end_ - begin_);
            const auto beginning = inspect_length(bytes, shared_->framing.lengths);
            if (beginning.error) return end(true, describe(*beginning.error), {});
            if (!beginning.length || *beginning.length > bytes.size()) return read_some();
            begin_ += *beginning.length;
            const auto error = shared_->deliver(sender_, bytes.first(*beginning.length));
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

    void lose(asio::error_code error) { lose(error, describe_loss(error, begin_ != end_)); }

    // ------------------------------------------------------------------------------------- writing

    [[nodiscard]] auto when_written() {
        return [self = shared_from_this()](asio::error_code error, std::size_t bytes) {
            if (error) return self->lose(error);
            self->wrote(bytes);
        };
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
        secure_ ? write_record() : write_gathered();
    }

    void write_gathered() {
        std::size_t count = 0;
        std::size_t skip = written_of_next_;
        while (count < gathered_.size() && next_ + count < writing_.size()) {
            gathered_[count] = asio::buffer(writing_[next_ + count].bytes()) + skip;
            skip = 0;
            ++count;
        }
        socket_.async_write_some(std::span<const asio::const_buffer>{gathered_.data(), count},
                                 when_written());
    }

    // What is given to TLS at once is a record, and a write to the socket: small frames go in one
    // together, and large ones as they are.
    void write_record() {
        const auto first = asio::buffer(writing_[next_].bytes()) + written_of_next_;
        if (first.size() >= record_bytes) return secure_->async_write_some(first, when_written());
        record_.clear();
        std::size_t skip = written_of_next_;
        for (auto at = next_; at < writing_.size() && record_.size() < record_bytes; ++at) {
            const auto rest = std::span{writing_[at].bytes()}.subspan(skip);
            const auto taken = rest.first(std::min(rest.size(), record_bytes - record_.size()));
            record_.insert(record_.end(), taken.begin(), taken.end());
            skip = 0;
        }
        secure_->async_write_some(asio::buffer(record_), when_written());
    }

    void wrote(std::size_t bytes) {
        if (closed_) return;
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

    // ------------------------------------------------------------------------------------ watching

    // One timer for as long as something is on its way, and not one for each write.
    void look_later() {
        look_timer_.expires_after(watch_.interval());
        look_timer_.async_wait([self = shared_from_this()](asio::error_code error) {
            if (!error && !self->closed_) self->look();
        });
    }

    void look() {
        const auto seen =
            watch_.look({.waits = busy_, .taken = written_bytes_, .sent = delivery_on(socket_)});
        switch (seen) {
        case delivery_watch::verdict::unacknowledged:
            return give_up("the peer's system acknowledges nothing any more");
        case delivery_watch::verdict::stalled: return give_up("the peer takes nothing any more");
        case delivery_watch::verdict::busy: return look_later();
        case delivery_watch::verdict::at_rest: watching_ = false;
        }
    }

    static constexpr std::size_t gather_max = 64;  // What one system call takes of Asio's buffers.
    static constexpr std::size_t record_bytes = 16U << 10U;  // The most that TLS takes.

    std::shared_ptr<asio_shared_state> shared_;  // First, so that the frames below go before it.

protected:
    asio::ip::tcp::socket socket_;
    asio::ip::tcp::endpoint remote_{};

private:
    std::unique_ptr<security::secure_stream> secure_{};  // None: the socket is used as it is.
    asio::steady_timer limit_timer_{shared_->io};
    asio::steady_timer look_timer_{shared_->io};
    delivery_watch watch_{{.unacknowledged = shared_->options.unacknowledged_timeout,
                           .stalled = shared_->options.write_timeout}};
    std::uint64_t stage_ = 0;
    bool ready_ = false;
    bool closed_ = false;

    member_id sender_{};
    std::vector<std::byte> buffer_{};
    std::size_t begin_ = 0;  // What has come and is not yet taken lies in [begin_, end_).
    std::size_t end_ = 0;

    std::vector<shared_frame> waiting_{};
    std::vector<shared_frame> writing_{};
    std::vector<std::byte> record_{};
    std::array<asio::const_buffer, gather_max> gathered_{};
    std::size_t next_ = 0;             // The frame of `writing_` that is being written,
    std::size_t written_of_next_ = 0;  // and how many of its bytes already are.
    std::size_t queued_bytes_ = 0;
    std::uint64_t written_bytes_ = 0;
    bool busy_ = false;
    bool watching_ = false;
};

}  // namespace raft::detail
