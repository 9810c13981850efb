// SPDX-License-Identifier: BSL-1.0
#include "client_tls.hpp"

#include <algorithm>
#include <utility>

#include "incarnation.hpp"
#include <asio/ip/address.hpp>
#include <asio/ssl/verify_mode.hpp>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <raft/battery/asio_tls/certificate.hpp>

namespace raft_kv {

namespace {

asio::ssl::verify_mode mode_of(client_certificates asked) {
    switch (asked) {
    case client_certificates::none: break;
    case client_certificates::optional: return asio::ssl::verify_peer;
    case client_certificates::required:
        return asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert;
    }
    return asio::ssl::verify_none;
}

/// As clients look: an address among the addresses, a name among the names.
bool is_for(const X509& certificate, const std::string& host) {
    asio::error_code is_name;
    static_cast<void>(asio::ip::make_address(host, is_name));
    auto* const looked_at = const_cast<X509*>(&certificate);
    if (!is_name) return X509_check_ip_asc(looked_at, host.c_str(), 0) == 1;
    return X509_check_host(looked_at, host.data(), host.size(), 0, nullptr) == 1;
}

}  // namespace

std::string obstacle_to_tls(const client_tls_settings& settings) {
    const auto& files = settings.files;
    const auto wanted = !files.certificate.empty();
    if (wanted == files.key.empty()) return "--tls-cert-file and --tls-key-file go together";
    if (!wanted && (settings.port != 0 || !files.authority.empty()))
        return "--tls-port and --tls-ca-cert-file need --tls-cert-file and --tls-key-file";
    if (wanted && settings.asked != client_certificates::none && files.authority.empty())
        return "--tls-ca-cert-file says whose certificates clients show; where they show none, say "
               "--tls-auth-clients no";
    return {};
}

std::string obstacle_to_tls(const client_tls_settings& settings, const cluster_layout& layout,
                            std::uint64_t self) {
    if (settings.files.certificate.empty()) return {};
    if (layout.port_for_client(*layout.find(self), true) == 0)
        return "--tls-port is missing: the cluster file gives server " + id_text(self) +
               " no port for TLS, as a fifth field";
    for (const auto& each : layout.servers) {
        const auto at_its_host = [&](const server_address& other) {
            return other.host == each.host && number_of(other.id) != number_of(each.id);
        };
        if (each.tls_port == 0 && std::ranges::any_of(layout.servers, at_its_host))
            return "server " + id_text(each.id) +
                   " is not alone on its host, so that the cluster file has to give its port for "
                   "TLS, as a fifth field";
    }
    return {};
}

std::variant<client_tls, std::string> client_tls::make(const client_tls_settings& settings,
                                                       std::string host, event_log log) {
    const auto prepare = [mode = mode_of(settings.asked)](asio::ssl::context& context) {
        SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
        SSL_CTX_set_session_cache_mode(context.native_handle(), SSL_SESS_CACHE_OFF);
        context.set_verify_mode(mode);
    };
    auto contexts = raft::security::tls_contexts::make(settings.files, prepare, log);
    if (auto* wrong = std::get_if<std::string>(&contexts)) return std::move(*wrong);
    client_tls made{std::get<raft::security::tls_contexts>(std::move(contexts)), std::move(host),
                    log};
    static_cast<void>(made.context());
    return made;
}

asio::ssl::context& client_tls::context() {
    const auto& now = contexts_.current();
    if (now != used_) {
        used_ = now;
        warn_of_refusals();
    }
    return *now;
}

void client_tls::warn_of_refusals() const {
    const auto* const own = SSL_CTX_get0_certificate(used_->native_handle());
    if (own == nullptr) return;
    if (const auto fault = raft::security::fault_in_time(*own))
        log_("WARNING: the certificate for clients " + *fault +
             ": those that look refuse this server");
    if (!is_for(*own, host_))
        log_("WARNING: the certificate for clients is not for " + host_ +
             ", where the cluster file sends them, but for " + raft::security::names_in(*own) +
             ": those that look refuse this server");
}

}  // namespace raft_kv
