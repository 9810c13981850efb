// SPDX-License-Identifier: BSL-1.0
//
// A server with an empty disk gets a snapshot, is killed in the middle of that, and starts again.
// RAFT_CATCH_UP_MB says how many MiB there are to get: 20 if it is not set, 1024 for a campaign:
//
//     RAFT_CATCH_UP_MB=1024 raft-e2e-tests -tc='*snapshot catch-up*'
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <demo/write_load.hpp>
#include <doctest/doctest.h>

#include <support/kv_servers.hpp>

using namespace raft_kv::outside;
using support::kv_servers;
using support::shown;

namespace {

std::uint64_t mebibytes() {
    const auto* text = std::getenv("RAFT_CATCH_UP_MB");
    return text != nullptr ? std::strtoull(text, nullptr, 10) : 20;
}

/// A second for each MiB is far more than it takes.
std::chrono::seconds limit() {
    return support::patience + std::chrono::seconds{static_cast<std::int64_t>(mebibytes())};
}

/// So many that the log does not keep them all after a snapshot.
constexpr std::size_t value_bytes = 32U << 10U;
std::uint64_t value_count() { return (mebibytes() << 20U) / value_bytes; }

void fill(kv_servers& servers) {
    auto leader = servers.connect(servers.leader());
    for (std::uint64_t i = 0; i < value_count(); ++i) {
        const std::string value(value_bytes, static_cast<char>('a' + i % 26));
        REQUIRE(shown(leader.call({"SET", "big:" + std::to_string(i), value})) == "OK");
    }
}

/// The largest file that a server has which is not of its log: what came of the snapshot so far.
std::uint64_t received_bytes(const std::string& directory) {
    std::uint64_t most = 0;
    std::error_code gone;
    for (const auto& each : std::filesystem::directory_iterator{directory, gone})
        if (each.path().filename().string().find("receiv") != std::string::npos)
            most = std::max<std::uint64_t>(most, each.file_size(gone));
    return most;
}

}  // namespace

TEST_CASE("e2e: a snapshot catch-up is killed halfway and comes to its end, under load") {
    kv_servers servers{1, {2}};
    auto& cluster = servers.cluster();
    fill(servers);
    const auto size = mebibytes() << 20U;
    REQUIRE(shown(servers.connect(1).call({"RAFT", "SNAPSHOT"})) == "OK");
    REQUIRE(eventually(limit(), [&] { return cluster.await_leader().snapshot >= value_count(); }));

    write_load load{servers.layout(), {.clients = 1, .pipeline = 4}};
    cluster.start(2);
    const auto& at = cluster.address(2);
    REQUIRE(
        shown(servers.connect(1).call({"RAFT", "ADD", "2", at.host, std::to_string(at.peer_port),
                                       std::to_string(at.client_port), "LEARNER"})) == "OK");
    // A look takes a while, in which more comes.
    const auto on_the_way =
        eventually(limit(), [&] { return received_bytes(cluster.data_path(2)) >= size / 2; });
    CHECK(on_the_way);
    cluster.kill(2);
    const auto kept = received_bytes(cluster.data_path(2));
    MESSAGE("killed with ", kept >> 20U, " of ", size >> 20U, " MiB");
    REQUIRE(load.await(load.acknowledged() + 100, support::patience));
    cluster.start(2);
    const auto behind = cluster.await_leader().applied;
    REQUIRE(eventually(limit(), [&] {
        const auto status = status_of(at);
        return status && status->applied >= behind;
    }));
    load.stop();
    cluster.await_caught_up(2);
    const auto held = contents_of(at);
    CHECK(lost_from(held, load.acknowledgements()).count() == 0);
    CHECK(held.size() >= value_count());
}
