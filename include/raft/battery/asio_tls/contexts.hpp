// SPDX-License-Identifier: BSL-1.0
//
// TLS contexts of certificates in files, made anew when the files change: connections that are
// there go on with the one that they were made from.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

#include <asio/error_code.hpp>
#include <asio/ssl/context.hpp>
#include <openssl/ssl.h>

namespace raft::security {

/// Where they are (PEM).
struct tls_files {
    std::string certificate{};  ///< One's own, and those between it and its authority.
    std::string key{};
    std::string authority{};  ///< Those that are trusted, and no others; empty: none is.
    friend bool operator==(const tls_files&, const tls_files&) = default;
};

/// For one thread.
class tls_contexts {
public:
    using shared = std::shared_ptr<asio::ssl::context>;
    /// Sets what a new context is to have besides the files.
    using preparation = std::function<void(asio::ssl::context&)>;

    /// Reads the files; or says what is wrong with them. `log` is told when they were read anew,
    /// and when they could not be.
    [[nodiscard]] static std::variant<tls_contexts, std::string>
    make(tls_files files, preparation prepare, std::function<void(std::string_view)> log) {
        tls_contexts made{std::move(files), std::move(prepare), std::move(log)};
        made.seen_ = made.look();
        auto loaded = made.load();
        if (auto* wrong = std::get_if<std::string>(&loaded)) return std::move(*wrong);
        made.context_ = std::get<shared>(std::move(loaded));
        return made;
    }

    /// Of the files as they are now. Files that are half written do not fit each other: what was
    /// loaded last is used until they do.
    [[nodiscard]] const shared& current() {
        const auto now = look();
        if (now == seen_) return context_;
        seen_ = now;
        auto loaded = load();
        if (const auto* wrong = std::get_if<std::string>(&loaded)) {
            tell(*wrong + ": not used");
        } else {
            context_ = std::get<shared>(std::move(loaded));
            tell(files_.certificate + " was read anew");
        }
        return context_;
    }

private:
    /// When each file was changed, and how long it is.
    using state_of_files =
        std::array<std::pair<std::filesystem::file_time_type, std::uintmax_t>, 3>;

    tls_contexts(tls_files files, preparation prepare, std::function<void(std::string_view)> log)
        : files_{std::move(files)}, prepare_{std::move(prepare)}, log_{std::move(log)} {}

    [[nodiscard]] state_of_files look() const {
        state_of_files seen;
        std::size_t at = 0;
        for (const auto* path : {&files_.certificate, &files_.key, &files_.authority}) {
            std::error_code absent;
            seen[at].first = std::filesystem::last_write_time(*path, absent);
            seen[at++].second = std::filesystem::file_size(*path, absent);
        }
        return seen;
    }

    void tell(const std::string& line) const {
        if (log_) log_(line);
    }

    [[nodiscard]] std::variant<shared, std::string> load() const {
        auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls);
        auto* const native = context->native_handle();
        // Tickets would lie unread at who only sends, and turn its end into a reset.
        SSL_CTX_set_num_tickets(native, 0);
        prepare_(*context);
        asio::error_code wrong;
        context->use_certificate_chain_file(files_.certificate, wrong);
        if (wrong) return files_.certificate + ": " + wrong.message();
        context->use_private_key_file(files_.key, asio::ssl::context::pem, wrong);
        if (wrong) return files_.key + ": " + wrong.message();
        if (!files_.authority.empty()) context->load_verify_file(files_.authority, wrong);
        if (wrong) return files_.authority + ": " + wrong.message();
        if (SSL_CTX_check_private_key(native) != 1)
            return files_.key + " is not the key of " + files_.certificate;
        return context;
    }

    tls_files files_;
    preparation prepare_;
    std::function<void(std::string_view)> log_;
    state_of_files seen_{};
    shared context_{};
};

}  // namespace raft::security
