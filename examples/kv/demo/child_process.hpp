// SPDX-License-Identifier: BSL-1.0
//
// A process started by this one, which does not outlive it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace raft_kv::outside {

/// How a process ended.
struct ending {
    bool by_signal = false;
    int number = 0;  ///< The signal, or else the exit code.
    friend bool operator==(const ending&, const ending&) = default;
};

[[nodiscard]] std::string to_text(const ending& how);

/// To be started from a thread that lives on: when it ends the kernel kills the process.
class child_process {
public:
    /// `command[0]` is the program's path; what it prints is added to the file `log_path`.
    child_process(std::vector<std::string> command, const std::string& log_path);
    child_process(const child_process&) = delete;
    child_process& operator=(const child_process&) = delete;
    ~child_process();

    [[nodiscard]] pid_t id() const { return id_; }
    /// Nothing while it runs.
    [[nodiscard]] std::optional<ending> ended();
    /// Nothing if it still runs after `limit`.
    [[nodiscard]] std::optional<ending> wait(std::chrono::milliseconds limit);
    void signal(int number);
    /// SIGKILL, and gone when this returns.
    void kill();

private:
    pid_t id_ = -1;
    std::optional<ending> ending_{};
};

}  // namespace raft_kv::outside
