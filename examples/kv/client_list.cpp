// SPDX-License-Identifier: BSL-1.0
//
// CLIENT INFO, LIST and KILL: who is connected, and who is no longer to be.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>

#include "commands.hpp"

namespace raft_kv {

namespace {

std::string seconds_since(std::chrono::steady_clock::time_point time) {
    const auto passed = std::chrono::steady_clock::now() - time;
    return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(passed).count());
}

/// In a transaction, with reads here; or nothing of it.
std::string flags_of(const client_state& client) {
    std::string flags;
    if (client.transaction.is_open()) flags += 'x';
    if (client.reads_here) flags += 'r';
    return flags.empty() ? "N" : flags;
}

/// Libraries want every field that Redis has. What a client has sent is not kept: it is carried
/// out, or queued in a transaction.
std::string memory_of(const client_state& client) {
    const auto queued = client.transaction.bytes();
    return " qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=" + std::to_string(queued) +
           " rbs=0 rbp=0 obl=0 oll=0 omem=" + std::to_string(client.reply_bytes) +
           " tot-mem=" + std::to_string(queued + client.reply_bytes);
}

/// Of a subcommand as Redis has it: "client|list".
std::string last_of(const client_state& client) {
    const auto* last = client.last_command;
    if (last == nullptr) return "NULL";
    for (const auto& each : all_commands()) {
        if (each.subcommands == nullptr) continue;
        for (const auto& inner : each.subcommands())
            if (&inner == last) return std::string{each.name} + "|" + std::string{inner.name};
    }
    return std::string{last->name};
}

}  // namespace

bool fits(const client_filter& filter, const client_state& client) {
    const auto is_one_of = [&] { return std::ranges::count(filter.ids, client.id) != 0; };
    return !filter.of_other_type && (filter.ids.empty() || is_one_of()) &&
           (!filter.address || *filter.address == client.address) &&
           (!filter.own_address || *filter.own_address == client.own_address) &&
           (!filter.user || *filter.user == client.rights.user) &&
           (!filter.but || *filter.but != client.id);
}

std::string line_of(const client_state& client) {
    const auto& open = client.transaction;
    return "id=" + std::to_string(client.id) + " addr=" + client.address +
           " laddr=" + client.own_address + " fd=-1 name=" + client.name +
           " age=" + seconds_since(client.since) + " idle=" + seconds_since(client.active) +
           " flags=" + flags_of(client) + " db=0 sub=0 psub=0 ssub=0 multi=" +
           (open.is_open() ? std::to_string(open.commands()) : "-1") + memory_of(client) +
           " events=r cmd=" + last_of(client) + " user=" + std::string{client.rights.user} +
           " redir=-1 resp=" + std::to_string(static_cast<int>(client.spoken)) + "\n";
}

namespace commands {

namespace {

using problem = std::optional<std::string>;

std::string quoted(std::string_view word) {
    constexpr std::size_t shown_max = 128;
    return "'" + std::string{word.substr(0, shown_max)} + "'";
}

problem add_id(std::string_view word, std::string_view wrong, client_filter& filter) {
    const auto id = integer_in(word);
    if (!id || *id <= 0) return std::string{wrong};
    filter.ids.push_back(static_cast<std::uint64_t>(*id));
    return std::nullopt;
}

/// There are no replicas that are clients, and nobody subscribes.
problem take_type(std::string_view word, client_filter& filter) {
    constexpr std::array<std::string_view, 4> others{"master", "replica", "slave", "pubsub"};
    const auto is_word = [&](std::string_view type) { return same_word(word, type); };
    filter.of_other_type = std::ranges::any_of(others, is_word);
    if (filter.of_other_type || is_word("normal")) return std::nullopt;
    return "ERR Unknown client type " + quoted(word);
}

problem take_user(const service& server, std::string_view word, client_filter& filter) {
    const auto& own = server.own_keys();
    const auto is_known = word == "default" || (word == "operator" && own.operator_password) ||
                          (word == "peer" && own.secret);
    if (!is_known) return "ERR No such user " + quoted(word);
    filter.user = word;
    return std::nullopt;
}

problem take_option(const local_call& call, std::string_view name, std::string_view value,
                    client_filter& filter) {
    if (same_word(name, "id"))
        return add_id(value, "ERR client-id should be greater than 0", filter);
    if (same_word(name, "type")) return take_type(value, filter);
    if (same_word(name, "user")) return take_user(call.server, value, filter);
    if (same_word(name, "addr"))
        filter.address = value;
    else if (same_word(name, "laddr"))
        filter.own_address = value;
    else if (same_word(name, "skipme") && same_word(value, "yes"))
        filter.but = call.client.id;
    else if (same_word(name, "skipme") && same_word(value, "no"))
        filter.but.reset();
    else
        return std::string{syntax_error};
    return std::nullopt;
}

/// In the older form an address alone, and in the newer pairs of words.
std::variant<client_filter, std::string> to_kill(const local_call& call) {
    const auto& words = call.words;
    if (words.size() == 3) return client_filter{.address = std::string{words[2]}};
    client_filter filter{.but = call.client.id};
    if (words.size() % 2 != 0) return std::string{syntax_error};
    for (std::size_t i = 2; i < words.size(); i += 2)
        if (auto wrong = take_option(call, words[i], words[i + 1], filter))
            return *std::move(wrong);
    return filter;
}

problem take_whom_to_list(const word_list& words, client_filter& filter) {
    if (words.size() == 2) return std::nullopt;
    if (words.size() == 4 && same_word(words[2], "type")) return take_type(words[3], filter);
    if (words.size() < 4 || !same_word(words[2], "id")) return std::string{syntax_error};
    for (std::size_t i = 3; i < words.size(); ++i)
        if (auto wrong = add_id(words[i], "ERR Invalid client ID", filter)) return wrong;
    return std::nullopt;
}

}  // namespace

void client_info(local_call& call) { call.reply.bulk(line_of(call.client)); }

void client_list(local_call& call) {
    client_filter filter;
    if (const auto wrong = take_whom_to_list(call.words, filter)) return call.reply.error(*wrong);
    call.reply.bulk(call.server.client_lines(filter));
}

/// Its own client goes when it has read the answer.
void client_kill(local_call& call) {
    auto asked = to_kill(call);
    if (const auto* wrong = std::get_if<std::string>(&asked)) return call.reply.error(*wrong);
    auto& filter = std::get<client_filter>(asked);
    const auto is_older_form = call.words.size() == 3;
    const auto itself = fits(filter, call.client);
    filter.but = call.client.id;
    const auto closed = call.server.close_clients(filter) + (itself ? 1 : 0);
    call.client.quits = call.client.quits || itself;
    if (!is_older_form) return call.reply.integer(static_cast<std::int64_t>(closed));
    closed != 0 ? call.reply.ok() : call.reply.error("ERR No such client");
}

}  // namespace commands

}  // namespace raft_kv
