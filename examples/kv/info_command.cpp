// SPDX-License-Identifier: BSL-1.0
//
// INFO: what this server tells of itself, in sections of lines.
#include <chrono>
#include <cstdint>

#include "commands.hpp"
#include "server_id.hpp"
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
    for (const auto& member : report.members) {
        const auto* address = call.server.layout().find(member.id);
        out.line("raft_member_" + id_text(member.id),
                 "address=" + (address ? host_and_port(address->host, address->client_port) : "") +
                     ",match=" + (member.match ? std::to_string(*member.match) : "unknown") +
                     ",part=" + std::string{name_of(member.part)} + ",behind=" +
                     (member.behind ? std::to_string(*member.behind) : "unknown") + ",heard_ms=" +
                     (member.heard_ms ? std::to_string(*member.heard_ms) : "unknown"));
    }
}

void tell_stats_section(info_text& out, const activity& done) {
    out.section("Stats");
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
    if (wanted("clients")) {
        out.section("Clients");
        out.line("connected_clients", report.clients.connected);
        out.line("maxclients", report.clients.most);
    }
    if (wanted("raft")) tell_raft_section(out, call, report);
    if (wanted("stats")) tell_stats_section(out, report.done);
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
