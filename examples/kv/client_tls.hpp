// SPDX-License-Identifier: BSL-1.0
//
// TLS for clients: this server's certificate, and what is asked of theirs. The names of the
// settings are those of Redis.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "cluster_file.hpp"
#include "event_log.hpp"
#include <asio/ssl/context.hpp>

#include <raft/battery/asio_tls/contexts.hpp>

namespace raft_kv {

/// Whether a client shows a certificate of the authority.
enum class client_certificates : std::uint8_t { none, optional, required };

/// --tls-port and the like.
struct client_tls_settings {
    std::uint16_t port = 0;  ///< Where it listens, if not where the cluster file says it is.
    raft::security::tls_files files{};
    client_certificates asked = client_certificates::required;
    friend bool operator==(const client_tls_settings&, const client_tls_settings&) = default;
};

/// What is missing, or does not go together; empty if nothing is wrong.
[[nodiscard]] std::string obstacle_to_tls(const client_tls_settings& settings);
/// What the cluster file lacks for TLS; empty if nothing. `self`: this server.
[[nodiscard]] std::string obstacle_to_tls(const client_tls_settings& settings,
                                          const cluster_layout& layout, std::uint64_t self);

class client_tls {
public:
    /// Reads the files, or says what is wrong with them. `host`: where clients are told to find
    /// this server. The log is told when the certificate is not for that, or is not good now, since
    /// clients do not tell their users.
    [[nodiscard]] static std::variant<client_tls, std::string>
    make(const client_tls_settings& settings, std::string host, event_log log);

    /// Of the files as they are now.
    [[nodiscard]] asio::ssl::context& context();

private:
    client_tls(raft::security::tls_contexts contexts, std::string host, event_log log)
        : contexts_{std::move(contexts)}, host_{std::move(host)}, log_{log} {}

    void warn_of_refusals() const;

    raft::security::tls_contexts contexts_;
    raft::security::tls_contexts::shared used_{};
    std::string host_;
    event_log log_;
};

}  // namespace raft_kv
