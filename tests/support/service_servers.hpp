// SPDX-License-Identifier: BSL-1.0
//
// Three real servers of one of the services of examples/services, and a client of lines.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <asio/ip/tcp.hpp>
#include <demo/child_process.hpp>
#include <demo/free_ports.hpp>
#include <demo/wait.hpp>
#include <unistd.h>

namespace support {

/// What is waited for no longer than this is there.
inline constexpr std::chrono::seconds service_patience{30};

/// A connection to one server. What comes late, or not at all, is an empty line.
class line_client {
public:
    explicit line_client(std::uint16_t port) {
        stream_.expires_after(service_patience);
        stream_.connect("127.0.0.1", std::to_string(port));
    }

    void send(const std::string& line) { stream_ << line << std::endl; }
    [[nodiscard]] std::string next() {
        std::string line;
        stream_.expires_after(service_patience);
        std::getline(stream_, line);
        return line;
    }
    [[nodiscard]] std::string ask(const std::string& line) {
        send(line);
        return next();
    }

private:
    asio::ip::tcp::iostream stream_{};
};

class service_servers {
public:
    explicit service_servers(std::string program)
        : program_{std::move(program)}, ports_{raft_kv::outside::free_ports(6)} {
        std::string name = std::filesystem::temp_directory_path() / "raft-service-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{"no temporary directory"};
        root_ = name;
        for (const std::uint64_t id : {1U, 2U, 3U}) {
            raft_kv::outside::child_process once{{program_, "prepare", directory(id), "4711"},
                                                 log()};
            if (once.wait(service_patience) != raft_kv::outside::ending{})
                throw std::runtime_error{"cannot prepare a directory; see " + log()};
            start(id);
        }
    }
    service_servers(const service_servers&) = delete;
    service_servers& operator=(const service_servers&) = delete;
    ~service_servers() {
        running_.clear();
        std::filesystem::remove_all(root_);
    }

    void start(std::uint64_t id) {
        const auto own = programs_.find(id);
        std::vector<std::string> command{own == programs_.end() ? program_ : own->second, "serve",
                                         std::to_string(id), directory(id),
                                         std::to_string(port(id))};
        for (const std::uint64_t each : {1U, 2U, 3U})
            command.push_back(std::to_string(each) +
                              "=127.0.0.1:" + std::to_string(ports_[each + 2]));
        running_[id] = std::make_unique<raft_kv::outside::child_process>(command, log());
    }
    /// The same, with another program.
    void upgrade(std::uint64_t id, const std::string& program) {
        kill(id);
        programs_[id] = program;
        start(id);
    }
    /// SIGKILL.
    void kill(std::uint64_t id) { running_.erase(id); }

    [[nodiscard]] std::uint16_t port(std::uint64_t id) const { return ports_.at(id - 1); }

    /// What the server says that is final: a line that says more than that it could not be done.
    [[nodiscard]] std::string ask(std::uint64_t id, const std::string& line) {
        std::string said;
        const auto is_final = [&] {
            said = line_client{port(id)}.ask(line);
            return !said.empty() && !said.starts_with("REFUSED") && !said.starts_with("UNKNOWN");
        };
        if (raft_kv::outside::eventually(service_patience, is_final)) return said;
        return "no answer, but " + said;
    }

private:
    [[nodiscard]] std::string directory(std::uint64_t id) const {
        return (root_ / std::to_string(id)).string();
    }
    [[nodiscard]] std::string log() const { return (root_ / "log").string(); }

    std::string program_;
    std::map<std::uint64_t, std::string> programs_{};
    std::vector<std::uint16_t> ports_;  ///< For clients, then for each other.
    std::filesystem::path root_{};
    std::map<std::uint64_t, std::unique_ptr<raft_kv::outside::child_process>> running_{};
};

}  // namespace support
