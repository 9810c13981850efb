// SPDX-License-Identifier: BSL-1.0
//
// Real servers for a test, and ways to talk to them.
#pragma once

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <demo/contents.hpp>
#include <demo/leader_client.hpp>
#include <demo/local_cluster.hpp>
#include <demo/wait.hpp>
#include <demo/write_load.hpp>
#include <incarnation.hpp>
#include <unistd.h>

namespace support {

using raft_kv::outside::answer;
using raft_kv::outside::connection;
using raft_kv::outside::eventually;
using raft_kv::outside::leader_client;

/// What no wait of a test takes unless something is wrong. Under a sanitizer everything is slower.
inline constexpr std::chrono::seconds patience{30};

/// Clients that write all the time, and leave room for what else happens.
inline constexpr raft_kv::outside::load_options steady_load{.clients = 2, .pipeline = 8};

/// As redis-cli shows it: OK, text, (integer) 1, (nil), (error) ERR no. An array is [a, b].
[[nodiscard]] inline std::string shown(const answer& said) {
    switch (said.what) {
    case answer::kind::status:
    case answer::kind::text: return said.text;
    case answer::kind::error: return "(error) " + said.text;
    case answer::kind::integer: return "(integer) " + std::to_string(said.number);
    case answer::kind::nothing: return "(nil)";
    case answer::kind::array: break;
    }
    std::string text;
    for (const auto& each : said.elements) text += (text.empty() ? "" : ", ") + shown(each);
    return "[" + text + "]";
}

[[nodiscard]] inline std::string shown(const std::optional<answer>& said) {
    return said ? shown(*said) : "(no answer)";
}

/// Servers with a leader. What they logged is shown if the test ends by an exception.
class kv_servers {
public:
    explicit kv_servers(std::size_t founders = 3, std::vector<std::uint64_t> later = {},
                        std::vector<std::string> flags = {},
                        std::vector<std::string> key_flags = {})
        : cluster_{RAFT_KV_PATH, founders, std::move(later)} {
        // A test that sets no timeouts is not about them: it need not wait for long ones.
        flags.insert(flags.begin(), {"--election-timeout-ms=300", "--heartbeat-ms=60"});
        cluster_.set_flags(std::move(flags));
        cluster_.set_key_flags(std::move(key_flags));
        cluster_.start_all();
        static_cast<void>(cluster_.await_leader());
    }
    kv_servers(const kv_servers&) = delete;
    kv_servers& operator=(const kv_servers&) = delete;
    ~kv_servers() {
        if (std::uncaught_exceptions() == 0) return;
        for (const auto& server : layout().servers)
            std::fprintf(stderr, "the log of server %d ends with\n%s", static_cast<int>(server.id),
                         cluster_.log_tail(server.id).c_str());
    }

    [[nodiscard]] raft_kv::outside::local_cluster& cluster() { return cluster_; }
    [[nodiscard]] const raft_kv::cluster_layout& layout() const { return cluster_.layout(); }
    [[nodiscard]] std::uint64_t leader() { return cluster_.await_leader().id; }
    /// One that does not lead.
    [[nodiscard]] std::uint64_t follower() { return leader() % layout().servers.size() + 1; }

    [[nodiscard]] connection connect(std::uint64_t id) {
        return connection{cluster_.address(id), patience};
    }

    /// Whoever leads carries it out, now or in a while.
    answer ask(const leader_client::words& command) {
        leader_client client{layout(), patience};
        auto said = client.persist(command, patience);
        if (!said) throw std::runtime_error{"no answer; the last error: " + client.last_error()};
        return std::move(*said);
    }

    /// Has it done by whoever leads. On a slow machine leadership may change under way, or a new
    /// server be late: what came to nothing, or may have, is asked for again.
    void have_done(const leader_client::words& request) {
        const std::vector<std::string_view> views{request.begin(), request.end()};
        bool may_be_done = false;
        std::string said;
        const auto done = eventually(patience, [&] {
            auto asked = connect(leader());
            said = shown(asked.call(views));
            const auto is_so = said.find("there is nothing to do") != std::string::npos ||
                               said.find("is a member already") != std::string::npos;
            if (said == "OK" || (may_be_done && is_so)) return true;
            may_be_done =
                may_be_done || said.find(") UNKNOWN") != std::string::npos || said == "(no answer)";
            return false;
        });
        if (!done) throw std::runtime_error{request.at(1) + " is not done: " + said};
    }

    /// RAFT ADD or RAFT ANNOUNCE, with where the server is.
    [[nodiscard]] leader_client::words with_address(const char* what, std::uint64_t id) {
        const auto& at = cluster_.address(id);
        return {"RAFT",
                what,
                raft_kv::id_text(id),
                at.host,
                std::to_string(at.peer_port),
                std::to_string(at.client_port)};
    }

    /// What each server holds once all have applied the same. If it is not the same: an exception.
    [[nodiscard]] raft_kv::outside::contents common_contents() {
        using namespace raft_kv::outside;
        cluster_.await_all_caught_up();
        auto first = contents_of(layout().servers.front());
        for (const auto& server : layout().servers) {
            const auto key = first_difference(first, contents_of(server));
            if (!key.empty())
                throw std::runtime_error{"servers 1 and " + std::to_string(server.id) +
                                         " differ at " + key};
        }
        return first;
    }

private:
    raft_kv::outside::local_cluster cluster_;
};

struct finished_program {
    raft_kv::outside::ending how{};
    std::string output{};
};

/// Runs a program, found by its name or path, to its end. What it printed on both outputs is kept.
[[nodiscard]] inline finished_program run_program(std::vector<std::string> command) {
    auto output_path = (std::filesystem::temp_directory_path() / "raft-kv-output-XXXXXX").string();
    const auto file = ::mkstemp(output_path.data());
    if (file < 0) throw std::runtime_error{"no file for the output of " + command.front()};
    ::close(file);
    command.insert(command.begin(), "/usr/bin/env");
    finished_program result;
    {
        raft_kv::outside::child_process child{std::move(command), output_path};
        const auto how = child.wait(4 * patience);
        if (how) result.how = *how;
        if (!how) result.how = {.by_signal = true, .number = SIGKILL};
    }
    std::ifstream output{output_path, std::ios::binary};
    result.output.assign(std::istreambuf_iterator<char>{output}, {});
    std::filesystem::remove(output_path);
    return result;
}

/// redis-cli against one server, without its last line break.
[[nodiscard]] inline std::string redis_cli(const raft_kv::server_address& server,
                                           std::vector<std::string> words) {
    std::vector<std::string> command{"redis-cli", "-h", server.host, "-p",
                                     std::to_string(server.client_port)};
    command.insert(command.end(), words.begin(), words.end());
    auto output = run_program(std::move(command)).output;
    while (output.ends_with('\n')) output.pop_back();
    return output;
}

}  // namespace support
