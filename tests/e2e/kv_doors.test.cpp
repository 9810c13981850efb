// SPDX-License-Identifier: BSL-1.0
//
// Goal: real servers ask their clients for a password, and each other too; one without a password
// serves no other host, and tells its metrics to none. Method: processes on this host, and hosts
// that are network namespaces.
#include <filesystem>
#include <string>
#include <string_view>

#include <demo/free_ports.hpp>
#include <doctest/doctest.h>

#include <support/key_files.hpp>
#include <support/kv_servers.hpp>
#include <support/network_namespaces.hpp>

using namespace raft_kv::outside;
using support::key_files;
using support::network_of_hosts;
using support::patience;
using support::shown;

namespace {

/// What one client hears, word for word.
std::string hears(const raft_kv::server_address& server,
                  std::initializer_list<std::vector<std::string_view>> requests) {
    connection asked{server, patience};
    std::string all;
    for (const auto& words : requests) all += shown(asked.call(words)) + "\n";
    return all;
}

}  // namespace

TEST_CASE("e2e: a cluster with passwords is begun, joined and used by who knows them") {
    key_files files;
    local_cluster cluster{RAFT_KV_PATH, 1, {2}};
    cluster.set_flags({"--election-timeout-ms=300", "--heartbeat-ms=60"});
    cluster.set_key_flags({"--requirepass-file", files.put("clients", "good"),
                           "--operatorpass-file", files.put("operators", "better")});
    cluster.begin_start(1);
    const auto init = support::run_program(
        {RAFT_KV_PATH, "init", "--cluster", cluster.cluster_file(), "--wait-seconds", "3600"});
    CHECK(init.how.number == 1);
    CHECK(init.output.find("raft-kv init: server 1 at 127.0.0.1:") != std::string::npos);
    CHECK(init.output.find(": it said NOAUTH this server hears who knows") != std::string::npos);
    cluster.be_born();
    const auto& one = cluster.address(1);
    CHECK(eventually(patience, [&] {
        return hears(one, {{"AUTH", "good"}, {"SET", "a", "1"}}) == "OK\nOK\n";
    }));
    CHECK(hears(one, {{"GET", "a"}}) == "(error) NOAUTH Authentication required.\n");
    CHECK(hears(one, {{"AUTH", "good"}, {"RAFT", "STATUS"}}).find("(error) NOPERM") !=
          std::string::npos);

    cluster.begin_start(2);
    const auto& two = cluster.address(2);
    const auto peer_port = std::to_string(two.peer_port);
    const auto client_port = std::to_string(two.client_port);
    CHECK(eventually(patience, [&] {
        return hears(two, {{"AUTH", "good"}, {"PING"}}) == "OK\nPONG\n";
    }));
    CHECK(hears(one, {{"AUTH", "operator", "better"},
                      {"RAFT", "ADD", "2", two.host, peer_port, client_port}}) == "OK\nOK\n");
    CHECK(hears(one, {{"AUTH", "good"}, {"SET", "a", "2"}}) == "OK\nOK\n");
    CHECK(cluster.log_tail(1).find("refused, no password") != std::string::npos);
}

TEST_CASE("e2e: a server without a password serves its own host, and says what to set") {
    SKIP_WITHOUT_NETWORK_NAMESPACES();
    network_of_hosts net{2};
    key_files files;
    const auto cluster_file =
        files.put("cluster", "1 " + network_of_hosts::address(1) + " 7001 6001");
    const raft_kv::server_address server{
        .id = 1, .host = network_of_hosts::address(1), .peer_port = 7001, .client_port = 6001};
    const raft_kv::server_address pages{
        .id = 1, .host = network_of_hosts::address(1), .peer_port = 7001, .client_port = 9001};
    const auto start = [&](std::vector<std::string> flags) {
        const auto there = net.visit(1);
        std::vector<std::string> words{RAFT_KV_PATH, "serve", "--cluster", cluster_file,
                                       "--id",       "1",     "--data",    files.path("data"),
                                       "--metrics",  "9001"};
        words.insert(words.end(), flags.begin(), flags.end());
        return child_process{std::move(words), files.path("log")};
    };
    const auto heard_of_other_host = [&](const raft_kv::server_address& at) {
        const auto there = net.visit(2);
        return hears(at, {{"PING"}});
    };
    const auto answers = [&](std::string_view expected) {
        return eventually(patience, [&] {
            return heard_of_other_host(server).find(expected) != std::string::npos;
        });
    };
    {
        auto process = start({});
        CHECK(answers("DENIED raft-kv is in protected mode"));
        {
            const auto there = net.visit(2);
            const auto init = support::run_program(
                {RAFT_KV_PATH, "init", "--cluster", cluster_file, "--wait-seconds", "3600"});
            CHECK(init.output.find(": it said DENIED") != std::string::npos);
            CHECK(hears(server, {{"PING"}, {"PING"}}).ends_with("\n(no answer)\n"));
        }
        const auto there = net.visit(1);
        CHECK(hears(server, {{"PING"}}) == "PONG\n");
        be_born(RAFT_KV_PATH, cluster_file, files.path("init.log"));
        CHECK(eventually(patience, [&] { return hears(server, {{"SET", "a", "0"}}) == "OK\n"; }));
        const auto elsewhere = net.visit(2);
        CHECK(hears(server, {{"PING"}, {"PING"}}).ends_with("\n(no answer)\n"));
    }
    auto process = start({"--protected-mode", "no"});
    CHECK(answers("PONG"));
    {
        const auto there = net.visit(2);
        CHECK(eventually(patience, [&] { return hears(server, {{"SET", "a", "1"}}) == "OK\n"; }));
        CHECK(hears(pages, {{"PING"}}) == "(no answer)\n");
    }
    std::ifstream file{files.path("log")};
    const std::string log{std::istreambuf_iterator<char>{file}, {}};
    CHECK(log.find("WARNING: believes whoever reaches") != std::string::npos);
    CHECK(log.find("protected mode is off") != std::string::npos);
    CHECK(log.find("GET /metrics, /healthz and /ready on 127.0.0.1:9001") != std::string::npos);
}

TEST_CASE("e2e: a server warns of files that others can read and tells what init waits for") {
    key_files files;
    local_cluster cluster{RAFT_KV_PATH, 2};
    const auto password = files.put("password", "good");
    std::filesystem::permissions(password, std::filesystem::perms{0644});
    cluster.set_key_flags({"--requirepass-file", password, "--operatorpass-file", password});
    cluster.begin_start(1);
    CHECK(eventually(patience, [&] {
        const auto log = cluster.log_tail(1);
        return log.find("WARNING: " + password + " can be read by everybody on this host") !=
                   std::string::npos &&
               log.find("WARNING: clients and operators have the same password") !=
                   std::string::npos;
    }));
    const auto init =
        support::run_program({RAFT_KV_PATH, "init", "--cluster", cluster.cluster_file(),
                              "--operatorpass-file", password, "--wait-seconds", "1"});
    CHECK(init.how.number == 1);
    CHECK(init.output.find("raft-kv init: waiting: server 2 at ") != std::string::npos);
}
