// SPDX-License-Identifier: BSL-1.0
#include "metrics.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "incarnation.hpp"

namespace raft_kv {

namespace {

class metrics_writer {
public:
    void gauge(std::string_view name, std::string_view help, std::uint64_t value) {
        head(name, help, "gauge");
        sample(name, {}, value);
    }
    void counter(std::string_view name, std::string_view help, std::uint64_t value) {
        head(name, help, "counter");
        sample(name, {}, value);
    }
    void head(std::string_view name, std::string_view help, std::string_view type) {
        text_.append("# HELP ").append(name).append(" ").append(help).append("\n");
        text_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
    }
    /// `labels`: "role=\"leader\"", for example.
    void sample(std::string_view name, std::string_view labels, std::uint64_t value) {
        sample(name, labels, std::string_view{std::to_string(value)});
    }
    void sample(std::string_view name, std::string_view labels, std::string_view value) {
        text_.append(name);
        if (!labels.empty()) text_.append("{").append(labels).append("}");
        text_.append(" ").append(value).append("\n");
    }
    [[nodiscard]] std::string take() { return std::move(text_); }

private:
    std::string text_;
};

std::string label(std::string_view name, std::string_view value) {
    return std::string{name} + "=\"" + std::string{value} + "\"";
}

std::string seconds(std::chrono::nanoseconds time) {
    auto digits = std::to_string(time.count());
    if (digits.size() < 10) digits.insert(0, 10 - digits.size(), '0');
    digits.insert(digits.size() - 9, 1, '.');
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.back() == '.') digits.pop_back();
    return digits;
}

void tell_standing(metrics_writer& out, const server_report& report) {
    out.head("raft_role", "1 for the role that the server has.", "gauge");
    for (const std::string_view role : {"leader", "follower", "candidate", "halted"})
        out.sample("raft_role", label("role", role), report.role == role ? 1 : 0);
    out.gauge("raft_term", "The current term.", report.term);
    out.gauge("raft_has_leader", "Whether a leader is known.", report.leader ? 1 : 0);
    if (report.leader) {
        out.head("raft_leader", "1 for the server that leads.", "gauge");
        out.sample("raft_leader", label("id", id_text(*report.leader)), 1);
    }
    out.gauge("raft_storage_failed", "Whether the storage has failed.",
              report.storage_failed ? 1 : 0);
}

void tell_comparison(metrics_writer& out, const server_report& report) {
    out.counter("raft_digests_compared_total",
                "Digests of states that this server, as leader, compared with those of others.",
                report.compared.compared);
    out.counter("raft_state_differences_total",
                "Entries after which servers' states differed, as found here or told by a leader.",
                report.compared.differences);
    out.gauge("raft_state_differs",
              "Whether this server has stopped because its state is not that of the others.",
              report.state_differs ? 1 : 0);
    out.gauge("raft_version_too_old",
              "Whether this server has stopped before a command that its program cannot read.",
              report.version_too_old ? 1 : 0);
    const auto& last = report.compared.last;
    out.gauge("raft_state_difference_index",
              "The last entry after which servers' states differed; 0 if none is known.",
              last ? last->index.value : 0);
    out.head("raft_state_difference", "1 for each server that differed there.", "gauge");
    for (const auto id : last ? last->differing() : std::vector<raft::member_id>{})
        out.sample("raft_state_difference", label("id", id_text(id.value)), 1);
}

void tell_log(metrics_writer& out, const server_report& report) {
    out.gauge("raft_commit_index", "The last entry known to be committed.", report.commit);
    out.gauge("raft_applied_index", "The last entry that is applied.", report.applied);
    out.gauge("raft_last_log_index", "The last entry of the log.", report.last);
    out.gauge("raft_log_entries", "The entries that the log holds.",
              report.last + 1 - report.first);
    out.gauge("raft_snapshot_index", "The last entry that the snapshot covers.", report.snapshot);
    out.gauge("raft_lacks_from_index",
              "The first entry whose command is not here, as of a witness; 0 if all are.",
              report.lacks_from);
    out.gauge("raft_removed_at_index",
              "The configuration since which this server is no member any more; 0 if it is one.",
              report.removed_at);
    out.gauge("raft_lost_through_index",
              "The disk lost entries up to this one, which the others bring; 0 if it did not.",
              report.lost_through);
    out.gauge("raft_snapshot_bytes", "The size of the snapshot.", report.snapshot_bytes);
    out.counter("raft_applied_bytes_total", "The bytes of the entries applied.",
                report.applied_bytes);
}

void tell_members(metrics_writer& out, const server_report& report) {
    out.gauge("raft_configuration_index", "The entry of the newest configuration.",
              report.configuration);
    out.gauge("raft_changing", "Whether the membership is being changed.", report.changing ? 1 : 0);
    out.head("raft_member", "1 for each member.", "gauge");
    for (const auto& member : report.members)
        out.sample("raft_member",
                   label("id", id_text(member.id)) + "," + label("part", name_of(member.part)), 1);
    out.head("raft_member_lag", "The entries that a member is behind its leader.", "gauge");
    for (const auto& member : report.members)
        if (member.behind)
            out.sample("raft_member_lag", label("id", id_text(member.id)), *member.behind);
    out.head("raft_member_lag_bytes",
             "The bytes of these in the leader's log, 16 KiB more at most.", "gauge");
    for (const auto& member : report.members)
        if (member.behind_bytes)
            out.sample("raft_member_lag_bytes", label("id", id_text(member.id)),
                       *member.behind_bytes);
    out.head("raft_member_election_timeout_seconds",
             "A member's election timeout, which should be the same everywhere.", "gauge");
    for (const auto& member : report.members)
        if (member.election_timeout_ms)
            out.sample("raft_member_election_timeout_seconds", label("id", id_text(member.id)),
                       seconds(std::chrono::milliseconds{*member.election_timeout_ms}));
    out.head("raft_member_silence_seconds",
             "How long ago a leader last heard a member, or a follower its leader.", "gauge");
    for (const auto& member : report.members)
        if (member.heard_ms)
            out.sample("raft_member_silence_seconds", label("id", id_text(member.id)),
                       seconds(std::chrono::milliseconds{*member.heard_ms}));
}

void tell_activity(metrics_writer& out, const activity& done) {
    out.head("raft_kv_writes_total", "Writes by what became of them.", "counter");
    out.sample("raft_kv_writes_total", label("outcome", "applied"), done.writes_applied);
    out.sample("raft_kv_writes_total", label("outcome", "refused"), done.writes_refused);
    out.sample("raft_kv_writes_total", label("outcome", "lost"), done.writes_lost);
    out.sample("raft_kv_writes_total", label("outcome", "unknown"), done.writes_unknown);
    out.counter("raft_proposals_total", "Entries proposed, each a batch of writes.",
                done.entries_proposed);
    out.head("raft_read_rounds_total", "Reads asked for together, by what became of them.",
             "counter");
    out.sample("raft_read_rounds_total", label("outcome", "served"), done.read_rounds_served);
    out.sample("raft_read_rounds_total", label("outcome", "refused"), done.read_rounds_refused);
    out.counter("raft_elections_total", "Times that the server stood for election.",
                done.elections);
    out.counter("raft_leaderships_total", "Times that the server was elected.", done.leaderships);
    out.counter("raft_snapshots_total", "Newer snapshots, saved or received.", done.snapshots);
}

/// Prometheus counts in each bucket what is in those before it, too.
void tell_flushes(metrics_writer& out, const flush_report& flushes) {
    constexpr std::string_view name = "raft_kv_flush_seconds";
    const auto part = [&](std::string_view suffix) { return std::string{name}.append(suffix); };
    out.head(name, "How long the storage's syncs took.", "histogram");
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < flush_bounds.size(); ++i)
        out.sample(part("_bucket"), label("le", seconds(flush_bounds[i])),
                   count += flushes.within[i]);
    out.sample(part("_bucket"), label("le", "+Inf"), flushes.count());
    out.sample(part("_sum"), {}, seconds(flushes.sum));
    out.sample(part("_count"), {}, flushes.count());
    out.head("raft_kv_flush_seconds_max", "The longest of them.", "gauge");
    out.sample("raft_kv_flush_seconds_max", {}, seconds(flushes.max));
}

void tell_refusals(metrics_writer& out, const server_report& report) {
    const auto tell = [&](std::string_view name, std::string_view help,
                          const refusal_counts& counts) {
        out.head(name, help, "counter");
        for (const auto& [reason, count] : counts) out.sample(name, label("reason", reason), count);
    };
    tell("raft_kv_peers_refused_total",
         "Callers on the port of the peers that were sent away, by the reason.",
         report.peers_refused);
    tell("raft_kv_clients_refused_total",
         "Times that clients did not show what it takes, by the reason.", report.clients_refused);
}

void tell_clients(metrics_writer& out, const client_report& clients) {
    out.gauge("raft_kv_clients", "The clients connected.", clients.connected);
    out.gauge("raft_kv_clients_max", "The clients that may be.", clients.most);
    out.gauge("raft_kv_clients_in_reserve",
              "Of those connected, who may not ask for data, as all places were taken.",
              clients.in_reserve);
    out.counter("raft_kv_clients_turned_away_total", "Clients that came when all were taken.",
                clients.turned_away);
    out.gauge("raft_kv_unfetched_reply_bytes", "The memory of replies that clients do not fetch.",
              clients.reply_bytes);
    out.gauge("raft_kv_client_request_bytes",
              "The memory of what clients have said in part: half requests, transactions.",
              clients.request_bytes);
    out.gauge("raft_kv_client_request_bytes_max", "That it may take.", clients.most_request_bytes);
    out.counter("raft_kv_clients_closed_for_memory_total", "Clients that held too much of it.",
                clients.closed_for_memory);
}

}  // namespace

std::string metrics_text(const service& server) {
    const auto report = server.report();
    metrics_writer out;
    tell_standing(out, report);
    tell_log(out, report);
    tell_members(out, report);
    tell_comparison(out, report);
    tell_activity(out, report.done);
    tell_flushes(out, report.flushes);
    out.gauge("raft_kv_keys", "The keys that the store holds.", server.store().keys().size());
    tell_clients(out, report.clients);
    tell_refusals(out, report);
    out.gauge("raft_kv_uptime_seconds", "Since the server was started.", report.uptime_seconds);
    return out.take();
}

}  // namespace raft_kv
