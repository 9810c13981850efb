// SPDX-License-Identifier: BSL-1.0
#include "startup_notes.hpp"

#include <optional>
#include <utility>

#include "endpoints.hpp"

namespace raft_kv {

namespace {

std::string text_of(raft::log_index index) { return std::to_string(index.value); }

/// Of the port of the peers; none if only this host reaches it.
std::optional<std::string> belief_in_peers(const keys& own, const asio::ip::tcp::endpoint& at) {
    const auto hears = "hears peers on " + address_text(at);
    if (own.has_certificate)
        return hears + " that have a certificate of the authority; what they say is encrypted";
    if (own.secret)
        return hears + " that prove that they know the secret; what they say then is not encrypted";
    if (is_loopback(at.address())) return std::nullopt;
    return "WARNING: believes whoever reaches " + address_text(at) +
           " to be the peer that it says it is: give all servers a --peer-secret-file, or "
           "certificates";
}

/// Of the port of the clients; none if they need a password, or come from this host.
std::optional<std::string> belief_in_clients(const keys& own, const asio::ip::tcp::endpoint& at) {
    if (own.password || is_loopback(at.address())) return std::nullopt;
    if (own.is_protected)
        return "protected mode: without a --requirepass-file it serves only clients of this host";
    return "WARNING: whoever reaches " + address_text(at) +
           " may do everything: it has no --requirepass-file, and protected mode is off";
}

}  // namespace

std::string time_text(std::chrono::steady_clock::duration time) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) +
           " ms";
}

std::string recovery_text(const raft::node_status& status,
                          std::chrono::steady_clock::duration restoring) {
    const auto& snapshot = status.snapshot;
    std::string text = "recovered term " + std::to_string(status.current_term.value);
    if (snapshot.last_included.index == raft::log_index{})
        text += ", no snapshot";
    else
        text += ", snapshot of entry " + text_of(snapshot.last_included.index) + " (" +
                std::to_string(snapshot.size) + " bytes, restored in " + time_text(restoring) + ")";
    if (status.first_log_index > status.last_log_index) return text + ", an empty log";
    return text + ", log of entries " + text_of(status.first_log_index) + " to " +
           text_of(status.last_log_index);
}

std::vector<std::string> belief_texts(const keys& own, const asio::ip::tcp::endpoint& peers_at,
                                      const asio::ip::tcp::endpoint& clients_at) {
    std::vector<std::string> all;
    if (auto text = belief_in_peers(own, peers_at)) all.push_back(std::move(*text));
    if (auto text = belief_in_clients(own, clients_at)) all.push_back(std::move(*text));
    return all;
}

}  // namespace raft_kv
