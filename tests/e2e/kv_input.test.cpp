// SPDX-License-Identifier: BSL-1.0
//
// Bytes that nobody should send: to the port for clients and to the one for peers. The sender is
// told or cut off; the servers live on.
#include <cstdint>
#include <list>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <raft/codec/handshake.hpp>
#include <support/kv_servers.hpp>
#include <support/raw_socket.hpp>

using namespace raft_kv::outside;
using support::kv_servers;
using support::raw_socket;
using support::shown;

namespace {

void check_alive(kv_servers& servers) {
    CHECK(shown(servers.ask({"SET", "still", "alive"})) == "OK");
    CHECK(shown(servers.ask({"GET", "still"})) == "alive");
    for (const auto& server : servers.layout().servers) CHECK(servers.cluster().runs(server.id));
}

/// The leader is the same in the same term, and it writes.
void check_unharmed(kv_servers& servers, const server_status& before) {
    check_alive(servers);
    const auto now = servers.cluster().await_leader();
    CHECK(now.id == before.id);
    CHECK(now.term == before.term);
}

std::string random_bytes(std::mt19937_64& random, std::size_t count) {
    std::string bytes;
    for (std::size_t i = 0; i < count; ++i) bytes.push_back(static_cast<char>(random()));
    return bytes;
}

/// What a server says first to a peer.
std::string handshake_of(std::uint64_t cluster, std::uint64_t from, std::uint64_t to) {
    const auto bytes = raft::wire::encode_handshake(
        {.version_newest = 1, .cluster = {cluster}, .from = {from}, .to = {to}});
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

raft::wire::handshake_verdict verdict_in(const std::string& reply) {
    raft::wire::handshake said{};
    const auto wrong = raft::wire::decode_handshake(std::as_bytes(std::span{reply}), said);
    return wrong ? raft::wire::handshake_verdict::asking : said.verdict;
}

}  // namespace

TEST_CASE("e2e: a broken request is told to its client, who alone is cut off") {
    kv_servers servers;
    const auto before = servers.cluster().await_leader();
    const auto port = servers.cluster().address(before.id).client_port;
    raw_socket bystander{port};
    const std::string no_end(100 * 1024, 'x');
    const std::string requests[] = {
        "*1\r\n:1\r\n",
        "*-5\r\n$4\r\nPING\r\n*x\r\n",
        "*99999999\r\n",
        "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$99999999999\r\n",
        "*2\r\n$3\r\nGET\r\n$-9\r\n",
        "*2\r\n$3\r\nGET\r\n$1000000000\r\n",
        "GET \"no end\r\n",
        no_end,
        "*2\r\n$" + no_end,
    };
    for (const auto& request : requests) {
        CAPTURE(request.substr(0, 60));
        raw_socket client{port};
        client.send(request);
        const auto answer = client.receive_all();
        CHECK(client.was_closed());
        CHECK(answer.find("-ERR Protocol error: ") != std::string::npos);
    }
    REQUIRE(bystander.send("PING\r\n"));
    CHECK(bystander.receive(7) == "+PONG\r\n");
    check_unharmed(servers, before);
}

TEST_CASE("e2e: half a request waits for its other half, or for the end of the connection") {
    kv_servers servers;
    const auto before = servers.cluster().await_leader();
    const auto port = servers.cluster().address(before.id).client_port;
    std::list<raw_socket> halves;
    for (int i = 0; i < 100; ++i) {
        halves.emplace_back(port);
        REQUIRE(halves.back().send("*3\r\n$3\r\nSET\r\n$4\r\nha"));
    }
    REQUIRE(halves.back().send("lf\r\n$1\r\n1\r\n"));
    CHECK(halves.back().receive(5) == "+OK\r\n");
    halves.front().end_of_output();
    CHECK(halves.front().receive_all().empty());
    CHECK(halves.front().was_closed());
    halves.clear();
    CHECK(shown(servers.ask({"GET", "half"})) == "1");
    CHECK(shown(servers.ask({"DBSIZE"})) == "(integer) 1");
    check_unharmed(servers, before);
}

TEST_CASE("e2e: what comes in single bytes is understood") {
    kv_servers servers;
    raw_socket client{servers.cluster().address(servers.leader()).client_port};
    for (const auto byte :
         std::string_view{"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$2\r\n\r\n\r\nGET a\r\n"})
        REQUIRE(client.send({&byte, 1}));
    CHECK(client.receive(13) == "+OK\r\n$2\r\n\r\n\r\n");
}

TEST_CASE("e2e: garbage on the port for clients") {
    kv_servers servers;
    const auto before = servers.cluster().await_leader();
    const auto seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    for (int i = 0; i < 200; ++i) {
        const auto& server = servers.layout().servers[random() % 3];
        raw_socket client{server.client_port};
        client.send((i % 2 == 0 ? "*" : "") + random_bytes(random, random() % 5000));
        client.end_of_output();
        static_cast<void>(client.receive_all());
        CHECK(client.was_closed());
    }
    check_unharmed(servers, before);
}

TEST_CASE("e2e: garbage on the port for peers is cut off, and does not disturb the peers") {
    kv_servers servers;
    const auto before = servers.cluster().await_leader();
    const auto seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    for (int i = 0; i < 100; ++i) {
        const auto& server = servers.layout().servers[random() % 3];
        raw_socket peer{server.peer_port};
        peer.send(i % 10 == 0 ? "PING\r\n" : random_bytes(random, 1 + random() % 5000));
        peer.end_of_output();
        static_cast<void>(peer.receive_all());
        CHECK(peer.was_closed());
    }
    check_unharmed(servers, before);
}

TEST_CASE("e2e: one who poses as a peer and sends garbage is cut off, and the real one is heard") {
    kv_servers servers;
    const auto cluster = servers.layout().identity();
    const auto seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937_64 random{seed};
    for (int i = 0; i < 20; ++i) {
        raw_socket peer{servers.cluster().address(1).peer_port};
        REQUIRE(peer.send(handshake_of(cluster, 2, 1)));
        CHECK(verdict_in(peer.receive(raft::wire::handshake_bytes)) ==
              raft::wire::handshake_verdict::welcome);
        // Half a length, or what has the length of a frame and is none.
        peer.send(i % 2 == 0 ? "\x40\x01"
                             : std::string{"\x40\0\0\0", 4} + random_bytes(random, 60));
        peer.end_of_output();
        static_cast<void>(peer.receive_all());
        CHECK(peer.was_closed());
    }
    raw_socket stranger{servers.cluster().address(1).peer_port};
    REQUIRE(stranger.send(handshake_of(cluster + 1, 2, 1)));
    CHECK(verdict_in(stranger.receive(raft::wire::handshake_bytes)) ==
          raft::wire::handshake_verdict::other_cluster);
    CHECK(stranger.receive_all().empty());
    CHECK(stranger.was_closed());
    check_alive(servers);
}

TEST_CASE("e2e: connections that say nothing cost nobody else anything") {
    kv_servers servers;
    const auto before = servers.cluster().await_leader();
    std::list<raw_socket> silent;
    for (const auto& server : servers.layout().servers) {
        for (int i = 0; i < 50; ++i) silent.emplace_back(server.client_port);
        for (int i = 0; i < 20; ++i) silent.emplace_back(server.peer_port);
    }
    check_unharmed(servers, before);
}

TEST_CASE("e2e: a client that does not fetch its replies is not waited for") {
    kv_servers servers;
    const auto before = servers.cluster().await_leader();
    CHECK(shown(servers.ask({"SET", "long", std::string(1024 * 1024, 'v')})) == "OK");
    raw_socket greedy{servers.cluster().address(before.id).client_port};
    std::string requests;
    for (int i = 0; i < 1000; ++i) requests += "GET long\r\n";
    REQUIRE(greedy.send(requests));
    check_unharmed(servers, before);
    const auto beginning = greedy.receive(10);
    CHECK(beginning == "$1048576\r\n");
    check_unharmed(servers, before);
}
