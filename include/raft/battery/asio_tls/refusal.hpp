// SPDX-License-Identifier: BSL-1.0
//
// Why the other end of a TLS connection was refused, or refuses, in the words of this library.
#pragma once

#include <optional>
#include <string_view>

#include <asio/error_code.hpp>
#include <asio/ssl/error.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace raft::security {

/// The words live for ever; none if the error is not about TLS.
[[nodiscard]] inline std::optional<std::string_view>
describe_tls_refusal(const SSL* connection, const asio::error_code& error) {
    if (error.category() != asio::error::get_ssl_category()) return std::nullopt;
    const auto verdict = SSL_get_verify_result(connection);
    if (verdict != X509_V_OK) return X509_verify_cert_error_string(verdict);
    switch (ERR_GET_REASON(static_cast<unsigned long>(error.value()))) {
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: return "the caller shows no certificate";
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST: return "the other side does not speak TLS";
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
        return "the other side does not accept this server's certificate";
    default: break;
    }
    const auto* reason = ERR_reason_error_string(static_cast<unsigned long>(error.value()));
    return reason != nullptr ? reason : "the TLS handshake failed";
}

}  // namespace raft::security
