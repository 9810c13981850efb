// SPDX-License-Identifier: BSL-1.0
//
// Mutual TLS between servers, by Asio over OpenSSL: what they say is encrypted, each has a
// certificate of an authority that all of them trust, and its name is that of the member. Include
// it only if you use it; the CMake targets `raft::asio` and `raft::openssl` link what it needs.
//
//     auto made = raft::security::asio_tls::make({.certificate = "server-1.crt",
//                                       .key = "server-1.key",
//                                       .authority = "authority.crt"});
//     if (const auto* wrong = std::get_if<std::string>(&made)) return complain(*wrong);
//     options.security = std::get<std::shared_ptr<raft::security::asio_tls>>(made);
//
// The certificate of member 3 has the DNS name `raft-3` among its subjectAltNames, and nothing else
// is looked at: not the address, not the common name, no wildcard. It is used in both directions,
// so that an extendedKeyUsage names both clientAuth and serverAuth, or there is none.
//
// The files are looked at for each connection, and read anew when they have changed: connections
// that are there go on. Files that cannot be used change nothing, and are told.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <asio/ssl/context.hpp>
#include <asio/ssl/error.hpp>
#include <asio/ssl/stream.hpp>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <raft/battery/asio_tls/certificate.hpp>
#include <raft/battery/asio_tls/contexts.hpp>
#include <raft/battery/asio_tls/refusal.hpp>
#include <raft/battery/asio_transport/secure_stream.hpp>

namespace raft::security {

/// Where the files are (PEM), and what members are called.
struct asio_tls_options {
    std::string certificate{};  ///< Of this server, and those between it and the authority.
    std::string key{};
    std::string authority{};  ///< Those that are trusted, and no others.
    /// What the certificate of a member has among its DNS names.
    std::function<std::string(member_id)> name_of = [](member_id id) {
        return "raft-" + std::to_string(id.value);
    };
    /// Who this server is: the log is told if its own certificate does not say so.
    std::optional<member_id> self{};
    /// Told when files were read anew, and when they could not be; when one's own certificate will
    /// be refused; and what names a certificate has that is of another member than it came with.
    std::function<void(std::string_view)> log{};
};

namespace detail {

/// Whose certificate is whose, and what is told of those that are not.
class member_names {
public:
    explicit member_names(asio_tls_options options) : options_{std::move(options)} {}

    [[nodiscard]] bool is_for(const X509& certificate, member_id member) const {
        const auto name = options_.name_of(member);
        constexpr unsigned exactly =
            X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_WILDCARDS;
        return !name.empty() && X509_check_host(const_cast<X509*>(&certificate), name.data(),
                                                name.size(), exactly, nullptr) == 1;
    }

    /// Once, until it shows another: who is refused calls again and again.
    void tell_other(const X509& shown, member_id claimed) {
        const auto line = "a certificate for " + names_in(shown) +
                          " came with who says to be member " + std::to_string(claimed.value) +
                          ": expected is one for DNS:" + options_.name_of(claimed);
        if (options_.log && std::exchange(told_, line) != line) options_.log(line);
    }

    /// Before anybody refuses it.
    void check_own(const X509& own) const {
        if (!options_.log) return;
        const std::string subject = "WARNING: the certificate for peers ";
        if (const auto fault = fault_in_time(own))
            options_.log(subject + *fault + ": they refuse this server");
        if (options_.self && !is_for(own, *options_.self))
            options_.log(subject + "is for " + names_in(own) + ", and not for DNS:" +
                         options_.name_of(*options_.self) + ": they refuse this server");
    }

private:
    asio_tls_options options_;
    std::string told_{};
};

/// TLS on one connection. The context of the moment when it was made lives on in it.
class tls_stream final : public secure_stream {
public:
    using stream = asio::ssl::stream<asio::ip::tcp::socket&>;

    tls_stream(asio::ip::tcp::socket& socket, asio::ssl::context& context, bool calls,
               std::shared_ptr<member_names> names)
        : stream_{socket, context}, calls_{calls}, names_{std::move(names)} {}

    void shake_hands(std::function<void(asio::error_code)> then) override {
        stream_.async_handshake(calls_ ? stream::client : stream::server, std::move(then));
    }

    [[nodiscard]] bool is_member(member_id claimed) const override {
        const std::unique_ptr<X509, decltype(&X509_free)> shown{SSL_get1_peer_certificate(handle()),
                                                                &X509_free};
        if (!shown) return false;
        if (names_->is_for(*shown, claimed)) return true;
        names_->tell_other(*shown, claimed);
        return false;
    }

    [[nodiscard]] std::optional<std::string_view>
    describe_refusal(const asio::error_code& error) const override {
        return describe_tls_refusal(handle(), error);
    }

    [[nodiscard]] executor_type get_executor() override { return stream_.get_executor(); }

protected:
    void read_some(asio::mutable_buffer into, done then) override {
        // Frames have lengths: an end without a farewell is an end.
        stream_.async_read_some(
            into, [then = std::move(then)](asio::error_code error, std::size_t bytes) {
                if (error == asio::ssl::error::stream_truncated) error = asio::error::eof;
                then(error, bytes);
            });
    }
    void write_some(asio::const_buffer from, done then) override {
        stream_.async_write_some(from, std::move(then));
    }

private:
    [[nodiscard]] SSL* handle() const { return const_cast<stream&>(stream_).native_handle(); }

    stream stream_;
    bool calls_;
    std::shared_ptr<member_names> names_;
};

}  // namespace detail

/// For one transport, on its thread.
class asio_tls final : public stream_security {
public:
    /// Reads the files; or says what is wrong with them.
    [[nodiscard]] static std::variant<std::shared_ptr<asio_tls>, std::string>
    make(asio_tls_options options) {
        auto contexts = tls_contexts::make({options.certificate, options.key, options.authority},
                                           prepare, options.log);
        if (auto* wrong = std::get_if<std::string>(&contexts)) return std::move(*wrong);
        const std::shared_ptr<asio_tls> made{
            new asio_tls{std::get<tls_contexts>(std::move(contexts)), std::move(options)}};
        static_cast<void>(made->current());
        return made;
    }

    [[nodiscard]] std::unique_ptr<secure_stream> secure(asio::ip::tcp::socket& socket,
                                                        bool calls) override {
        return std::make_unique<detail::tls_stream>(socket, current(), calls, names_);
    }

private:
    asio_tls(tls_contexts contexts, asio_tls_options options)
        : contexts_{std::move(contexts)}
        , names_{std::make_shared<detail::member_names>(std::move(options))} {}

    [[nodiscard]] asio::ssl::context& current() {
        const auto& now = contexts_.current();
        if (now != used_) {
            used_ = now;
            if (const auto* own = SSL_CTX_get0_certificate(now->native_handle()))
                names_->check_own(*own);
        }
        return *now;
    }

    static void prepare(asio::ssl::context& context) {
        SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_3_VERSION);
        context.set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
    }

    tls_contexts contexts_;
    tls_contexts::shared used_{};
    std::shared_ptr<detail::member_names> names_;
};

}  // namespace raft::security
