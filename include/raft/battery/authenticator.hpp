// SPDX-License-Identifier: BSL-1.0
//
// What servers need to prove to each other that they know the same secret, without saying it: bytes
// that nobody can foresee, and a code of what was said that only who knows the secret can make. A
// transport takes it as a value, so that it needs no library of cryptography itself; over OpenSSL
// it is openssl_secret.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>

namespace raft {

/// A secret that proves itself. Its functions may be called by several threads.
class authenticator {
public:
    /// Bytes that were never said before.
    using nonce = std::array<std::byte, 32>;
    /// A message authentication code, as HMAC-SHA256 gives it.
    using proof = std::array<std::byte, 32>;

    authenticator() = default;
    authenticator(const authenticator&) = delete;
    authenticator& operator=(const authenticator&) = delete;
    virtual ~authenticator() = default;

    /// New bytes, drawn so that nobody can foresee them; none if the system gives none.
    [[nodiscard]] virtual std::optional<nonce> draw() const = 0;
    /// The code of these bytes under the secret; none if it cannot be computed.
    [[nodiscard]] virtual std::optional<proof> prove(std::span<const std::byte> said) const = 0;
};

}  // namespace raft
