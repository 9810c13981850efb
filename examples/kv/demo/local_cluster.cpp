// SPDX-License-Identifier: BSL-1.0
//
// Servers as processes: started, watched, killed.
#include "local_cluster.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "../incarnation.hpp"
#include "free_ports.hpp"
#include "leader_client.hpp"
#include "wait.hpp"

namespace raft_kv::outside {

namespace {

constexpr std::size_t log_lines_shown = 15;

std::string make_directory() {
    auto path = (std::filesystem::temp_directory_path() / "raft-kv-XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) throw failure{"no directory can be made as " + path};
    return path;
}

/// As that server is given them.
std::vector<std::string> flags_of(std::vector<std::string> flags, std::uint64_t id) {
    for (auto& each : flags)
        if (const auto place = each.find("%i"); place != each.npos)
            each.replace(place, 2, id_text(id));
    return flags;
}

std::string server_name(std::uint64_t id) { return "server " + id_text(id); }

}  // namespace

local_cluster::local_cluster(std::string program, std::size_t founders,
                             std::vector<std::uint64_t> later)
    : program_{std::move(program)}, directory_{make_directory()}, founders_{founders} {
    std::vector<std::uint64_t> ids;
    for (std::uint64_t id = 1; id <= founders; ++id) ids.push_back(id);
    ids.insert(ids.end(), later.begin(), later.end());
    const auto ports = free_ports(2 * ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i)
        layout_.servers.push_back(server_address{.id = ids[i],
                                                 .host = "127.0.0.1",
                                                 .peer_port = ports[2 * i],
                                                 .client_port = ports[2 * i + 1]});
    write_cluster_files();
}

void local_cluster::give_tls_ports() {
    const auto ports = free_ports(layout_.servers.size());
    for (std::size_t i = 0; i < ports.size(); ++i) layout_.servers[i].tls_port = ports[i];
    write_cluster_files();
}

/// One of the founders, and one of each that joins later, which is in it beside them.
void local_cluster::write_cluster_files() const {
    const auto write = [&](const std::string& path, std::uint64_t one) {
        std::ofstream file{path};
        for (const auto& each : layout_.servers) {
            if (!is_founder(each.id) && each.id != one) continue;
            file << id_text(each.id) << ' ' << each.host << ' ' << each.peer_port << ' '
                 << each.client_port;
            if (each.tls_port != 0) file << ' ' << each.tls_port;
            file << '\n';
        }
        file.flush();
        if (!file) throw failure{"no cluster file can be written in " + directory_};
    };
    write(cluster_file(), 1);
    for (const auto& each : layout_.servers)
        if (!is_founder(each.id)) write(cluster_file(each.id), each.id);
}

local_cluster::~local_cluster() {
    processes_.clear();
    std::error_code ignored;
    if (!keeps_directory_) std::filesystem::remove_all(directory_, ignored);
}

std::string local_cluster::log_path(std::uint64_t id) const {
    return directory_ + "/server-" + id_text(id) + ".log";
}

std::string local_cluster::data_path(std::uint64_t id) const {
    return directory_ + "/data-" + id_text(id);
}

std::string local_cluster::cluster_file(std::uint64_t id) const {
    return cluster_file() + "-" + id_text(id);
}

std::vector<std::string> local_cluster::command(std::uint64_t id) const {
    std::vector<std::string> words{program_,    "serve",
                                   "--cluster", is_founder(id) ? cluster_file() : cluster_file(id),
                                   "--id",      id_text(id)};
    if (!is_founder(id)) words.emplace_back("--join");
    for (const auto* flags : {&flags_, &key_flags_})
        for (const auto& each : flags_of(*flags, id)) words.push_back(each);
    words.insert(words.end(), {"--data", data_path(id)});
    return words;
}

void local_cluster::begin_start(std::uint64_t id) {
    processes_.erase(id);
    processes_.try_emplace(id, command(id), log_path(id));
}

void local_cluster::await_answer(std::uint64_t id) {
    const auto answers = eventually(patience, [&] {
        require_running(id);
        return status_of(address(id)).has_value();
    });
    if (!answers) throw failure{server_name(id) + " does not answer; its log:\n" + log_tail(id)};
}

void local_cluster::start(std::uint64_t id) {
    const bool is_new = !std::filesystem::exists(data_path(id) + "/birth");
    begin_start(id);
    if (is_new && founders_ == 1 && is_founder(id)) be_born();
    await_answer(id);
}

void local_cluster::be_born() {
    outside::be_born(program_, cluster_file(), directory_ + "/init.log", flags_of(key_flags_, 1));
}

void local_cluster::start_as_joiner(std::uint64_t id) {
    processes_.erase(id);
    auto words = command(id);
    words.emplace_back("--join");
    processes_.try_emplace(id, std::move(words), log_path(id));
    await_answer(id);
}

void be_born(const std::string& program, const std::string& cluster_file,
             const std::string& log_path, const std::vector<std::string>& key_flags) {
    std::vector<std::string> words{program, "init", "--cluster", cluster_file};
    words.insert(words.end(), key_flags.begin(), key_flags.end());
    child_process init{std::move(words), log_path};
    const auto how = init.wait(local_cluster::patience);
    if (how && !how->by_signal && how->number == 0) return;
    std::ifstream file{log_path};
    throw failure{"the cluster is not born: " +
                  std::string{std::istreambuf_iterator<char>{file}, {}}};
}

void local_cluster::start_all() {
    for (std::uint64_t id = 1; id <= founders_; ++id)
        if (!runs(id)) begin_start(id);
    be_born();
    for (std::uint64_t id = 1; id <= founders_; ++id) await_answer(id);
}

child_process& local_cluster::process(std::uint64_t id) {
    const auto found = processes_.find(id);
    if (found == processes_.end()) throw failure{server_name(id) + " was never started"};
    return found->second;
}

bool local_cluster::runs(std::uint64_t id) {
    const auto found = processes_.find(id);
    return found != processes_.end() && !found->second.ended();
}

std::optional<server_status> local_cluster::leader() {
    std::optional<server_status> newest;
    for (const auto& server : layout_.servers) {
        if (!runs(server.id)) continue;
        auto status = status_of(server);
        if (status && status->leads() && (!newest || status->term > newest->term))
            newest = std::move(status);
    }
    return newest;
}

server_status local_cluster::await_leader(std::uint64_t not_this) {
    std::optional<server_status> found;
    const auto in_time = eventually(patience, [&] {
        found = leader();
        return found && found->id != not_this;
    });
    if (in_time) return *found;
    std::string text{"no server became the leader; their logs:"};
    for (const auto& server : layout_.servers)
        text += "\n" + server_name(server.id) + ":\n" + log_tail(server.id);
    throw failure{text};
}

/// A new leader does not know at once how much is committed, and more may be on its way. A write
/// that changes nothing comes behind all that; once it is acknowledged, all that is committed.
std::uint64_t local_cluster::committed() {
    leader_client client{layout_, patience};
    if (!client.persist({"DEL", "no such key"}, patience))
        throw failure{"no write is acknowledged; the last error: " + client.last_error()};
    std::uint64_t index = 0;
    for (const auto& server : layout_.servers)
        if (const auto status = runs(server.id) ? status_of(server) : std::nullopt)
            index = std::max(index, status->commit);
    return index;
}

void local_cluster::await_caught_up(std::uint64_t id) {
    const auto goal = committed();
    const auto in_time = eventually(patience, [&] {
        require_running(id);
        const auto status = status_of(address(id));
        return status && status->applied >= goal;
    });
    if (!in_time) throw failure{server_name(id) + " does not catch up; its log:\n" + log_tail(id)};
}

void local_cluster::await_all_caught_up() {
    for (const auto& server : layout_.servers) await_caught_up(server.id);
}

std::string local_cluster::log_tail(std::uint64_t id) const {
    std::ifstream file{log_path(id)};
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    std::string text;
    const auto shown = std::min(lines.size(), log_lines_shown);
    for (auto line = lines.end() - static_cast<std::ptrdiff_t>(shown); line != lines.end(); ++line)
        text += "    " + *line + "\n";
    return text.empty() ? "    (nothing)\n" : text;
}

void local_cluster::require_running(std::uint64_t id) {
    if (const auto how = process(id).ended())
        throw failure{server_name(id) + " " + to_text(*how) + "; its log:\n" + log_tail(id)};
}

}  // namespace raft_kv::outside
