// SPDX-License-Identifier: BSL-1.0
//
// A connection that was accepted: hears who calls, and answers; then frames flow. It closes at the
// first thing that is wrong; a caller that means well comes again.
#pragma once

#include <array>
#include <memory>
#include <optional>

#include <raft/battery/asio_transport/frame_connection.hpp>
#include <raft/battery/mutual_proof.hpp>

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
        : frame_connection{std::move(shared), std::move(socket)}
        , owner_{owner}
        , proofs_{this->shared().options.secret} {
        asio::error_code unknown;
        remote_ = socket_.remote_endpoint(unknown);
    }

    void start() {
        prepare_socket(socket_, shared().options);
        begin_stage(shared().options.handshake_timeout,
                    [this] { end(true, patience_is_over(), {}); });
        secure(false, [this] { await_question(); });
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

    void await_question() {
        read_whole(asio::buffer(question_), [self = self()](asio::error_code error, std::size_t) {
            if (self->closed()) return;
            if (error) return self->lose(error, "the caller left before it spoke");
            self->hear_question();
        });
    }

    [[nodiscard]] std::string_view patience_is_over() const {
        const bool is_proving = proofs_.is_wanted() && asked_.from != member_id{};
        return is_proving ? "the caller does not prove who it is"
                          : "the caller does not say who it is";
    }

    void hear_question() {
        if (const auto error = decode_handshake(question_, asked_))
            return end(true, describe(*error), {});
        if (asked_.verdict != handshake_verdict::asking)
            return end(true, describe(frame_error::unknown_verdict), {});
        auto reply = owner_.judge(asked_);
        if (!may_be(asked_.from)) reply.verdict = handshake_verdict::other_name;
        version_ = reply.version_newest;
        answer_ = encode_handshake(reply);
        if (reply.verdict != handshake_verdict::welcome) return refuse(reply.verdict);
        proofs_.is_wanted() ? challenge() : believe();
    }

    void refuse(handshake_verdict verdict) {
        say(asio::buffer(answer_), verdict, [] {});
    }

    /// Without a secret who calls is who it says it is.
    void believe() {
        from_ = asked_.from;
        say(asio::buffer(answer_), handshake_verdict::welcome, [this] {
            version_ < introductions_from ? welcome() : await(asio::buffer(introduced_));
        });
    }

    void challenge() {
        proofs_.add(question_);
        proofs_.add(answer_);
        const auto drawn = proofs_.challenge();
        if (!drawn) return end(false, "no challenge can be drawn", {});
        proof_ = *drawn;
        say(std::array{asio::buffer(answer_), asio::buffer(proof_)}, handshake_verdict::welcome,
            [this] {
                await(std::array{asio::buffer(introduced_), asio::buffer(heard_proof_)});
            });
    }

    /// Writes what says the verdict, and goes on if that is a welcome.
    template <class Buffers, class Then>
    void say(const Buffers& buffers, handshake_verdict verdict, Then then) {
        write_whole(buffers, [self = self(), verdict, then](asio::error_code error, std::size_t) {
            if (self->closed()) return;
            if (verdict != handshake_verdict::welcome)
                return self->end(true, describe(verdict), {});
            if (error) return self->end(false, "the caller left", error);
            then();
        });
        watch();
    }

    template <class Buffers>
    void await(const Buffers& buffers) {
        read_whole(buffers, [self = self()](asio::error_code error, std::size_t) {
            if (self->closed()) return;
            if (error) return self->lose(error, "the caller left");
            self->hear_introduction();
        });
    }

    void hear_introduction() {
        introduction said;
        if (const auto error = decode_introduction(introduced_, said))
            return end(true, describe(*error), {});
        if (!proofs_.is_wanted()) return introduce(judge_introduction(asked_.from, said));
        proof_content shown;
        if (const auto error = decode_proof(heard_proof_, shown))
            return end(true, describe(*error), {});
        proofs_.add(introduced_);
        if (!proofs_.accepts(transcript::caller, shown)) return introduce_to_stranger();
        // Others may have come in meanwhile.
        const auto verdict = owner_.judge(asked_).verdict;
        from_ = asked_.from;
        introduce(verdict == handshake_verdict::welcome ? judge_introduction(asked_.from, said)
                                                        : verdict);
    }

    /// Who cannot prove who it is learns that, and nothing of this server.
    void introduce_to_stranger() {
        introduction_ = encode_introduction({.verdict = handshake_verdict::wrong_proof});
        proof_ = encode_proof({});
        finish(handshake_verdict::wrong_proof);
    }

    void introduce(handshake_verdict verdict) {
        introduction_ = encode_introduction(own_introduction(verdict));
        if (proofs_.is_wanted()) {
            proofs_.add(introduction_);
            const auto own = proofs_.prove(transcript::called);
            if (!own) return end(false, "no proof can be made", {});
            proof_ = *own;
        }
        finish(verdict);
    }

    void finish(handshake_verdict verdict) {
        if (proofs_.is_wanted())
            say(std::array{asio::buffer(introduction_), asio::buffer(proof_)}, verdict,
                [this] { welcome(); });
        else
            say(asio::buffer(introduction_), verdict, [this] { welcome(); });
    }

    void welcome() {
        make_ready();
        owner_.caller_welcomed(*this);
        if (!closed()) read_frames(*from_, first_buffer_bytes);
    }

    static constexpr std::size_t first_buffer_bytes = 64U << 10U;

    incoming_owner& owner_;
    mutual_proof proofs_;
    handshake asked_{};
    std::optional<member_id> from_{};
    std::array<std::byte, handshake_bytes> question_{};
    std::array<std::byte, handshake_bytes> answer_{};
    std::array<std::byte, introduction_bytes> introduction_{};
    std::array<std::byte, introduction_bytes> introduced_{};
    proof_frame proof_{};
    proof_frame heard_proof_{};
};

}  // namespace raft::detail
