// SPDX-License-Identifier: BSL-1.0
//
// Ten minutes in which everything happens to five servers under load that operators, disks and
// networks ordinarily do: ctest --preset long. RAFT_CHAOS_SEED repeats a run's faults, and
// RAFT_CHAOS_SECONDS is how long it takes; with RAFT_CHAOS_KEEP what the servers logged is kept.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <random>

#include <support/from_environment.hpp>
#include <support/kv_chaos.hpp>

namespace chaos_test {

TEST_CASE("e2e: ten minutes of every fault and change of members lose nothing") {
    SKIP_WITHOUT_NETWORK_NAMESPACES();
    const auto seed = support::number_from("RAFT_CHAOS_SEED", std::random_device{}());
    const auto length = std::chrono::seconds{support::number_from("RAFT_CHAOS_SECONDS", 600)};
    MESSAGE("RAFT_CHAOS_SEED=" << seed << " RAFT_CHAOS_SECONDS=" << length.count());
    chaos story{seed, 8s};
    story.run_until(steady::now() + length);
    story.check_end();
    const auto times = story.times_to_lead();
    const auto in_time = std::ranges::count_if(times, [](auto t) { return t < back_in_time; });
    MESSAGE(in_time << " of " << times.size() << " with a leader in time; median "
                    << times[times.size() / 2].count() << " ms, longest " << times.back().count()
                    << " ms");
    CHECK(static_cast<std::size_t>(in_time) * 100 >= times.size() * 95);
    CHECK(times.back() < 10 * election_timeout);
}

}  // namespace chaos_test
