// SPDX-License-Identifier: BSL-1.0
//
// CLUSTER as clients of Redis Cluster know it: the leader is the master of all slots, the others
// are its replicas. Clients keep what they are told of that, so nothing is told by halves: while no
// leader is known there is an error, with which they ask again.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "cluster_view.hpp"
#include "commands.hpp"
#include "hash_slot.hpp"
#include "limits.hpp"
#include "redirect.hpp"

namespace raft_kv {

std::optional<cluster_view> view_of(const service& server) {
    cluster_view view{.report = server.report()};
    const auto leader = view.report.leader;
    // A server that is about to stop sends nobody to itself.
    if (!leader || (*leader == view.report.id && server.not_leading())) return std::nullopt;
    for (const auto& each : server.layout().servers) {
        if (each.id == *leader)
            view.leader = each;
        else if (std::ranges::find(view.report.members, each.id, &member_report::id) !=
                 view.report.members.end())
            view.replicas.push_back(each);
    }
    if (view.leader.id != *leader) return std::nullopt;
    return view;
}

namespace commands {

namespace {

/// A server that its leader has not heard for so long is called failed, as with Redis.
constexpr std::uint64_t unheard_ms_max = 15'000;

/// 40 hexadecimal digits, as clients expect: the cluster's identity and the server's id.
std::string node_name(const service& server, std::uint64_t id) {
    char digits[41];
    std::snprintf(digits, sizeof(digits), "%016llx%024llx",
                  static_cast<unsigned long long>(server.identity()),
                  static_cast<unsigned long long>(id));
    return digits;
}

/// Answers by `tell(view)`, or that there is no leader.
template <class Tell>
void with_view(local_call& call, Tell tell) {
    const auto view = view_of(call.server);
    if (!view) return call.reply.error(no_leader_text);
    tell(*view);
}

void tell_slots_of(local_call& call, const server_address& server) {
    call.reply.array(4);
    call.reply.bulk(server.host);
    call.reply.integer(port_of(call, server));
    call.reply.bulk(node_name(call.server, server.id));
    call.reply.map(0);
}

/// One range of slots, the leader first.
void slots(local_call& call) {
    with_view(call, [&](const cluster_view& view) {
        call.reply.array(1);
        call.reply.array(3 + view.replicas.size());
        call.reply.integer(0);
        call.reply.integer(hash_slot_count - 1);
        tell_slots_of(call, view.leader);
        for (const auto& server : view.replicas) tell_slots_of(call, server);
    });
}

void tell_shard_node(local_call& call, const cluster_view& view, const server_address& server) {
    auto& reply = call.reply;
    const auto& members = view.report.members;
    const auto member = std::ranges::find(members, server.id, &member_report::id);
    const auto text = [&](std::string_view name, std::string_view value) {
        reply.bulk(name);
        reply.bulk(value);
    };
    const auto number = [&](std::string_view name, std::uint64_t value) {
        reply.bulk(name);
        reply.integer(static_cast<std::int64_t>(value));
    };
    const auto known = member != members.end();
    const auto failed = known && member->heard_ms && *member->heard_ms > unheard_ms_max;
    const auto leads = server.id == view.leader.id;
    // What another server has is known to the leader alone; but the leader has what is committed.
    const auto at_least = leads ? view.report.commit : 0;
    const auto offset = server.id == view.report.id ? view.report.last
                        : known                     ? member->match.value_or(at_least)
                                                    : at_least;
    const auto tls_port = call.server.layout().port_for_client(server, true);
    reply.map(tls_port != 0 ? 8 : 7);
    text("id", node_name(call.server, server.id));
    number("port", server.client_port);
    if (tls_port != 0) number("tls-port", tls_port);
    text("ip", server.host);
    text("endpoint", server.host);
    text("role", leads ? "master" : "replica");
    number("replication-offset", offset);
    text("health", failed ? "fail" : "online");
}

void shards(local_call& call) {
    with_view(call, [&](const cluster_view& view) {
        call.reply.array(1);
        call.reply.map(2);
        call.reply.bulk("slots");
        call.reply.array(2);
        call.reply.integer(0);
        call.reply.integer(hash_slot_count - 1);
        call.reply.bulk("nodes");
        call.reply.array(1 + view.replicas.size());
        tell_shard_node(call, view, view.leader);
        for (const auto& server : view.replicas) tell_shard_node(call, view, server);
    });
}

std::string line_of(const local_call& call, const cluster_view& view,
                    const server_address& server) {
    const auto leads = server.id == view.leader.id;
    auto text = node_name(call.server, server.id) + " " + server.host + ":" +
                std::to_string(port_of(call, server)) + "@" + std::to_string(server.peer_port) +
                " " + (server.id == view.report.id ? "myself," : "") +
                (leads ? "master " : "slave ");
    text += leads ? "-" : node_name(call.server, view.leader.id);
    text += " 0 0 " + std::to_string(view.report.term) + " connected";
    if (leads) text += " 0-" + std::to_string(hash_slot_count - 1);
    return text;
}

void nodes(local_call& call) {
    with_view(call, [&](const cluster_view& view) {
        auto text = line_of(call, view, view.leader) + "\n";
        for (const auto& server : view.replicas) text += line_of(call, view, server) + "\n";
        call.reply.bulk(text);
    });
}

void replicas(local_call& call) {
    with_view(call, [&](const cluster_view& view) {
        const auto is_named = [&](const server_address& server) {
            return node_name(call.server, server.id) == call.words[2];
        };
        if (std::ranges::any_of(view.replicas, is_named))
            return call.reply.error("ERR The specified node is not a master");
        if (!is_named(view.leader))
            return call.reply.error("ERR Unknown node " + std::string{call.words[2].substr(0, 64)});
        call.reply.array(view.replicas.size());
        for (const auto& server : view.replicas) call.reply.bulk(line_of(call, view, server));
    });
}

void cluster_info(local_call& call) {
    const auto report = call.server.report();
    const auto served = view_of(call.server).has_value();
    const auto all = std::to_string(hash_slot_count);
    const auto term = std::to_string(report.term);
    call.reply.bulk(
        "cluster_state:" + std::string{served ? "ok" : "fail"} +
        "\r\ncluster_slots_assigned:" + all + "\r\ncluster_slots_ok:" + (served ? all : "0") +
        "\r\ncluster_slots_pfail:0\r\ncluster_slots_fail:" + (served ? "0" : all) +
        "\r\ncluster_known_nodes:" + std::to_string(report.members.size()) +
        "\r\ncluster_size:1\r\ncluster_current_epoch:" + term + "\r\ncluster_my_epoch:" + term +
        "\r\ncluster_stats_messages_sent:0\r\ncluster_stats_messages_received:0"
        "\r\ntotal_cluster_links_buffer_limit_exceeded:0\r\n");
}

/// There is no bus as that of Redis Cluster, so no link of it.
void links(local_call& call) { call.reply.array(0); }

void myid(local_call& call) { call.reply.bulk(node_name(call.server, call.server.report().id)); }

void keyslot(local_call& call) { call.reply.integer(hash_slot(call.words[2])); }

bool is_slot(std::int64_t number) { return number >= 0 && number < hash_slot_count; }

/// Of the keys that this server has, as with Redis.
void countkeysinslot(local_call& call) {
    const auto slot = integer_in(call.words[2]);
    if (!slot) return call.reply.error(no_integer);
    if (!is_slot(*slot)) return call.reply.error("ERR Invalid slot");
    std::int64_t count = 0;
    call.server.store().keys().for_each([&](const std::string& key, const auto& /*value*/) {
        count += hash_slot(key) == *slot ? 1 : 0;
    });
    call.reply.integer(count);
}

void getkeysinslot(local_call& call) {
    const auto slot = integer_in(call.words[2]);
    const auto most = integer_in(call.words[3]);
    if (!slot || !most) return call.reply.error(no_integer);
    if (!is_slot(*slot) || *most < 0) return call.reply.error("ERR Invalid slot or number of keys");
    std::vector<std::string_view> found;
    std::size_t bytes = 0;
    call.server.store().keys().for_each([&](const std::string& key, const auto& /*value*/) {
        const auto full = std::cmp_greater_equal(found.size(), *most);
        if (full || hash_slot(key) != *slot || bytes > limits::reply_bytes_max) return;
        found.push_back(key);
        bytes += key.size();
    });
    call.reply.array(found.size());
    for (const auto key : found) call.reply.bulk(key);
}

void help(local_call& call) { tell_subcommands(call.reply, "cluster", cluster_subcommands); }

constexpr command subcommand(std::string_view name, int arity, std::string_view summary,
                             local_function run, begins when = begins::at_once) {
    return {name, arity, "loading stale", 0, 0, 0, "cluster", summary, run, when};
}

constexpr std::array table{
    subcommand("countkeysinslot", 3, "<slot>: how many keys this server has in it.",
               countkeysinslot),
    subcommand("getkeysinslot", 4, "<slot> <count>: some of these keys.", getkeysinslot),
    subcommand("help", 2, "This text.", help),
    subcommand("info", 2, "Whether a leader is known, and how many servers there are.",
               cluster_info),
    subcommand("keyslot", 3, "<key>: its slot.", keyslot),
    subcommand("links", 2, "None: there is no bus as that of Redis Cluster.", links),
    subcommand("myid", 2, "The name of this server.", myid),
    subcommand("nodes", 2, "The servers, a line each.", nodes, begins::with_leader),
    subcommand("replicas", 3, "<name>: the servers that follow that one.", replicas,
               begins::with_leader),
    subcommand("shards", 2, "The servers, and the slots that they have.", shards,
               begins::with_leader),
    subcommand("slaves", 3, "<name>: the servers that follow that one.", replicas,
               begins::with_leader),
    subcommand("slots", 2, "The slots, with the servers that have them, the leader first.", slots,
               begins::with_leader),
};

static_assert(std::ranges::is_sorted(table, {}, &command::name));

}  // namespace

std::span<const command> cluster_subcommands() { return table; }

}  // namespace commands

}  // namespace raft_kv
