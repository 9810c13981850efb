// SPDX-License-Identifier: BSL-1.0
#include "founding.hpp"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "cluster_inquiry.hpp"
#include "data_identity.hpp"
#include "endpoints.hpp"
#include "incarnation.hpp"
#include "unborn_server.hpp"

namespace raft_kv {

namespace {

constexpr std::chrono::seconds join_time_max{30};
constexpr std::chrono::milliseconds join_pause{100};

std::string votes_already(std::uint64_t id) {
    const auto next = static_cast<std::uint32_t>(incarnation_of(id)) + 1;
    return "server " + id_text(id) +
           " votes in this cluster already; if its data is lost, it must come back as another "
           "incarnation: server " +
           id_text(server_id(number_of(id), next));
}

/// An empty server must not be a voter before it has caught up: the one that had its id may have
/// promised what this one does not know.
std::variant<cluster_layout, std::string> ask_to_join(const server_options& options,
                                                      const event_log& log) {
    using clock = std::chrono::steady_clock;
    const auto until = clock::now() + join_time_max;
    std::string told;
    while (clock::now() < until) {
        auto said = ask_about_cluster(options.layout.servers, options.id, options.own_keys,
                                      inquiry_patience);
        if (auto* answer = std::get_if<cluster_answer>(&said)) {
            if (std::ranges::find(answer->voters, options.id) != answer->voters.end())
                return votes_already(options.id);
            if (auto wrong = keep_birth(options.directory, answer->birth)) return *std::move(wrong);
            return std::move(answer->layout);
        }
        const auto& why = std::get<std::string>(said);
        if (why != told) log("waits for a server that tells of the cluster: " + why);
        told = why;
        std::this_thread::sleep_for(join_pause);
    }
    return "none of the servers in the cluster file answers, so there is nothing to join: " + told;
}

std::variant<birth_record, std::string> await_own_birth(asio::io_context& io,
                                                        const server_options& options,
                                                        raft::storage_mark mark,
                                                        const event_log& log) {
    const auto& self = options.self();
    const auto clients = endpoint_of(io, listening(options.listen, self.host, self.client_port));
    if (const auto* wrong = std::get_if<std::string>(&clients)) return *wrong;
    auto end = await_birth({.self = {options.id, mark},
                            .layout = options.layout,
                            .clients = std::get<asio::ip::tcp::endpoint>(clients),
                            .way_out = where_else(options.listen, "--listen"),
                            .directory = options.directory,
                            .own = options.own_keys},
                           log);
    if (const auto* born = std::get_if<birth_record>(&end))
        log("the cluster is born, with history " + hex_text(born->history.value));
    return end;
}

/// Of one of its founders, what the cluster is follows from the file; one that joins was told.
std::optional<std::string> find_cluster(const server_options& options, bool was_empty,
                                        const event_log& log, server_identity& found) {
    auto read = read_known_servers(options.directory);
    if (const auto* wrong = std::get_if<layout_error>(&read)) return wrong->text;
    auto known = std::get<std::optional<cluster_layout>>(std::move(read));
    found.cluster = options.layout.identity();
    const auto is_told = options.joins && !known;
    if (is_told) {
        auto joined = ask_to_join(options, log);
        if (auto* wrong = std::get_if<std::string>(&joined)) return std::move(*wrong);
        known = std::get<cluster_layout>(std::move(joined));
    }
    if (options.joins) found.cluster = known->identity();
    std::string kept;
    if (known && known->identity() == found.cluster) {
        if (!is_told) kept = cluster_text(found.cluster, known->servers);
        found.known = *std::move(known);
    }
    found.addresses = address_file{options.directory, std::move(kept)};
    found.known.tls_port = options.layout.tls_port;
    for (const auto& each : options.layout.servers) found.known.put(each);
    const auto claim = options.joins ? joiner_claim(found.cluster, options.id)
                                     : founder_claim(options.layout, options.id);
    if (auto wrong = claim_directory(options.directory, claim, was_empty)) return wrong;
    found.addresses.keep(found.cluster, found.known, log);
    return std::nullopt;
}

/// A directory that was used knows its history, or is older than histories. An empty one has the
/// record already if its first start was interrupted; one that joins was told; and a founder waits
/// until the cluster is born.
std::optional<std::string> find_history(asio::io_context& io, const server_options& options,
                                        const storage_identity& storage, const event_log& log,
                                        server_identity& found) {
    auto read = read_birth(options.directory);
    if (auto* wrong = std::get_if<std::string>(&read)) return std::move(*wrong);
    auto& kept = std::get<std::optional<birth_record>>(read);
    if (kept) found.birth = *std::move(kept);
    auto& history = found.birth.history;
    if (storage.history && history == raft::history_id{}) history = *storage.history;
    if (storage.history && history != *storage.history)
        return options.directory + " holds the record of another birth than its log";
    if (history != raft::history_id{}) return std::nullopt;
    if (!storage.was_empty) {
        history = history_before_records(found.cluster);
        return std::nullopt;
    }
    if (options.joins) return "the cluster to join has no history";
    auto born = await_own_birth(io, options, storage.mark, log);
    if (auto* wrong = std::get_if<std::string>(&born)) return std::move(*wrong);
    found.birth = std::get<birth_record>(std::move(born));
    return std::nullopt;
}

}  // namespace

std::variant<server_identity, std::string> identify(asio::io_context& io,
                                                    const server_options& options,
                                                    const storage_identity& storage,
                                                    const event_log& log) {
    server_identity found;
    if (auto wrong = find_cluster(options, storage.was_empty, log, found)) return *std::move(wrong);
    if (auto wrong = find_history(io, options, storage, log, found)) return *std::move(wrong);
    return found;
}

}  // namespace raft_kv
