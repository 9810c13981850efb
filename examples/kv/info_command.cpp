// SPDX-License-Identifier: BSL-1.0
//
// INFO: what this server tells of itself, in sections of lines.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <string>

#include "cluster_view.hpp"
#include "commands.hpp"
#include "incarnation.hpp"
#include <unistd.h>

namespace raft_kv::commands {

namespace {

struct info_text {
    std::string text{};

    void section(std::string_view name) {
        if (!text.empty()) text += "\r\n";
        text.append("# ").append(name).append("\r\n");
    }
    void line(std::string_view name, std::string_view value) {
        text.append(name).append(":").append(value).append("\r\n");
    }
    void line(std::string_view name, std::uint64_t value) { line(name, std::to_string(value)); }
};

void tell_server_section(info_text& out, local_call& call, const server_report& report) {
    const auto* self = call.server.layout().find(report.id);
    out.section("Server");
    out.line("raft_kv_version", version);
    out.line("redis_version", redis_version);
    out.line("redis_mode", "cluster");
    out.line("process_id", static_cast<std::uint64_t>(::getpid()));
    if (self != nullptr) out.line("tcp_port", self->client_port);
    out.line("uptime_in_seconds", report.uptime_seconds);
    out.line("uptime_in_days", report.uptime_seconds / (24 * 3600));
}

/// Nobody is blocked: what waits for a leader waits for less than a second.
void tell_clients_section(info_text& out, const client_report& clients) {
    out.section("Clients");
    out.line("connected_clients", clients.connected);
    out.line("maxclients", clients.most);
    out.line("blocked_clients", 0);
}

/// The resident pages of this process; 0 where the system does not say.
std::uint64_t resident_bytes() {
    std::ifstream pages{"/proc/self/statm"};
    std::uint64_t all = 0;
    std::uint64_t resident = 0;
    pages >> all >> resident;
    return pages ? resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

/// What it uses is what the system counts. There is no limit: a server that has no memory left
/// ends.
void tell_memory_section(info_text& out, const server_report& report) {
    const auto used = resident_bytes();
    out.section("Memory");
    out.line("used_memory", used);
    out.line("used_memory_rss", used);
    out.line("mem_clients_normal", report.clients.reply_bytes + report.clients.request_bytes);
    out.line("mem_clients_requests", report.clients.request_bytes);
    out.line("maxmemory_clients", report.clients.most_request_bytes);
    out.line("maxmemory", 0);
    out.line("maxmemory_policy", "noeviction");
}

/// A server answers when it has loaded what it had.
void tell_persistence_section(info_text& out) {
    out.section("Persistence");
    out.line("loading", 0);
}

/// Offsets are indexes of the log.
void tell_replication_section(info_text& out, local_call& call) {
    const auto view = view_of(call.server);
    out.section("Replication");
    if (!view) {
        out.line("role", "slave");
        out.line("master_link_status", "down");
        return;
    }
    const auto& report = view->report;
    const auto leads = view->leader.id == report.id;
    out.line("role", leads ? "master" : "slave");
    if (!leads) {
        out.line("master_host", view->leader.host);
        out.line("master_port", port_of(call, view->leader));
        out.line("master_link_status", "up");
        out.line("slave_repl_offset", report.applied);
        out.line("slave_read_only", 1);
    }
    out.line("connected_slaves", leads ? view->replicas.size() : 0);
    for (std::size_t i = 0; leads && i < view->replicas.size(); ++i) {
        const auto& server = view->replicas[i];
        const auto member = std::ranges::find(report.members, server.id, &member_report::id);
        const auto is_known = member != report.members.end();
        const auto match = is_known ? member->match.value_or(0) : 0;
        const auto heard_ms = is_known ? member->heard_ms.value_or(0) : 0;
        out.line("slave" + std::to_string(i), "ip=" + server.host +
                                                  ",port=" + std::to_string(port_of(call, server)) +
                                                  ",state=online,offset=" + std::to_string(match) +
                                                  ",lag=" + std::to_string(heard_ms / 1000));
    }
    out.line("master_repl_offset", report.commit);
}

void tell_raft_section(info_text& out, local_call& call, const server_report& report) {
    out.section("Raft");
    out.line("raft_id", id_text(report.id));
    out.line("raft_role", report.role);
    out.line("raft_term", report.term);
    out.line("raft_leader", report.leader ? id_text(*report.leader) : "none");
    out.line("raft_commit_index", report.commit);
    out.line("raft_applied_index", report.applied);
    out.line("raft_last_index", report.last);
    out.line("raft_snapshot_index", report.snapshot);
    out.line("raft_lost_through_index", report.lost_through);
    out.line("raft_configuration_index", report.configuration);
    out.line("raft_changing", report.changing ? 1 : 0);
    out.line("raft_storage", report.storage_failed ? "failed" : "ok");
    out.line("raft_state", report.state_differs     ? "differs"
                           : report.version_too_old ? "too-old"
                                                    : "ok");
    for (const auto& member : report.members) {
        const auto* address = call.server.layout().find(member.id);
        out.line("raft_member_" + id_text(member.id),
                 "address=" + (address ? host_and_port(address->host, address->client_port) : "") +
                     ",match=" + (member.match ? std::to_string(*member.match) : "unknown") +
                     ",part=" + std::string{name_of(member.part)} + ",behind=" +
                     (member.behind ? std::to_string(*member.behind) : "unknown") + ",heard_ms=" +
                     (member.heard_ms ? std::to_string(*member.heard_ms) : "unknown") +
                     ",behind_bytes=" +
                     (member.behind_bytes ? std::to_string(*member.behind_bytes) : "unknown"));
    }
}

void tell_stats_section(info_text& out, const server_report& report) {
    const auto& done = report.done;
    out.section("Stats");
    out.line("total_connections_received", report.clients.came);
    out.line("total_commands_processed", done.commands);
    out.line("rejected_connections", report.clients.turned_away);
    out.line("writes_applied", done.writes_applied);
    out.line("writes_refused", done.writes_refused);
    out.line("writes_lost", done.writes_lost);
    out.line("writes_unknown", done.writes_unknown);
    out.line("entries_proposed", done.entries_proposed);
    out.line("read_rounds_served", done.read_rounds_served);
    out.line("read_rounds_refused", done.read_rounds_refused);
    out.line("elections", done.elections);
    out.line("leaderships", done.leaderships);
    out.line("snapshots", done.snapshots);
}

void tell_storage_section(info_text& out, const flush_report& flushes) {
    const auto microseconds = [](std::chrono::nanoseconds time) {
        return static_cast<std::uint64_t>(time.count() / 1000);
    };
    out.section("Storage");
    out.line("flushes", flushes.count());
    out.line("flush_microseconds", microseconds(flushes.sum));
    out.line("flush_microseconds_max", microseconds(flushes.max));
}

}  // namespace

void info(local_call& call) {
    const auto wanted = [&](std::string_view section) {
        bool found = call.words.size() == 1;
        for (std::size_t i = 1; i < call.words.size(); ++i) {
            const auto word = call.words[i];
            found = found || same_word(word, section) || same_word(word, "all") ||
                    same_word(word, "everything") || same_word(word, "default");
        }
        return found;
    };
    const auto report = call.server.report();
    info_text out;
    if (wanted("server")) tell_server_section(out, call, report);
    if (wanted("clients")) tell_clients_section(out, report.clients);
    if (wanted("memory")) tell_memory_section(out, report);
    if (wanted("persistence")) tell_persistence_section(out);
    if (wanted("replication")) tell_replication_section(out, call);
    if (wanted("raft")) tell_raft_section(out, call, report);
    if (wanted("stats")) tell_stats_section(out, report);
    if (wanted("storage")) tell_storage_section(out, report.flushes);
    if (wanted("cluster")) {
        out.section("Cluster");
        out.line("cluster_enabled", 1);
    }
    if (wanted("keyspace")) {
        const auto& keys = call.server.store().keys();
        out.section("Keyspace");
        if (!keys.empty())
            out.line("db0", "keys=" + std::to_string(keys.size()) +
                                ",expires=" + std::to_string(keys.expiring()) + ",avg_ttl=0");
    }
    call.reply.bulk(out.text);
}

}  // namespace raft_kv::commands
