// SPDX-License-Identifier: BSL-1.0
//
// The commands about the connection and about the commands themselves.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "commands.hpp"
#include "glob.hpp"

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

void describe(const command& which, reply_writer& reply) {
    reply.array(6);
    reply.bulk(which.name);
    reply.integer(which.arity);
    std::size_t count = 1;
    for (const auto byte : which.flags) count += byte == ' ' ? 1 : 0;
    reply.set(count);
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
    reply.map(3);
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
    if (*database != 0) return call.reply.error("ERR SELECT is not allowed in cluster mode");
    call.reply.ok();
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
    call.reply.map(found.size());
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
        call.reply.map(found.size());
        for (const auto* each : found) document(*each, call.reply);
        return;
    }
    call.reply.error(unknown_subcommand(words));
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
