// SPDX-License-Identifier: BSL-1.0
#include "command_line.hpp"

#include <array>
#include <cstdint>
#include <string_view>

#include "flag_table.hpp"
#include "incarnation.hpp"

namespace raft_kv {

namespace {

bool read_listen(std::string_view value, listen_address& address) {
    const auto found = listen_address_in(value);
    if (found) address = *found;
    return found.has_value();
}

bool read_certificates(std::string_view value, client_certificates& asked) {
    using enum client_certificates;
    asked = value == "yes" ? required : value == "optional" ? optional : none;
    return asked != none || value == "no";
}

bool read_milliseconds(std::string_view value, std::int64_t least, raft::duration& time) {
    std::int64_t count = 0;
    const bool good = read_number(value, least, std::int64_t{600'000}, count);
    if (good) time = raft::milliseconds(count);
    return good;
}

/// Of `unit` bytes.
bool read_size(std::string_view value, std::size_t least, std::size_t unit, std::size_t& bytes) {
    std::size_t count = 0;
    const bool good = read_number(value, least, std::size_t{1} << 20U, count);
    if (good) bytes = count * unit;
    return good;
}

bool read_idle(std::string_view value, std::chrono::seconds& idle) {
    std::uint32_t seconds = 0;
    const bool good = read_number(value, 0U, 31'536'000U, seconds);
    idle = std::chrono::seconds{seconds};
    return good;
}

using serve_flag = flag<serve_flags>;

constexpr std::array all_serve_flags{
    serve_flag{"--cluster", "FILE",
               "a line `<id> <host> <peer-port> <client-port> [<tls-port>]` for\n"
               "each server; `#` starts a comment, `cluster <name>` names the\n"
               "cluster",
               [](auto value, auto& to) { return read_text(value, to.cluster_file); }},
    serve_flag{"--id", "N", "which of them this one is; 3.2 is server 3 with its second disk",
               [](auto value, auto& to) { return (to.server.id = id_in(value).value_or(0)) != 0; }},
    serve_flag{"--data", "DIR", "where it keeps its log and snapshots; made if it is not there",
               [](auto value, auto& to) { return read_text(value, to.server.directory); }},
    serve_flag{"--listen", "HOST[:PORT]",
               "where it listens for clients, if not where the cluster file says it\n"
               "is, which is what others are told: behind NAT, in a container. A\n"
               "port alone: on all addresses, as 0.0.0.0; [::] is all of IPv6",
               [](auto value, auto& to) { return read_listen(value, to.server.listen); }},
    serve_flag{"--listen-peers", "HOST[:PORT]", "the same for the other servers",
               [](auto value, auto& to) { return read_listen(value, to.server.listen_peers); }},
    serve_flag{
        "--peer-secret-file", "FILE",
        "servers prove to each other that they know the first line in it, and\n"
        "hear nobody else: the same for all, as openssl rand -hex 32 gives\n"
        "it. A second line is accepted, too. Read anew when it changes",
        [](auto value, auto& to) { return read_text(value, to.server.key_paths.peer_secret); }},
    serve_flag{"--peer-tls-cert", "FILE", "",
               [](auto value, auto& to) {
                   return read_text(value, to.server.key_paths.peer_certificate);
               }},
    serve_flag{"--peer-tls-key", "FILE", "",
               [](auto value, auto& to) { return read_text(value, to.server.key_paths.peer_key); }},
    serve_flag{
        "--peer-tls-ca", "FILE",
        "servers encrypt what they say to each other, and hear who has a\n"
        "certificate of that authority with the DNS name raft-N of server N;\n"
        "read anew when they change",
        [](auto value, auto& to) { return read_text(value, to.server.key_paths.peer_authority); }},
    serve_flag{"--tls-port", "PORT", "clients speak TLS there, if not where the cluster file says",
               [](auto value, auto& to) {
                   return read_number(value, std::uint16_t{1}, std::uint16_t{65'535},
                                      to.server.tls.port);
               }},
    serve_flag{
        "--tls-cert-file", "FILE", "",
        [](auto value, auto& to) { return read_text(value, to.server.tls.files.certificate); }},
    serve_flag{"--tls-key-file", "FILE",
               "this server's certificate for clients, and its key; read anew when\n"
               "they change. With them it serves clients by TLS, too",
               [](auto value, auto& to) { return read_text(value, to.server.tls.files.key); }},
    serve_flag{
        "--tls-ca-cert-file", "FILE", "clients show a certificate of that authority",
        [](auto value, auto& to) { return read_text(value, to.server.tls.files.authority); }},
    serve_flag{"--tls-auth-clients", "yes|no|optional", "whether they must show one (yes)",
               [](auto value, auto& to) { return read_certificates(value, to.server.tls.asked); }},
    serve_flag{"--requirepass-file", "FILE",
               "clients show the password in it, by AUTH or HELLO, before all else",
               [](auto value, auto& to) { return read_text(value, to.server.key_paths.password); }},
    serve_flag{"--operatorpass-file", "FILE",
               "RAFT and FLUSHALL need AUTH operator with the password in it",
               [](auto value, auto& to) {
                   return read_text(value, to.server.key_paths.operator_password);
               }},
    serve_flag{"--protected-mode", "yes|no",
               "without a password only clients of this host are served (yes)",
               [](auto value, auto& to) {
                   to.server.own_keys.is_protected = value == "yes";
                   return value == "yes" || value == "no";
               }},
    serve_flag{"--join", "",
               "the cluster exists already, and RAFT ADD or RAFT CHANGE makes this\n"
               "server a member: the file names it and a server that is there",
               [](auto, auto& to) { return to.server.joins = true; }},
    serve_flag{"--recover-damaged-log", "",
               "a log that is damaged in its middle is cut off there, and what is\n"
               "lost is had from the other servers, where that is safe",
               [](auto, auto& to) { return to.server.recovers_damaged_log = true; }},
    serve_flag{"--forward", "", "while it follows it takes writes, and hands them to the leader",
               [](auto, auto& to) { return to.server.forwards = true; }},
    serve_flag{"--election-timeout-ms", "N",
               "without a leader for so long, or up to twice, it stands for\n"
               "election (1000)",
               [](auto value, auto& to) {
                   return read_milliseconds(value, 10, to.server.config.election_timeout);
               }},
    serve_flag{"--heartbeat-ms", "N", "how often a leader is heard at least (100)",
               [](auto value, auto& to) {
                   return read_milliseconds(value, 1, to.server.config.heartbeat_interval);
               }},
    serve_flag{"--snapshot-entries", "N",
               "a snapshot is taken after so many log entries (1000000), and when\n"
               "the log since the last one is longer than 64 MiB and four of it;\n"
               "one server after another, the leader after twice as much",
               [](auto value, auto& to) {
                   return read_number(value, std::uint64_t{1}, ~std::uint64_t{0},
                                      to.server.snapshot_entries);
               }},
    serve_flag{"--compare-entries", "N",
               "the servers compare their states after each so many log entries\n"
               "(4096), the same on all of them; 0: never",
               [](auto value, auto& to) {
                   return read_number(value, std::uint64_t{0}, ~std::uint64_t{0},
                                      to.server.compare_entries);
               }},
    serve_flag{"--election-rank", "N", "it waits so many election timeouts longer than others (0)",
               [](auto value, auto& to) {
                   return read_number(value, std::uint8_t{0}, std::uint8_t{100},
                                      to.server.config.election_rank);
               }},
    serve_flag{"--clock-drift-ppm", "N",
               "how far any server's clock runs wrong at most, in millionths: what\n"
               "RAFT LEASE and RAFT READS lease rest on; without it there are none",
               [](auto value, auto& to) {
                   return read_number(value, std::uint16_t{0}, std::uint16_t{60'000},
                                      to.server.config.clock_drift_ppm.emplace());
               }},
    serve_flag{"--client-idle-seconds", "N",
               "a client that is silent for so long is let go; 0: never (0)",
               [](auto value, auto& to) { return read_idle(value, to.server.clients.idle); }},
    serve_flag{"--maxmemory-clients-mib", "N",
               "what all clients have said in part, half requests and transactions\n"
               "before EXEC, may take so much memory (256): over that the client\n"
               "that holds the most is told so, and let go",
               [](auto value, auto& to) {
                   return read_size(value, limits::requests_mib_min, limits::mebibyte,
                                    to.server.clients.request_bytes);
               }},
    serve_flag{"--metrics", "[HOST:]PORT",
               "answers GET /metrics there, for Prometheus, and GET /healthz and\n"
               "GET /ready, for what watches over the process; a port alone: to\n"
               "this host, 127.0.0.1",
               [](auto value, auto& to) { return read_listen(value, to.server.metrics); }},
    serve_flag{"--stay-when-failed", "",
               "a server whose storage failed for good lives on, and does nothing;\n"
               "without this it ends, to be started again",
               [](auto, auto& to) { return to.server.stays_when_failed = true; }},
    serve_flag{
        "--flight-recorder-kib", "N",
        "the last inputs of the protocol are kept in so much memory (256),\n"
        "and saved in DIR/flight-recording if an invariant is broken",
        [](auto value, auto& to) { return read_size(value, 8, 1024, to.server.recorder_bytes); }},
    serve_flag{"--help", "", "this text", [](auto, auto& to) { return to.help = true; }},
};

/// What is missing, or does not go together; empty if nothing is wrong.
std::string check(const serve_flags& flags) {
    const auto& server = flags.server;
    if (flags.cluster_file.empty()) return "--cluster is missing";
    if (server.id == 0) return "--id is missing";
    if (server.directory.empty()) return "--data is missing";
    const auto& config = server.config;
    if (config.heartbeat_interval + config.heartbeat_interval > config.election_timeout)
        return "--heartbeat-ms must be at most half of --election-timeout-ms";
    const auto& files = server.key_paths;
    const auto given =
        !files.peer_certificate.empty() + !files.peer_key.empty() + !files.peer_authority.empty();
    if (given != 0 && given != 3)
        return "--peer-tls-cert, --peer-tls-key and --peer-tls-ca go together";
    if (auto wrong = obstacle_to_tls(server.tls); !wrong.empty()) return wrong;
    if (server.metrics != listen_address{} && server.metrics.port == 0)
        return "--metrics needs a port";
    return {};
}

}  // namespace

std::variant<serve_flags, std::string> parse_serve_flags(std::span<char*> arguments) {
    serve_flags flags;
    if (auto wrong = read_flags<serve_flags>(arguments, all_serve_flags, flags); !wrong.empty())
        return wrong;
    if (flags.help) return flags;
    if (auto wrong = check(flags); !wrong.empty()) return wrong;
    return flags;
}

std::string serve_help() {
    constexpr std::string_view beginning =
        R"(usage: raft-kv serve --cluster FILE --id N --data DIR [options]

Runs one server of a replicated key-value store, which speaks the Redis protocol.

)";
    constexpr std::string_view end = R"(
SIGTERM, SIGINT and SIGHUP end it: it answers what it has taken and lets another server lead.
SIGUSR1 saves the flight recording, which raft-replay tells.

It exits with 0 when it was told to end, 1 if it could not start, 2 if the flags are wrong, 3 if
its storage failed for good.
)";
    return std::string{beginning} + help_of<serve_flags>(all_serve_flags, 29) + std::string{end};
}

}  // namespace raft_kv
