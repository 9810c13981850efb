// SPDX-License-Identifier: BSL-1.0
//
// The cluster file, files with keys, limits, signals: everything about a server that is the
// process's concern.
#include "serve.hpp"

#include <csignal>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "client_limits.hpp"
#include "command_end.hpp"
#include "command_line.hpp"
#include "incarnation.hpp"
#include "process_setup.hpp"
#include "server.hpp"
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>

namespace raft_kv {

namespace {

constexpr complainer complain{"serve"};
constexpr int storage_failed = 3;

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
    if (const auto wrong = one.start()) return complain(*wrong, failed);
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

/// What is dangerous about them the log is told.
std::optional<std::string> read_all_keys(server_options& options) {
    const event_log log{options.id};
    auto own = read_keys(options.key_paths, log);
    if (auto* wrong = std::get_if<std::string>(&own)) return std::move(*wrong);
    const auto is_protected = options.own_keys.is_protected;
    options.own_keys = std::get<keys>(std::move(own));
    options.own_keys.is_protected = is_protected;
    for (const auto& warning :
         warnings_about(options.key_paths, options.tls.files.key, options.own_keys))
        log("WARNING: " + warning);
    return std::nullopt;
}

/// Adds what the flags do not say: where the servers are, how many clients there may be, and the
/// keys. Says what is wrong, if anything is.
std::optional<std::string> complete(server_options& options, const std::string& cluster_file) {
    auto read = read_cluster_file(cluster_file);
    if (const auto* error = std::get_if<layout_error>(&read))
        return cluster_file + ": " + error->text;
    options.layout = std::move(std::get<cluster_layout>(read));
    const auto* self = options.layout.find(options.id);
    if (self == nullptr) return cluster_file + " has no server " + id_text(options.id);
    options.layout.tls_port = options.tls.port != 0 ? options.tls.port : self->tls_port;
    if (auto wrong = obstacle_to_tls(options.tls, options.layout, options.id); !wrong.empty())
        return wrong;
    const auto files = raise_open_files_limit(wanted_descriptors);
    const auto most = limits_for(files, options.clients);
    if (!most)
        return "it may have only " + std::to_string(files) + " files open, and needs " +
               std::to_string(limits::descriptors_min) +
               " at least: raise the limit (ulimit -n, or LimitNOFILE= of systemd)";
    options.clients = *most;
    return read_all_keys(options);
}

}  // namespace

int serve(std::span<char*> arguments) {
    auto parsed = parse_serve_flags(arguments);
    if (const auto* wrong = std::get_if<std::string>(&parsed)) return complain(*wrong, wrong_usage);
    auto& flags = std::get<serve_flags>(parsed);
    if (flags.help) return print(serve_help());
    if (const auto wrong = complete(flags.server, flags.cluster_file))
        return complain(*wrong, failed);
    return run(std::move(flags.server));
}

}  // namespace raft_kv
