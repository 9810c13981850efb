// SPDX-License-Identifier: BSL-1.0
//
// A secret that servers prove to each other to know, by HMAC-SHA256 over OpenSSL. Include it only
// if you use it: link OpenSSL's libcrypto then, as the CMake target `raft::openssl` does.
//
//     const auto read = raft::openssl_secret::from_file("/etc/bank/peer-secret");
//     if (const auto* wrong = std::get_if<std::string>(&read)) return complain(*wrong);
//     options.secret = std::get<raft::openssl_secret::shared>(read);
//
// A file for it: `openssl rand -hex 32 > peer-secret`, the same on all servers, and for the eyes of
// nobody else: who has it can be any of them.
#pragma once

#include <cstddef>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <raft/battery/authenticator.hpp>

namespace raft {

class openssl_secret final : public authenticator {
public:
    using shared = std::shared_ptr<const authenticator>;

    /// What is shorter can be guessed: who has seen a handshake can try as many as he likes.
    static constexpr std::size_t bytes_min = 16;
    static constexpr std::size_t bytes_max = 4096;

    explicit openssl_secret(std::string secret) : secret_{std::move(secret)} {}
    openssl_secret(const openssl_secret&) = delete;
    openssl_secret& operator=(const openssl_secret&) = delete;
    ~openssl_secret() override { OPENSSL_cleanse(secret_.data(), secret_.size()); }

    /// The first line of a file, which must be its only one; or what is wrong with it.
    [[nodiscard]] static std::variant<shared, std::string> from_file(const std::string& path) {
        std::ifstream file{path, std::ios::binary};
        if (!file) return path + " cannot be read";
        std::string text{std::istreambuf_iterator<char>{file}, {}};
        if (file.bad()) return path + " cannot be read";
        if (text.ends_with('\n')) text.pop_back();
        if (text.ends_with('\r')) text.pop_back();
        if (text.find('\n') != text.npos) return path + " has more than one line";
        if (text.size() < bytes_min || text.size() > bytes_max)
            return path + " holds " + std::to_string(text.size()) + " bytes: a secret has " +
                   std::to_string(bytes_min) + " to " + std::to_string(bytes_max) +
                   " (openssl rand -hex 32 gives a good one)";
        return std::make_shared<const openssl_secret>(std::move(text));
    }

    [[nodiscard]] std::optional<nonce> draw() const override {
        nonce drawn{};
        const auto size = static_cast<int>(drawn.size());
        if (RAND_bytes(reinterpret_cast<unsigned char*>(drawn.data()), size) != 1)
            return std::nullopt;
        return drawn;
    }

    [[nodiscard]] std::optional<proof> prove(std::span<const std::byte> said) const override {
        proof code{};
        unsigned size = 0;
        const auto* done = HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
                                reinterpret_cast<const unsigned char*>(said.data()), said.size(),
                                reinterpret_cast<unsigned char*>(code.data()), &size);
        if (done == nullptr || size != code.size()) return std::nullopt;
        return code;
    }

private:
    std::string secret_;
};

}  // namespace raft
