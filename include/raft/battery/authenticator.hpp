// SPDX-License-Identifier: BSL-1.0
//
// Servers prove to each other that they know the same secret, without sending it. They need nonces
// that nobody can foresee, and message authentication codes under the secret. A transport takes an
// authenticator as a value, so that it needs no library of cryptography itself; openssl_secret.hpp
// is one over OpenSSL.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>

namespace raft::security {

/// A secret that proves itself. Its functions may be called by several threads.
class authenticator {
public:
    /// Random bytes, used once.
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
    [[nodiscard]] virtual std::optional<proof> prove(std::span<const std::byte> bytes) const = 0;
    /// Whether what the other side shows is the code of these bytes: under this secret, or another
    /// one that is good too, while the servers change theirs one after another.
    [[nodiscard]] virtual bool accepts(std::span<const std::byte> bytes, const proof& shown) const {
        const auto code = prove(bytes);
        return code && is_same(*code, shown);
    }

protected:
    /// In constant time: how long it takes shows nothing of them.
    [[nodiscard]] static bool is_same(const proof& a, const proof& b) {
        volatile unsigned differ = 0;
        for (std::size_t i = 0; i < a.size(); ++i)
            differ = differ | std::to_integer<unsigned>(a[i] ^ b[i]);
        return differ == 0;
    }
};

}  // namespace raft::security
