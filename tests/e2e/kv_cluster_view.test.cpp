// SPDX-License-Identifier: BSL-1.0
//
// What clients of Redis Cluster learn from real servers about who leads.
#include <string>

#include <doctest/doctest.h>

#include <support/kv_servers.hpp>

using support::kv_servers;
using support::patience;
using support::shown;

TEST_CASE("e2e: without a leader CLUSTER SLOTS is an error and with one it has all servers") {
    kv_servers servers;
    const auto leader = servers.leader();
    const auto left = leader % 3 + 1;
    const auto other = left % 3 + 1;
    auto client = servers.connect(left);
    servers.cluster().kill(leader);
    servers.cluster().kill(other);
    // The table of before is told while nobody has missed the leader.
    for (const auto* table : {"SLOTS", "SHARDS", "NODES"})
        CHECK(raft_kv::outside::eventually(patience, [&] {
            return shown(client.call({"CLUSTER", table})) ==
                   "(error) CLUSTERDOWN no leader is known; try again";
        }));
    CHECK(shown(client.call({"CLUSTER", "INFO"})).starts_with("cluster_state:fail"));

    servers.cluster().start(other);
    static_cast<void>(servers.leader());
    const auto slots = client.call({"CLUSTER", "SLOTS"});
    REQUIRE(slots.has_value());
    REQUIRE(slots->elements.size() == 1);
    CHECK(slots->elements[0].elements.size() == 2 + 3);
    for (std::size_t i = 2; i < 5; ++i) CHECK(slots->elements[0].elements[i].elements.size() == 4);
}

TEST_CASE("e2e: who asks for the servers during an election is told when it is over") {
    kv_servers servers;
    const auto leader = servers.leader();
    auto client = servers.connect(leader % 3 + 1);
    servers.cluster().kill(leader);
    std::size_t tables = 0;
    CHECK(raft_kv::outside::eventually(patience, [&] {
        const auto slots = client.call({"CLUSTER", "SLOTS"});
        REQUIRE(slots.has_value());
        REQUIRE((slots->elements.size() == 1 || shown(slots).starts_with("(error) CLUSTERDOWN")));
        tables += slots->elements.size();
        const auto& now = slots->elements;
        return !now.empty() && shown(now[0].elements[2].elements[1]) !=
                                   shown(raft_kv::outside::answer{
                                       .what = raft_kv::outside::answer::kind::integer,
                                       .number = servers.cluster().address(leader).client_port});
    }));
    CHECK(tables > 0);
}
