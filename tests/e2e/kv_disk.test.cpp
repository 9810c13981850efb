// SPDX-License-Identifier: BSL-1.0
//
// What servers keep on the disk, and what they do when there is no more of it.
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include <demo/write_load.hpp>
#include <doctest/doctest.h>

#include <support/kv_servers.hpp>
#include <support/small_disk.hpp>

using namespace raft_kv::outside;
using support::kv_servers;
using support::patience;
using support::shown;
using support::small_disk;

namespace {

constexpr std::size_t mebibyte = 1024 * 1024;

void write_some(kv_servers& servers, std::size_t count) {
    write_load load{servers.layout(), {.writes = count, .clients = 2, .pipeline = 64}};
    REQUIRE(load.await(count, patience));
    load.stop();
}

void await_snapshot(kv_servers& servers, std::uint64_t id) {
    REQUIRE(shown(servers.connect(id).call({"RAFT", "SNAPSHOT"})) == "OK");
    REQUIRE(eventually(patience, [&] {
        const auto status = status_of(servers.cluster().address(id));
        return status && status->snapshot > 0;
    }));
}

void kill_all(kv_servers& servers) {
    for (const auto& server : servers.layout().servers) servers.cluster().kill(server.id);
}

}  // namespace

TEST_CASE("e2e: servers begin from their snapshot and what came after it") {
    kv_servers servers;
    write_some(servers, 3000);
    servers.cluster().await_all_caught_up();
    for (const auto& server : servers.layout().servers) await_snapshot(servers, server.id);
    CHECK(shown(servers.ask({"SET", "after", "the snapshot"})) == "OK");
    const auto before = servers.common_contents();
    CHECK(before.size() == 3001);
    kill_all(servers);
    servers.cluster().start_all();
    for (const auto& server : servers.layout().servers)
        CHECK(status_of(servers.cluster().address(server.id))->snapshot > 0);
    CHECK(servers.common_contents() == before);
}

TEST_CASE("e2e: a server that was away is brought up by a snapshot") {
    kv_servers servers;
    const auto away = servers.follower();
    servers.cluster().kill(away);
    write_some(servers, 3000);
    CHECK(shown(servers.ask({"SET", "large", std::string(mebibyte, 'v')})) == "OK");
    for (const auto& server : servers.layout().servers)
        if (server.id != away) await_snapshot(servers, server.id);
    CHECK(shown(servers.ask({"SET", "after", "the snapshot"})) == "OK");
    servers.cluster().start(away);
    CHECK(servers.common_contents().size() == 3002);
}

TEST_CASE("e2e: a second snapshot needs something new") {
    kv_servers servers;
    write_some(servers, 100);
    const auto leader = servers.leader();
    await_snapshot(servers, leader);
    CHECK(
        shown(servers.connect(leader).call({"RAFT", "SNAPSHOT"})).starts_with("(error) NOCHANGE "));
}

/// Gives each server a disk of its own; false, with the reason shown, where none can be mounted.
static bool mount_small_disks(const local_cluster& cluster,
                              std::map<std::uint64_t, small_disk>& disks) {
    constexpr int size_mebibytes = 300;
    for (const auto& server : cluster.layout().servers) {
        const auto& disk =
            disks.try_emplace(server.id, cluster.data_path(server.id), size_mebibytes);
        if (disk.first->second.is_there()) continue;
        MESSAGE("skipped: a tmpfs cannot be mounted here: ", disk.first->second.error());
        return false;
    }
    return true;
}

TEST_CASE("e2e: a follower whose disk is full holds nobody up, and catches up when there is room") {
    local_cluster cluster{RAFT_KV_PATH};
    std::map<std::uint64_t, small_disk> disks;
    if (!mount_small_disks(cluster, disks)) return;
    cluster.start_all();
    const auto leader = cluster.await_leader().id;
    const auto full = leader % 3 + 1;
    disks.at(full).fill();
    leader_client writer{cluster.layout(), patience};
    constexpr int more_than_fits = 80;
    for (int i = 0; i < more_than_fits; ++i) {
        const std::string value(mebibyte, static_cast<char>('0' + i % 10));
        REQUIRE(shown(writer.persist({"SET", "k", value}, patience)) == "OK");
    }
    const auto ahead = cluster.await_leader();
    const auto behind = status_of(cluster.address(full));
    REQUIRE(behind.has_value());
    CHECK(behind->applied < ahead.commit);
    CHECK(contents_of(cluster.address(full)).size() == 1);

    disks.at(full).release();
    cluster.await_all_caught_up();
    const auto held = contents_of(cluster.address(leader));
    for (const auto& server : cluster.layout().servers)
        CHECK(first_difference(contents_of(server), held).empty());
}

TEST_CASE("e2e: while both followers' disks are full, writes are answered and reads go on") {
    local_cluster cluster{RAFT_KV_PATH};
    std::map<std::uint64_t, small_disk> disks;
    if (!mount_small_disks(cluster, disks)) return;
    cluster.start_all();
    const auto leader = cluster.await_leader().id;
    for (auto& [id, disk] : disks)
        if (id != leader) disk.fill();
    connection client{cluster.address(leader), patience};
    const std::string value(mebibyte, 'v');
    std::optional<answer> said;
    int written = 0;
    for (; written < 200; ++written) {
        said = client.call({"SET", key_of(static_cast<std::size_t>(written)), value});
        REQUIRE(said.has_value());
        if (!said->is_ok()) break;
    }
    CHECK(shown(said).starts_with("(error) UNKNOWN "));
    CHECK(shown(client.call({"SET", "another", value})).starts_with("(error) TRYAGAIN "));
    CHECK(shown(client.call({"GET", key_of(0)})) == value);

    for (auto& [id, disk] : disks)
        if (id != leader) disk.release();
    leader_client writer{cluster.layout(), patience};
    CHECK(shown(writer.persist({"SET", "another", value}, patience)) == "OK");
    cluster.await_all_caught_up();
}

TEST_CASE("e2e: a full disk refuses writes, answers reads, and takes writes when there is room") {
    local_cluster cluster{RAFT_KV_PATH, 1};
    small_disk disk{cluster.data_path(1), 200};
    if (!disk.is_there()) {
        MESSAGE("skipped: a tmpfs cannot be mounted here: ", disk.error());
        return;
    }
    cluster.start(1);
    static_cast<void>(cluster.await_leader());
    disk.fill();
    connection client{cluster.address(1), patience};
    const std::string value(mebibyte, 'v');
    std::size_t written = 0;
    std::optional<answer> said;
    for (; written < 1000; ++written) {
        said = client.call({"SET", key_of(written), value});
        REQUIRE(said.has_value());
        if (!said->is_ok()) break;
    }
    CHECK(shown(said).starts_with("(error) NOSPACE "));
    CHECK(written > 0);
    CHECK(cluster.runs(1));
    CHECK(shown(client.call({"GET", key_of(0)})) == value);
    CHECK(shown(client.call({"DBSIZE"})) == "(integer) " + std::to_string(written));
    CHECK(shown(client.call({"SET", key_of(written), value})).starts_with("(error) NOSPACE "));

    SUBCASE("without a restart") { disk.release(); }
    SUBCASE("after a restart with a disk that is still full") {
        cluster.kill(1);
        cluster.start(1);
        static_cast<void>(cluster.await_leader());
        connection again{cluster.address(1), patience};
        CHECK(shown(again.call({"DBSIZE"})) == "(integer) " + std::to_string(written));
        CHECK(shown(again.call({"SET", key_of(written), value})).starts_with("(error) NOSPACE "));
        disk.release();
    }
    leader_client writer{cluster.layout(), patience};
    const auto taken = writer.persist({"SET", key_of(written), value}, patience);
    CHECK(shown(taken) == "OK");
    const auto keys = writer.persist({"DBSIZE"}, patience);
    CHECK(shown(keys) == "(integer) " + std::to_string(written + 1));
}

TEST_CASE("F3 a disk that the log alone would fill gets a snapshot in time") {
    local_cluster cluster{RAFT_KV_PATH, 1};
    small_disk disk{cluster.data_path(1), 220};
    if (!disk.is_there()) {
        MESSAGE("skipped: a tmpfs cannot be mounted here: ", disk.error());
        return;
    }
    cluster.start(1);
    static_cast<void>(cluster.await_leader());
    // A state of 38 MiB: by its size alone the next snapshot would be due after 300 MiB of log.
    constexpr std::size_t keys = 600;
    constexpr std::size_t writes = 6'000;
    const std::string value(64 * 1024, 'v');
    leader_client writer{cluster.layout(), patience};
    for (std::size_t i = 0; i < writes; ++i)
        REQUIRE(shown(writer.persist({"SET", key_of(i % keys), value}, patience)) == "OK");
    CHECK(cluster.log_tail(1).find("no room") == std::string::npos);
}
