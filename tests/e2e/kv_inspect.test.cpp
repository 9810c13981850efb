// SPDX-License-Identifier: BSL-1.0
//
// raft-inspect on the directory of a server: while it runs and is written to, when it has ended,
// and when its log is damaged. What it says to programs is read as programs would.
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <demo/write_load.hpp>
#include <doctest/doctest.h>

#include <support/json.hpp>
#include <support/kv_servers.hpp>

using namespace raft_kv::outside;
using support::json;
using support::kv_servers;
using support::patience;
using support::shown;

namespace {

struct inspected {
    int status = 0;
    std::string output{};
    [[nodiscard]] bool says(const std::string& text) const {
        return output.find(text) != std::string::npos;
    }
    [[nodiscard]] json object() const {
        auto text = output;
        std::erase(text, '\n');
        return support::json_reader::read(text);
    }
};

inspected inspect(const std::string& directory, std::vector<std::string> flags = {}) {
    std::vector<std::string> command{RAFT_INSPECT_PATH, directory};
    command.insert(command.end(), flags.begin(), flags.end());
    auto ran = support::run_program(std::move(command));
    REQUIRE_FALSE(ran.how.by_signal);
    return {ran.how.number, std::move(ran.output)};
}

/// Each file's length and the time of its last change.
std::map<std::string, std::pair<std::uintmax_t, std::filesystem::file_time_type>>
files_in(const std::string& directory) {
    std::map<std::string, std::pair<std::uintmax_t, std::filesystem::file_time_type>> all;
    for (const auto& each : std::filesystem::directory_iterator{directory})
        all[each.path().filename().string()] = {each.file_size(), each.last_write_time()};
    return all;
}

void flip_byte(const std::string& path, std::streamoff at) {
    std::fstream file{path, std::ios::binary | std::ios::in | std::ios::out};
    file.seekg(at);
    const auto before = file.get();
    file.seekp(at);
    file.put(static_cast<char>(before ^ 1));
}

}  // namespace

TEST_CASE("e2e: a server's directory is told while it runs and is written to and afterwards") {
    kv_servers servers;
    auto& cluster = servers.cluster();
    const auto path = cluster.data_path(1);
    write_load load{servers.layout(), {.writes = 20000, .clients = 2, .pipeline = 8}};
    while (!load.await(20000, std::chrono::milliseconds{0})) {
        const auto beside = inspect(path);
        INFO(beside.output);
        REQUIRE(beside.status == 0);
        REQUIRE(beside.says("no problems"));
    }
    load.stop();
    cluster.await_all_caught_up();
    CHECK(inspect(path).says("members    those that the program began with"));
    CHECK(shown(servers.connect(1).call({"RAFT", "SNAPSHOT"})) == "OK");
    REQUIRE(eventually(patience, [&] {
        return inspect(path).says("members    1 voter, 2 voter, 3 voter (as of entry ");
    }));
    for (const auto& server : servers.layout().servers) cluster.kill(server.id);

    const auto before = files_in(path);
    const auto text = inspect(path);
    CHECK(text.status == 0);
    CHECK(text.says("server 1 of cluster "));
    CHECK(text.says("founders: 1 2 3"));
    CHECK(text.says("checksum "));
    CHECK(text.says(": good"));
    const auto all = inspect(path, {"--json", "--entries"}).object();
    CHECK(files_in(path) == before);
    CHECK(all["version"].number == 1);
    CHECK(all["kv"]["claim"].text.starts_with("server 1 of cluster "));
    CHECK(all["kv"]["founders"].elements.size() == 3);
    CHECK(all["history"].text.size() == 16);
    CHECK(all["term"].number > 0);
    const auto& log = all["log"];
    CHECK(log["last"]["index"].number > 100);
    const auto& entries = all["entries"].elements;
    REQUIRE(!entries.empty());
    CHECK(entries.front()["index"].number == log["after"]["index"].number + 1);
    CHECK(entries.back()["index"].number == log["last"]["index"].number);
    CHECK(entries.back()["term"].number == log["last"]["term"].number);
    CHECK(all["problems"].elements.empty());
    const auto& snapshots = all["snapshots"].elements;
    REQUIRE(snapshots.size() == 1);
    CHECK(snapshots[0]["good"].number == 1);
    CHECK(all["members"]["index"].number == snapshots[0]["last"]["index"].number);
    CHECK(all["members"]["members"].elements[2]["id"].text == "3");
    CHECK(all["members"]["members"].elements[2]["part"].text == "voter");
    for (const auto& server : servers.layout().servers)
        CHECK(inspect(cluster.data_path(server.id), {"--json"}).object()["history"].text ==
              all["history"].text);
}

TEST_CASE("e2e: raft-inspect names file and offset of damage and refuses what is no storage") {
    kv_servers servers;
    auto& cluster = servers.cluster();
    CHECK(servers.ask({"SET", "key", "value"}).text == "OK");
    cluster.await_all_caught_up();
    cluster.kill(1);
    const auto path = cluster.data_path(1);
    const auto segment = path + "/log-0000000000000001";
    flip_byte(segment, 520);
    const auto all = inspect(path, {"--json"});
    CHECK(all.status == 1);
    const auto problems = all.object()["problems"].elements;
    REQUIRE(problems.size() == 1);
    CHECK(problems[0]["file"].text == segment);
    CHECK(problems[0]["offset"].number == 512);
    CHECK(all.object()["segments"].elements[0]["condition"].text == "damaged");
    CHECK(inspect(path).says("problem: " + segment + " is damaged at offset 512: "));

    flip_byte(path + "/identity", 0);
    CHECK(inspect(path).says("2 problems"));

    CHECK(inspect(cluster.directory()).status == 3);
    CHECK(inspect(cluster.directory()).says("holds no storage"));
    CHECK(inspect(segment).status == 3);
    CHECK(inspect("--unknown").status == 2);
}
