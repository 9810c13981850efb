// SPDX-License-Identifier: BSL-1.0
//
// How a server starts: its storage, what it is, the others, its clients.
#include <random>
#include <utility>

#include "data_identity.hpp"
#include "endpoints.hpp"
#include "founding.hpp"
#include "server.hpp"
#include "staged_state.hpp"

namespace raft_kv {

namespace {

using tcp = asio::ip::tcp;

std::string time_text(std::chrono::steady_clock::duration time) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) +
           " ms";
}

}  // namespace

std::optional<std::string> server::start() {
    if (auto wrong = open_storage()) return wrong;
    const auto& storage = node_->storage();
    auto identity = identify(
        io_, options_,
        {.was_empty = storage.was_empty(), .mark = storage.mark(), .history = storage.history()},
        log_);
    if (auto* wrong = std::get_if<std::string>(&identity)) return std::move(*wrong);
    if (auto wrong = begin_with_state(std::get<server_identity>(identity).birth)) return wrong;
    if (auto wrong = peers_.open(std::get<server_identity>(std::move(identity)))) return wrong;
    if (auto wrong = listen_for_clients()) return wrong;
    if (auto wrong = listen_for_pages()) return wrong;
    if (auto wrong = listen_for_peers()) return wrong;
    if (auto wrong = take_part()) return wrong;
    tell_who_is_believed();
    log_("serving clients on " + address_text(clients_.listens_on()));
    clients_.open();
    leader_search_.begin();
    return std::nullopt;
}

std::optional<std::string> server::open_storage() {
    if (auto wrong = missing_log(options_.directory)) return wrong;
    raft::file_storage_options settings{};
    settings.segment_bytes = limits::segment_bytes;
    settings.recover_damaged_log = options_.recovers_damaged_log;
    const auto began = clock::now();
    if (auto wrong = node_->open(options_.directory, std::move(settings), timed_files{flushes_}))
        return wrong;
    log_("storage opened in " + time_text(clock::now() - began) + ", " +
         std::to_string(node_->storage().bytes_read_at_start()) + " bytes read");
    for (const auto& line : node_->storage().report()) log_("recovery: " + line);
    return std::nullopt;
}

/// A cluster that `raft-kv restore` lets begin has a state from the first.
std::optional<std::string> server::begin_with_state(const birth_record& birth) {
    if (!is_restored_by(options_.directory, birth, node_->storage().was_empty()))
        return std::nullopt;
    node_->close();
    if (auto wrong = install_state(options_.directory, birth)) return wrong;
    log_("begins with the state of a backup");
    return open_storage();
}

std::optional<std::string> server::listen_for_clients() {
    const auto& self = options_.self();
    const auto found = endpoint_of(io_, listening(options_.listen, self.host, self.client_port));
    if (const auto* wrong = std::get_if<std::string>(&found)) return *wrong;
    const auto& endpoint = std::get<tcp::endpoint>(found);
    if (const auto wrong = clients_.listen(endpoint))
        return "cannot listen for clients on " + address_text(endpoint) + ": " + *wrong +
               where_else(options_.listen, "--listen");
    return clients_.listen_for_tls(options_.tls, self);
}

std::optional<std::string> server::listen_for_pages() {
    if (options_.metrics.port == 0) return std::nullopt;
    auto at = options_.metrics;
    if (at.host.empty()) at.host = "127.0.0.1";
    const auto found = endpoint_of(io_, at);
    if (const auto* wrong = std::get_if<std::string>(&found)) return *wrong;
    const auto& endpoint = std::get<tcp::endpoint>(found);
    if (const auto wrong = pages_.listen(endpoint))
        return "cannot listen for HTTP on " + address_text(endpoint) + ": " + *wrong;
    log_("GET /metrics, /healthz and /ready on " + address_text(endpoint));
    return std::nullopt;
}

std::optional<std::string> server::listen_for_peers() {
    const auto& self = options_.self();
    const auto at = listening(options_.listen_peers, self.host, self.peer_port);
    const auto listen_on = endpoint_of(io_, at);
    if (const auto* wrong = std::get_if<std::string>(&listen_on)) return *wrong;
    auto connections = peers_.connections(std::get<tcp::endpoint>(listen_on), *node_);
    if (auto* wrong = std::get_if<std::string>(&connections)) return std::move(*wrong);
    const auto failed = node_->listen(
        kv{}, node_settings(), std::get<raft::transport::options>(std::move(connections)),
        raft::flight::recorder<>{{.bytes = options_.recorder_bytes, .file = recording_path()}});
    if (!failed) return std::nullopt;
    return "cannot listen for peers on " + host_and_port(at.host, at.port) + ": " +
           failed.message() + where_else(options_.listen_peers, "--listen-peers");
}

raft::node_options server::node_settings() const {
    raft::node_options all{.id = {options_.id},
                           .initial = {},
                           .birth = peers_.birth().history,
                           .config = options_.config,
                           .seed = std::random_device{}()};
    all.digest_interval = options_.compare_entries;
    if (options_.joins) return all;
    std::vector<raft::member_id> founders;
    for (const auto& each : options_.layout.servers) founders.push_back({each.id});
    all.initial = raft::core::voters_only(std::move(founders));
    return all;
}

std::optional<std::string> server::take_part() {
    const auto restores = clock::now();
    const auto starts = node_->start();
    const auto status = node().status();
    if (!starts && status.lost_through)
        return "what was lost of the log in " + options_.directory + " is on no other server";
    if (!starts) return "what " + options_.directory + " keeps makes no sense";
    tell_recovery(status, clock::now() - restores);
    if (status.state_differs)
        log_("takes part in nothing: the state of this server was not that of the others; it comes "
             "back as its next incarnation");
    snapshots_.begin_after(status.snapshot.last_included.index);
    return std::nullopt;
}

/// Whoever waits for a start wants to know what it waited for.
void server::tell_recovery(const raft::node_status& status, clock::duration restoring) const {
    const auto number = [](raft::log_index index) { return std::to_string(index.value); };
    const auto& snapshot = status.snapshot;
    std::string text = "recovered term " + std::to_string(status.current_term.value);
    if (snapshot.last_included.index == raft::log_index{})
        text += ", no snapshot";
    else
        text += ", snapshot of entry " + number(snapshot.last_included.index) + " (" +
                std::to_string(snapshot.size) + " bytes, restored in " + time_text(restoring) + ")";
    if (status.first_log_index > status.last_log_index)
        text += ", an empty log";
    else
        text += ", log of entries " + number(status.first_log_index) + " to " +
                number(status.last_log_index);
    log_(text);
}

/// Whoever reaches the port of the peers can change what is acknowledged, unless it has to prove
/// that it belongs here. Who lets that be is to know it.
void server::tell_who_is_believed() const {
    const auto& own = options_.own_keys;
    const auto at = node_->transport().local_endpoint();
    if (own.has_certificate)
        log_("hears peers on " + address_text(at) +
             " that have a certificate of the authority; what they say is encrypted");
    else if (own.secret)
        log_("hears peers on " + address_text(at) +
             " that prove that they know the secret; what they say then is not encrypted");
    else if (!is_loopback(at.address()))
        log_("WARNING: believes whoever reaches " + address_text(at) +
             " to be the peer that it says it is: give all servers a --peer-secret-file, or "
             "certificates");
    if (own.password || is_loopback(clients_.listens_on().address())) return;
    log_(own.is_protected
             ? "protected mode: without a --requirepass-file it serves only clients of "
               "this host"
             : "WARNING: whoever reaches " + address_text(clients_.listens_on()) +
                   " may do everything: it has no --requirepass-file, and protected "
                   "mode is off");
}

}  // namespace raft_kv
