// SPDX-License-Identifier: BSL-1.0
//
// The commands: a table that says of each how many words it takes, what it does to keys, and which
// function does it. The functions are of four kinds: those that this server answers by itself,
// those that read the store, those that add a write to a batch, and those that ask something of the
// cluster. A command with subcommands has a table of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "client_filter.hpp"
#include "cluster_request.hpp"
#include "complaint.hpp"
#include "kv.hpp"
#include "lifetimes.hpp"
#include "limits.hpp"
#include "operations.hpp"
#include "reply.hpp"
#include "request.hpp"
#include "service.hpp"
#include "transaction.hpp"

#include <raft/core/step.hpp>

namespace raft {
namespace backup {
class source;
}
}  // namespace raft

namespace raft_kv {

inline constexpr std::string_view version = RAFT_KV_VERSION;
/// The Redis that clients may take this for: some ask before they use what newer ones have.
inline constexpr std::string_view redis_version = "7.0.0";

struct command;

/// What the server keeps of a client between its requests.
struct client_state {
    std::uint64_t id = 0;
    std::string name{};
    std::chrono::steady_clock::time_point since{};   ///< It came,
    std::chrono::steady_clock::time_point active{};  ///< and was heard, or fetched anything, last.
    const command* last_command = nullptr;
    std::string address{};      ///< Where it called from,
    std::string own_address{};  ///< and where it called.
    protocol spoken = protocol::resp2;
    bool reads_here = false;     ///< READONLY: reads are answered by this server, leader or not.
    bool reads_any_age = false;  ///< RAFT READS stale: however old what it has is.
    raft_kv::transaction transaction{};
    raft::core::read_requested reads{};  ///< RAFT READS: how fresh reads are, unless of any age.
    std::size_t reply_bytes = 0;         ///< The memory of the replies that it has not fetched.
    bool quits = false;                  ///< No further request is taken.
    peer_door door{};                    ///< RAFT PROVE.
    std::shared_ptr<raft::backup::source> backup{};  ///< RAFT BACKUP: what it reads.
    bool is_local = true;                            ///< It comes from this host.
    bool by_tls = false;                             ///< It speaks TLS.
    client_rights rights{};
};

/// A request that is answered at once.
struct local_call {
    const word_list& words;
    client_state& client;
    service& server;
    reply_writer reply;
};

/// Where this client finds a server.
[[nodiscard]] inline std::uint16_t port_of(const local_call& call, const server_address& server) {
    return call.server.layout().port_for_client(server, call.client.by_tls);
}

/// A read of the store.
struct read_call {
    const kv& store;
    const word_list& words;
    reply_writer reply;
    raft::timing::log_time
        now{};  ///< As this server reckons the log's time, for what shows how much is left.
};

using local_function = void (*)(local_call& call);
using read_function = void (*)(read_call& call);
/// Adds the write, or adds nothing and says what is wrong.
using write_function = complaint (*)(const word_list& words, batch_writer batch);

/// What is asked of the cluster, or what is wrong.
using cluster_function = std::variant<cluster_request, std::string> (*)(const word_list& words);

/// When a request may begin.
enum class begins : std::uint8_t {
    at_once,
    after_reads,  ///< It changes how the connection reads: when no read is under way.
    with_leader,  ///< It tells who leads: when that is known, or was not for too long.
};

/// What is done to the connection's transaction, by the session itself.
enum class transaction_step : std::uint8_t { multi, exec, discard, watch, unwatch };

using subcommand_table = std::span<const command> (*)();

struct command {
    std::string_view name;
    int arity;  ///< The number of words, the name among them; if negative, at least so many.
    std::string_view flags;
    int first_key;  ///< The first word that is a key; 0 if none is,
    int last_key;   ///< the last one, counted from the end if negative,
    int key_step;   ///< and how far they are apart.
    std::string_view group;
    std::string_view summary;
    std::variant<local_function, read_function, write_function, cluster_function, transaction_step>
        run;
    begins when = begins::at_once;
    /// What its second word may name, in the order of their names. Their words are counted from the
    /// command's name on.
    subcommand_table subcommands = nullptr;
    bool for_operators = false;  ///< Where operators have a password of their own, it needs that.
};

/// The same command, as one for operators.
[[nodiscard]] constexpr command for_operators(command one) {
    one.for_operators = true;
    return one;
}

/// All commands, in the order of their names.
[[nodiscard]] std::span<const command> all_commands();
/// Whatever the case of its letters. Null if there is no such command.
[[nodiscard]] const command* find_command(std::string_view name);
/// The command or the subcommand that these words ask for, or what is wrong with them.
[[nodiscard]] std::variant<const command*, std::string> command_in(const word_list& words);

/// Of the first key among the words, for a redirection; 0 if there is none.
[[nodiscard]] std::uint16_t slot_of(const command& which, const word_list& words);

/// Whoever says it may do so before it has said who it is.
[[nodiscard]] bool needs_no_password(const command& which);
/// The command, or one that is among its words, is for operators.
[[nodiscard]] bool needs_operator(const command& which, const word_list& words);

[[nodiscard]] bool arity_fits(const command& which, std::size_t words);

[[nodiscard]] std::string lower_case(std::string_view text);
[[nodiscard]] std::string upper_case(std::string_view text);
[[nodiscard]] bool same_word(std::string_view text, std::string_view lower);

inline constexpr std::string_view syntax_error = "ERR syntax error";
inline constexpr std::string_view value_too_long =
    "ERR string exceeds maximum allowed size of 1048576 bytes";
inline constexpr std::string_view reply_too_long_text =
    "ERR the reply would be longer than 33554432 bytes";

/// What is wrong with a key, or a value, if anything is.
[[nodiscard]] inline std::optional<std::string_view> check_key(std::string_view key) {
    if (key.size() <= limits::key_bytes_max) return std::nullopt;
    return "ERR key exceeds maximum allowed size of 65536 bytes";
}
[[nodiscard]] inline std::optional<std::string_view> check_value(std::string_view value) {
    if (value.size() <= limits::value_bytes_max) return std::nullopt;
    return value_too_long;
}
[[nodiscard]] inline std::optional<std::string_view> check_pair(std::string_view key,
                                                                std::string_view value) {
    const auto wrong = check_key(key);
    return wrong ? wrong : check_value(value);
}

/// "ERR wrong number of arguments for 'get' command".
[[nodiscard]] std::string wrong_arity(std::string_view name);
/// The lines of HELP, of a command with subcommands.
void tell_subcommands(reply_writer reply, std::string_view name, subcommand_table subcommands);

/// The line of CLIENT LIST.
[[nodiscard]] std::string line_of(const client_state& client);
[[nodiscard]] bool fits(const client_filter& filter, const client_state& client);
/// What is wrong with a client's name, if anything is.
[[nodiscard]] std::optional<std::string_view> obstacle_to_name(std::string_view name);

// ---------------------------------------------------------------------------- what the table names
namespace commands {

// role_commands.cpp
void role(local_call& call);
void time(local_call& call);
void wait(local_call& call);
std::span<const command> acl_subcommands();

// client_commands.cpp
void ping(local_call& call);
void echo(local_call& call);
void select(local_call& call);
void readonly(local_call& call);
void readwrite(local_call& call);
std::span<const command> client_subcommands();

// client_list.cpp
void client_info(local_call& call);
void client_list(local_call& call);
void client_kill(local_call& call);

// greeting_commands.cpp
void hello(local_call& call);
void auth(local_call& call);
void reset(local_call& call);
void quit(local_call& call);

// table_commands.cpp
void describe_all(local_call& call);
std::span<const command> command_subcommands();
std::span<const command> config_subcommands();

// cluster_commands.cpp
std::span<const command> cluster_subcommands();

// info_command.cpp
void info(local_call& call);

// monitoring_commands.cpp
std::span<const command> latency_subcommands();
std::span<const command> module_subcommands();
std::span<const command> slowlog_subcommands();

// raft_commands.cpp
std::span<const command> raft_subcommands();

/// Of a command that is nothing without a subcommand.
inline void nothing_by_itself(local_call& /*call*/) {}

// session_commands.cpp
complaint raft_session(const word_list& words, batch_writer batch);
complaint raft_once(const word_list& words, batch_writer batch);

// key_commands.cpp
void keys(read_call& call);
void randomkey(read_call& call);
void scan(read_call& call);

// data_commands.cpp
void get(read_call& call);
void exists(read_call& call);
void strlen(read_call& call);
void getrange(read_call& call);
void type(read_call& call);
void mget(read_call& call);
void dbsize(read_call& call);

complaint setnx(const word_list& words, batch_writer batch);
complaint getset(const word_list& words, batch_writer batch);
complaint getdel(const word_list& words, batch_writer batch);
complaint setrange(const word_list& words, batch_writer batch);
complaint incrbyfloat(const word_list& words, batch_writer batch);
complaint rename(const word_list& words, batch_writer batch);
complaint renamenx(const word_list& words, batch_writer batch);
complaint copy(const word_list& words, batch_writer batch);
complaint del(const word_list& words, batch_writer batch);
complaint incr(const word_list& words, batch_writer batch);
complaint decr(const word_list& words, batch_writer batch);
complaint incrby(const word_list& words, batch_writer batch);
complaint decrby(const word_list& words, batch_writer batch);
complaint append(const word_list& words, batch_writer batch);
complaint mset(const word_list& words, batch_writer batch);
complaint msetnx(const word_list& words, batch_writer batch);
complaint cas(const word_list& words, batch_writer batch);
complaint flushall(const word_list& words, batch_writer batch);

// object_commands.cpp
std::span<const command> object_subcommands();
std::span<const command> memory_subcommands();

// expiry_commands.cpp
void ttl(read_call& call);
void pttl(read_call& call);
void expiretime(read_call& call);
void pexpiretime(read_call& call);
complaint set(const word_list& words, batch_writer batch);
complaint setex(const word_list& words, batch_writer batch);
complaint psetex(const word_list& words, batch_writer batch);
complaint getex(const word_list& words, batch_writer batch);
complaint expire(const word_list& words, batch_writer batch);
complaint pexpire(const word_list& words, batch_writer batch);
complaint expireat(const word_list& words, batch_writer batch);
complaint pexpireat(const word_list& words, batch_writer batch);
complaint persist(const word_list& words, batch_writer batch);

}  // namespace commands

}  // namespace raft_kv
