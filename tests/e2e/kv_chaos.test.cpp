// SPDX-License-Identifier: BSL-1.0
//
// Some seconds of what tests/long has ten minutes of: everything happens to five servers under load
// that operators, disks and networks ordinarily do. RAFT_CHAOS_SEED repeats a run's faults.
#include <random>

#include <support/from_environment.hpp>
#include <support/kv_chaos.hpp>

namespace chaos_test {

TEST_CASE("e2e: some seconds of every fault and change of members lose nothing") {
    SKIP_WITHOUT_NETWORK_NAMESPACES();
    const auto seed = support::number_from("RAFT_CHAOS_SEED", std::random_device{}());
    MESSAGE("RAFT_CHAOS_SEED=" << seed);
    chaos story{seed, 2s};
    story.run_until(steady::now() + 4s);
    story.check_end();
    CHECK(story.times_to_lead().back() < 10 * election_timeout);
}

}  // namespace chaos_test
