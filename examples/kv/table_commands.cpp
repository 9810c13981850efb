// SPDX-License-Identifier: BSL-1.0
//
// COMMAND and CONFIG: what programs ask of a server that they have not met.
#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "commands.hpp"
#include "glob.hpp"

namespace raft_kv::commands {

namespace {

/// Where its keys are, as newer clients read it: from a word on, up to another, so far apart.
void describe_keys(const command& which, reply_writer& reply) {
    const auto number = [&](std::string_view name, std::int64_t value) {
        reply.bulk(name);
        reply.integer(value);
    };
    const auto writes = which.flags.starts_with("write");
    reply.map(3);
    reply.bulk("flags");
    reply.set(2);
    reply.status(writes ? "RW" : "RO");
    reply.status(writes ? "update" : "access");
    reply.bulk("begin_search");
    reply.map(2);
    reply.bulk("type");
    reply.bulk("index");
    reply.bulk("spec");
    reply.map(1);
    number("index", which.first_key);
    reply.bulk("find_keys");
    reply.map(2);
    reply.bulk("type");
    reply.bulk("range");
    reply.bulk("spec");
    reply.map(3);
    // Counted from the first key, or from the end.
    number("lastkey", which.last_key < 0 ? which.last_key : which.last_key - which.first_key);
    number("keystep", which.key_step);
    number("limit", 0);
}

/// The ten parts that Redis 7 tells. There are no categories of access, and nothing to hint at.
void describe(const command& which, reply_writer& reply, std::string_view parent = {}) {
    reply.array(10);
    reply.bulk(parent.empty() ? std::string{which.name}
                              : std::string{parent} + "|" + std::string{which.name});
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
    reply.set(0);
    reply.set(0);
    reply.array(which.first_key != 0 ? 1 : 0);
    if (which.first_key != 0) describe_keys(which, reply);
    const auto inner =
        which.subcommands != nullptr ? which.subcommands() : std::span<const command>{};
    reply.array(inner.size());
    for (const auto& each : inner) describe(each, reply, which.name);
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

void count(local_call& call) {
    call.reply.integer(static_cast<std::int64_t>(all_commands().size()));
}

/// FILTERBY MODULE, ACLCAT or PATTERN; none is of a module, or in a category.
void list(local_call& call) {
    const auto& words = call.words;
    const auto filtered = words.size() == 5 && same_word(words[2], "filterby");
    const auto by_pattern = filtered && same_word(words[3], "pattern");
    const auto by_other =
        filtered && (same_word(words[3], "module") || same_word(words[3], "aclcat"));
    if (words.size() != 2 && !by_pattern && !by_other) return call.reply.error(syntax_error);
    const auto pattern = lower_case(by_pattern ? words[4] : "*");
    std::vector<std::string_view> found;
    for (const auto& each : all_commands())
        if (!by_other && glob_matches(pattern, each.name)) found.push_back(each.name);
    call.reply.array(found.size());
    for (const auto name : found) call.reply.bulk(name);
}

void getkeys(local_call& call) {
    const word_list words{call.words.begin() + 2, call.words.end()};
    if (find_command(words[0]) == nullptr) return call.reply.error("ERR Invalid command specified");
    const auto asked = command_in(words);
    if (std::holds_alternative<std::string>(asked))
        return call.reply.error("ERR Invalid number of arguments specified for command");
    const auto* which = std::get<const command*>(asked);
    if (which->first_key == 0) return call.reply.error("ERR The command has no key arguments");
    const auto count = static_cast<int>(words.size());
    const auto last = which->last_key < 0 ? count + which->last_key : which->last_key;
    const auto keys = (last - which->first_key) / which->key_step + 1;
    call.reply.array(static_cast<std::size_t>(keys));
    for (auto i = which->first_key; i <= last; i += which->key_step)
        call.reply.bulk(words[static_cast<std::size_t>(i)]);
}

void describe_named(local_call& call) {
    const auto found = named_commands(call.words);
    call.reply.array(found.size());
    for (const auto* each : found)
        each != nullptr ? describe(*each, call.reply) : call.reply.nothing();
}

void docs(local_call& call) {
    auto found = named_commands(call.words);
    std::erase(found, nullptr);
    call.reply.map(found.size());
    for (const auto* each : found) document(*each, call.reply);
}

void command_help(local_call& call) {
    tell_subcommands(call.reply, "command", command_subcommands);
}

/// redis-benchmark asks for the first two, to show them beside its figures: there are no snapshots
/// at times of the day, and every write is in a log on the disk before it is answered. Queues and
/// locks ask whether a key that does not expire can be evicted: none is.
void get(local_call& call) {
    struct setting {
        std::string_view name;
        std::string_view value;
    };
    static constexpr setting settings[] = {{"save", ""},       {"appendonly", "yes"},
                                           {"databases", "1"}, {"cluster-enabled", "yes"},
                                           {"maxmemory", "0"}, {"maxmemory-policy", "noeviction"}};
    const auto& words = call.words;
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

/// What a server does is said by its flags, when it is started.
void refuse_to_set(local_call& call) {
    call.reply.error("ERR CONFIG SET is refused: settings are flags of raft-kv serve");
}

void config_help(local_call& call) { tell_subcommands(call.reply, "config", config_subcommands); }

constexpr command subcommand(std::string_view name, int arity, std::string_view summary,
                             local_function run) {
    return {name, arity, "loading stale", 0, 0, 0, "server", summary, run};
}

constexpr std::array command_table{
    subcommand("count", 2, "How many commands there are.", count),
    subcommand("docs", -2, "[<name> ...]: what they do.", docs),
    subcommand("getkeys", -3, "<command ...>: the keys among its words.", getkeys),
    subcommand("help", 2, "This text.", command_help),
    subcommand("info", -2, "[<name> ...]: what they take.", describe_named),
    subcommand("list", -2, "[FILTERBY PATTERN <pattern>]: their names.", list),
};

constexpr std::array config_table{
    subcommand("get", -3, "<pattern> ...: the few settings that clients ask for.", get),
    subcommand("help", 2, "This text.", config_help),
    subcommand("set", -4, "Refused.", refuse_to_set),
};

static_assert(std::ranges::is_sorted(command_table, {}, &command::name));
static_assert(std::ranges::is_sorted(config_table, {}, &command::name));

}  // namespace

std::span<const command> command_subcommands() { return command_table; }
std::span<const command> config_subcommands() { return config_table; }

void describe_all(local_call& call) {
    call.reply.array(all_commands().size());
    for (const auto& each : all_commands()) describe(each, call.reply);
}

}  // namespace raft_kv::commands
