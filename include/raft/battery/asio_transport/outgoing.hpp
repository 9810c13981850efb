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

#include <raft/battery/asio_transport/frame_connection.hpp>
#include <raft/battery/asio_transport/peer_addresses.hpp>
#include <raft/battery/mutual_proof.hpp>

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
        , where_{std::move(where)}
        , proofs_{this->shared().options.secret} {}

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
        secure(true, [this] { ask(); });
    }

    void ask() {
        if (!may_be(peer_)) return end(true, describe(handshake_verdict::other_name), {});
        const auto& options = shared().options;
        greeting_ = encode_handshake({.content = shared().framing.content,
                                      .proves = proofs_.is_wanted(),
                                      .cluster = options.cluster,
                                      .from = options.self,
                                      .to = peer_});
        say(asio::buffer(greeting_), "the handshake failed");
        hear(asio::buffer(answer_), "the handshake failed", [this] { hear_answer(); });
        watch();
    }

    /// Where it is encrypted, why it failed is told by the read that is under way, if by any.
    template <class Buffers>
    void say(const Buffers& buffers, std::string_view failure) {
        write_whole(buffers, [self = self(), failure](asio::error_code error, std::size_t) {
            if (error && !self->is_secured()) self->end(false, failure, error);
        });
    }

    template <class Buffers, class Then>
    void hear(const Buffers& buffers, std::string_view failure, Then then) {
        read_whole(buffers, [self = self(), failure, then](asio::error_code error, std::size_t) {
            if (error) return self->lose(error, failure);
            if (!self->closed()) then();
        });
    }

    void hear_answer() {
        handshake reply;
        if (const auto error = decode_handshake(answer_, reply))
            return end(true, describe(*error), {});
        if (reply.verdict != handshake_verdict::welcome)
            return end(true, describe(reply.verdict), {});
        if (reply.cluster != shared().options.cluster)
            return end(true, describe(handshake_verdict::other_cluster), {});
        if (reply.from != peer_) return end(true, describe(handshake_verdict::not_me), {});
        if (reply.proves != proofs_.is_wanted())
            return end(true, describe(handshake_verdict::no_secret), {});
        const auto oldest = reply.proves ? introductions_from : frame_version_oldest;
        if (reply.version_newest < oldest || reply.version_newest > frame_version_newest)
            return end(true, describe(handshake_verdict::unknown_version), {});
        if (reply.content != shared().framing.content)
            return end(true, describe(handshake_verdict::other_content), {});
        version_ = reply.version_newest;
        if (reply.proves) return await_challenge();
        version_ < introductions_from ? begin_frames() : introduce();
    }

    void await_challenge() {
        hear(asio::buffer(proof_), "the proof failed", [this] {
            proof_content challenge;
            if (const auto error = decode_proof(proof_, challenge))
                return end(true, describe(*error), {});
            proofs_.add(greeting_);
            proofs_.add(answer_);
            proofs_.add_challenge(challenge);
            introduce_with_proof();
        });
    }

    void introduce() {
        introduction_ = encode_introduction(own_introduction(handshake_verdict::asking));
        say(asio::buffer(introduction_), "the introduction failed");
        hear(asio::buffer(introduced_), "the introduction failed", [this] { hear_introduction(); });
    }

    void introduce_with_proof() {
        introduction_ = encode_introduction(own_introduction(handshake_verdict::asking));
        proofs_.add(introduction_);
        const auto own = proofs_.prove(transcript::caller);
        if (!own) return end(false, "no proof can be made", {});
        proof_ = *own;
        say(std::array{asio::buffer(introduction_), asio::buffer(proof_)}, "the proof failed");
        hear(std::array{asio::buffer(introduced_), asio::buffer(heard_proof_)}, "the proof failed",
             [this] { hear_introduction(); });
    }

    void hear_introduction() {
        introduction reply;
        if (const auto error = decode_introduction(introduced_, reply))
            return end(true, describe(*error), {});
        if (reply.verdict != handshake_verdict::welcome)
            return end(true, describe(reply.verdict), {});
        if (proofs_.is_wanted() && !is_proven())
            return end(true, describe(handshake_verdict::wrong_proof), {});
        const auto verdict = judge_introduction(peer_, reply);
        if (verdict != handshake_verdict::welcome) return end(true, describe(verdict), {});
        begin_frames();
    }

    [[nodiscard]] bool is_proven() {
        proof_content shown;
        if (decode_proof(heard_proof_, shown)) return false;
        proofs_.add(introduced_);
        return proofs_.accepts(transcript::called, shown);
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
    mutual_proof proofs_;
    std::vector<endpoint> addresses_{};
    std::size_t next_address_ = 0;
    bool connecting_ = false;
    std::array<std::byte, handshake_bytes> greeting_{};
    std::array<std::byte, handshake_bytes> answer_{};
    std::array<std::byte, introduction_bytes> introduction_{};
    std::array<std::byte, introduction_bytes> introduced_{};
    proof_frame proof_{};
    proof_frame heard_proof_{};
};

}  // namespace raft::detail
