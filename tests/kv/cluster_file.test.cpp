// SPDX-License-Identifier: BSL-1.0
//
// The cluster file: what it may say, and that every wrong line is named with its number.
#include "cluster_file.hpp"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

using namespace raft_kv;

namespace {

cluster_layout layout_of(std::string_view text) {
    const auto parsed = parse_cluster(text);
    const auto* error = std::get_if<layout_error>(&parsed);
    REQUIRE_MESSAGE(error == nullptr, (error != nullptr ? error->text : ""));
    return std::get<cluster_layout>(parsed);
}

std::string fault_of_file(std::string_view text) {
    const auto parsed = parse_cluster(text);
    REQUIRE(std::holds_alternative<layout_error>(parsed));
    return std::get<layout_error>(parsed).text;
}

}  // namespace

TEST_CASE("cluster file: servers in any order, comments, blanks, either kind of line end") {
    const auto layout = layout_of("# three servers\n\n"
                                  "2\tb.example 7002 6002 # the second\r\n"
                                  "  1 10.0.0.1 7001 6001\n"
                                  "3 ::1 7003 6003");
    REQUIRE(layout.servers.size() == 3);
    CHECK(layout.servers[0] == server_address{1, "10.0.0.1", 7001, 6001});
    CHECK(layout.servers[1] == server_address{2, "b.example", 7002, 6002});
    CHECK(layout.servers[2] == server_address{3, "::1", 7003, 6003});
    CHECK(layout.find(2)->host == "b.example");
    CHECK(layout.find(4) == nullptr);
}

TEST_CASE("cluster file: a port for TLS is told to clients that speak it") {
    auto layout = layout_of("1 a 1 2 3\n2 b 1 2\n");
    CHECK(layout.servers[0].tls_port == 3);
    CHECK(layout_of(cluster_text(0, layout.servers)).servers == layout.servers);
    CHECK(layout.port_for_client(layout.servers[0], false) == 2);
    CHECK(layout.port_for_client(layout.servers[0], true) == 3);
    layout.tls_port = 9;
    CHECK(layout.port_for_client(layout.servers[0], true) == 3);
    CHECK(layout.port_for_client(layout.servers[1], true) == 9);
}

TEST_CASE("cluster file: a wrong line is reported with its number") {
    CHECK(fault_of_file("1 a 1 2\n2 b 3\n") ==
          "line 2: expected <id> <host> <peer-port> <client-port> [<tls-port>], got 3 fields");
    CHECK(fault_of_file("1 a 1 2 3 4\n").starts_with("line 1: expected"));
    CHECK(fault_of_file("1 a 1 2 x\n") == "line 1: the TLS port 'x' is not between 1 and 65535");
    CHECK(fault_of_file("1 a 1 2 2\n") ==
          "line 1: the TLS port is that of the peers, or of clients without TLS");
    CHECK(fault_of_file("1 a 1 2 3\n2 a 4 5 3\n") == "line 2: the address a:3 is there twice");
    CHECK(fault_of_file("1 a 1 2 3\n2 a 3 5\n") == "line 2: the address a:3 is there twice");
    CHECK(fault_of_file("x a 1 2\n") == "line 1: the id 'x' is not a number from 1 on");
    CHECK(fault_of_file("0 a 1 2\n") == "line 1: the id '0' is not a number from 1 on");
    CHECK(fault_of_file("-1 a 1 2\n") == "line 1: the id '-1' is not a number from 1 on");
    CHECK(fault_of_file("18446744073709551616 a 1 2\n").starts_with("line 1: the id"));
    CHECK(fault_of_file("#\n#\n1 a 0 2\n") ==
          "line 3: the peer port '0' is not between 1 and 65535");
    CHECK(fault_of_file("1 a 1 65536\n") ==
          "line 1: the client port '65536' is not between 1 and 65535");
    CHECK(fault_of_file("1 a 1 2x\n") == "line 1: the client port '2x' is not between 1 and 65535");
    CHECK(fault_of_file("1 a/b 1 2\n") == "line 1: the host 'a/b' is no host name or address");
    CHECK(fault_of_file("1 a 1 1\n") == "line 1: the peer port and the client port are the same");
    CHECK(fault_of_file("1 a 1 2\n1 b 1 2\n") == "line 2: the id 1 is there twice");
    CHECK(fault_of_file("1 a 1 2\n2 a 3 1\n") == "line 2: the address a:1 is there twice");
}

TEST_CASE("cluster file: nothing in it, and bytes that are no text, are errors too") {
    CHECK(fault_of_file("") == "there is no server in it");
    CHECK(fault_of_file("# only a comment") == "there is no server in it");
    CHECK(fault_of_file(std::string_view{"\0\xff\x1b[2J 1 2 3\n", 12}) ==
          "line 1: the id '???[2J' is not a number from 1 on");
    CHECK(fault_of_file(std::string(100, '9') + " a 1 2").size() < 120);
    std::string many;
    for (int i = 1; i <= 33; ++i) many += std::to_string(i) + " h" + std::to_string(i) + " 1 2\n";
    CHECK(fault_of_file(many) == "line 33: more than 32 servers");
}

TEST_CASE("cluster file: the identity follows from the peers' addresses, or from the name alone") {
    const auto plain = layout_of("1 a 1 2\n2 b 3 4\n").identity();
    CHECK(layout_of("2 b 3 9\n1 a 1 8\n").identity() == plain);
    CHECK(layout_of("1 a 1 2\n2 b 5 4\n").identity() != plain);
    CHECK(layout_of("1 a 1 2\n3 b 3 4\n").identity() != plain);

    const auto named = layout_of("cluster blue\n1 a 1 2\n").identity();
    CHECK(named != layout_of("1 a 1 2\n").identity());
    CHECK(named == layout_of("1 c 5 6\ncluster blue\n").identity());
    CHECK(named != layout_of("cluster green\n1 a 1 2\n").identity());
    CHECK(fault_of_file("cluster\n") == "line 1: expected cluster <name>");
    CHECK(fault_of_file("cluster a\ncluster b\n") == "line 2: the cluster has a name already");
}

TEST_CASE("cluster file: one that cannot be read says why") {
    const auto read = read_cluster_file("/no/such/file");
    REQUIRE(std::holds_alternative<layout_error>(read));
    CHECK(std::get<layout_error>(read).text == "No such file or directory");
    CHECK(std::holds_alternative<layout_error>(read_cluster_file("/")));
}

TEST_CASE("F25 the addresses that a server keeps are no more than it can read again") {
    const auto address = [](std::uint64_t id, const char* host) {
        const auto port = static_cast<std::uint16_t>(id);
        return server_address{.id = id,
                              .host = host,
                              .peer_port = port,
                              .client_port = static_cast<std::uint16_t>(port + 2000)};
    };
    cluster_layout others;
    std::vector<server_address> agreed;
    for (std::uint64_t id = 1; id <= known_servers_max; ++id) {
        others.put(address(id, "old"));
        if (id % 2 == 0) agreed.push_back(address(1000 + id, "new"));
    }
    const auto kept = combined(others, agreed);
    CHECK(kept.servers.size() == known_servers_max);
    for (const auto& each : agreed) CHECK(kept.find(each.id) != nullptr);
    const auto read = parse_cluster(cluster_text(7, kept.servers), known_servers_max);
    REQUIRE(std::holds_alternative<cluster_layout>(read));
    CHECK(std::get<cluster_layout>(read).servers == kept.servers);
    CHECK(combined({}, agreed).servers == agreed);
}
