// SPDX-License-Identifier: BSL-1.0
//
// Keys that expire on real servers: nobody has to ask, and no kill or restart revives one.
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include <support/kv_servers.hpp>

using namespace raft_kv::outside;
using support::kv_servers;
using support::patience;
using support::redis_cli;
using support::shown;

namespace {

/// What one server has by itself, without asking any other.
std::string own_value(kv_servers& servers, std::uint64_t id, std::string_view key) {
    auto to = servers.connect(id);
    if (shown(to.call({"READONLY"})) != "OK") return "no answer";
    if (shown(to.call({"RAFT", "READS", "stale"})) != "OK") return "no answer";
    return shown(to.call({"GET", key}));
}

}  // namespace

TEST_CASE("e2e: a key expires on every server though its leader is killed and nobody asks") {
    kv_servers servers;
    const auto first = servers.leader();
    const auto& at = servers.cluster().address(first);
    CHECK(redis_cli(at, {"-c", "SET", "lock", "me", "EX", "3600", "NX"}) == "OK");
    CHECK(redis_cli(at, {"-c", "SET", "lock", "you", "EX", "3600", "NX"}).empty());
    CHECK(redis_cli(at, {"-c", "SETEX", "long", "3600", "v"}) == "OK");
    const auto left = std::stoll(redis_cli(at, {"-c", "PTTL", "lock"}));
    CHECK(left > 3'000'000);
    CHECK(left <= 3'600'000);
    CHECK(redis_cli(at, {"-c", "PEXPIRE", "lock", "1500", "LT"}) == "1");
    servers.cluster().kill(first);
    for (const auto& server : servers.layout().servers) {
        if (server.id == first) continue;
        CAPTURE(server.id);
        CHECK(
            eventually(patience, [&] { return own_value(servers, server.id, "lock") == "(nil)"; }));
        CHECK(own_value(servers, server.id, "long") == "v");
    }
    CHECK(shown(servers.ask({"TTL", "lock"})) == "(integer) -2");
    servers.cluster().start(first);
    servers.cluster().await_caught_up(first);
    CHECK(servers.common_contents() == contents{{"long", "v"}});
}

TEST_CASE("e2e: an expiry outlives snapshots and a restart of all servers") {
    kv_servers servers;
    CHECK(shown(servers.ask({"SET", "k", "v", "EX", "3600"})) == "OK");
    CHECK(shown(servers.ask({"SET", "stays", "v"})) == "OK");
    for (const auto& server : servers.layout().servers)
        CHECK(eventually(patience, [&] {
            auto to = servers.connect(server.id);
            const auto said = shown(to.call({"RAFT", "SNAPSHOT"}));
            return said == "OK" || said.find("NOCHANGE") != std::string::npos;
        }));
    for (const auto& server : servers.layout().servers) servers.cluster().kill(server.id);
    for (const auto& server : servers.layout().servers) servers.cluster().start(server.id);
    const auto left = servers.ask({"TTL", "k"});
    CHECK(left.number > 3'000);
    CHECK(left.number <= 3'600);
    CHECK(shown(servers.ask({"TTL", "stays"})) == "(integer) -1");
    CHECK(shown(servers.ask({"PEXPIRE", "k", "1"})) == "(integer) 1");
    CHECK(eventually(patience, [&] { return shown(servers.ask({"GET", "k"})) == "(nil)"; }));
    CHECK(servers.common_contents() == contents{{"stays", "v"}});
}
