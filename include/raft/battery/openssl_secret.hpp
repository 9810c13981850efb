// SPDX-License-Identifier: BSL-1.0
//
// A secret that servers prove to each other to know, by HMAC-SHA256 over OpenSSL. Include it only
// if you use it: link OpenSSL's libcrypto then, as the CMake target `raft::openssl` does.
//
//     const auto read = raft::security::openssl_secret::from_file("/etc/bank/peer-secret");
//     if (const auto* wrong = std::get_if<std::string>(&read)) return complain(*wrong);
//     options.secret = std::get<raft::security::openssl_secret::shared>(read);
//
// A file for it: `openssl rand -hex 32 > peer-secret`, the same on all servers, and for the eyes of
// nobody else: who has it can be any of them. The file is read anew when it has changed.
//
// The servers get another secret without an end of their service, in three rounds. In each the file
// is changed on one server after another: first it gets the new secret as its second line, which is
// accepted from then on; then the new one stands first, which is what a server proves; and then the
// old one goes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <raft/battery/authenticator.hpp>

namespace raft::security {

/// One secret, which this side proves, and others that it accepts besides.
class openssl_secret final : public authenticator {
public:
    using shared = std::shared_ptr<const authenticator>;

    /// What is shorter can be guessed: who has seen a handshake can try as many as he likes.
    static constexpr std::size_t bytes_min = 16;
    static constexpr std::size_t bytes_max = 4096;

    explicit openssl_secret(std::string secret, std::vector<std::string> accepted = {})
        : secret_{std::move(secret)}, accepted_{std::move(accepted)} {}
    openssl_secret(const openssl_secret&) = delete;
    openssl_secret& operator=(const openssl_secret&) = delete;
    ~openssl_secret() override {
        OPENSSL_cleanse(secret_.data(), secret_.size());
        for (auto& each : accepted_) OPENSSL_cleanse(each.data(), each.size());
    }

    /// The first line of a file and, to be accepted besides, its second if it has one; or what is
    /// wrong with it. It is read anew when it has changed; a file that cannot be used then changes
    /// nothing. `log` is told of both.
    [[nodiscard]] static std::variant<shared, std::string>
    from_file(const std::string& path, std::function<void(std::string_view)> log = {});

    [[nodiscard]] std::optional<nonce> draw() const override {
        nonce drawn{};
        const auto size = static_cast<int>(drawn.size());
        if (RAND_bytes(reinterpret_cast<unsigned char*>(drawn.data()), size) != 1)
            return std::nullopt;
        return drawn;
    }

    [[nodiscard]] std::optional<proof> prove(std::span<const std::byte> said) const override {
        return code_of(said, secret_);
    }

    [[nodiscard]] bool accepts(std::span<const std::byte> said, const proof& shown) const override {
        const auto is_shown = [&](const std::string& secret) {
            const auto code = code_of(said, secret);
            return code && is_same(*code, shown);
        };
        return is_shown(secret_) || std::ranges::any_of(accepted_, is_shown);
    }

private:
    [[nodiscard]] static std::optional<proof> code_of(std::span<const std::byte> said,
                                                      const std::string& secret) {
        proof code{};
        unsigned size = 0;
        const auto* done = HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
                                reinterpret_cast<const unsigned char*>(said.data()), said.size(),
                                reinterpret_cast<unsigned char*>(code.data()), &size);
        if (done == nullptr || size != code.size()) return std::nullopt;
        return code;
    }

    std::string secret_;
    std::vector<std::string> accepted_;
};

namespace detail {

/// The secrets in a file, as they are when they are used.
class openssl_secret_file final : public authenticator {
public:
    using read_secret = std::variant<std::shared_ptr<const openssl_secret>, std::string>;

    openssl_secret_file(std::string path, std::function<void(std::string_view)> log)
        : path_{std::move(path)}, log_{std::move(log)} {}

    /// The first time; what is wrong with the file, if anything is.
    [[nodiscard]] std::optional<std::string> open() {
        seen_ = look();
        auto found = read();
        if (auto* wrong = std::get_if<std::string>(&found)) return std::move(*wrong);
        secret_ = std::get<std::shared_ptr<const openssl_secret>>(std::move(found));
        return std::nullopt;
    }

    [[nodiscard]] std::optional<nonce> draw() const override { return current()->draw(); }
    [[nodiscard]] std::optional<proof> prove(std::span<const std::byte> said) const override {
        return current()->prove(said);
    }
    [[nodiscard]] bool accepts(std::span<const std::byte> said, const proof& shown) const override {
        return current()->accepts(said, shown);
    }

private:
    /// When the file was changed, and how long it is.
    using state_of_file = std::pair<std::filesystem::file_time_type, std::uintmax_t>;

    [[nodiscard]] state_of_file look() const {
        std::error_code absent;
        const auto changed = std::filesystem::last_write_time(path_, absent);
        return {changed, std::filesystem::file_size(path_, absent)};
    }

    [[nodiscard]] std::shared_ptr<const openssl_secret> current() const {
        const std::lock_guard lock{mutex_};
        const auto now = look();
        if (now == seen_) return secret_;
        seen_ = now;
        auto found = read();
        if (const auto* wrong = std::get_if<std::string>(&found)) {
            tell(*wrong + ": not used");
        } else {
            secret_ = std::get<std::shared_ptr<const openssl_secret>>(std::move(found));
            tell(path_ + " was read anew");
        }
        return secret_;
    }

    void tell(const std::string& line) const {
        if (log_) log_(line);
    }

    [[nodiscard]] read_secret read() const {
        std::ifstream file{path_, std::ios::binary};
        if (!file) return path_ + " cannot be read";
        std::vector<std::string> lines;
        for (std::string line; lines.size() <= lines_max && std::getline(file, line);) {
            if (line.ends_with('\r')) line.pop_back();
            lines.push_back(std::move(line));
        }
        if (file.bad()) return path_ + " cannot be read";
        if (lines.empty()) lines.emplace_back();
        if (lines.size() > lines_max) return path_ + " has more than two lines";
        for (const auto& each : lines)
            if (auto wrong = obstacle_to(each)) return path_ + *wrong;
        auto first = std::move(lines.front());
        lines.erase(lines.begin());
        return std::make_shared<const openssl_secret>(std::move(first), std::move(lines));
    }

    [[nodiscard]] static std::optional<std::string> obstacle_to(const std::string& secret) {
        constexpr auto least = openssl_secret::bytes_min;
        constexpr auto most = openssl_secret::bytes_max;
        if (secret.size() >= least && secret.size() <= most) return std::nullopt;
        return " has a line of " + std::to_string(secret.size()) + " bytes: a secret has " +
               std::to_string(least) + " to " + std::to_string(most) +
               " (openssl rand -hex 32 gives a good one)";
    }

    static constexpr std::size_t lines_max = 2;

    std::string path_;
    std::function<void(std::string_view)> log_;
    mutable std::mutex mutex_{};
    mutable state_of_file seen_{};
    mutable std::shared_ptr<const openssl_secret> secret_{};
};

}  // namespace detail

inline std::variant<openssl_secret::shared, std::string>
openssl_secret::from_file(const std::string& path, std::function<void(std::string_view)> log) {
    const auto file = std::make_shared<detail::openssl_secret_file>(path, std::move(log));
    if (auto wrong = file->open()) return *std::move(wrong);
    return file;
}

}  // namespace raft::security
