// SPDX-License-Identifier: BSL-1.0
//
// A majority of the servers is lost for good: what one of them holds becomes a new cluster, when
// somebody says so, and not before.
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <demo/write_load.hpp>
#include <doctest/doctest.h>
#include <incarnation.hpp>

#include <support/kv_servers.hpp>

using namespace raft_kv::outside;
using support::kv_servers;
using support::patience;
using support::run_program;
using support::shown;

namespace {

bool says(const support::finished_program& program, std::string_view text) {
    return program.output.find(text) != std::string::npos;
}

ending exited_with(int status) { return {.by_signal = false, .number = status}; }

}  // namespace

TEST_CASE("e2e: one server of three is recovered, and the cluster grows again from it") {
    const auto second = raft_kv::server_id(2, 2);
    kv_servers servers{3, {second}};
    auto& cluster = servers.cluster();
    const std::vector<raft_kv::server_address> all{servers.layout().servers.begin(),
                                                   servers.layout().servers.begin() + 3};
    write_load load{servers.layout(), {.writes = 3000, .clients = 2, .pipeline = 8}};
    REQUIRE(load.await(3000, 4 * patience));
    load.stop();
    for (const auto& server : all) cluster.await_caught_up(server.id);
    const auto recover = [&](std::vector<std::string> more) {
        std::vector<std::string> command{RAFT_KV_PATH,         "recover", "--data",
                                         cluster.data_path(1), "--id",    "1"};
        command.insert(command.end(), more.begin(), more.end());
        return run_program(command);
    };
    const auto in_use = recover({"--accept-data-loss"});
    CHECK(in_use.how == exited_with(1));
    CHECK(says(in_use, "another process"));
    for (const auto& server : all) cluster.kill(server.id);

    const auto told = recover({});
    CAPTURE(told.output);
    CHECK(told.how == exited_with(3));
    CHECK(says(told, "members          1 2 3"));
    CHECK(says(told, "Nothing was changed."));
    CHECK(recover({"--members", "2"}).how == exited_with(2));
    CHECK(recover({"--id", "2", "--accept-data-loss"}).how == exited_with(1));
    cluster.start_all();
    for (const auto& server : all) cluster.await_caught_up(server.id);
    for (const auto& server : all) cluster.kill(server.id);

    const auto done = recover({"--accept-data-loss"});
    CAPTURE(done.output);
    CHECK(done.how == exited_with(0));
    cluster.start_as_joiner(1);
    CHECK(cluster.await_leader().id == 1);
    cluster.start(2);  // Of the cluster that was: nobody knows it.
    CHECK(lost_from(contents_of(cluster.address(1)), load.acknowledgements()).count() == 0);
    CHECK(shown(servers.connect(1).call({"SET", "after", "1"})) == "OK");
    CHECK(cluster.await_leader().members.size() == 1);
    cluster.kill(2);

    cluster.start(second);
    auto leader = servers.connect(1);
    const auto& at = cluster.address(second);
    CHECK(shown(leader.call({"RAFT", "ADD", "2.2", at.host, std::to_string(at.peer_port),
                             std::to_string(at.client_port)})) == "OK");
    cluster.await_caught_up(second);
    CHECK(lost_from(contents_of(at), load.acknowledgements()).count() == 0);
}

TEST_CASE("e2e: recover says what it cannot recover") {
    const auto empty = run_program({RAFT_KV_PATH, "recover", "--data", "/none/there", "--id", "1"});
    CHECK(empty.how == exited_with(1));
    CHECK(says(empty, "/none/there is no directory"));
    CHECK(run_program({RAFT_KV_PATH, "recover"}).how == exited_with(2));
    CHECK(run_program({RAFT_KV_PATH, "recover", "--data", "d", "--id", "x"}).how == exited_with(2));
    CHECK(run_program({RAFT_KV_PATH, "recover", "--help"}).how == exited_with(0));
}

TEST_CASE("e2e: recover makes no storage of a directory that holds none") {
    std::string name = (std::filesystem::temp_directory_path() / "raft-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    for (const bool accepts : {false, true}) {
        CAPTURE(accepts);
        std::vector<std::string> words{RAFT_KV_PATH, "recover", "--data", name, "--id", "1"};
        if (accepts) words.push_back("--accept-data-loss");
        const auto said = run_program(words);
        CHECK(said.how == exited_with(1));
        CHECK(says(said, "does not hold the data of server 1"));
        CHECK(std::filesystem::is_empty(name));
    }
    std::filesystem::remove_all(name);
}
