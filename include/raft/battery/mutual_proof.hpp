// SPDX-License-Identifier: BSL-1.0
//
// The proofs of a connection, as one of its ends makes and checks them (proof.hpp). Both ends keep
// a transcript of the handshake. The server that was called sends a challenge, the caller proves
// that it knows the secret, and the server proves it in turn. The transports over TCP do this in
// their handshake; a program with another port can do it there.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <raft/battery/authenticator.hpp>
#include <raft/battery/proof.hpp>

namespace raft::wire {

/// For one connection, and one thread.
class mutual_proof {
public:
    /// `secret`: null if nothing is to be proved; then nothing below but `is_wanted` and `add`.
    explicit mutual_proof(std::shared_ptr<const security::authenticator> secret)
        : secret_{std::move(secret)} {}

    [[nodiscard]] bool is_wanted() const { return secret_ != nullptr; }

    /// Adds to the transcript what either end has sent.
    void add(std::span<const std::byte> sent) {
        if (secret_) transcript_.add(sent);
    }

    /// What the caller's proof is to be new for. None if the system draws nothing.
    [[nodiscard]] std::optional<proof_frame> challenge() {
        const auto drawn = secret_->draw();
        if (!drawn) return std::nullopt;
        add(*drawn);
        return encode_proof({.drawn = *drawn});
    }

    /// Adds the challenge that the caller has received.
    void add_challenge(const proof_content& received) { add(received.drawn); }

    /// The proof of this end: `transcript::caller` or `transcript::called`. None if it cannot be
    /// made.
    [[nodiscard]] std::optional<proof_frame> prove(std::string_view whose) {
        const auto drawn = secret_->draw();
        if (!drawn) return std::nullopt;
        add(*drawn);
        const auto code = secret_->prove(transcript_.labelled(whose));
        if (!code) return std::nullopt;
        return encode_proof({.drawn = *drawn, .code = *code});
    }

    /// Whether the other end's proof is right.
    [[nodiscard]] bool accepts(std::string_view whose, const proof_content& received) {
        add(received.drawn);
        return secret_->accepts(transcript_.labelled(whose), received.code);
    }

private:
    std::shared_ptr<const security::authenticator> secret_;
    transcript transcript_{};
};

}  // namespace raft::wire
