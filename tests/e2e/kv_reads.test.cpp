// SPDX-License-Identifier: BSL-1.0
//
// Reads at followers and under leases, and writes that are sent twice, with real servers.
#include <chrono>
#include <cstdint>
#include <string>

#include <doctest/doctest.h>

#include <support/kv_servers.hpp>

using raft_kv::outside::eventually;
using support::kv_servers;
using support::patience;
using support::shown;

TEST_CASE("e2e: a follower's read sees every write that was acknowledged before it") {
    kv_servers servers;
    auto writer = servers.connect(servers.leader());
    auto follower = servers.connect(servers.follower());
    CHECK(shown(follower.call({"READONLY"})) == "OK");
    for (int i = 0; i < 200; ++i) {
        const auto value = std::to_string(i);
        REQUIRE(shown(writer.call({"SET", "key", value})) == "OK");
        REQUIRE(shown(follower.call({"GET", "key"})) == value);
    }
}

TEST_CASE("e2e: a follower that forwards takes writes, and its own reads see them") {
    kv_servers servers{3, {}, {"--forward"}};
    auto follower = servers.connect(servers.follower());
    CHECK(shown(follower.call({"READONLY"})) == "OK");
    for (int i = 0; i < 200; ++i) {
        const auto value = std::to_string(i);
        REQUIRE(shown(follower.call({"SET", "key", value})) == "OK");
        REQUIRE(shown(follower.call({"GET", "key"})) == value);
    }
    CHECK(shown(follower.call({"INCR", "key"})) == "(integer) 200");
    CHECK(shown(servers.ask({"GET", "key"})) == "200");
}

TEST_CASE("e2e: how old a read may be is the client's choice, and kept to") {
    kv_servers servers;
    CHECK(shown(servers.ask({"SET", "key", "1"})) == "OK");
    servers.cluster().await_all_caught_up();
    const auto survivor = servers.follower();
    auto follower = servers.connect(survivor);
    CHECK(shown(follower.call({"READONLY"})) == "OK");
    CHECK(shown(follower.call({"RAFT", "READS", "stale", "600"})) == "OK");
    CHECK(eventually(patience, [&] { return shown(follower.call({"GET", "key"})) == "1"; }));
    for (const auto& server : servers.layout().servers)
        if (server.id != survivor) servers.cluster().kill(server.id);
    CHECK(eventually(patience, [&] {
        return shown(follower.call({"GET", "key"})).starts_with("(error) STALE ");
    }));
    CHECK(shown(follower.call({"RAFT", "READS", "stale"})) == "OK");
    CHECK(shown(follower.call({"GET", "key"})) == "1");
    CHECK(shown(follower.call({"RAFT", "READS", "linearizable"})) == "OK");
    CHECK(shown(follower.call({"GET", "key"})).starts_with("(error) CLUSTERDOWN "));
    CHECK(shown(follower.call({"RAFT", "READS", "often"})).starts_with("(error) ERR reads are "));
}

TEST_CASE("e2e: reads under a lease, where the clocks' drift is bounded") {
    kv_servers servers{3, {}, {"--clock-drift-ppm", "500"}};
    auto leader = servers.connect(servers.leader());
    CHECK(shown(leader.call({"RAFT", "LEASE", "on"})) == "OK");
    for (int i = 0; i < 200; ++i) {
        const auto value = std::to_string(i);
        REQUIRE(shown(leader.call({"SET", "key", value})) == "OK");
        REQUIRE(shown(leader.call({"GET", "key"})) == value);
    }
    CHECK(shown(leader.call({"RAFT", "LEASE", "off"})) == "OK");
    CHECK(shown(leader.call({"RAFT", "READS", "lease"})) == "OK");
    CHECK(shown(leader.call({"GET", "key"})) == "199");
}

TEST_CASE("e2e: a write of a session is carried out once, also when its leader dies in between") {
    kv_servers servers;
    const auto session = shown(servers.ask({"RAFT", "SESSION"}));
    REQUIRE(session.starts_with("(integer) "));
    const auto number = session.substr(std::string{"(integer) "}.size());
    const auto increment = [&](const char* serial) {
        return shown(servers.ask({"RAFT", "ONCE", number, serial, "INCR", "n"}));
    };
    CHECK(increment("1") == "(integer) 1");
    CHECK(increment("1") == "(integer) 1");
    CHECK(increment("2") == "(integer) 2");
    servers.cluster().kill(servers.leader());
    CHECK(increment("2") == "(integer) 2");
    CHECK(increment("1") == "(integer) 1");
    CHECK(increment("3") == "(integer) 3");
    CHECK(shown(servers.ask({"GET", "n"})) == "3");
}
