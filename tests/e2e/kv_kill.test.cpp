// SPDX-License-Identifier: BSL-1.0
//
// Servers that die without a word, under load. What was acknowledged stays, and all servers come to
// hold the same.
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <demo/write_load.hpp>
#include <doctest/doctest.h>

#include <support/kv_servers.hpp>

using namespace raft_kv::outside;
using support::kv_servers;
using support::patience;
using support::shown;
using support::steady_load;

namespace {

void await_more(write_load& load, std::size_t count) {
    REQUIRE(load.await(load.acknowledged() + count, patience));
}

/// Dies while writes are on their way; they go on; it returns, and they still do.
void kill_and_restart(kv_servers& servers, write_load& load, std::uint64_t victim) {
    CAPTURE(victim);
    await_more(load, 200);
    servers.cluster().kill(victim);
    await_more(load, 200);
    servers.cluster().start(victim);
    servers.cluster().await_caught_up(victim);
}

void check_nothing_lost(kv_servers& servers, write_load& load) {
    load.stop();
    const auto held = servers.common_contents();
    const auto lost = lost_from(held, load.acknowledgements());
    CHECK(lost.missing == 0);
    CHECK(lost.different == 0);
    CHECK(load.acknowledgements().size() <= held.size());
}

}  // namespace

TEST_CASE("e2e: a leader is killed under load, and nothing acknowledged is lost") {
    kv_servers servers;
    write_load load{servers.layout(), steady_load};
    const auto victim = servers.leader();
    kill_and_restart(servers, load, victim);
    CHECK(servers.cluster().await_leader().term > 1);
    check_nothing_lost(servers, load);
}

TEST_CASE("e2e: a follower is killed under load, and the leader goes on in its term") {
    kv_servers servers;
    const auto before = servers.cluster().await_leader();
    write_load load{servers.layout(), steady_load};
    kill_and_restart(servers, load, servers.follower());
    check_nothing_lost(servers, load);
    const auto after = servers.cluster().await_leader();
    CHECK(after.id == before.id);
    CHECK(after.term == before.term);
}

TEST_CASE("e2e: ten times a random server is killed and restarted under load") {
    kv_servers servers;
    const auto seed = std::random_device{}();
    MESSAGE("seed ", seed);
    std::mt19937_64 random{seed};
    write_load load{servers.layout(), steady_load};
    for (int round = 0; round < 10; ++round) kill_and_restart(servers, load, 1 + random() % 3);
    check_nothing_lost(servers, load);
}

TEST_CASE("e2e: all servers are killed at once under load") {
    kv_servers servers;
    write_load load{servers.layout(), steady_load};
    for (int round = 0; round < 3; ++round) {
        await_more(load, 500);
        for (const auto& server : servers.layout().servers)
            servers.cluster().process(server.id).signal(SIGKILL);
        for (const auto& server : servers.layout().servers) servers.cluster().kill(server.id);
        servers.cluster().start_all();
    }
    await_more(load, 500);
    check_nothing_lost(servers, load);
}

TEST_CASE("e2e: a minority acknowledges nothing, and what it answers is an error") {
    kv_servers servers;
    CHECK(shown(servers.ask({"SET", "before", "1"})) == "OK");
    servers.cluster().await_all_caught_up();
    const auto dead = servers.leader();
    auto survivor = servers.follower();
    SUBCASE("a follower survives") {}
    SUBCASE("the leader survives") { survivor = dead; }
    for (const auto& server : servers.layout().servers)
        if (server.id != survivor) servers.cluster().kill(server.id);

    // The first may be on their way when the leader finds out that it is alone.
    auto client = servers.connect(survivor);
    for (int i = 0; i < 10; ++i) {
        const auto said = client.call({"SET", "during", "1"});
        REQUIRE(said.has_value());
        CAPTURE(said->text);
        CHECK(said->is_error());
    }
    CHECK(eventually(patience, [&] {
        return shown(client.call({"GET", "before"})).starts_with("(error) CLUSTERDOWN");
    }));
    CHECK(shown(client.call({"READONLY"})) == "OK");
    CHECK(shown(client.call({"RAFT", "READS", "stale"})) == "OK");
    CHECK(shown(client.call({"GET", "before"})) == "1");
    CHECK(shown(client.call({"GET", "during"})) == "(nil)");

    servers.cluster().start_all();
    CHECK(shown(servers.ask({"SET", "after", "1"})) == "OK");
    const auto held = servers.common_contents();
    CHECK(held.contains("before"));
    CHECK(held.contains("after"));
}

TEST_CASE("e2e: a counter grows by what was acknowledged, and at most by what is unknown") {
    kv_servers servers;
    std::atomic<bool> stops = false;
    std::atomic<std::size_t> acknowledged = 0;
    std::size_t unknown = 0;
    std::vector<long long> numbers;
    std::thread counting{[&] {
        leader_client client{servers.layout(), patience};
        const std::vector<leader_client::words> commands(16, {"INCR", "counter"});
        while (!stops) {
            bool any = false;
            for (const auto& each : client.exchange(commands)) {
                if (each.what == fate::answered) numbers.push_back(each.said.number);
                if (each.what == fate::unknown) ++unknown;
                any = any || each.what == fate::answered;
            }
            acknowledged = numbers.size();
            if (!any) std::this_thread::sleep_for(poll_pause);
        }
    }};
    bool goes_on = true;
    for (int round = 0; round < 3 && goes_on; ++round) {
        const auto more = [&](std::size_t goal) {
            return eventually(patience, [&] { return acknowledged >= goal; });
        };
        goes_on = more(acknowledged + 500);
        const auto victim = servers.leader();
        servers.cluster().kill(victim);
        goes_on = goes_on && more(acknowledged + 500);
        servers.cluster().start(victim);
    }
    stops = true;
    counting.join();
    REQUIRE(goes_on);

    const auto counter = std::stoull(shown(servers.ask({"GET", "counter"})));
    CAPTURE(unknown);
    CHECK(counter >= numbers.size());
    CHECK(counter <= numbers.size() + unknown);
    // Each acknowledged increment has a number of its own, and one client's come in their order.
    CHECK(std::ranges::adjacent_find(numbers, std::ranges::greater_equal{}) == numbers.end());
    CHECK(servers.common_contents().at("counter") == std::to_string(counter));
}
