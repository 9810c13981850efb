// SPDX-License-Identifier: BSL-1.0
//
// Three servers beside ten processes that spin, at the settings that they have by themselves (fault
// 7). RAFT_OVERLOAD_SECONDS is how long it takes.
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <demo/child_process.hpp>
#include <demo/write_load.hpp>
#include <doctest/doctest.h>

#include <support/from_environment.hpp>
#include <support/kv_servers.hpp>

namespace overload_test {

using namespace raft_kv::outside;
using namespace std::chrono_literals;

TEST_CASE("F7 beside ten spinning processes there is one election at most in ten minutes") {
    const auto length = std::chrono::seconds{support::number_from("RAFT_OVERLOAD_SECONDS", 600)};
    local_cluster cluster{RAFT_KV_PATH};
    cluster.start_all();
    const auto before = cluster.await_leader();
    write_load load{cluster.layout(), {.clients = 2, .pipeline = 8, .pause = 20ms}};
    std::vector<std::unique_ptr<child_process>> spinning;
    for (int i = 0; i < 10; ++i)
        spinning.push_back(std::make_unique<child_process>(
            std::vector<std::string>{"/bin/sh", "-c", "while :; do :; done"}, "/dev/null"));
    std::this_thread::sleep_for(length);
    const auto after = cluster.await_leader();
    spinning.clear();
    load.stop();
    MESSAGE(length.count() << " s: " << after.term - before.term << " elections, "
                           << load.acknowledgements().size() << " writes acknowledged");
    CHECK(after.term - before.term <= 1);
    cluster.await_all_caught_up();
    for (const auto& server : cluster.layout().servers)
        CHECK(lost_from(contents_of(server), load.acknowledgements()).count() == 0);
}

}  // namespace overload_test
