// SPDX-License-Identifier: BSL-1.0
//
// SLOWLOG, LATENCY and MODULE: what monitors for Redis ask of every server. There are no modules,
// and what was slow is told by the metrics; so the answers are those of a Redis that notes nothing.
#include <algorithm>
#include <array>

#include "commands.hpp"

namespace raft_kv::commands {

namespace {

void none(local_call& call) { call.reply.array(0); }
void zero(local_call& call) { call.reply.integer(0); }
void taken(local_call& call) { call.reply.ok(); }

void latency_help(local_call& call) {
    tell_subcommands(call.reply, "latency", latency_subcommands);
}
void module_help(local_call& call) { tell_subcommands(call.reply, "module", module_subcommands); }
void slowlog_help(local_call& call) {
    tell_subcommands(call.reply, "slowlog", slowlog_subcommands);
}

constexpr command subcommand(std::string_view name, int arity, std::string_view summary,
                             local_function run) {
    return {name, arity, "admin noscript loading stale", 0, 0, 0, "server", summary, run};
}

constexpr std::array latency_table{
    subcommand("help", 2, "This text.", latency_help),
    subcommand("history", 3, "<event>: nothing is noted.", none),
    subcommand("latest", 2, "Nothing is noted.", none),
    subcommand("reset", -2, "[<event> ...]: nothing is forgotten.", zero),
};

constexpr std::array module_table{
    subcommand("help", 2, "This text.", module_help),
    subcommand("list", 2, "There are none.", none),
};

constexpr std::array slowlog_table{
    subcommand("get", -2, "[<count>]: nothing is noted.", none),
    subcommand("help", 2, "This text.", slowlog_help),
    subcommand("len", 2, "Nothing is noted.", zero),
    subcommand("reset", 2, "Taken, and of no effect.", taken),
};

static_assert(std::ranges::is_sorted(latency_table, {}, &command::name));
static_assert(std::ranges::is_sorted(slowlog_table, {}, &command::name));

}  // namespace

std::span<const command> latency_subcommands() { return latency_table; }
std::span<const command> module_subcommands() { return module_table; }
std::span<const command> slowlog_subcommands() { return slowlog_table; }

}  // namespace raft_kv::commands
