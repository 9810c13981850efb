// SPDX-License-Identifier: BSL-1.0
//
// A server as a process: how it is started wrongly, how it ends, what it does not share.
#include <csignal>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <support/kv_servers.hpp>

using namespace raft_kv::outside;
using support::kv_servers;
using support::patience;
using support::run_program;
using support::shown;

namespace {

constexpr ending exited_with_0{.by_signal = false, .number = 0};
constexpr ending exited_with_1{.by_signal = false, .number = 1};
constexpr ending exited_with_2{.by_signal = false, .number = 2};

bool says(const support::finished_program& program, std::string_view text) {
    return program.output.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("e2e: SIGTERM ends a server at once, and what it took was answered") {
    kv_servers servers;
    CHECK(shown(servers.ask({"SET", "a", "1"})) == "OK");
    const auto leader = servers.leader();
    auto idle = servers.connect(leader);
    CHECK(shown(idle.call({"PING"})) == "PONG");
    constexpr std::chrono::seconds at_once{5};
    servers.cluster().process(leader).signal(SIGTERM);
    CHECK(servers.cluster().process(leader).wait(at_once) == exited_with_0);
    CHECK_FALSE(idle.call({"PING"}).has_value());

    const auto next = servers.cluster().await_leader(leader).id;
    CHECK(shown(servers.ask({"SET", "b", "2"})) == "OK");
    servers.cluster().start(leader);
    servers.cluster().await_caught_up(leader);
    for (const auto& server : servers.layout().servers)
        servers.cluster().process(server.id).signal(server.id == next ? SIGINT : SIGTERM);
    for (const auto& server : servers.layout().servers)
        CHECK(servers.cluster().process(server.id).wait(at_once) == exited_with_0);
    servers.cluster().start_all();
    CHECK(servers.common_contents() == contents{{"a", "1"}, {"b", "2"}});
}

TEST_CASE("e2e: a second process is kept out of a directory that is in use") {
    kv_servers servers;
    const auto second = run_program(servers.cluster().command(1));
    CAPTURE(second.output);
    CHECK(second.how == exited_with_1);
    CHECK(says(second, servers.cluster().data_path(1)));
    CHECK(says(second, "another process"));
    CHECK(servers.cluster().runs(1));
    CHECK(shown(servers.ask({"SET", "a", "1"})) == "OK");
}

TEST_CASE("e2e: a port that is taken is named") {
    kv_servers servers;
    auto command = servers.cluster().command(1);
    command.back() += "-of-another";
    const auto second = run_program(command);
    CAPTURE(second.output);
    CHECK(second.how == exited_with_1);
    CHECK(says(second, "cannot listen"));
    const auto& address = servers.cluster().address(1);
    const auto names_one = says(second, ":" + std::to_string(address.client_port)) ||
                           says(second, ":" + std::to_string(address.peer_port));
    CHECK(names_one);
}

TEST_CASE("e2e: a bad line of the cluster file is reported with its number") {
    local_cluster cluster{RAFT_KV_PATH};
    struct mistake {
        std::string_view file;
        std::string_view said;
    };
    const mistake mistakes[] = {
        {"1 h 1 2\n\n# a comment\n2 h 3\n",
         "line 4: expected <id> <host> <peer-port> <client-port>"},
        {"1 h 1 2\nx h 3 4\n", "line 2: the id 'x'"},
        {"1 h 1 2\n2 h 3 99999\n", "line 2: the client port '99999'"},
        {"1 h 1 2\n1 h 3 4\n", "line 2: the id 1 is there twice"},
        {"1 h 1 2\n2 h 1 4\n", "line 2: the address h:1 is there twice"},
        {"# nobody\n", "there is no server in it"},
        {"2 h 1 2\n", "has no server 1"},
    };
    for (const auto& each : mistakes) {
        std::ofstream{cluster.cluster_file()} << each.file;
        const auto program = run_program(cluster.command(1));
        CAPTURE(program.output);
        CHECK(program.how == exited_with_1);
        CHECK(says(program, cluster.cluster_file()));
        CHECK(says(program, each.said));
    }
}

TEST_CASE("e2e: wrong words on the command line are told apart") {
    struct mistake {
        std::vector<std::string> words;
        std::string_view said;
    };
    const mistake mistakes[] = {
        {{}, "a command is missing"},
        {{"nope"}, "unknown command 'nope'"},
        {{"serve"}, "--cluster is missing"},
        {{"serve", "--cluster", "f"}, "--id is missing"},
        {{"serve", "--cluster", "f", "--id", "1"}, "--data is missing"},
        {{"serve", "--cluster", "f", "--id", "0"}, "'0' is no value for --id"},
        {{"serve", "--nope", "1"}, "unknown flag '--nope'"},
        {{"demo", "--nope"}, "usage: raft-kv demo"},
        {{"demo", "--writes", "1"}, "usage: raft-kv demo"},
    };
    for (const auto& each : mistakes) {
        std::vector<std::string> command{RAFT_KV_PATH};
        command.insert(command.end(), each.words.begin(), each.words.end());
        const auto program = run_program(command);
        CAPTURE(program.output);
        CHECK(program.how == exited_with_2);
        CHECK(says(program, each.said));
    }
    CHECK(run_program({RAFT_KV_PATH, "--help"}).how == exited_with_0);
    CHECK(run_program({RAFT_KV_PATH, "serve", "--help"}).how == exited_with_0);
    const auto no_file = run_program(
        {RAFT_KV_PATH, "serve", "--cluster", "/none/there", "--id", "1", "--data", "/none/there"});
    CHECK(no_file.how == exited_with_1);
    CHECK(says(no_file, "/none/there: No such file or directory"));
}
