// SPDX-License-Identifier: BSL-1.0
//
// The commands about the connection and about the commands themselves.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "commands.hpp"
#include "glob.hpp"

namespace raft_kv::commands {

namespace {

bool is_name(std::string_view text) {
    for (const auto byte : text)
        if (byte < '!' || byte > '~') return false;
    return true;
}

void set_name(local_call& call, std::string_view name) {
    if (!is_name(name) || name.size() > 1024)
        return call.reply.error(
            "ERR Client names cannot contain spaces, newlines or special characters.");
    call.client.name = name;
    call.reply.ok();
}

void describe(const command& which, reply_writer& reply) {
    reply.array(6);
    reply.bulk(which.name);
    reply.integer(which.arity);
    std::size_t count = 1;
    for (const auto byte : which.flags) count += byte == ' ' ? 1 : 0;
    reply.array(count);
    for (auto rest = which.flags; !rest.empty();) {
        const auto end = std::min(rest.find(' '), rest.size());
        reply.status(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    reply.integer(which.first_key);
    reply.integer(which.last_key);
    reply.integer(which.key_step);
}

void document(const command& which, reply_writer& reply) {
    reply.bulk(which.name);
    reply.array(6);
    reply.bulk("summary");
    reply.bulk(which.summary);
    reply.bulk("since");
    reply.bulk(version);
    reply.bulk("group");
    reply.bulk(which.group);
}

/// The commands named behind COMMAND INFO or COMMAND DOCS, or all; null where there is none.
std::vector<const command*> named_commands(const word_list& words) {
    std::vector<const command*> found;
    for (std::size_t i = 2; i < words.size(); ++i) found.push_back(find_command(words[i]));
    if (words.size() <= 2)
        for (const auto& each : all_commands()) found.push_back(&each);
    return found;
}

void tell_all(local_call& call) {
    call.reply.array(all_commands().size());
    for (const auto& each : all_commands()) describe(each, call.reply);
}

}  // namespace

void ping(local_call& call) {
    if (call.words.size() > 2) return call.reply.error(wrong_arity("ping"));
    if (call.words.size() == 2) return call.reply.bulk(call.words[1]);
    call.reply.status("PONG");
}

void echo(local_call& call) { call.reply.bulk(call.words[1]); }

void select(local_call& call) {
    const auto database = integer_in(call.words[1]);
    if (!database) return call.reply.error("ERR invalid DB index");
    if (*database != 0) return call.reply.error("ERR DB index is out of range: there is only 0");
    call.reply.ok();
}

void hello(local_call& call) {
    const auto& words = call.words;
    if (words.size() > 1) {
        const auto protocol = integer_in(words[1]);
        if (!protocol)
            return call.reply.error("ERR Protocol version is not an integer or out of range");
        if (*protocol != 2) return call.reply.error("NOPROTO unsupported protocol version");
    }
    auto name = call.client.name;
    for (std::size_t i = 2; i < words.size(); i += 2) {
        if (!same_word(words[i], "setname") || i + 1 == words.size())
            return call.reply.error("ERR syntax error: HELLO takes the option SETNAME, no other");
        if (!is_name(words[i + 1])) return set_name(call, words[i + 1]);
        name = words[i + 1];
    }
    call.client.name = name;
    call.reply.array(14);
    call.reply.bulk("server");
    call.reply.bulk("raft-kv");
    call.reply.bulk("version");
    call.reply.bulk(version);
    call.reply.bulk("proto");
    call.reply.integer(2);
    call.reply.bulk("id");
    call.reply.integer(static_cast<std::int64_t>(call.client.id));
    call.reply.bulk("mode");
    call.reply.bulk("cluster");
    call.reply.bulk("role");
    call.reply.bulk(call.server.not_leading() ? "replica" : "master");
    call.reply.bulk("modules");
    call.reply.array(0);
}

void client(local_call& call) {
    const auto& words = call.words;
    if (words.size() == 2 && same_word(words[1], "id"))
        return call.reply.integer(static_cast<std::int64_t>(call.client.id));
    if (words.size() == 2 && same_word(words[1], "getname"))
        return call.client.name.empty() ? call.reply.nothing() : call.reply.bulk(call.client.name);
    if (words.size() == 3 && same_word(words[1], "setname")) return set_name(call, words[2]);
    if (words.size() == 4 && same_word(words[1], "setinfo")) return call.reply.ok();
    if (words.size() == 3 && same_word(words[1], "reply") && same_word(words[2], "on"))
        return call.reply.ok();
    call.reply.error(unknown_subcommand(words));
}

/// redis-benchmark asks for the first two, to show them beside its figures: there are no snapshots
/// at times of the day, and every write is in a log on the disk before it is answered.
void config(local_call& call) {
    struct setting {
        std::string_view name;
        std::string_view value;
    };
    static constexpr setting settings[] = {{"save", ""}, {"appendonly", "yes"}, {"databases", "1"}};
    const auto& words = call.words;
    if (words.size() < 3 || !same_word(words[1], "get"))
        return call.reply.error(unknown_subcommand(words));
    std::vector<setting> found;
    for (const auto& each : settings) {
        for (std::size_t i = 2; i < words.size(); ++i) {
            if (words[i].size() > 64 || !glob_matches(lower_case(words[i]), each.name)) continue;
            found.push_back(each);
            break;
        }
    }
    call.reply.array(found.size() * 2);
    for (const auto& each : found) {
        call.reply.bulk(each.name);
        call.reply.bulk(each.value);
    }
}

void command_table(local_call& call) {
    const auto& words = call.words;
    if (words.size() == 1) return tell_all(call);
    if (same_word(words[1], "count") && words.size() == 2)
        return call.reply.integer(static_cast<std::int64_t>(all_commands().size()));
    if (same_word(words[1], "list") && words.size() == 2) {
        call.reply.array(all_commands().size());
        for (const auto& each : all_commands()) call.reply.bulk(each.name);
        return;
    }
    if (same_word(words[1], "info")) {
        const auto found = named_commands(words);
        call.reply.array(found.size());
        for (const auto* each : found) {
            if (each != nullptr) {
                describe(*each, call.reply);
            } else {
                call.reply.no_array();
            }
        }
        return;
    }
    if (same_word(words[1], "docs")) {
        auto found = named_commands(words);
        std::erase(found, nullptr);
        call.reply.array(found.size() * 2);
        for (const auto* each : found) document(*each, call.reply);
        return;
    }
    call.reply.error(unknown_subcommand(words));
}

void quit(local_call& call) {
    call.client.quits = true;
    call.reply.ok();
}

void reset(local_call& call) {
    call.client = {.id = call.client.id};
    call.reply.status("RESET");
}

void readonly(local_call& call) {
    call.client.reads_here = true;
    call.reply.ok();
}

void readwrite(local_call& call) {
    call.client.reads_here = false;
    call.reply.ok();
}

}  // namespace raft_kv::commands
