// SPDX-License-Identifier: BSL-1.0
//
// Goal: real servers are born once, a founder that lost its directory is refused with a way on, and
// a server that was removed while it was away says so and sends its clients on. Method: three
// servers, some of whose directories are emptied.
#include <cstdint>
#include <filesystem>
#include <future>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <support/kv_servers.hpp>

using raft_kv::outside::status_of;
using support::eventually;
using support::kv_servers;
using support::patience;
using support::run_program;
using support::shown;

namespace {

std::string init(kv_servers& servers, const char* seconds) {
    return run_program({RAFT_KV_PATH, "init", "--cluster", servers.cluster().cluster_file(),
                        "--wait-seconds", seconds})
        .output;
}

}  // namespace

TEST_CASE("F1 a founder whose directory is lost is refused and acknowledged writes stay") {
    kv_servers servers;
    auto& cluster = servers.cluster();
    const auto leader = servers.leader();
    const auto wiped = leader % 3 + 1;
    const auto away = wiped % 3 + 1;
    cluster.kill(away);
    for (int i = 0; i < 50; ++i) CHECK(servers.ask({"SET", "k" + std::to_string(i), "v"}).is_ok());
    cluster.kill(wiped);
    cluster.kill(leader);
    std::filesystem::remove_all(cluster.data_path(wiped));
    cluster.start(away);
    cluster.begin_start(wiped);
    const auto ended = cluster.process(wiped).wait(patience);
    REQUIRE(ended);
    CHECK(ended->number == 1);
    CHECK(cluster.log_tail(wiped).find("comes back as server " + std::to_string(wiped) + ".2") !=
          std::string::npos);
    CHECK(init(servers, "0").find("does not answer") != std::string::npos);
    CHECK_FALSE(status_of(cluster.address(away))->leads());
    cluster.start(leader);
    CHECK(shown(servers.ask({"DBSIZE"})) == "(integer) 50");
}

TEST_CASE("F1 servers that were never born wait and say for what and init twice is no harm") {
    kv_servers servers;
    auto& cluster = servers.cluster();
    CHECK(init(servers, "30").starts_with("born already"));
    CHECK(servers.ask({"SET", "k", "v"}).is_ok());
    for (const auto id : {1, 2, 3}) cluster.kill(static_cast<std::uint64_t>(id));
    for (const auto id : {1, 2}) {
        std::filesystem::remove_all(cluster.data_path(static_cast<std::uint64_t>(id)));
        cluster.begin_start(static_cast<std::uint64_t>(id));
    }
    // One looks new, one is: nobody can tell them apart, so nothing begins.
    auto asked = [&](std::uint64_t id) {
        auto client = servers.connect(id);
        return shown(client.call({"SET", "k", "w"}));
    };
    CHECK(eventually(patience, [&] {
        return asked(1).find("not born yet") != std::string::npos &&
               asked(2).find("not born yet") != std::string::npos;
    }));
    CHECK(init(servers, "1").find("Nothing has begun") != std::string::npos);
    CHECK(cluster.log_tail(1).find("waits: for `raft-kv init`") != std::string::npos);
}

TEST_CASE(
    "F1 an older copy of a directory is found by the leader, which says so and brings the rest") {
    kv_servers servers;
    auto& cluster = servers.cluster();
    CHECK(servers.ask({"SET", "before", "v"}).is_ok());
    const auto leader = servers.leader();
    const auto back = leader % 3 + 1;
    const auto data = cluster.data_path(back);
    cluster.kill(back);
    std::filesystem::copy(data, data + ".copy", std::filesystem::copy_options::recursive);
    cluster.start(back);
    for (int i = 0; i < 20; ++i) CHECK(servers.ask({"SET", "k" + std::to_string(i), "v"}).is_ok());
    const auto applied = [&](std::uint64_t id) {
        const auto status = status_of(cluster.address(id));
        return status ? status->applied : 0;
    };
    REQUIRE(eventually(patience, [&] { return applied(back) == applied(leader); }));
    cluster.kill(back);
    std::filesystem::remove_all(data);
    std::filesystem::rename(data + ".copy", data);
    cluster.start(back);
    CHECK(eventually(patience, [&] {
        return cluster.log_tail(leader).find("server " + std::to_string(back) +
                                             " lacks what it had acknowledged") !=
               std::string::npos;
    }));
    CHECK(eventually(patience, [&] { return applied(back) == applied(leader); }));
    CHECK(servers.leader() == leader);
    cluster.kill(leader);
    CHECK(eventually(patience, [&] { return shown(servers.ask({"DBSIZE"})) == "(integer) 21"; }));
}

TEST_CASE("F1 many who let a cluster begin at once all hear that it has") {
    kv_servers servers;
    auto& cluster = servers.cluster();
    for (const std::uint64_t id : {1U, 2U, 3U}) {
        cluster.kill(id);
        std::filesystem::remove_all(cluster.data_path(id));
        cluster.begin_start(id);
    }
    std::vector<std::future<std::string>> coming;
    for (int i = 0; i < 4; ++i)
        coming.push_back(std::async(std::launch::async, [&] { return init(servers, "30"); }));
    for (auto& each : coming) {
        const auto said = each.get();
        CAPTURE(said);
        CHECK(said.find("born") != said.npos);
        CHECK(said.find("othing has begun") == said.npos);
    }
    CHECK(eventually(patience, [&] { return servers.ask({"SET", "k", "v"}).is_ok(); }));
}

TEST_CASE("F8 a real server that was removed says so and sends clients on") {
    kv_servers servers;
    auto& cluster = servers.cluster();
    const auto gone = servers.follower();
    cluster.kill(gone);
    servers.have_done({"RAFT", "REMOVE", std::to_string(gone)});
    cluster.start(gone);
    CHECK(eventually(patience, [&] {
        return cluster.log_tail(gone).find("is no member of this cluster any more") !=
               std::string::npos;
    }));
    auto client = servers.connect(gone);
    CHECK(shown(client.call({"GET", "k"})).starts_with("(error) MOVED "));
    CHECK_FALSE(status_of(cluster.address(gone))->leads());
}

TEST_CASE("F11 a change that would leave two servers one of which is dead is refused") {
    kv_servers servers;
    auto& cluster = servers.cluster();
    const auto leader = servers.leader();
    const auto dead = leader % 3 + 1;
    const auto lives = dead % 3 + 1;
    cluster.kill(dead);
    auto client = servers.connect(leader);
    CHECK(shown(client.call({"RAFT", "REMOVE", std::to_string(lives)}))
              .starts_with("(error) NOMAJORITY "));
    CHECK(servers.ask({"SET", "k", "v"}).is_ok());
    CHECK(shown(client.call({"RAFT", "REMOVE", std::to_string(dead)})) == "OK");
}
