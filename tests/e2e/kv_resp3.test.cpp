// SPDX-License-Identifier: BSL-1.0
//
// RESP3 with real servers. The hiredis of many systems knows none of it, so the bytes are looked at
// as they are, and as redis-cli -3 shows them.
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include <support/kv_servers.hpp>
#include <support/raw_socket.hpp>

using support::kv_servers;
using support::redis_cli;

TEST_CASE("e2e: a client that asks for RESP3 gets it and others get RESP2") {
    kv_servers servers;
    const auto port = servers.cluster().address(servers.leader()).client_port;
    support::raw_socket asked{port};
    support::raw_socket other{port};
    const std::string_view head = "%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n";
    const std::string_view tail = "modules\r\n*0\r\n";
    REQUIRE(asked.send("HELLO 3 AUTH default x SETNAME bob\r\n"));
    CHECK(asked.receive(head.size()) == head);
    std::string rest;
    while (!rest.ends_with(tail)) {
        const auto more = asked.receive(1);
        REQUIRE(more.size() == 1);
        rest += more;
    }
    for (const auto& [socket, nothing] : {std::pair{&asked, "_\r\n"}, {&other, "$-1\r\n"}}) {
        REQUIRE(socket->send("GET none\r\n"));
        CHECK(socket->receive(std::string_view{nothing}.size()) == nothing);
    }
}

TEST_CASE("e2e: redis-cli -3 shows what RESP3 says") {
    kv_servers servers;
    const auto& leader = servers.cluster().address(servers.leader());
    CHECK(redis_cli(leader, {"-3", "--json", "CONFIG", "GET", "save"}) == R"({"save":""})");
    CHECK(redis_cli(leader, {"-3", "-c", "SET", "k", "v"}) == "OK");
    CHECK(redis_cli(leader, {"-3", "--json", "MGET", "k", "none"}) == R"(["v",null])");
    CHECK(redis_cli(leader, {"-3", "--json", "HELLO"}).find(R"("proto":3)") != std::string::npos);
}

/// redis-cli has a hiredis of version 1 in it, which reads every type.
TEST_CASE("e2e: hiredis reads the types of RESP3 in what is answered after HELLO 3") {
    kv_servers servers{1};
    const auto& leader = servers.cluster().address(servers.leader());
    const auto shows = [&](std::vector<std::string> words) {
        words.insert(words.begin(), {"-3", "--no-raw"});
        return redis_cli(leader, std::move(words));
    };
    const auto has = [&](std::vector<std::string> words, std::string_view part) {
        const auto text = shows(std::move(words));
        CAPTURE(text);
        CHECK(text.find(part) != std::string::npos);
        CHECK(text.find("Protocol error") == std::string::npos);
    };
    CHECK(shows({"CONFIG", "GET", "save"}) == R"(1# "save" => "")");
    CHECK(shows({"GET", "none"}) == "(nil)");
    CHECK(shows({"SET", "k", "1", "XX"}) == "(nil)");
    CHECK(shows({"SET", "k", "1"}) == "OK");
    CHECK(shows({"GETEX", "none"}) == "(nil)");
    CHECK(shows({"GETDEL", "none"}) == "(nil)");
    CHECK(shows({"RANDOMKEY"}) == R"("k")");
    CHECK(shows({"MGET", "k", "none"}) == "1) \"1\"\n2) (nil)");
    CHECK(shows({"INCRBYFLOAT", "k", "1.5"}) == R"("2.5")");
    CHECK(shows({"SCAN", "0", "COUNT", "100000"}) == "1) \"0\"\n2) 1) \"k\"");
    CHECK(shows({"CLIENT", "GETNAME"}) == "(nil)");
    has({"HELLO"}, R"(3# "proto" => (integer) 3)");
    has({"HELLO"}, R"(7# "modules" => (empty array))");
    has({"COMMAND", "INFO", "get"}, "1~ readonly\n");
    has({"COMMAND", "INFO", "nope"}, "1) (nil)");
    has({"COMMAND", "DOCS", "get"}, "1# \"get\" => \n   1# \"summary\" => ");
    has({"CLUSTER", "SHARDS"}, R"(1# "slots" => )");
    has({"CLUSTER", "SLOTS"}, "2) (integer) 16383");
    has({"CLUSTER", "LINKS"}, "(empty array)");
    has({"RAFT", "STATUS"}, "# \"");
    has({"ROLE"}, R"(1) "master")");
    has({"MODULE", "LIST"}, "(empty");
    has({"XYZ"}, "(error) ERR unknown command");
}
