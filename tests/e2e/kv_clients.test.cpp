// SPDX-License-Identifier: BSL-1.0
//
// Clients that take too much: connections, places, memory, descriptors. Whoever behaves is served,
// and the server lives on.
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <limits.hpp>

#include <support/kv_servers.hpp>
#include <support/raw_socket.hpp>

using namespace raft_kv::outside;
using support::kv_servers;
using support::patience;
using support::raw_socket;
using support::shown;

namespace {

/// A cluster of one whose process may have so few files open that a test can take all its places.
struct small_server {
    static constexpr std::size_t descriptors = 64;

    explicit small_server(std::vector<std::string> flags = {}) : cluster{RAFT_KV_PATH, 1} {
        const auto words = cluster.command(1);
        std::vector<std::string> command{
            "/bin/sh", "-c", "ulimit -n " + std::to_string(descriptors) + "; exec \"$0\" \"$@\""};
        command.insert(command.end(), words.begin(), words.end());
        command.insert(command.end(), flags.begin(), flags.end());
        process.emplace(std::move(command), cluster.log_path(1));
        cluster.be_born();
        REQUIRE(eventually(patience, [&] {
            const auto status = status_of(cluster.address(1));
            return status && status->leads();
        }));
    }

    [[nodiscard]] std::uint16_t port() const { return cluster.address(1).client_port; }
    [[nodiscard]] connection connect() const { return {cluster.address(1), patience}; }

    [[nodiscard]] std::uint64_t info(std::string_view name) const {
        auto asked = connect();
        const auto text = "\n" + shown(asked.call({"INFO", "clients"}));
        const auto place = text.find("\n" + std::string{name} + ":");
        REQUIRE(place != text.npos);
        return std::stoull(text.substr(place + name.size() + 2));
    }

    [[nodiscard]] std::size_t open_files() const {
        const auto path = "/proc/" + std::to_string(process->id()) + "/fd";
        std::size_t count = 0;
        for (const auto& each : std::filesystem::directory_iterator{path}) {
            static_cast<void>(each);
            ++count;
        }
        return count;
    }

    [[nodiscard]] bool log_says(std::string_view text) const {
        std::ifstream file{cluster.log_path(1)};
        const std::string all{std::istreambuf_iterator<char>{file}, {}};
        return all.find(text) != std::string::npos;
    }

    local_cluster cluster;
    std::optional<child_process> process{};
};

/// Connections that say something, so that they have their places, and then nothing.
void take_places(std::list<raw_socket>& silent, std::uint16_t port, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        silent.emplace_back(port);
        REQUIRE(silent.back().send("PING\r\n"));
        REQUIRE(silent.back().receive(7) == "+PONG\r\n");
    }
}

}  // namespace

TEST_CASE("F4 clients that take all their places leave the storage its descriptors") {
    small_server server;
    std::list<raw_socket> silent;
    for (std::size_t i = 0; i < 2 * small_server::descriptors; ++i)
        silent.emplace_back(server.port());
    const auto places = server.info("maxclients");
    CHECK(places < small_server::descriptors);
    REQUIRE(eventually(patience, [&] { return server.info("connected_clients") >= places; }));
    CHECK(server.open_files() < small_server::descriptors - 8);

    auto operator_ = server.connect();
    const auto before = status_of(server.cluster.address(1))->snapshot;
    CHECK(shown(operator_.call({"RAFT", "SNAPSHOT"})) == "OK");
    CHECK(eventually(patience,
                     [&] { return status_of(server.cluster.address(1))->snapshot > before; }));
    silent.clear();
    REQUIRE(eventually(patience, [&] { return server.info("connected_clients") < places; }));
    auto client = server.connect();
    CHECK(shown(client.call({"SET", "a", "1"})) == "OK");
}

TEST_CASE("F20 when clients have taken all places an operator gets in and a client is told") {
    small_server server;
    const auto places = server.info("maxclients");
    std::list<raw_socket> silent;
    take_places(silent, server.port(), places);
    // The reserve is taken too, by whoever says nothing.
    std::list<raw_socket> late;
    for (int i = 0; i < 40; ++i) late.emplace_back(server.port());

    auto client = server.connect();
    CHECK(shown(client.call({"SET", "a", "1"}))
              .starts_with("(error) ERR max number of clients reached"));
    auto operator_ = server.connect();
    CHECK(shown(operator_.call({"RAFT", "STATUS"})).find("leader") != std::string::npos);
    late.clear();
    silent.pop_front();  // Its place goes to the operator, who came first of those who are left.
    CHECK(eventually(patience, [&] {
        auto again = server.connect();
        return shown(again.call({"SET", "a", "1"})) == "OK" ||
               shown(operator_.call({"SET", "a", "1"})) == "OK";
    }));
}

TEST_CASE("F20 a client that is silent for longer than it may is let go") {
    small_server server{{"--client-idle-seconds", "1"}};
    raw_socket silent{server.port()};
    CHECK(silent.receive_all().empty());
    CHECK(silent.was_closed());
    raw_socket half{server.port()};
    REQUIRE(half.send("*2\r\n$3\r\nGET\r\n"));
    CHECK(half.receive_all().empty());
    CHECK(half.was_closed());
}

TEST_CASE("F19 replies that nobody fetches take no more memory than all may, and the slowest go") {
    small_server server;
    auto writer = server.connect();
    const std::string value(raft_kv::limits::value_bytes_max, 'v');
    REQUIRE(shown(writer.call({"SET", "k", value})) == "OK");
    std::string request = "MGET";
    for (int i = 0; i < 30; ++i) request += " k";
    std::list<raw_socket> greedy;
    for (int i = 0; i < 16; ++i) {
        greedy.emplace_back(server.port());
        REQUIRE(greedy.back().send(request + "\r\n"));
    }
    CHECK(
        eventually(patience, [&] { return server.log_says("leaves the most replies unfetched"); }));
    CHECK(shown(writer.call({"GET", "k"})) == value);
    // Whoever is left has its reply whole.
    const auto whole = 30 * (value.size() + std::string_view{"$1048576\r\n\r\n"}.size()) +
                       std::string_view{"*30\r\n"}.size();
    std::size_t left = 0;
    for (auto& each : greedy) left += each.receive(whole).size() == whole ? 1U : 0U;
    CHECK(left > 0);
    CHECK(left < greedy.size());
}

TEST_CASE("F18 a web page cannot write, and the log tells of it") {
    kv_servers servers{1};
    raw_socket page{servers.cluster().address(1).client_port};
    REQUIRE(page.send("POST / HTTP/1.1\r\nHost: x\r\n\r\nSET pwned 1\r\n"));
    CHECK(page.receive_all().empty());
    CHECK(page.was_closed());
    CHECK(shown(servers.ask({"EXISTS", "pwned"})) == "(integer) 0");
    CHECK(servers.cluster().log_tail(1).find("it speaks HTTP") != std::string::npos);
}

TEST_CASE("e2e: CLIENT KILL closes whom it names and its own client once that is answered") {
    small_server server;
    auto operator_ = server.connect();
    raw_socket other{server.port()};
    REQUIRE(other.send("PING\r\n"));
    REQUIRE(other.receive(7) == "+PONG\r\n");
    const auto killed = operator_.call({"CLIENT", "KILL", "TYPE", "normal"});
    REQUIRE(killed);
    CHECK(killed->number >= 1);
    CHECK(other.receive_all().empty());
    CHECK(other.was_closed());
    CHECK(shown(operator_.call({"PING"})) == "PONG");

    raw_socket last{server.port()};
    REQUIRE(last.send("MULTI\r\nINCR n\r\nCLIENT KILL TYPE normal SKIPME no\r\nEXEC\r\n"));
    CHECK(last.receive_all().starts_with("+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n:"));
    CHECK(last.was_closed());
    CHECK_FALSE(operator_.call({"PING"}));
}

TEST_CASE("e2e: what all clients say in part has one bound and who holds the most is told") {
    kv_servers servers{1, {}, {"--maxmemory-clients-mib", "8"}};
    const auto port = servers.cluster().address(1).client_port;
    const std::string value(900'000, 'v');
    const auto set = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$900000\r\n" + value + "\r\n";
    auto small = servers.connect(1);
    CHECK(shown(small.call({"MULTI"})) == "OK");
    CHECK(shown(small.call({"SET", "small", "1"})) == "QUEUED");

    // Half of them are within a transaction, half within a request.
    std::list<raw_socket> large;
    std::vector<std::string> said;
    for (int i = 0; i < 12; ++i) {
        large.emplace_back(port);
        static_cast<void>(large.back().send(i % 2 == 0 ? "MULTI\r\n" + set + set
                                                       : set.substr(0, set.size() - 9)));
        said.push_back(i % 2 == 0 ? large.back().receive(23) : "");
    }
    auto asked = servers.connect(1);
    std::string told;
    REQUIRE(eventually(patience, [&] {
        told = shown(asked.call({"INFO", "memory"}));
        const auto at = told.find("mem_clients_requests:");
        const auto held =
            std::stoull(told.substr(at + std::string_view{"mem_clients_requests:"}.size()));
        CHECK(held <= 8U * 1024 * 1024);
        return held > 4U * 1024 * 1024;
    }));
    CHECK(told.find("maxmemory_clients:8388608\r\n") != std::string::npos);
    std::size_t told_so = 0;
    std::size_t kept = 0;
    for (auto& each : large) {
        each.end_of_output();
        auto& all = said[told_so + kept];
        all += each.receive_all();
        ++(all.find("-OOM what all clients have said in part") != std::string::npos ? told_so
                                                                                    : kept);
    }
    CHECK(told_so >= 2);
    CHECK(kept >= 2);
    CHECK(shown(small.call({"EXEC"})) == "[OK]");
    CHECK(shown(asked.call({"RAFT", "STATUS"})).find("leader") != std::string::npos);
}
