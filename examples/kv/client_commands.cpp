// SPDX-License-Identifier: BSL-1.0
//
// The commands about the connection.
#include <algorithm>
#include <array>
#include <cstdint>

#include "commands.hpp"

namespace raft_kv {

std::optional<std::string_view> obstacle_to_name(std::string_view name) {
    constexpr std::size_t name_bytes_max = 1024;
    const auto is_plain = [](char byte) { return byte >= '!' && byte <= '~'; };
    if (name.size() <= name_bytes_max && std::ranges::all_of(name, is_plain)) return std::nullopt;
    return "ERR Client names cannot contain spaces, newlines or special characters.";
}

namespace commands {

namespace {

void set_name(local_call& call, std::string_view name) {
    if (const auto wrong = obstacle_to_name(name)) return call.reply.error(*wrong);
    call.client.name = name;
    call.reply.ok();
}

void id(local_call& call) { call.reply.integer(static_cast<std::int64_t>(call.client.id)); }

void getname(local_call& call) {
    call.client.name.empty() ? call.reply.nothing() : call.reply.bulk(call.client.name);
}

void setname(local_call& call) { set_name(call, call.words[2]); }

/// What libraries tell of themselves is of no use here.
void setinfo(local_call& call) { call.reply.ok(); }

/// No client is sent away for want of memory but for what it does not fetch.
void no_evict(local_call& call) {
    if (!same_word(call.words[2], "on") && !same_word(call.words[2], "off"))
        return call.reply.error(syntax_error);
    call.reply.ok();
}

void reply_mode(local_call& call) {
    const auto mode = call.words[2];
    if (same_word(mode, "on")) return call.reply.ok();
    const auto is_known = same_word(mode, "off") || same_word(mode, "skip");
    call.reply.error(is_known ? "ERR every request is answered: CLIENT REPLY takes ON alone"
                              : syntax_error);
}

void help(local_call& call) { tell_subcommands(call.reply, "client", client_subcommands); }

constexpr command subcommand(std::string_view name, int arity, std::string_view summary,
                             local_function run) {
    return {name, arity, "noscript loading stale", 0, 0, 0, "connection", summary, run};
}

constexpr std::array table{
    subcommand("getname", 2, "The name of this connection.", getname),
    subcommand("help", 2, "This text.", help),
    subcommand("id", 2, "The number of this connection.", id),
    subcommand("info", 2, "What the server knows of this connection.", client_info),
    for_operators(subcommand("kill", -3,
                             "<address> | [ID n] [ADDR a] [LADDR a] [TYPE t] [USER name] "
                             "[SKIPME yes|no]: closes connections.",
                             client_kill)),
    subcommand("list", -2,
               "[TYPE t | ID n ...]: what it knows of these connections, or all, a line each.",
               client_list),
    subcommand("no-evict", 3, "ON|OFF: taken, and of no effect.", no_evict),
    subcommand("reply", 3, "ON: every request is answered, as it is anyway.", reply_mode),
    subcommand("setinfo", 4, "<attribute> <value>: taken, and not kept.", setinfo),
    subcommand("setname", 3, "<name>: names this connection.", setname),
};

static_assert(std::ranges::is_sorted(table, {}, &command::name));

}  // namespace

std::span<const command> client_subcommands() { return table; }

void ping(local_call& call) {
    if (call.words.size() > 2) return call.reply.error(wrong_arity("ping"));
    if (call.words.size() == 2) return call.reply.bulk(call.words[1]);
    call.reply.status("PONG");
}

void echo(local_call& call) { call.reply.bulk(call.words[1]); }

void select(local_call& call) {
    const auto database = integer_in(call.words[1]);
    if (!database) return call.reply.error(no_integer);
    if (*database != 0) return call.reply.error("ERR SELECT is not allowed in cluster mode");
    call.reply.ok();
}

void readonly(local_call& call) {
    call.client.reads_here = true;
    call.reply.ok();
}

void readwrite(local_call& call) {
    call.client.reads_here = false;
    call.reply.ok();
}

}  // namespace commands

}  // namespace raft_kv
