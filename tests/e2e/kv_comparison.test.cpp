// SPDX-License-Identifier: BSL-1.0
//
// Real servers that compare their states. What one of them holds is changed behind its back: its
// snapshot on the disk, with all checksums right, so that nothing but the comparison can find it.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <demo/free_ports.hpp>
#include <demo/wait.hpp>
#include <doctest/doctest.h>
#include <kv.hpp>

#include <raft/battery/file_storage/posix_files.hpp>
#include <raft/battery/file_storage/snapshot_file.hpp>
#include <support/kv_servers.hpp>
#include <support/kv_snapshots.hpp>
#include <support/raw_socket.hpp>

using support::kv_servers;
using support::patience;
using support::shown;

namespace comparison_test {
namespace {

using snapshot_file = raft::wal::snapshot_file<raft::wal::posix_files>;
using snapshot_draft = raft::wal::snapshot_draft<raft::wal::posix_files>;

/// The path of the one snapshot in the directory of a server that does not run.
std::string snapshot_in(const std::string& directory) {
    for (const auto& each : std::filesystem::directory_iterator{directory})
        if (each.path().filename().string().starts_with(raft::wal::snapshot_prefix) &&
            each.path().extension().empty())
            return each.path().string();
    throw std::runtime_error{"no snapshot in " + directory};
}

/// What the snapshot holds at `key` becomes `value`.
void change_snapshot(const std::string& directory, std::string_view key, std::string_view value) {
    const auto path = snapshot_in(directory);
    raft::wal::posix_files files;
    std::shared_ptr<const snapshot_file> opened;
    REQUIRE_FALSE(snapshot_file::open(files, path, opened));
    const auto stored = opened->stored();
    std::vector<std::byte> room;
    std::span<const std::byte> bytes;
    REQUIRE_FALSE(opened->read(0, stored.description.size, room, bytes));
    REQUIRE(bytes.size() == stored.description.size);
    auto store =
        raft::testing::restored({reinterpret_cast<const char*>(bytes.data()), bytes.size()});

    std::string batch;
    raft_kv::batch_writer{batch}.set(key, value);
    static_cast<void>(store.apply(stored.description.last_included.index, batch));
    const auto changed = raft::testing::saved(store);
    opened.reset();
    snapshot_draft draft;
    REQUIRE(snapshot_draft::begin(files, path, draft) == 0);
    REQUIRE(draft.append(std::as_bytes(std::span{changed})) == 0);
    REQUIRE(draft.finish(stored.description.last_included, stored.members, stored.withheld) == 0);
    REQUIRE(draft.sync() == 0);
}

std::string page_of(std::uint16_t port, std::string_view page) {
    support::raw_socket socket{port};
    socket.send("GET " + std::string{page} + " HTTP/1.1\r\n\r\n");
    return socket.receive_all();
}

std::string told_by(kv_servers& servers, std::uint64_t id) {
    return shown(servers.connect(id).call({"RAFT", "STATUS"}));
}

}  // namespace

TEST_CASE("e2e: a server whose state was changed behind its back is found and stops") {
    const auto port = raft_kv::outside::free_ports(1).front();
    kv_servers servers{3, {}, {"--compare-entries", "16"}};
    const auto write = [&](int from, int to) {
        for (int i = from; i < to; ++i)
            CHECK(shown(servers.ask({"SET", "key" + std::to_string(i), "right"})) == "OK");
    };
    write(0, 20);
    const auto wrong = servers.follower();
    servers.cluster().await_caught_up(wrong);
    CHECK(shown(servers.connect(wrong).call({"RAFT", "SNAPSHOT"})) == "OK");
    REQUIRE(raft_kv::outside::eventually(patience, [&] {
        const auto status = raft_kv::outside::status_of(servers.cluster().address(wrong));
        return status && status->snapshot > 0;
    }));
    servers.cluster().kill(wrong);
    change_snapshot(servers.cluster().data_path(wrong), "key7", "wrong");
    servers.cluster().set_flags({"--election-timeout-ms=300", "--heartbeat-ms=60",
                                 "--compare-entries=16", "--metrics=" + std::to_string(port)});
    servers.cluster().start(wrong);

    int written = 20;
    CHECK(raft_kv::outside::eventually(patience, [&] {
        write(written, written + 4);
        written += 4;
        return told_by(servers, wrong).find("state-differs, (integer) 1") != std::string::npos;
    }));
    const auto name = "server " + std::to_string(wrong);
    CHECK(servers.cluster().log_tail(wrong).find(
              "the state of " + name + " is not that of the others") != std::string::npos);
    CHECK(servers.cluster()
              .log_tail(servers.leader())
              .find("the state of " + name + " is not that of the others") != std::string::npos);
    CHECK(
        told_by(servers, servers.leader()).find("difference-of, [" + std::to_string(wrong) + "]") !=
        std::string::npos);

    // It serves nobody, says so, and lives on; the others do not mind.
    const auto refused = shown(servers.connect(wrong).call({"GET", "key7"}));
    CAPTURE(refused);
    CHECK(refused.find("DIFFERS") != std::string::npos);
    CHECK(page_of(port, "/healthz").starts_with("HTTP/1.1 200"));
    CHECK(
        page_of(port, "/ready").ends_with("the state of this server is not that of the others\n"));
    const auto metrics = page_of(port, "/metrics");
    CHECK(metrics.find("\nraft_state_differs 1\n") != std::string::npos);
    CHECK(metrics.find("\nraft_state_difference{id=\"" + std::to_string(wrong) + "\"} 1\n") !=
          std::string::npos);
    CHECK(shown(servers.ask({"GET", "key7"})) == "right");
    write(written, written + 20);

    // Nobody backs up what it holds, its disk is still wrong after a restart, and no cluster is
    // recovered from it.
    CHECK(shown(servers.connect(wrong).call({"RAFT", "BACKUP"})).starts_with("(error) DIFFERS "));
    servers.cluster().kill(wrong);
    servers.cluster().start(wrong);
    const auto again = shown(servers.connect(wrong).call({"GET", "key7"}));
    CHECK(again.find("DIFFERS") != std::string::npos);
    CHECK(told_by(servers, wrong).find("state-differs, (integer) 1") != std::string::npos);
    servers.cluster().kill(wrong);
    const auto told =
        support::run_program({RAFT_KV_PATH, "recover", "--data", servers.cluster().data_path(wrong),
                              "--id", std::to_string(wrong)});
    CHECK(told.output.find("was not that of the others: take another") != std::string::npos);
}

TEST_CASE("e2e: an election timeout that is not the leader's is told") {
    kv_servers servers;
    const auto one = servers.follower();
    servers.cluster().kill(one);
    servers.cluster().set_flags({"--election-timeout-ms=700", "--heartbeat-ms=60"});
    servers.cluster().start(one);
    const auto leads = servers.leader();
    REQUIRE(leads != one);
    CHECK(raft_kv::outside::eventually(patience, [&] {
        return servers.cluster().log_tail(leads).find(
                   "the election timeout of server " + std::to_string(one) +
                   " is 700 ms, and here it is 300 ms") != std::string::npos;
    }));
    CHECK(raft_kv::outside::eventually(patience, [&] {
        return servers.cluster().log_tail(one).find(
                   "the election timeout of server " + std::to_string(leads) +
                   " is 300 ms, and here it is 700 ms") != std::string::npos;
    }));
}

}  // namespace comparison_test
