// SPDX-License-Identifier: BSL-1.0
//
// Processes by fork and exec.
#include "child_process.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>

#include "wait.hpp"
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace raft_kv::outside {

namespace {

/// In the child, between fork and exec: only what may be called there.
[[noreturn]] void become(char* const* command, int log, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The parent may have died before it was asked for.
    if (::getppid() != parent) ::_exit(1);
    // The terminal's ^C is for the parent, which ends its children in order.
    ::setpgid(0, 0);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    const auto null = ::open("/dev/null", O_RDONLY);
    ::dup2(null, STDIN_FILENO);
    ::dup2(log, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    if (null > STDERR_FILENO) ::close(null);
    ::execv(command[0], command);
    constexpr std::string_view text = "the program cannot be started\n";
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
    ::_exit(127);
}

}  // namespace

std::string to_text(const ending& how) {
    return (how.by_signal ? "was ended by signal " : "exited with ") + std::to_string(how.number);
}

child_process::child_process(std::vector<std::string> command, const std::string& log_path) {
    std::vector<char*> words;
    for (auto& word : command) words.push_back(word.data());
    words.push_back(nullptr);
    const auto log = ::open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (log < 0) throw failure{log_path + ": " + std::strerror(errno)};
    const auto parent = ::getpid();
    id_ = ::fork();
    if (id_ == 0) become(words.data(), log, parent);
    const auto error = errno;
    ::close(log);
    if (id_ < 0) throw failure{"fork: " + std::string{std::strerror(error)}};
}

child_process::~child_process() { kill(); }

std::optional<ending> child_process::ended() {
    int status = 0;
    if (!ending_ && ::waitpid(id_, &status, WNOHANG) == id_) {
        if (WIFSIGNALED(status)) ending_ = ending{.by_signal = true, .number = WTERMSIG(status)};
        if (WIFEXITED(status)) ending_ = ending{.by_signal = false, .number = WEXITSTATUS(status)};
    }
    return ending_;
}

std::optional<ending> child_process::wait(std::chrono::milliseconds limit) {
    [[maybe_unused]] const auto in_time = eventually(limit, [&] { return ended().has_value(); });
    return ending_;
}

void child_process::signal(int number) {
    if (!ended()) ::kill(id_, number);
}

void child_process::kill() {
    signal(SIGKILL);
    // SIGKILL cannot be put off, so this ends; a child that is no longer ours has ended, too.
    int status = 0;
    while (!ending_ && ::waitpid(id_, &status, 0) < 0 && errno == EINTR) {
    }
    if (!ending_) ending_ = ending{.by_signal = true, .number = SIGKILL};
}

}  // namespace raft_kv::outside
