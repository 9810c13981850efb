// SPDX-License-Identifier: BSL-1.0
//
// Transactions under many kills and hand-overs at random. Takes some minutes, and is no part of the
// usual tests: ctest --preset long.
#include <cstdint>
#include <random>
#include <string>

#include <doctest/doctest.h>

#include <support/transaction_load.hpp>

using support::history_check;
using support::kv_servers;
using support::transaction_load;

namespace {

/// Some server is killed and started again, or leadership is handed over.
void disturb(kv_servers& servers, const transaction_load& load, std::mt19937_64& random) {
    if (random() % 3 == 0) {
        static_cast<void>(servers.connect(servers.leader()).call({"RAFT", "TRANSFER"}));
        return;
    }
    const auto victim = 1 + random() % servers.layout().servers.size();
    servers.cluster().kill(victim);
    REQUIRE(load.await_more(random() % 200));
    servers.cluster().start(victim);
    servers.cluster().await_caught_up(victim);
}

}  // namespace

TEST_CASE("transactions are explained by the order of the log under a hundred disturbances") {
    for (int run = 0; run < 5; ++run) {
        const auto seed = std::random_device{}();
        MESSAGE("seed ", seed);
        std::mt19937_64 random{seed};
        kv_servers servers;
        transaction_load load{servers.layout(), 6, seed};
        for (int round = 0; round < 20; ++round) {
            REQUIRE(load.await_more(100));
            disturb(servers, load, random);
        }
        const auto all = load.stop();
        history_check check{all};
        const auto problem = check.find_problem(servers.common_contents());
        CHECK_MESSAGE(!problem, problem.value_or(""));
        MESSAGE(all.size(), " sent, ", check.order().size(), " in the log");
    }
}
