// SPDX-License-Identifier: BSL-1.0
//
// Flags, the cluster file, signals: everything about a server that is the process's concern.
#include "serve.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <string_view>
#include <utility>

#include "client_limits.hpp"
#include "process_setup.hpp"
#include "server.hpp"
#include "server_id.hpp"
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <sys/resource.h>

namespace raft_kv {

namespace {

constexpr int failed_to_start = 1;
constexpr int wrong_usage = 2;
constexpr int storage_failed = 3;

constexpr std::string_view help_text =
    R"(usage: raft-kv serve --cluster FILE --id N --data DIR [options]

Runs one server of a replicated key-value store, which speaks the Redis protocol.

  --cluster FILE             a line `<id> <host> <peer-port> <client-port> [<tls-port>]` for
                             each server; `#` starts a comment, `cluster <name>` names the
                             cluster
  --id N                     which of them this one is; 3.2 is server 3 with its second disk
  --data DIR                 where it keeps its log and snapshots; made if it is not there
  --listen HOST[:PORT]       where it listens for clients, if not where the cluster file says it
                             is, which is what others are told: behind NAT, in a container. A
                             port alone: on all addresses, as 0.0.0.0; [::] is all of IPv6
  --listen-peers HOST[:PORT] the same for the other servers
  --peer-secret-file FILE    servers prove to each other that they know the first line in it, and
                             hear nobody else: the same for all, as openssl rand -hex 32 gives
                             it. A second line is accepted, too. Read anew when it changes
  --peer-tls-cert FILE, --peer-tls-key FILE, --peer-tls-ca FILE
                             servers encrypt what they say to each other, and hear who has a
                             certificate of that authority with the DNS name raft-N of server N;
                             read anew when they change
  --tls-port PORT            clients speak TLS there, if not where the cluster file says
  --tls-cert-file FILE, --tls-key-file FILE
                             this server's certificate for clients, and its key; read anew when
                             they change. With them it serves clients by TLS, too
  --tls-ca-cert-file FILE    clients show a certificate of that authority
  --tls-auth-clients yes|no|optional
                             whether they must show one (yes)
  --requirepass-file FILE    clients show the password in it, by AUTH or HELLO, before all else
  --operatorpass-file FILE   RAFT and FLUSHALL need AUTH operator with the password in it
  --protected-mode yes|no    without a password only clients of this host are served (yes)
  --join                     the cluster exists already, and RAFT ADD or RAFT CHANGE makes this
                             server a member: the file names it and a server that is there
  --recover-damaged-log      a log that is damaged in its middle is cut off there, and what is
                             lost is had from the other servers, where that is safe
  --forward                  while it follows it takes writes, and hands them to the leader
  --election-timeout-ms N    without a leader for so long, or up to twice, it stands for
                             election (1000)
  --heartbeat-ms N           how often a leader is heard at least (100)
  --snapshot-entries N       a snapshot is taken after so many log entries (1000000), and when
                             the log since the last one is longer than 64 MiB and four of it;
                             one server after another, the leader after twice as much
  --compare-entries N        the servers compare their states after each so many log entries
                             (4096), the same on all of them; 0: never
  --election-rank N          it waits so many election timeouts longer than others (0)
  --clock-drift-ppm N        how far any server's clock runs wrong at most, in millionths: what
                             RAFT LEASE and RAFT READS lease rest on; without it there are none
  --client-idle-seconds N    a client that is silent for so long is let go; 0: never (0)
  --maxmemory-clients-mib N  what all clients have said in part, half requests and transactions
                             before EXEC, may take so much memory (256): over that the client
                             that holds the most is told so, and let go
  --metrics [HOST:]PORT      answers GET /metrics there, for Prometheus, and GET /healthz and
                             GET /ready, for what watches over the process; a port alone: to
                             this host, 127.0.0.1
  --stay-when-failed         a server whose storage failed for good lives on, and does nothing;
                             without this it ends, to be started again
  --flight-recorder-kib N    the last inputs of the protocol are kept in so much memory (256),
                             and saved in DIR/flight-recording if an invariant is broken
  --help                     this text

SIGTERM, SIGINT and SIGHUP end it: it answers what it has taken and lets another server lead.
SIGUSR1 saves the flight recording, which raft-replay tells.

It exits with 0 when it was told to end, 1 if it could not start, 2 if the flags are wrong, 3 if
its storage failed for good.
)";

int complain(std::string_view problem, int status) {
    std::fprintf(stderr, "raft-kv serve: %.*s\n", static_cast<int>(problem.size()), problem.data());
    if (status == wrong_usage) std::fputs("See raft-kv serve --help.\n", stderr);
    return status;
}

/// How many files the process may have open. Many systems let it have more than they give it at
/// first.
std::size_t raise_open_files_limit() {
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) return wanted_descriptors;
    if (files.rlim_cur < wanted_descriptors) {
        auto raised = files;
        raised.rlim_cur = std::min<rlim_t>(files.rlim_max, wanted_descriptors);
        if (setrlimit(RLIMIT_NOFILE, &raised) == 0) files = raised;
    }
    return static_cast<std::size_t>(std::min<rlim_t>(files.rlim_cur, wanted_descriptors));
}

/// As often as it comes.
void save_on(asio::signal_set& wishes, server& one) {
    wishes.async_wait([&](const asio::error_code& error, int /*signal*/) {
        if (error) return;
        one.save_recording();
        save_on(wishes, one);
    });
}

/// The signals are taken over from `process_setup.hpp`, and held until the server is gone.
int run(server_options options) {
    asio::io_context io{1};
    asio::signal_set endings{io};
    asio::signal_set wishes{io};
    server one{io, std::move(options)};
    if (const auto wrong = one.start()) return complain(*wrong, failed_to_start);
    endings.add(SIGTERM);
    endings.add(SIGINT);
    if (heeds_hangup()) endings.add(SIGHUP);
    wishes.add(SIGUSR1);
    endings.async_wait([&](const asio::error_code& error, int /*signal*/) {
        if (!error) one.stop();
    });
    save_on(wishes, one);
    io.run();
    return one.failed() ? storage_failed : 0;
}

server_options options_from(const serve_flags& flags, cluster_layout layout, client_limits most,
                            keys own) {
    server_options options{.layout = std::move(layout),
                           .id = flags.id,
                           .directory = flags.directory,
                           .listen = flags.listen,
                           .listen_peers = flags.listen_peers,
                           .joins = flags.join,
                           .recovers_damaged_log = flags.recover_damaged_log,
                           .forwards = flags.forward,
                           .config = {},
                           .snapshot_entries = flags.snapshot_entries,
                           .compare_entries = flags.compare_entries,
                           .clients = most,
                           .stays_when_failed = flags.stay_when_failed,
                           .metrics = flags.metrics,
                           .recorder_bytes = flags.recorder_kib * 1024,
                           .own_keys = std::move(own),
                           .key_paths = flags.key_paths,
                           .tls = flags.tls};
    options.config.election_timeout = raft::milliseconds(flags.election_timeout_ms);
    options.config.heartbeat_interval = raft::milliseconds(flags.heartbeat_ms);
    options.config.clock_drift_ppm = flags.clock_drift_ppm;
    options.config.election_rank = flags.election_rank;
    options.config.retained_entries = limits::retained_entries;
    return options;
}

}  // namespace

int serve(std::span<char*> arguments) {
    const auto parsed = parse_serve_flags(arguments);
    if (const auto* wrong = std::get_if<std::string>(&parsed)) return complain(*wrong, wrong_usage);
    const auto& flags = std::get<serve_flags>(parsed);
    if (flags.help) {
        std::fwrite(help_text.data(), 1, help_text.size(), stdout);
        return 0;
    }
    auto read = read_cluster_file(flags.cluster_file);
    if (const auto* error = std::get_if<layout_error>(&read))
        return complain(flags.cluster_file + ": " + error->text, failed_to_start);
    auto& layout = std::get<cluster_layout>(read);
    if (layout.find(flags.id) == nullptr)
        return complain(flags.cluster_file + " has no server " + id_text(flags.id),
                        failed_to_start);
    layout.tls_port = flags.tls.port != 0 ? flags.tls.port : layout.find(flags.id)->tls_port;
    if (const auto wrong = obstacle_to_tls(flags.tls, layout, flags.id); !wrong.empty())
        return complain(wrong, failed_to_start);
    const auto files = raise_open_files_limit();
    auto most = limits_for(files, std::chrono::seconds{flags.client_idle_seconds});
    if (!most)
        return complain("it may have only " + std::to_string(files) + " files open, and needs " +
                            std::to_string(limits::descriptors_min) +
                            " at least: raise the limit (ulimit -n, or LimitNOFILE= of systemd)",
                        failed_to_start);
    most->request_bytes = flags.maxmemory_clients_mib * limits::mebibyte;
    const event_log log{flags.id};
    auto own = read_keys(flags.key_paths, log);
    if (const auto* wrong = std::get_if<std::string>(&own))
        return complain(*wrong, failed_to_start);
    for (const auto& warning :
         warnings_about(flags.key_paths, flags.tls.files.key, std::get<keys>(own)))
        log("WARNING: " + warning);
    std::get<keys>(own).is_protected = flags.is_protected;
    return run(options_from(flags, std::move(layout), *most, std::get<keys>(std::move(own))));
}

}  // namespace raft_kv
