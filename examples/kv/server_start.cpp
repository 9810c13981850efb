// SPDX-License-Identifier: BSL-1.0
//
// How a server starts: storage, node, peers, clients; and how clients come in.
#include <algorithm>
#include <random>
#include <thread>
#include <utility>

#include "cluster_inquiry.hpp"
#include "data_identity.hpp"
#include "server.hpp"
#include "server_id.hpp"
#include "unborn_server.hpp"
#include <asio/error.hpp>
#include <asio/post.hpp>
#include <asio/write.hpp>

#include <raft/battery/asio_tls.hpp>

namespace raft_kv {

namespace {

using tcp = asio::ip::tcp;

constexpr std::chrono::seconds join_time_max{30};
constexpr std::chrono::milliseconds join_pause{100};

/// Where to listen: as the flag says, and for the rest as the cluster file does.
listen_address listening(const listen_address& flag, const std::string& host, std::uint16_t port) {
    if (flag == listen_address{}) return {host, port};
    const auto everywhere = flag.host.empty() ? "0.0.0.0" : flag.host;
    return {everywhere, flag.port != 0 ? flag.port : port};
}

/// The address that a host's name stands for, to listen on.
std::variant<tcp::endpoint, std::string> endpoint_of(asio::io_context& io,
                                                     const listen_address& at) {
    const auto& [host, port] = at;
    asio::error_code error;
    const auto address = asio::ip::make_address(host, error);
    if (!error) return tcp::endpoint{address, port};
    const auto found = tcp::resolver{io}.resolve(host, std::to_string(port), error);
    if (error || found.empty())
        return "cannot find the address of " + host + ": " + error.message();
    return found.begin()->endpoint();
}

/// A way out for who has none of the addresses of the cluster file.
std::string where_else(const listen_address& flag, std::string_view name) {
    if (flag != listen_address{}) return {};
    return " (where that is not an address of this machine, " + std::string{name} + " tells one)";
}

std::string time_text(std::chrono::steady_clock::duration time) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) +
           " ms";
}

std::string address_text(const tcp::endpoint& endpoint) {
    return host_and_port(endpoint.address().to_string(), endpoint.port());
}

}  // namespace

server::server(asio::io_context& io, server_options options)
    : io_{io}
    , options_{std::move(options)}
    , leader_timer_{io}
    , log_{options_.id}
    , timer_{io}
    , clients_{io, *this, options_.clients, log_, [this](session& which) { changed(which); }}
    , room_timer_{io}
    , pages_{io, [this](std::string_view path) { return page(path); }}
    , stop_timer_{io}
    , inquiry_timer_{io} {}

server::~server() {
    if (inquiry_.joinable()) inquiry_.join();
}

std::optional<std::string> server::start() {
    if (auto wrong = open_storage()) return wrong;
    if (auto wrong = settle_birth()) return wrong;
    if (auto wrong = storages_.open(options_.directory, birth_)) return wrong;
    raft::node_options settings{.id = {options_.id},
                                .initial = {},
                                .birth = birth_.history,
                                .config = options_.config,
                                .seed = std::random_device{}()};
    if (!options_.joins) {
        std::vector<raft::member_id> members;
        for (const auto& each : options_.layout.servers) members.push_back({each.id});
        settings.initial = raft::core::voters_only(std::move(members));
    }

    const auto& self = *options_.layout.find(options_.id);
    const auto at = listening(options_.listen_peers, self.host, self.peer_port);
    const auto listen_on = endpoint_of(io_, at);
    if (const auto* wrong = std::get_if<std::string>(&listen_on)) return *wrong;
    auto security = peer_security();
    if (auto* wrong = std::get_if<std::string>(&security)) return std::move(*wrong);
    transport_ = std::make_unique<transport_type>(
        io_,
        transport_options(std::get<tcp::endpoint>(listen_on),
                          std::get<std::shared_ptr<raft::stream_security>>(std::move(security))));
    node_ = std::make_unique<node_type>(
        std::move(settings), kv{}, *transport_, *storage_, clock{},
        raft::flight_recorder<>{{.bytes = options_.recorder_bytes, .file = recording_path()}});

    if (auto wrong = listen()) return wrong;
    if (auto wrong = listen_for_pages()) return wrong;
    const auto failed =
        transport_->start([this](raft::member_id from, const raft::core::message& body,
                                 const raft::attachment<kv::command>& beside) {
            node_->receive(from, body, beside);
            schedule_turn();
        });
    if (failed)
        return "cannot listen for peers on " + host_and_port(at.host, at.port) + ": " +
               failed.message() + where_else(options_.listen_peers, "--listen-peers");
    const auto restores = clock::now();
    const auto starts = node_->start();
    const auto status = node_->status();
    if (!starts && status.lost_through)
        return "what was lost of the log in " + options_.directory + " is on no other server";
    if (!starts) return "what " + options_.directory + " keeps makes no sense";
    tell_recovery(status, clock::now() - restores);
    seen_snapshot_ = status.snapshot.last_included.index;
    tell_who_is_believed();
    log_("serving clients on " + address_text(clients_.listens_on()));
    clients_.open();
    look_for_leader();
    schedule_turn();
    return std::nullopt;
}

/// Every incarnation of a server has its name.
std::variant<std::shared_ptr<raft::stream_security>, std::string> server::peer_security() const {
    using shared = std::shared_ptr<raft::stream_security>;
    const auto& files = options_.key_paths;
    if (files.peer_certificate.empty()) return shared{};
    auto made = raft::asio_tls::make(
        {.certificate = files.peer_certificate,
         .key = files.peer_key,
         .authority = files.peer_authority,
         .name_of =
             [](raft::member_id id) { return "raft-" + std::to_string(number_of(id.value)); },
         .log = log_});
    if (auto* wrong = std::get_if<std::string>(&made)) return std::move(*wrong);
    return shared{std::get<std::shared_ptr<raft::asio_tls>>(std::move(made))};
}

raft::asio_transport_options
server::transport_options(const tcp::endpoint& listen_on,
                          std::shared_ptr<raft::stream_security> security) {
    raft::asio_transport_options peers{
        .cluster = {cluster_},
        .self = {options_.id},
        .listen = listen_on,
        .peers = {},
        .history = birth_.history,
        .mark = storage_->mark(),
        .takes_storage =
            [this](raft::member_id other, raft::storage_mark mark) {
                return storages_.takes(other.value, mark);
            },
        .secret = options_.own_keys.secret,
        .security = std::move(security),
        .takes_guest = [this](raft::member_id caller) { return takes_guest(caller); },
        .on_event = [this](const raft::asio_event& event) { log_peer(event); },
    };
    for (const auto& each : layout_.servers)
        if (number_of(each.id) != number_of(options_.id))
            peers.peers.push_back({{each.id}, each.host, each.peer_port});
    return peers;
}

/// Whoever reaches the port of the peers can change what is acknowledged, unless it has to prove
/// that it belongs here. Who lets that be is to know it.
void server::tell_who_is_believed() const {
    const auto& own = options_.own_keys;
    const auto at = transport_->local_endpoint();
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

std::optional<std::string> server::open_storage() {
    if (auto wrong = missing_log(options_.directory)) return wrong;
    raft::file_storage_options storage_settings{};
    storage_settings.segment_bytes = limits::segment_bytes;
    storage_settings.recover_damaged_log = options_.recovers_damaged_log;
    storage_settings.wake = [this] { storage_woke(); };
    const auto began = clock::now();
    auto opened =
        storage_type::open(options_.directory, std::move(storage_settings), timed_files{flushes_});
    if (const auto* error = std::get_if<raft::file_storage_error>(&opened)) return error->message;
    storage_ = std::make_unique<storage_type>(std::move(std::get<storage_type>(opened)));
    log_("storage opened in " + time_text(clock::now() - began) + ", " +
         std::to_string(storage_->bytes_read_at_start()) + " bytes read");
    for (const auto& line : storage_->report()) log_("recovery: " + line);
    return take_identity();
}

/// Of one of its founders, what the cluster is follows from the file; one that joins was told.
std::optional<std::string> server::take_identity() {
    auto read = read_known_servers(options_.directory);
    if (const auto* wrong = std::get_if<layout_error>(&read)) return wrong->text;
    auto known = std::get<std::optional<cluster_layout>>(std::move(read));
    cluster_ = options_.layout.identity();
    const auto is_told = options_.joins && !known;
    if (options_.joins) {
        if (is_told)
            if (auto wrong = ask_to_join(known.emplace())) return wrong;
        cluster_ = known->identity();
    }
    if (known && known->identity() == cluster_) {
        if (!is_told) kept_layout_ = cluster_text(cluster_, known->servers);
        base_ = *std::move(known);
    }
    for (const auto& each : options_.layout.servers) base_.put(each);
    layout_ = base_;
    const auto claim = options_.joins ? joiner_claim(cluster_, options_.id)
                                      : founder_claim(options_.layout, options_.id);
    if (auto wrong = claim_directory(options_.directory, claim, storage_->was_empty()))
        return wrong;
    keep_layout();
    return std::nullopt;
}

/// A directory that was used knows its history, or is older than histories. An empty one has the
/// record already if its first start was interrupted; one that joins was told; and a founder waits
/// until the cluster is born.
std::optional<std::string> server::settle_birth() {
    auto read = read_birth(options_.directory);
    if (auto* wrong = std::get_if<std::string>(&read)) return std::move(*wrong);
    auto& kept = std::get<std::optional<birth_record>>(read);
    if (kept) birth_ = *std::move(kept);
    const auto known = storage_->history();
    if (known && birth_.history == raft::history_id{}) birth_.history = *known;
    if (known && birth_.history != *known)
        return options_.directory + " holds the record of another birth than its log";
    if (birth_.history != raft::history_id{}) return std::nullopt;
    if (!storage_->was_empty()) {
        birth_.history = history_before_records(cluster_);
        return std::nullopt;
    }
    return options_.joins ? "the cluster to join has no history" : await_own_birth();
}

std::optional<std::string> server::await_own_birth() {
    const auto& self = *options_.layout.find(options_.id);
    const auto clients = endpoint_of(io_, listening(options_.listen, self.host, self.client_port));
    if (const auto* wrong = std::get_if<std::string>(&clients)) return *wrong;
    auto end = await_birth({.self = {options_.id, storage_->mark()},
                            .layout = options_.layout,
                            .clients = std::get<tcp::endpoint>(clients),
                            .way_out = where_else(options_.listen, "--listen"),
                            .directory = options_.directory,
                            .own = options_.own_keys},
                           log_);
    if (auto* wrong = std::get_if<std::string>(&end)) return std::move(*wrong);
    birth_ = std::get<birth_record>(std::move(end));
    log_("the cluster is born, with history " + hex_text(birth_.history.value));
    return std::nullopt;
}

/// An empty server must not be a voter before it has caught up: the one that had its id may have
/// promised what this one does not know.
std::optional<std::string> server::ask_to_join(cluster_layout& known) {
    const auto until = clock::now() + join_time_max;
    std::string told;
    while (clock::now() < until) {
        auto said = ask_about_cluster(options_.layout.servers, options_.id, options_.own_keys,
                                      inquiry_patience);
        auto* answer = std::get_if<cluster_answer>(&said);
        if (answer == nullptr) {
            const auto& why = std::get<std::string>(said);
            if (why != told) log_("waits for a server that tells of the cluster: " + why);
            told = why;
            std::this_thread::sleep_for(join_pause);
            continue;
        }
        if (std::ranges::find(answer->voters, options_.id) != answer->voters.end())
            return "server " + id_text(options_.id) +
                   " votes in this cluster already; if its data is lost, it must come back as "
                   "another incarnation: server " +
                   id_text(server_id(number_of(options_.id),
                                     static_cast<std::uint32_t>(incarnation_of(options_.id)) + 1));
        known = std::move(answer->layout);
        return keep_birth(options_.directory, answer->birth);
    }
    return "none of the servers in the cluster file answers, so there is nothing to join: " + told;
}

// ----------------------------------------------------------------------------------------- clients

std::optional<std::string> server::listen() {
    const auto& self = *options_.layout.find(options_.id);
    const auto found = endpoint_of(io_, listening(options_.listen, self.host, self.client_port));
    if (const auto* wrong = std::get_if<std::string>(&found)) return *wrong;
    const auto endpoint = std::get<tcp::endpoint>(found);
    if (const auto wrong = clients_.listen(endpoint))
        return "cannot listen for clients on " + address_text(endpoint) + ": " + *wrong +
               where_else(options_.listen, "--listen");
    return std::nullopt;
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

// ------------------------------------------------------------------------------------------- peers

/// One that was removed, and does not know it, calls again and again; so does who guesses.
void server::log_peer(const raft::asio_event& event) {
    if (event.kind == raft::asio_event_kind::refused) {
        const auto is_news = peers_refused_.note(event.reason, event.remote.address().to_string());
        if (!is_news && !event.peer) return;
    }
    std::string text = "peer ";
    text += event.peer ? id_text(event.peer->value) : "unknown";
    if (event.remote.port() != 0) text += " at " + address_text(event.remote);
    text.append(": ").append(describe(event.kind));
    if (!event.reason.empty()) text.append(", ").append(event.reason);
    if (event.error) text.append(", ").append(event.error.message());
    log_(text);
}

}  // namespace raft_kv
