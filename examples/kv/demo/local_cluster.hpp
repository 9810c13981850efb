// SPDX-License-Identifier: BSL-1.0
//
// A cluster of real servers on this machine: processes of `raft-kv serve` on free ports of the
// loopback interface, with their files in a temporary directory. All of it is gone when the object
// is, unless the directory is to be kept.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "../cluster_file.hpp"
#include "child_process.hpp"
#include "status.hpp"

namespace raft_kv::outside {

/// All founders in the file run; the cluster begins, unless it has before.
void be_born(const std::string& program, const std::string& cluster_file,
             const std::string& log_path, const std::vector<std::string>& key_flags = {});

class local_cluster {
public:
    /// How long a server or a leader may take to be there. It takes far less, unless something is
    /// wrong.
    static constexpr std::chrono::seconds patience{30};

    /// The first `founders` servers are the cluster as it begins; those `later` are in the layout
    /// too, and join when they are started.
    explicit local_cluster(std::string program, std::size_t founders = 3,
                           std::vector<std::uint64_t> later = {});
    local_cluster(const local_cluster&) = delete;
    local_cluster& operator=(const local_cluster&) = delete;
    ~local_cluster();

    [[nodiscard]] const cluster_layout& layout() const { return layout_; }
    [[nodiscard]] const server_address& address(std::uint64_t id) const {
        return *layout_.find(id);
    }
    [[nodiscard]] const std::string& directory() const { return directory_; }
    /// Of the founders.
    [[nodiscard]] std::string cluster_file() const { return directory_ + "/cluster"; }
    [[nodiscard]] std::string cluster_file(std::uint64_t id) const;
    [[nodiscard]] std::string log_path(std::uint64_t id) const;
    [[nodiscard]] std::string data_path(std::uint64_t id) const;
    /// Of all servers that are started from now on.
    void set_program(std::string path) { program_ = std::move(path); }
    /// Flags for all servers that are started from now on; %i in one is the server's id.
    void set_flags(std::vector<std::string> flags) { flags_ = std::move(flags); }
    /// The same of flags that `serve` and `init` both take.
    void set_key_flags(std::vector<std::string> flags) { key_flags_ = std::move(flags); }
    /// Each server has a port for TLS, as the cluster file says from now on.
    void give_tls_ports();
    void keep_directory() { keeps_directory_ = true; }

    /// The words that start the server.
    [[nodiscard]] std::vector<std::string> command(std::uint64_t id) const;

    /// Returns when the server answers. A server that does not is a failure, told with the end of
    /// its log.
    void start(std::uint64_t id);
    /// A founder that belongs to another cluster now.
    void start_as_joiner(std::uint64_t id);
    /// All founders that do not run, side by side.
    void start_all();
    /// All founders run: the cluster begins, unless it has before.
    void be_born();
    void begin_start(std::uint64_t id);
    void await_answer(std::uint64_t id);
    void kill(std::uint64_t id) { process(id).kill(); }
    [[nodiscard]] child_process& process(std::uint64_t id);
    [[nodiscard]] bool runs(std::uint64_t id);
    /// A server that has ended is a failure, told with the end of its log.
    void require_running(std::uint64_t id);

    /// The one that leads, of those that say so the one of the newest term.
    [[nodiscard]] std::optional<server_status> leader();
    /// Waits until there is one, other than `not_this`.
    [[nodiscard]] server_status await_leader(std::uint64_t not_this = 0);
    /// Waits until the server has applied all that was committed when this was called.
    void await_caught_up(std::uint64_t id);
    void await_all_caught_up();

    /// The last lines that the server logged.
    [[nodiscard]] std::string log_tail(std::uint64_t id) const;

private:
    void write_cluster_files() const;
    [[nodiscard]] std::uint64_t committed();
    [[nodiscard]] bool is_founder(std::uint64_t id) const { return id <= founders_; }

    std::string program_;
    std::string directory_;
    cluster_layout layout_;
    std::uint64_t founders_;
    std::vector<std::string> flags_;
    std::vector<std::string> key_flags_;
    std::map<std::uint64_t, child_process> processes_;
    bool keeps_directory_ = false;
};

}  // namespace raft_kv::outside
