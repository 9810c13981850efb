// SPDX-License-Identifier: BSL-1.0
#include "process_setup.hpp"

#include <csignal>
#include <string_view>

#include <sys/stat.h>
#include <unistd.h>

namespace raft_kv {

namespace {

/// Only what may be called in a handler.
void end_at_once(int /*signal*/) {
    constexpr std::string_view text = "raft-kv serve: told to end while it was starting\n";
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
    ::_exit(0);
}

void handle(int signal, void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    ::sigaction(signal, &action, nullptr);
}

}  // namespace

void let_writes_fail() {
    handle(SIGPIPE, SIG_IGN);
    handle(SIGXFSZ, SIG_IGN);
}

void end_at_once_when_told() {
    handle(SIGUSR1, SIG_IGN);
    handle(SIGTERM, end_at_once);
    handle(SIGINT, end_at_once);
    if (heeds_hangup()) handle(SIGHUP, end_at_once);
}

void keep_files_private() { ::umask(S_IRWXG | S_IRWXO); }

bool heeds_hangup() {
    struct sigaction now {};
    return ::sigaction(SIGHUP, nullptr, &now) == 0 && now.sa_handler != SIG_IGN;
}

}  // namespace raft_kv
