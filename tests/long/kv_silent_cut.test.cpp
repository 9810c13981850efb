// SPDX-License-Identifier: BSL-1.0
//
// Silent cuts of all lengths, many of them: how soon the cluster is whole again (fault 2). Takes a
// quarter of an hour, and is no part of the usual tests: ctest --preset long.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <support/from_environment.hpp>
#include <support/kv_cut.hpp>

using namespace cut_test;

namespace {

/// A follower, the leader or all are cut off, for one to eight seconds.
milliseconds random_round(cut_cluster& s, std::mt19937_64& dice) {
    const auto kind = dice() % 3;
    const milliseconds length{1000 + dice() % 7000};
    auto off = s.servers.all();
    if (kind == 0) off = {s.follower()};
    if (kind == 1) off = {s.leader()};
    const auto took = s.cut_and_heal(off, length);
    const std::string who = kind == 0 ? "a follower" : kind == 1 ? "the leader" : "all";
    MESSAGE(who << " cut off for " << length.count() << " ms: whole again after " << took.count()
                << " ms");
    return took;
}

}  // namespace

TEST_CASE("F2 silent cuts of up to a minute are over when they are over") {
    SKIP_WITHOUT_NETWORK_NAMESPACES();
    cut_cluster s;
    for (const auto length : {3s, 15s, 30s, 60s})
        for (const bool leads : {false, true}) {
            const auto off = leads ? s.leader() : s.follower();
            const auto took = s.cut_and_heal({off}, length);
            const std::string who = leads ? "the leader" : "a follower";
            MESSAGE(who << " cut off for " << length.count() << " s: whole again after "
                        << took.count() << " ms");
            CHECK(took < back_in_time);
        }
}

TEST_CASE("F2 after 95 of 100 silent cuts there is a leader in time and after all soon") {
    SKIP_WITHOUT_NETWORK_NAMESPACES();
    const auto seed = support::number_from("RAFT_CUT_SEED", std::random_device{}());
    const auto rounds = support::number_from("RAFT_CUT_ROUNDS", 100);
    MESSAGE("RAFT_CUT_SEED=" << seed << " RAFT_CUT_ROUNDS=" << rounds);
    std::mt19937_64 dice{seed};
    cut_cluster s;
    std::vector<milliseconds> times;
    for (unsigned long i = 0; i < rounds; ++i) times.push_back(random_round(s, dice));
    std::ranges::sort(times);
    const auto in_time = std::ranges::count_if(times, [](auto t) { return t < back_in_time; });
    MESSAGE(in_time << " of " << rounds << " in time; median " << times[rounds / 2].count()
                    << " ms, longest " << times.back().count() << " ms");
    CHECK(static_cast<unsigned long>(in_time) * 100 >= rounds * 95);
    CHECK(times.back() < 10 * election_timeout);
}
