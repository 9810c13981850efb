// SPDX-License-Identifier: BSL-1.0
//
// What version 164c081, the oldest that this one follows, has left: a directory of its raft-kv, and
// frames as its servers send them, one of each kind; tests/fixtures/README.md says how they were
// made.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include <birth.hpp>
#include <data_identity.hpp>
#include <doctest/doctest.h>

#include <raft/codec.hpp>
#include <support/kv_servers.hpp>

namespace oldest_version_test {

using namespace raft_kv::outside;
using support::patience;
using support::shown;

namespace {

const std::string fixture = RAFT_FIXTURES "/164c081";
constexpr std::uintmax_t segment_bytes = 32 * 1024 * 1024;

/// Segments are kept without the zeros at their ends, which are most of them.
void copy_directory(const std::string& to) {
    std::filesystem::copy(fixture + "/data", to);
    for (const auto& each : std::filesystem::directory_iterator{to})
        if (each.path().filename().string().starts_with("log-"))
            std::filesystem::resize_file(each.path(), segment_bytes);
}

std::vector<std::byte> bytes_of(const std::string& hex) {
    std::vector<std::byte> bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        bytes.push_back(static_cast<std::byte>(std::stoi(hex.substr(i, 2), nullptr, 16)));
    return bytes;
}

}  // namespace

TEST_CASE("e2e: a directory of the oldest version opens and has the history of its cluster") {
    local_cluster cluster{RAFT_KV_PATH, 1};
    const auto& at = cluster.address(1);
    std::ofstream{cluster.cluster_file()} << "cluster fixture\n1 " << at.host << ' ' << at.peer_port
                                          << ' ' << at.client_port << '\n';
    copy_directory(cluster.data_path(1));
    cluster.begin_start(1);
    cluster.await_answer(1);
    leader_client writer{cluster.layout(), patience};
    CHECK(shown(writer.persist({"SET", "after", "1"}, patience)) == "OK");
    const auto held = contents_of(at);
    CHECK(held.size() == 41);
    for (int i = 0; i < 40; ++i) {
        const auto found = held.find("key:" + std::to_string(i));
        REQUIRE(found != held.end());
        CHECK(found->second == "value " + std::to_string(i));
    }
    auto parsed = raft_kv::read_cluster_file(cluster.cluster_file());
    const auto identity = std::get<raft_kv::cluster_layout>(parsed).identity();
    const auto history = raft_kv::hex_text(raft_kv::history_before_records(identity).value);
    connection client{at, patience};
    CHECK(shown(client.call({"RAFT", "BIRTH"})) == "history " + history + "\n");

    cluster.kill(1);
    cluster.begin_start(1);
    cluster.await_answer(1);
    CHECK(shown(writer.persist({"DBSIZE"}, patience)) == "(integer) 41");
}

TEST_CASE("e2e: frames of the oldest version are read and written byte for byte") {
    std::ifstream file{fixture + "/frames"};
    std::size_t count = 0;
    for (std::string line; std::getline(file, line); ++count) {
        CAPTURE(count);
        const auto frame = bytes_of(line);
        raft::wire::decoded<std::string> received;
        REQUIRE(raft::wire::decode_frame(std::span{frame}, received) == std::nullopt);
        std::vector<std::byte> again;
        REQUIRE(raft::wire::append_frame(again, received.body, received.beside(), {}, 1) ==
                std::nullopt);
        CHECK(again == frame);
    }
    CHECK(count == 16);
}

}  // namespace oldest_version_test
