// SPDX-License-Identifier: BSL-1.0
#include "process_setup.hpp"

#include <algorithm>
#include <csignal>
#include <string_view>

#include <sys/resource.h>
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

std::size_t raise_open_files_limit(std::size_t wanted) {
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return wanted;
    if (files.rlim_cur < wanted) {
        auto raised = files;
        raised.rlim_cur = std::min<rlim_t>(files.rlim_max, wanted);
        if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) files = raised;
    }
    return static_cast<std::size_t>(std::min<rlim_t>(files.rlim_cur, wanted));
}

bool heeds_hangup() {
    struct sigaction now {};
    return ::sigaction(SIGHUP, nullptr, &now) == 0 && now.sa_handler != SIG_IGN;
}

}  // namespace raft_kv
