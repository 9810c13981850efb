// SPDX-License-Identifier: BSL-1.0
//
// What clients of Redis Cluster are told of the servers: all of it, or an error with which they ask
// again.
#include <string>

#include <doctest/doctest.h>

#include <support/fake_server.hpp>

using namespace raft_kv;

namespace {

const std::string name_1 = "0000000000000007000000000000000000000001";
const std::string name_2 = "0000000000000007000000000000000000000002";

std::string bulk(std::string_view text) {
    return "$" + std::to_string(text.size()) + "\r\n" + std::string{text} + "\r\n";
}

constexpr std::string_view no_leader = "-CLUSTERDOWN no leader is known; try again\r\n";

}  // namespace

TEST_CASE_FIXTURE(one_client, "cluster: SLOTS has the leader first and four elements a server") {
    server.leader_ = 2;
    CHECK(says("CLUSTER SLOTS\r\n") == "*1\r\n*4\r\n:0\r\n:16383\r\n*4\r\n$3\r\ntwo\r\n:6002\r\n" +
                                           bulk(name_2) + "*0\r\n*4\r\n$3\r\none\r\n:6001\r\n" +
                                           bulk(name_1) + "*0\r\n");
    says("HELLO 3\r\n");
    CHECK(says("CLUSTER SLOTS\r\n").ends_with(bulk(name_1) + "%0\r\n"));
}

TEST_CASE_FIXTURE(one_client, "cluster: SHARDS tells the part and the progress of each server") {
    says("HELLO 3\r\n");
    const auto node = [](std::string_view name, std::string_view host, int port,
                         std::string_view role, int offset) {
        return "%7\r\n$2\r\nid\r\n" + bulk(name) + "$4\r\nport\r\n:" + std::to_string(port) +
               "\r\n$2\r\nip\r\n" + bulk(host) + "$8\r\nendpoint\r\n" + bulk(host) +
               "$4\r\nrole\r\n" + bulk(role) +
               "$18\r\nreplication-offset\r\n:" + std::to_string(offset) +
               "\r\n$6\r\nhealth\r\n$6\r\nonline\r\n";
    };
    CHECK(says("CLUSTER SHARDS\r\n") ==
          "*1\r\n%2\r\n$5\r\nslots\r\n*2\r\n:0\r\n:16383\r\n$5\r\nnodes\r\n*2\r\n" +
              node(name_1, "one", 6001, "master", 10) + node(name_2, "two", 6002, "replica", 0));
}

TEST_CASE_FIXTURE(one_client, "cluster: NODES and REPLICAS have a line a server") {
    const auto first = name_1 + " one:6001@7001 myself,master - 0 0 7 connected 0-16383";
    const auto second = name_2 + " two:6002@7002 slave " + name_1 + " 0 0 7 connected";
    CHECK(says("CLUSTER NODES\r\n") == bulk(first + "\n" + second + "\n"));
    CHECK(says("CLUSTER REPLICAS " + name_1 + "\r\n") == "*1\r\n" + bulk(second));
    CHECK(says("CLUSTER SLAVES " + name_1 + "\r\n") == "*1\r\n" + bulk(second));
    CHECK(says("CLUSTER REPLICAS " + name_2 + "\r\n") ==
          "-ERR The specified node is not a master\r\n");
    CHECK(says("CLUSTER REPLICAS x\r\n") == "-ERR Unknown node x\r\n");
    CHECK(says("CLUSTER MYID\r\n") == bulk(name_1));
    CHECK(says("CLUSTER LINKS\r\n") == "*0\r\n");
}

TEST_CASE_FIXTURE(one_client, "cluster: without a leader no table is told before one is known") {
    for (const auto* table : {"SLOTS", "SHARDS", "NODES", "REPLICAS x"}) {
        CAPTURE(table);
        const auto request = "CLUSTER " + std::string{table} + "\r\n";
        server.leader_ = std::nullopt;
        CHECK(says(request + "PING\r\n").empty());
        server.end_wait_for_leader();
        CHECK(client.fetched() == std::string{no_leader} + "+PONG\r\n");
        CHECK(says(request).empty());
        server.leader_ = 1;
        server.end_wait_for_leader();
        const auto told = client.fetched();
        CHECK(told == says(request));
    }
    server.leader_ = 3;  // Whose address nobody knows.
    CHECK(says("CLUSTER SLOTS\r\n").empty());
    server.end_wait_for_leader();
    CHECK(client.fetched() == no_leader);
}

TEST_CASE_FIXTURE(one_client,
                  "cluster: INFO has what Redis has and says whether there is a leader") {
    const auto text = says("CLUSTER INFO\r\n");
    CHECK(text.find("\r\ncluster_state:ok\r\ncluster_slots_assigned:16384\r\n"
                    "cluster_slots_ok:16384\r\n") != std::string::npos);
    CHECK(text.find("cluster_enabled") == std::string::npos);
    CHECK(text.find("cluster_stats_messages_received:0\r\n") != std::string::npos);
    server.leader_ = std::nullopt;
    CHECK(says("CLUSTER INFO\r\n").find("cluster_state:fail\r\ncluster_slots_assigned:16384\r\n") !=
          std::string::npos);
}

TEST_CASE_FIXTURE(one_client, "cluster: keys in a slot are counted and named") {
    says("MSET foo 1 {foo}2 2 bar 3\r\n");
    server.apply();
    client.fetched();
    CHECK(says("CLUSTER COUNTKEYSINSLOT 12182\r\n") == ":2\r\n");
    CHECK(says("CLUSTER COUNTKEYSINSLOT 1\r\n") == ":0\r\n");
    CHECK(says("CLUSTER GETKEYSINSLOT 5061 9\r\n") == "*1\r\n$3\r\nbar\r\n");
    CHECK(says("CLUSTER GETKEYSINSLOT 12182 1\r\n").starts_with("*1\r\n"));
    CHECK(says("CLUSTER GETKEYSINSLOT 12182 0\r\n") == "*0\r\n");
    CHECK(says("CLUSTER COUNTKEYSINSLOT 16384\r\n") == "-ERR Invalid slot\r\n");
    CHECK(says("CLUSTER COUNTKEYSINSLOT x\r\n").starts_with("-ERR value is not an integer"));
    CHECK(says("CLUSTER GETKEYSINSLOT 1 -1\r\n") == "-ERR Invalid slot or number of keys\r\n");
}

TEST_CASE_FIXTURE(one_client, "cluster: what is no subcommand is said in the words of Redis") {
    CHECK(says("CLUSTER NOPE\r\n") == "-ERR unknown subcommand 'NOPE'. Try CLUSTER HELP.\r\n");
    CHECK(says("CLUSTER KEYSLOT\r\n") ==
          "-ERR wrong number of arguments for 'cluster|keyslot' command\r\n");
    CHECK(says("CLUSTER HELP\r\n").starts_with("*25\r\n+CLUSTER <subcommand>"));
    CHECK(says("CONFIG HELP\r\nCLIENT HELP\r\n").starts_with("*7\r\n+CONFIG <subcommand>"));
    CHECK(says("COMMAND HELP\r\n").starts_with("*13\r\n+COMMAND <subcommand>"));
}
