// SPDX-License-Identifier: BSL-1.0
//
// The table of commands, and what is said when a request does not fit it.
#include "commands.hpp"

#include <algorithm>
#include <array>

#include "hash_slot.hpp"

namespace raft_kv {

namespace {

// Sorted by name, so that a name is found by halving.
constexpr std::array table{
    command{"acl", -2, "admin noscript loading stale", 0, 0, 0, "server",
            "Tells the only user: see ACL HELP.", commands::nothing_by_itself, begins::at_once,
            commands::acl_subcommands},
    command{"append", 3, "write denyoom fast", 1, 1, 1, "string",
            "Appends a string to the value of a key.", commands::append},
    command{"auth", -2, "noscript loading stale fast no_auth", 0, 0, 0, "connection",
            "[user] password: says who the client is: default, or operator.", commands::auth},
    command{"cas", 4, "write denyoom fast", 1, 1, 1, "string",
            "Sets a key to a new value if it has the expected one.", commands::cas},
    command{"client", -2, "noscript loading stale", 0, 0, 0, "connection",
            "Tells and sets what the server knows of this connection: see CLIENT HELP.",
            commands::nothing_by_itself, begins::at_once, commands::client_subcommands},
    command{"cluster", -2, "stale", 0, 0, 0, "cluster",
            "Tells who leads and where the servers are: see CLUSTER HELP.",
            commands::nothing_by_itself, begins::at_once, commands::cluster_subcommands},
    command{"command", -1, "loading stale", 0, 0, 0, "server",
            "Describes the commands: see COMMAND HELP.", commands::describe_all, begins::at_once,
            commands::command_subcommands},
    command{"config", -2, "admin noscript loading stale", 0, 0, 0, "server",
            "Tells the few settings that clients ask for: see CONFIG HELP.",
            commands::nothing_by_itself, begins::at_once, commands::config_subcommands},
    command{"copy", -3, "write denyoom", 1, 2, 1, "generic",
            "Copies a value and its expiry to another key.", commands::copy},
    command{"dbsize", 1, "readonly fast", 0, 0, 0, "server", "Returns the number of keys.",
            commands::dbsize},
    command{"decr", 2, "write denyoom fast", 1, 1, 1, "string",
            "Subtracts one from the number at a key.", commands::decr},
    command{"decrby", 3, "write denyoom fast", 1, 1, 1, "string",
            "Subtracts a number from the number at a key.", commands::decrby},
    command{"del", -2, "write", 1, -1, 1, "generic",
            "Deletes keys, and returns how many there were.", commands::del},
    command{"discard", 1, "noscript loading stale fast", 0, 0, 0, "transactions",
            "Forgets what was queued since MULTI.", transaction_step::discard, begins::after_reads},
    command{"echo", 2, "loading stale fast", 0, 0, 0, "connection", "Returns the given string.",
            commands::echo},
    command{"exec", 1, "noscript loading stale", 0, 0, 0, "transactions",
            "Carries out what was queued since MULTI, all of it at once.", transaction_step::exec,
            begins::after_reads},
    command{"exists", -2, "readonly fast", 1, -1, 1, "generic",
            "Returns how many of the keys exist.", commands::exists},
    command{"expire", -3, "write fast", 1, 1, 1, "generic",
            "Has a key expire after so many seconds, with the options NX, XX, GT and LT.",
            commands::expire},
    command{"expireat", -3, "write fast", 1, 1, 1, "generic",
            "Has a key expire at a second since 1970, with the options NX, XX, GT and LT.",
            commands::expireat},
    command{"expiretime", 2, "readonly fast", 1, 1, 1, "generic",
            "Returns the second since 1970 at which a key expires, or -1, or -2 without a key.",
            commands::expiretime},
    for_operators(
        {"flushall", -1, "write", 0, 0, 0, "server", "Removes all keys.", commands::flushall}),
    for_operators(
        {"flushdb", -1, "write", 0, 0, 0, "server", "Removes all keys.", commands::flushall}),
    command{"get", 2, "readonly fast", 1, 1, 1, "string", "Returns the value of a key.",
            commands::get},
    command{"getdel", 2, "write fast", 1, 1, 1, "string", "Removes a key, and returns its value.",
            commands::getdel},
    command{"getex", -2, "write fast", 1, 1, 1, "string",
            "Returns the value of a key, with the options EX, PX, EXAT, PXAT and PERSIST.",
            commands::getex},
    command{"getrange", 4, "readonly", 1, 1, 1, "string", "Returns a part of the value of a key.",
            commands::getrange},
    command{"getset", 3, "write denyoom fast", 1, 1, 1, "string",
            "Sets a key to a value, and returns the one before.", commands::getset},
    command{"hello", -1, "noscript loading stale fast no_multi no_auth", 0, 0, 0, "connection",
            "[2|3] [AUTH user password] [SETNAME name]: agrees on a version of the protocol.",
            commands::hello},
    command{"incr", 2, "write denyoom fast", 1, 1, 1, "string", "Adds one to the number at a key.",
            commands::incr},
    command{"incrby", 3, "write denyoom fast", 1, 1, 1, "string",
            "Adds a number to the number at a key.", commands::incrby},
    command{"incrbyfloat", 3, "write denyoom fast", 1, 1, 1, "string",
            "Adds a number with decimals to the one at a key.", commands::incrbyfloat},
    command{"info", -1, "loading stale", 0, 0, 0, "server",
            "Tells about this server: server, clients, memory, persistence, replication, raft, "
            "stats, storage, cluster, keyspace.",
            commands::info},
    command{"keys", 2, "readonly", 0, 0, 0, "generic", "Returns the keys that match a pattern.",
            commands::keys},
    command{"latency", -2, "admin noscript loading stale", 0, 0, 0, "server",
            "Tells what took long, of which nothing is noted: see LATENCY HELP.",
            commands::nothing_by_itself, begins::at_once, commands::latency_subcommands},
    command{"memory", -2, "readonly", 0, 0, 0, "server",
            "Tells how much memory a key takes: see MEMORY HELP.", commands::nothing_by_itself,
            begins::at_once, commands::memory_subcommands},
    command{"mget", -2, "readonly fast", 1, -1, 1, "string", "Returns the values of keys.",
            commands::mget},
    command{"module", -2, "admin noscript loading stale", 0, 0, 0, "server",
            "Tells the modules, of which there are none: see MODULE HELP.",
            commands::nothing_by_itself, begins::at_once, commands::module_subcommands},
    command{"mset", -3, "write denyoom", 1, -1, 2, "string", "Sets keys to values, all at once.",
            commands::mset},
    command{"msetnx", -3, "write denyoom", 1, -1, 2, "string",
            "Sets keys to values, all at once, if none of the keys is there.", commands::msetnx},
    command{"multi", 1, "noscript loading stale fast", 0, 0, 0, "transactions",
            "Begins a transaction: what follows is queued until EXEC.", transaction_step::multi},
    command{"object", -2, "readonly", 0, 0, 0, "generic",
            "Tells how a value is kept: see OBJECT HELP.", commands::nothing_by_itself,
            begins::at_once, commands::object_subcommands},
    command{"persist", 2, "write fast", 1, 1, 1, "generic", "Has a key expire no more.",
            commands::persist},
    command{"pexpire", -3, "write fast", 1, 1, 1, "generic",
            "Has a key expire after so many milliseconds, with the options of EXPIRE.",
            commands::pexpire},
    command{"pexpireat", -3, "write fast", 1, 1, 1, "generic",
            "Has a key expire at a millisecond since 1970, with the options of EXPIRE.",
            commands::pexpireat},
    command{"pexpiretime", 2, "readonly fast", 1, 1, 1, "generic",
            "As EXPIRETIME, in milliseconds.", commands::pexpiretime},
    command{"ping", -1, "stale fast", 0, 0, 0, "connection", "Returns PONG, or the given string.",
            commands::ping},
    command{"psetex", 4, "write denyoom", 1, 1, 1, "string",
            "Sets a key to a value that expires after so many milliseconds.", commands::psetex},
    command{"pttl", 2, "readonly fast", 1, 1, 1, "generic", "As TTL, in milliseconds.",
            commands::pttl},
    command{"quit", -1, "noscript loading stale fast no_auth", 0, 0, 0, "connection",
            "Closes the connection.", commands::quit},
    command{"raft", -2, "admin stale no_multi", 0, 0, 0, "cluster",
            "STATUS, ADD, REMOVE, PROMOTE, DEMOTE, CHANGE, TRANSFER and others: see RAFT HELP.",
            commands::nothing_by_itself, begins::at_once, commands::raft_subcommands},
    command{"randomkey", 1, "readonly", 0, 0, 0, "generic", "Returns any of the keys.",
            commands::randomkey},
    command{"readonly", 1, "loading stale fast no_multi", 0, 0, 0, "cluster",
            "Reads are answered by this server, leader or not; RAFT READS says how fresh.",
            commands::readonly, begins::after_reads},
    command{"readwrite", 1, "loading stale fast no_multi", 0, 0, 0, "cluster",
            "Reads are answered by the leader again, as at first.", commands::readwrite,
            begins::after_reads},
    command{"rename", 3, "write", 1, 2, 1, "generic",
            "Gives a key another name, whatever that was the name of.", commands::rename},
    command{"renamenx", 3, "write fast", 1, 2, 1, "generic",
            "Gives a key another name, unless there is such a key.", commands::renamenx},
    command{"reset", 1, "noscript loading stale fast no_auth", 0, 0, 0, "connection",
            "Makes the connection as new.", commands::reset, begins::after_reads},
    command{"role", 1, "noscript loading stale fast", 0, 0, 0, "server",
            "Tells whether this server leads, and who follows or leads.", commands::role,
            begins::with_leader},
    command{"scan", -2, "readonly", 0, 0, 0, "generic",
            "Returns some of the keys, and a cursor for the next.", commands::scan},
    command{"select", 2, "loading stale fast", 0, 0, 0, "connection", "Takes the only database, 0.",
            commands::select},
    command{"set", -3, "write denyoom", 1, 1, 1, "string",
            "Sets a key to a value: NX, XX, GET, EX, PX, EXAT, PXAT, KEEPTTL.", commands::set},
    command{"setex", 4, "write denyoom", 1, 1, 1, "string",
            "Sets a key to a value that expires after so many seconds.", commands::setex},
    command{"setnx", 3, "write denyoom fast", 1, 1, 1, "string",
            "Sets a key to a value if there is no such key.", commands::setnx},
    command{"setrange", 4, "write denyoom", 1, 1, 1, "string",
            "Writes over a part of the value of a key.", commands::setrange},
    command{"slowlog", -2, "admin noscript loading stale", 0, 0, 0, "server",
            "Tells which commands were slow, of which nothing is noted: see SLOWLOG HELP.",
            commands::nothing_by_itself, begins::at_once, commands::slowlog_subcommands},
    command{"strlen", 2, "readonly fast", 1, 1, 1, "string",
            "Returns the length of the value of a key.", commands::strlen},
    command{"time", 1, "loading stale fast", 0, 0, 0, "server",
            "Tells the clock of this server: seconds and microseconds.", commands::time},
    command{"touch", -2, "readonly fast", 1, -1, 1, "generic",
            "Returns how many of the keys exist.", commands::exists},
    command{"ttl", 2, "readonly fast", 1, 1, 1, "generic",
            "Returns the seconds until a key expires, or -1, or -2 without a key.", commands::ttl},
    command{"type", 2, "readonly fast", 1, 1, 1, "generic",
            "Returns what is at a key: string, or none.", commands::type},
    command{"unlink", -2, "write fast", 1, -1, 1, "generic",
            "Deletes keys, and returns how many there were.", commands::del},
    command{"unwatch", 1, "noscript loading stale fast", 0, 0, 0, "transactions",
            "Watches no key any more.", transaction_step::unwatch, begins::after_reads},
    command{"wait", 3, "noscript", 0, 0, 0, "generic",
            "Returns how many followers are sure to have what was answered before.",
            commands::wait},
    command{"watch", -2, "noscript loading stale fast", 1, -1, 1, "transactions",
            "EXEC does nothing if one of these keys is changed before it.",
            transaction_step::watch},
};

static_assert(std::ranges::is_sorted(table, {}, &command::name));

constexpr char lower(char byte) {
    return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
}

constexpr std::size_t shown_bytes_max = 128;

/// Whatever the case of its letters.
const command* find_in(std::span<const command> sorted, std::string_view name) {
    std::array<char, 16> buffer{};
    if (name.size() > buffer.size()) return nullptr;
    std::ranges::transform(name, buffer.begin(), lower);
    const std::string_view wanted{buffer.data(), name.size()};
    const auto found = std::ranges::lower_bound(sorted, wanted, {}, &command::name);
    return found != sorted.end() && found->name == wanted ? &*found : nullptr;
}

std::string unknown_command(const word_list& words) {
    std::string text{"ERR unknown command '"};
    text.append(words[0].substr(0, shown_bytes_max)).append("', with args beginning with: ");
    const auto begin = text.size();
    for (std::size_t i = 1; i < words.size() && text.size() - begin < shown_bytes_max; ++i) {
        const auto room = shown_bytes_max - (text.size() - begin);
        text.append("'").append(words[i].substr(0, room)).append("' ");
    }
    return text;
}

}  // namespace

std::span<const command> all_commands() { return table; }

const command* find_command(std::string_view name) { return find_in(table, name); }

std::variant<const command*, std::string> command_in(const word_list& words) {
    const auto* which = find_command(words[0]);
    if (which == nullptr) return unknown_command(words);
    if (!arity_fits(*which, words.size())) return wrong_arity(which->name);
    if (which->subcommands == nullptr || words.size() == 1) return which;
    const auto* inner = find_in(which->subcommands(), words[1]);
    if (inner == nullptr)
        return "ERR unknown subcommand '" + std::string{words[1].substr(0, shown_bytes_max)} +
               "'. Try " + upper_case(which->name) + " HELP.";
    if (arity_fits(*inner, words.size())) return inner;
    return wrong_arity(std::string{which->name} + "|" + std::string{inner->name});
}

bool answer_read(const kv& store, const word_list& words, reply_writer reply) {
    const auto asked = command_in(words);
    if (const auto* wrong = std::get_if<std::string>(&asked)) {
        reply.error(*wrong);
        return true;
    }
    const auto& which = *std::get<const command*>(asked);
    const auto* read = std::get_if<read_function>(&which.run);
    read_call call{store, words, reply, store.now()};
    read != nullptr ? (*read)(call) : reply.error("ERR that is no read");
    return which.name != "randomkey";
}

std::uint16_t slot_of(const command& which, const word_list& words) {
    const auto key = static_cast<std::size_t>(which.first_key);
    return static_cast<std::uint16_t>(key != 0 ? hash_slot(words[key]) : 0);
}

bool needs_no_password(const command& which) { return which.flags.ends_with("no_auth"); }

bool needs_operator(const command& which, const word_list& words) {
    if (which.for_operators) return true;
    // RAFT ONCE session number write ...
    if (which.name != "once" || words.size() < 5) return false;
    const auto* inner = find_command(words[4]);
    return inner != nullptr && inner->for_operators;
}

bool arity_fits(const command& which, std::size_t words) {
    const auto count = static_cast<long long>(words);
    return which.arity >= 0 ? count == which.arity : count >= -which.arity;
}

std::string lower_case(std::string_view text) {
    std::string result{text};
    std::ranges::transform(result, result.begin(), lower);
    return result;
}

std::string upper_case(std::string_view text) {
    std::string result{text};
    for (auto& byte : result)
        if (byte >= 'a' && byte <= 'z') byte = static_cast<char>(byte - 'a' + 'A');
    return result;
}

bool same_word(std::string_view text, std::string_view lower_word) {
    return std::ranges::equal(text, lower_word, {}, lower);
}

std::string wrong_arity(std::string_view name) {
    return "ERR wrong number of arguments for '" + std::string{name} + "' command";
}

void tell_subcommands(reply_writer reply, std::string_view name, subcommand_table subcommands) {
    const auto all = subcommands();
    reply.array(1 + 2 * all.size());
    reply.status(upper_case(name) + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    for (const auto& each : all) {
        reply.status(upper_case(each.name));
        reply.status("    " + std::string{each.summary});
    }
}

}  // namespace raft_kv
