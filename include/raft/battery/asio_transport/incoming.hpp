// SPDX-License-Identifier: BSL-1.0
//
// A connection that was accepted: hears who calls, and answers; then frames flow. It closes at the
// first thing that is wrong; a caller that means well comes again.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include <asio/read.hpp>
#include <asio/write.hpp>

#include <raft/battery/asio_transport/frame_connection.hpp>

namespace raft::detail {

class incoming_connection;

/// Who decides about accepted connections. Not called any more after `close()`.
class incoming_owner {
public:
    [[nodiscard]] virtual handshake judge(const handshake& question) = 0;
    virtual void caller_welcomed(incoming_connection& connection) = 0;
    /// The last call. `refused`: because of what the caller said, not because it went away.
    virtual void caller_gone(incoming_connection& connection, bool refused, std::string_view reason,
                             asio::error_code error) = 0;

protected:
    ~incoming_owner() = default;
};

class incoming_connection final : public frame_connection {
public:
    incoming_connection(std::shared_ptr<asio_shared_state> shared, asio::ip::tcp::socket socket,
                        incoming_owner& owner)
        : frame_connection{std::move(shared), std::move(socket)}, owner_{owner} {
        asio::error_code unknown;
        remote_ = socket_.remote_endpoint(unknown);
    }

    void start() {
        prepare_socket(socket_, shared().options);
        begin_stage(shared().options.handshake_timeout,
                    [this] { end(true, "the caller does not say who it is", {}); });
        asio::async_read(socket_, asio::buffer(question_),
                         [self = self()](asio::error_code error, std::size_t) {
                             if (self->closed()) return;
                             if (error)
                                 return self->end(false, "the caller left before it spoke", error);
                             self->hear_question();
                         });
    }

    /// Who calls; none as long as it has not been found welcome.
    [[nodiscard]] std::optional<member_id> from() const { return from_; }

private:
    [[nodiscard]] std::shared_ptr<incoming_connection> self() {
        return std::static_pointer_cast<incoming_connection>(shared_from_this());
    }

    void tell_end(bool refused, std::string_view reason, asio::error_code error) override {
        owner_.caller_gone(*this, refused, reason, error);
    }

    void hear_question() {
        handshake question;
        if (const auto error = decode_handshake(question_, question))
            return end(true, describe(*error), {});
        if (question.verdict != handshake_verdict::asking)
            return end(true, describe(frame_error::unknown_verdict), {});
        const auto reply = owner_.judge(question);
        if (reply.verdict == handshake_verdict::welcome) from_ = question.from;
        version_ = reply.version_newest;
        answer_ = encode_handshake(reply);
        asio::async_write(
            socket_, asio::buffer(answer_),
            [self = self(), verdict = reply.verdict](asio::error_code error, std::size_t) {
                if (self->closed()) return;
                if (verdict != handshake_verdict::welcome)
                    return self->end(true, describe(verdict), {});
                if (error) return self->end(false, "the caller left", error);
                self->version_ < introductions_from ? self->welcome() : self->await_introduction();
            });
        watch();
    }

    void await_introduction() {
        asio::async_read(socket_, asio::buffer(introduced_),
                         [self = self()](asio::error_code error, std::size_t) {
                             if (self->closed()) return;
                             if (error) return self->end(false, "the caller left", error);
                             self->hear_introduction();
                         });
    }

    void hear_introduction() {
        introduction said;
        if (const auto error = decode_introduction(introduced_, said))
            return end(true, describe(*error), {});
        const auto verdict = judge_introduction(*from_, said);
        introduction_ = encode_introduction(own_introduction(verdict));
        asio::async_write(socket_, asio::buffer(introduction_),
                          [self = self(), verdict](asio::error_code error, std::size_t) {
                              if (self->closed()) return;
                              if (verdict != handshake_verdict::welcome)
                                  return self->end(true, describe(verdict), {});
                              if (error) return self->end(false, "the caller left", error);
                              self->welcome();
                          });
    }

    void welcome() {
        make_ready();
        owner_.caller_welcomed(*this);
        if (!closed()) read_frames(*from_, first_buffer_bytes);
    }

    static constexpr std::size_t first_buffer_bytes = 64U << 10U;

    incoming_owner& owner_;
    std::optional<member_id> from_{};
    std::array<std::byte, handshake_bytes> question_{};
    std::array<std::byte, handshake_bytes> answer_{};
    std::array<std::byte, introduction_bytes> introduction_{};
    std::array<std::byte, introduction_bytes> introduced_{};
};

}  // namespace raft::detail
