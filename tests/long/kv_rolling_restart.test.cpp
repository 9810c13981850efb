// SPDX-License-Identifier: BSL-1.0
//
// Three servers of an older version become servers of this one, one after another, while clients
// write. RAFT_KV_OLD_PATH names the older raft-kv; the oldest that will do is that of commit
// 164c081.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include <birth.hpp>
#include <demo/write_load.hpp>
#include <doctest/doctest.h>

#include <support/kv_servers.hpp>

namespace rolling_restart_test {

using namespace raft_kv::outside;
using support::patience;
using support::shown;

namespace {

std::string birth_of(const raft_kv::server_address& server) {
    connection client{server, patience};
    return shown(client.call({"RAFT", "BIRTH"}));
}

/// The longest time in which nothing was acknowledged.
std::chrono::milliseconds longest_gap(std::vector<acknowledgement> all) {
    std::ranges::sort(all, {}, &acknowledgement::received);
    steady::duration gap{};
    for (std::size_t i = 1; i < all.size(); ++i)
        gap = std::max(gap, all[i].received - all[i - 1].received);
    return std::chrono::duration_cast<std::chrono::milliseconds>(gap);
}

void replace(local_cluster& cluster, write_load& load, std::uint64_t id) {
    REQUIRE(load.await(load.acknowledged() + 1000, patience));
    cluster.process(id).signal(SIGTERM);
    REQUIRE(cluster.process(id).wait(patience).has_value());
    cluster.start(id);
    cluster.await_caught_up(id);
    REQUIRE(load.await(load.acknowledged() + 1000, patience));
}

}  // namespace

TEST_CASE("e2e: servers of an older version are replaced one by one under load and lose nothing") {
    const auto* const old = std::getenv("RAFT_KV_OLD_PATH");
    if (old == nullptr) {
        MESSAGE("skipped: RAFT_KV_OLD_PATH names no older raft-kv");
        return;
    }
    local_cluster cluster{old};
    for (std::uint64_t id = 1; id <= 3; ++id) cluster.begin_start(id);
    for (std::uint64_t id = 1; id <= 3; ++id) cluster.await_answer(id);
    static_cast<void>(cluster.await_leader());
    write_load load{cluster.layout(), {.clients = 2, .pipeline = 16}};
    cluster.set_program(RAFT_KV_PATH);
    for (std::uint64_t id = 1; id <= 3; ++id) replace(cluster, load, id);
    load.stop();

    cluster.await_all_caught_up();
    const auto history = raft_kv::history_before_records(cluster.layout().identity());
    for (const auto& server : cluster.layout().servers) {
        const auto lost = lost_from(contents_of(server), load.acknowledgements());
        INFO("server " << server.id << ", the first loss: " << lost.example);
        CHECK(lost.count() == 0);
        CHECK(birth_of(server) == "history " + raft_kv::hex_text(history.value) + "\n");
    }
    MESSAGE(load.acknowledgements().size()
            << " writes acknowledged, none lost; at most "
            << longest_gap(load.acknowledgements()).count() << " ms without one");
}

}  // namespace rolling_restart_test
