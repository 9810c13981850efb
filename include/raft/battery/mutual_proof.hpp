// SPDX-License-Identifier: BSL-1.0
//
// One connection's proofs, as one of its ends makes and judges them (proof.hpp). Both ends are told
// all that both say, in its order; then the server that was called draws a challenge, the caller
// proves that it knows the secret, and the other proves it back. The transports over TCP do this in
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

/// Whether they are the same, in a time that does not tell where they differ.
[[nodiscard]] inline bool same_proof(const authenticator::proof& a, const authenticator::proof& b) {
    volatile unsigned differ = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        differ = differ | std::to_integer<unsigned>(a[i] ^ b[i]);
    return differ == 0;
}

/// For one connection, and one thread.
class mutual_proof {
public:
    /// `secret`: null if nothing is to be proved; then nothing below but `is_wanted` and `add`.
    explicit mutual_proof(std::shared_ptr<const authenticator> secret)
        : secret_{std::move(secret)} {}

    [[nodiscard]] bool is_wanted() const { return secret_ != nullptr; }

    /// Either side has said this.
    void add(std::span<const std::byte> said) {
        if (secret_) said_.add(said);
    }

    /// What the caller's proof is to be new for. None if the system draws nothing.
    [[nodiscard]] std::optional<proof_frame> challenge() {
        const auto drawn = secret_->draw();
        if (!drawn) return std::nullopt;
        add(*drawn);
        return encode_proof({.drawn = *drawn});
    }

    /// The challenge, as the caller hears it.
    void add_challenge(const said_proof& heard) { add(heard.drawn); }

    /// The proof of this end: `transcript::caller` or `transcript::called`. None if it cannot be
    /// made.
    [[nodiscard]] std::optional<proof_frame> prove(std::string_view whose) {
        const auto drawn = secret_->draw();
        if (!drawn) return std::nullopt;
        add(*drawn);
        const auto code = secret_->prove(said_.labelled(whose));
        if (!code) return std::nullopt;
        return encode_proof({.drawn = *drawn, .code = *code});
    }

    /// Whether the other end's proof is right.
    [[nodiscard]] bool accepts(std::string_view whose, const said_proof& heard) {
        add(heard.drawn);
        const auto code = secret_->prove(said_.labelled(whose));
        return code && same_proof(*code, heard.code);
    }

private:
    std::shared_ptr<const authenticator> secret_;
    transcript said_{};
};

}  // namespace raft::wire
