// SPDX-License-Identifier: BSL-1.0
//
// Flags, the cluster file, signals: everything about a server that is the process's concern.
#include "serve.hpp"

#include <charconv>
#include <csignal>
#include <cstdio>
#include <string_view>

#include "server.hpp"
#include "server_id.hpp"
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <sys/resource.h>

namespace raft_kv {

namespace {

constexpr int failed_to_start = 1;
constexpr int wrong_usage = 2;

constexpr std::string_view help_text =
    R"(usage: raft-kv serve --cluster FILE --id N --data DIR [options]

Runs one server of a replicated key-value store, which speaks the Redis protocol.

  --cluster FILE             a line `<id> <host> <peer-port> <client-port>` for each server;
                             `#` starts a comment, `cluster <name>` may name the cluster
  --id N                     which of them this one is; 3.2 is server 3 with its second disk
  --data DIR                 where it keeps its log and snapshots; made if it is not there
  --join                     the cluster exists already, and RAFT ADD or RAFT CHANGE makes this
                             server a member: the file names it and a server that is there
  --recover-damaged-log      a log that is damaged in its middle is cut off there, and what is
                             lost is had from the other servers, where that is safe
  --forward                  while it follows it takes writes, and hands them to the leader
  --election-timeout-ms N    without a leader for so long, or up to twice, it stands for
                             election (300)
  --heartbeat-ms N           how often a leader is heard at least (60)
  --snapshot-entries N       a snapshot is taken after so many log entries (1000000), and when
                             the log since the last one is longer than 64 MiB and four of it
  --election-rank N          it waits so many election timeouts longer than others (0)
  --clock-drift-ppm N        how far any server's clock runs wrong at most, in millionths: what
                             RAFT LEASE and RAFT READS lease rest on; without it there are none
  --metrics PORT             answers GET /metrics there, for Prometheus
  --flight-recorder-kib N    the last inputs of the protocol are kept in so much memory (256),
                             and saved in DIR/flight-recording if an invariant is broken
  --help                     this text

SIGTERM and SIGINT end it: it answers what it has taken and lets another server lead.
SIGUSR1 saves the flight recording, which raft-replay tells.
)";

template <class Integer>
bool read_number(std::string_view text, Integer least, Integer most, Integer& number) {
    const auto end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, number);
    return parsed.ec == std::errc{} && parsed.ptr == end && number >= least && number <= most;
}

bool takes_value(std::string_view flag) {
    return flag.starts_with("--") && flag != "--join" && flag != "--forward" &&
           flag != "--recover-damaged-log";
}

/// What is wrong with the value of a flag; empty if nothing is.
std::string read_flag(std::string_view flag, std::string_view value, serve_flags& flags) {
    constexpr std::uint64_t any = ~std::uint64_t{0};
    bool good = !value.empty();
    if (flag == "--join") {
        flags.join = true;
        return {};
    }
    if (flag == "--recover-damaged-log") {
        flags.recover_damaged_log = true;
        return {};
    }
    if (flag == "--forward") {
        flags.forward = true;
        return {};
    }
    if (flag == "--cluster") {
        flags.cluster_file = value;
    } else if (flag == "--id") {
        flags.id = id_in(value).value_or(0);
        good = flags.id != 0;
    } else if (flag == "--data") {
        flags.directory = value;
    } else if (flag == "--election-timeout-ms") {
        good =
            read_number(value, std::int64_t{10}, std::int64_t{600'000}, flags.election_timeout_ms);
    } else if (flag == "--heartbeat-ms") {
        good = read_number(value, std::int64_t{1}, std::int64_t{600'000}, flags.heartbeat_ms);
    } else if (flag == "--snapshot-entries") {
        good = read_number(value, std::uint64_t{1}, any, flags.snapshot_entries);
    } else if (flag == "--clock-drift-ppm") {
        good = read_number(value, std::uint16_t{0}, std::uint16_t{60'000},
                           flags.clock_drift_ppm.emplace());
    } else if (flag == "--election-rank") {
        good = read_number(value, std::uint8_t{0}, std::uint8_t{100}, flags.election_rank);
    } else if (flag == "--metrics") {
        good = read_number(value, std::uint16_t{1}, std::uint16_t{65535}, flags.metrics_port);
    } else if (flag == "--flight-recorder-kib") {
        good = read_number(value, std::uint64_t{8}, std::uint64_t{1} << 20U, flags.recorder_kib);
    } else {
        return "unknown flag '" + std::string{flag} + "'";
    }
    if (good) return {};
    return "'" + std::string{value} + "' is no value for " + std::string{flag};
}

int complain(std::string_view problem, int status) {
    std::fprintf(stderr, "raft-kv serve: %.*s\n", static_cast<int>(problem.size()), problem.data());
    if (status == wrong_usage) std::fputs("See raft-kv serve --help.\n", stderr);
    return status;
}

/// Many systems let a process have more open files than they give it at first.
void raise_open_files_limit() {
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
    const auto wanted = std::min<rlim_t>(files.rlim_max, limits::clients_max + 200);
    if (files.rlim_cur >= wanted) return;
    files.rlim_cur = wanted;
    setrlimit(RLIMIT_NOFILE, &files);
}

/// As often as it comes.
void save_on(asio::signal_set& wishes, server& one) {
    wishes.async_wait([&](const asio::error_code& error, int /*signal*/) {
        if (error) return;
        one.save_recording();
        save_on(wishes, one);
    });
}

int run(server_options options) {
    asio::io_context io{1};
    server one{io, std::move(options)};
    if (const auto wrong = one.start()) return complain(*wrong, failed_to_start);
    std::signal(SIGPIPE, SIG_IGN);  // Who reads the log may go away before the server does.
    asio::signal_set signals{io, SIGTERM, SIGINT};
    signals.async_wait([&](const asio::error_code& error, int /*signal*/) {
        if (!error) one.stop();
    });
    asio::signal_set wishes{io, SIGUSR1};
    save_on(wishes, one);
    io.run();
    return 0;
}

}  // namespace

std::variant<serve_flags, std::string> parse_serve_flags(std::span<char*> arguments) {
    serve_flags flags;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        std::string_view flag{arguments[i]};
        if (flag == "--help") {
            flags.help = true;
            return flags;
        }
        std::string_view value;
        if (const auto equals = flag.find('='); equals != flag.npos) {
            value = flag.substr(equals + 1);
            flag = flag.substr(0, equals);
        } else if (i + 1 < arguments.size() && takes_value(flag)) {
            value = arguments[++i];
        }
        if (auto wrong = read_flag(flag, value, flags); !wrong.empty()) return wrong;
    }
    if (flags.cluster_file.empty()) return "--cluster is missing";
    if (flags.id == 0) return "--id is missing";
    if (flags.directory.empty()) return "--data is missing";
    if (flags.heartbeat_ms * 2 > flags.election_timeout_ms)
        return "--heartbeat-ms must be at most half of --election-timeout-ms";
    return flags;
}

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
    raise_open_files_limit();
    server_options options{.layout = std::move(layout),
                           .id = flags.id,
                           .directory = flags.directory,
                           .joins = flags.join,
                           .recovers_damaged_log = flags.recover_damaged_log,
                           .forwards = flags.forward,
                           .config = {},
                           .snapshot_entries = flags.snapshot_entries,
                           .metrics_port = flags.metrics_port,
                           .recorder_bytes = flags.recorder_kib * 1024};
    options.config.election_timeout = raft::milliseconds(flags.election_timeout_ms);
    options.config.heartbeat_interval = raft::milliseconds(flags.heartbeat_ms);
    options.config.clock_drift_ppm = flags.clock_drift_ppm;
    options.config.election_rank = flags.election_rank;
    options.config.retained_entries = limits::retained_entries;
    return run(std::move(options));
}

}  // namespace raft_kv
