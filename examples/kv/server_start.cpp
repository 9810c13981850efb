// SPDX-License-Identifier: BSL-1.0
//
// How a server starts: its storage, what it is, the others, its clients.
#include <utility>

#include "data_identity.hpp"
#include "endpoints.hpp"
#include "founding.hpp"
#include "node_settings.hpp"
#include "server.hpp"
#include "staged_state.hpp"
#include "startup_notes.hpp"

namespace raft_kv {

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
    if (auto wrong = clients_.listen(io_, options_)) return wrong;
    if (auto wrong = pages_.listen(options_.metrics)) return wrong;
    if (auto wrong = listen_for_peers()) return wrong;
    if (auto wrong = take_part()) return wrong;
    for (const auto& line : belief_texts(options_.own_keys, node_->transport().local_endpoint(),
                                         clients_.listens_on()))
        log_(line);
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

std::optional<std::string> server::listen_for_peers() {
    const auto& self = options_.self();
    const auto at = listening(options_.listen_peers, self.host, self.peer_port);
    const auto listen_on = endpoint_of(io_, at);
    if (const auto* wrong = std::get_if<std::string>(&listen_on)) return *wrong;
    auto connections = peers_.connections(std::get<asio::ip::tcp::endpoint>(listen_on), *node_);
    if (auto* wrong = std::get_if<std::string>(&connections)) return std::move(*wrong);
    const auto failed = node_->listen(
        kv{}, node_settings(options_, peers_.birth()),
        std::get<raft::transport::options>(std::move(connections)),
        raft::flight::recorder<>{{.bytes = options_.recorder_bytes, .file = recording_path()}});
    if (!failed) return std::nullopt;
    return "cannot listen for peers on " + host_and_port(at.host, at.port) + ": " +
           failed.message() + where_else(options_.listen_peers, "--listen-peers");
}

std::optional<std::string> server::take_part() {
    const auto restores = clock::now();
    const auto starts = node_->start();
    const auto status = node().status();
    if (!starts && status.lost_through)
        return "what was lost of the log in " + options_.directory + " is on no other server";
    if (!starts) return "what " + options_.directory + " keeps makes no sense";
    log_(recovery_text(status, clock::now() - restores));
    if (status.state_differs)
        log_("takes part in nothing: the state of this server was not that of the others; it comes "
             "back as its next incarnation");
    snapshots_.begin_after(status.snapshot.last_included.index);
    return std::nullopt;
}

}  // namespace raft_kv
