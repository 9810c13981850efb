// SPDX-License-Identifier: BSL-1.0
//
// Ranks (`settings::election_rank`): who leads where more than one could, in virtual time.
#include <cstdint>

#include <doctest/doctest.h>

#include <support/trio.hpp>

using namespace raft::testing;

namespace {

/// Server 3 is of rank 0, server 1 of rank 1, and server 2 of rank 2.
struct ranked_trio : trio {
    explicit ranked_trio(std::uint64_t seed) {
        for (auto& each : options) {
            each.config.election_rank = static_cast<std::uint8_t>(each.id.value % 3);
            each.seed = 3 * seed + each.id.value;
            start(each.id.value);
        }
    }

    void stop(std::uint64_t id) { up.erase(id); }

    void commit_one() {
        told heard;
        leader().propose(1, heard.listener());
        pass(300);
        REQUIRE(heard.words.size() == 1);
        REQUIRE(heard.words[0].starts_with("applied"));
    }
};

}  // namespace

TEST_CASE("of those who can win the one of the lowest rank leads, whoever has led before") {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        CAPTURE(seed);
        ranked_trio c{seed};
        CHECK(c.leader_id() == 3);
        c.stop(3);
        CHECK(c.leader_id() == 1);
        c.commit_one();

        c.stop(1);  // Server 3 is there again, and lacks the entry: it stands first, and in vain.
        c.start(3);
        CHECK(c.leader_id() == 2);
        c.commit_one();

        c.start(1);
        c.pass(1000);
        CHECK(c.leader_id() == 2);  // A rank unseats nobody.
        c.stop(2);
        CHECK(c.leader_id() == 3);
    }
}
