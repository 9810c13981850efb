// SPDX-License-Identifier: BSL-1.0
//
// ROLE, TIME, WAIT and ACL: what programs for Redis ask of a server without thinking.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>

#include "cluster_view.hpp"
#include "commands.hpp"
#include "redirect.hpp"

namespace raft_kv::commands {

namespace {

void tell_master(local_call& call, const cluster_view& view) {
    auto& reply = call.reply;
    const auto& members = view.report.members;
    reply.array(3);
    reply.bulk("master");
    reply.integer(static_cast<std::int64_t>(view.report.last));
    reply.array(view.replicas.size());
    for (const auto& server : view.replicas) {
        const auto member = std::ranges::find(members, server.id, &member_report::id);
        const auto match = member != members.end() ? member->match.value_or(0) : 0;
        reply.array(3);
        reply.bulk(server.host);
        reply.bulk(std::to_string(port_of(call, server)));
        reply.bulk(std::to_string(match));
    }
}

void tell_replica(local_call& call, const cluster_view& view) {
    auto& reply = call.reply;
    reply.array(5);
    reply.bulk("slave");
    reply.bulk(view.leader.host);
    reply.integer(port_of(call, view.leader));
    reply.bulk("connected");
    reply.integer(static_cast<std::int64_t>(view.report.last));
}

void whoami(local_call& call) { call.reply.bulk(call.client.rights.user); }

void acl_help(local_call& call) { tell_subcommands(call.reply, "acl", acl_subcommands); }

constexpr std::array acl_table{
    command{"help", 2, "loading stale", 0, 0, 0, "server", "This text.", acl_help},
    command{"whoami", 2, "loading stale", 0, 0, 0, "server",
            "Who this client is: default, operator, or peer.", whoami},
};

static_assert(std::ranges::is_sorted(acl_table, {}, &command::name));

}  // namespace

std::span<const command> acl_subcommands() { return acl_table; }

void role(local_call& call) {
    const auto view = view_of(call.server);
    if (!view) return call.reply.error(no_leader_text);
    view->leader.id == view->report.id ? tell_master(call, *view) : tell_replica(call, *view);
}

void time(local_call& call) {
    using std::chrono::microseconds;
    const auto now = std::chrono::duration_cast<microseconds>(
        std::chrono::system_clock::now().time_since_epoch());
    constexpr auto second = microseconds{std::chrono::seconds{1}};
    call.reply.array(2);
    call.reply.bulk(std::to_string(now / second));
    call.reply.bulk(std::to_string((now % second).count()));
}

/// A write is answered when a majority has it on disk, so when this is answered, behind it, there
/// is nothing to wait for; how many more have it is not known for sure.
void wait(local_call& call) {
    const auto wanted = integer_in(call.words[1]);
    const auto timeout = integer_in(call.words[2]);
    if (!wanted) return call.reply.error(no_integer);
    if (!timeout) return call.reply.error("ERR timeout is not an integer or out of range");
    if (*timeout < 0) return call.reply.error("ERR timeout is negative");
    const auto report = call.server.report();
    const auto voters = std::ranges::count_if(report.members, [](const member_report& each) {
        return each.part != raft::member_part::learner;
    });
    call.reply.integer(voters / 2);
}

}  // namespace raft_kv::commands
