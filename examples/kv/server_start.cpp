// SPDX-License-Identifier: BSL-1.0
//
// How a server starts: storage, node, peers, clients; and how clients come in.
#include <random>
#include <utility>

#include "data_identity.hpp"
#include "server.hpp"
#include <asio/error.hpp>
#include <asio/post.hpp>
#include <asio/write.hpp>

namespace raft_kv {

namespace {

using tcp = asio::ip::tcp;

/// The address that a host's name in the cluster file stands for, to listen on.
std::variant<tcp::endpoint, std::string> endpoint_of(asio::io_context& io, const std::string& host,
                                                     std::uint16_t port) {
    asio::error_code error;
    const auto address = asio::ip::make_address(host, error);
    if (!error) return tcp::endpoint{address, port};
    const auto found = tcp::resolver{io}.resolve(host, std::to_string(port), error);
    if (error || found.empty())
        return "cannot find the address of " + host + ": " + error.message();
    return found.begin()->endpoint();
}

std::string address_text(const tcp::endpoint& endpoint) {
    return host_and_port(endpoint.address().to_string(), endpoint.port());
}

}  // namespace

server::server(asio::io_context& io, server_options options)
    : io_{io}
    , options_{std::move(options)}
    , log_{options_.id}
    , timer_{io}
    , acceptor_{io}
    , accept_again_{io}
    , room_timer_{io}
    , stop_timer_{io} {}

std::optional<std::string> server::start() {
    if (auto wrong = open_storage()) return wrong;
    raft::node_options settings{.id = {options_.id},
                                .initial = {},
                                .config = options_.config,
                                .seed = std::random_device{}()};
    std::vector<raft::member_id> members;
    for (const auto& each : options_.layout.servers) members.push_back({each.id});
    settings.initial = raft::voters_only(std::move(members));

    const auto& self = *options_.layout.find(options_.id);
    const auto listen_on = endpoint_of(io_, self.host, self.peer_port);
    if (const auto* wrong = std::get_if<std::string>(&listen_on)) return *wrong;
    raft::asio_transport_options peers{
        .cluster = {options_.layout.identity()},
        .self = {options_.id},
        .listen = std::get<tcp::endpoint>(listen_on),
        .peers = {},
        .on_event = [this](const raft::asio_event& event) { log_peer(event); },
    };
    for (const auto& each : options_.layout.servers)
        peers.peers.push_back({{each.id}, each.host, each.peer_port});
    transport_ = std::make_unique<transport_type>(io_, std::move(peers));
    node_ = std::make_unique<node_type>(std::move(settings), kv{}, *transport_, *storage_);

    if (auto wrong = listen()) return wrong;
    const auto failed = transport_->start([this](raft::member_id from, const raft::message& body,
                                                 const raft::attachment<kv::command>& beside) {
        node_->receive(from, body, beside);
        schedule_turn();
    });
    if (failed)
        return "cannot listen for peers on " + host_and_port(self.host, self.peer_port) + ": " +
               failed.message();
    if (!node_->start()) return "what " + options_.directory + " keeps makes no sense";
    const auto status = node_->status();
    log_("recovered term " + std::to_string(status.current_term.value) + ", snapshot of entry " +
         std::to_string(status.snapshot.last_included.index.value) + ", log up to entry " +
         std::to_string(status.last_log_index.value));
    seen_snapshot_ = status.snapshot.last_included.index;
    log_("serving clients on " + address_text(acceptor_.local_endpoint()));
    accept();
    schedule_turn();
    return std::nullopt;
}

std::optional<std::string> server::open_storage() {
    raft::file_storage_options storage_settings{};
    storage_settings.segment_bytes = limits::segment_bytes;
    storage_settings.wake = [this] { storage_woke(); };
    auto opened = storage_type::open(options_.directory, std::move(storage_settings));
    if (const auto* error = std::get_if<raft::file_storage_error>(&opened)) return error->message;
    storage_ = std::make_unique<storage_type>(std::move(std::get<storage_type>(opened)));
    for (const auto& line : storage_->report()) log_("recovery: " + line);
    return claim_directory(options_.directory, options_.layout, options_.id);
}

// ----------------------------------------------------------------------------------------- clients

std::optional<std::string> server::listen() {
    const auto& self = *options_.layout.find(options_.id);
    const auto found = endpoint_of(io_, self.host, self.client_port);
    if (const auto* wrong = std::get_if<std::string>(&found)) return *wrong;
    const auto endpoint = std::get<tcp::endpoint>(found);
    asio::error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address{true}, error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
    if (error)
        return "cannot listen for clients on " + address_text(endpoint) + ": " + error.message();
    return std::nullopt;
}

void server::accept() {
    acceptor_.async_accept([this](const asio::error_code& error, tcp::socket socket) {
        if (error == asio::error::operation_aborted || stopping_) return;
        if (!error) {
            was_accepted(std::move(socket));
            return accept();
        }
        // No descriptors left, for example: clients wait in the queue of the system meanwhile.
        log_("cannot accept a client: " + error.message());
        accept_again_.expires_after(std::chrono::milliseconds{200});
        accept_again_.async_wait([this](const asio::error_code& cancelled) {
            if (!cancelled) accept();
        });
    });
}

void server::was_accepted(tcp::socket socket) {
    asio::error_code ignored;
    if (connections_.size() >= limits::clients_max) {
        static constexpr std::string_view full = "-ERR max number of clients reached\r\n";
        socket.non_blocking(true, ignored);
        socket.write_some(asio::buffer(full), ignored);
        return;
    }
    socket.set_option(tcp::no_delay{true}, ignored);
    const auto id = ++last_client_;
    auto added = std::make_shared<connection>(*this, *this, std::move(socket), id);
    connections_.emplace(id, added);
    changed(*added);
}

// ------------------------------------------------------------------------------------------- peers

void server::log_peer(const raft::asio_event& event) {
    std::string text = "peer ";
    text += event.peer ? std::to_string(event.peer->value) : "unknown";
    if (event.remote.port() != 0) text += " at " + address_text(event.remote);
    text.append(": ").append(describe(event.kind));
    if (!event.reason.empty()) text.append(", ").append(event.reason);
    if (event.error) text.append(", ").append(event.error.message());
    log_(text);
}

}  // namespace raft_kv
