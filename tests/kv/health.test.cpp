// SPDX-License-Identifier: BSL-1.0
//
// When a server is healthy, when it is ready, and what it tells of the members.
#include "health.hpp"

#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include <raft/core/membership.hpp>

using namespace raft_kv;

namespace {

constexpr raft::instant start{1'000'000'000};

raft::instant after(std::int64_t milliseconds) { return start + raft::milliseconds(milliseconds); }

/// Server 1 of three, of which 3 is to be a witness.
raft::core::state server_one() {
    raft::core::state state{.self = {1}, .current_term = {7}};
    state.config.election_timeout = raft::milliseconds(300);
    auto members = raft::core::voters_only({{1}, {2}});
    members =
        raft::core::with_change_begun(members, {{{1}}, {{2}}, {{3}, raft::member_part::witness}});
    state.configurations.push_back({{}, members});
    state.role = raft::core::follower_state{.leader = raft::member_id{2}, .last_contact = start};
    return state;
}

struct storage_of_hundreds {
    /// Each entry has a hundred bytes.
    [[nodiscard]] static std::uint64_t bytes_after(raft::log_index index) {
        return 100 * (10 - index.value);
    }
};

std::vector<member_report> report_of(const raft::core::state& state, raft::instant now,
                                     const raft::digests::comparison_status& told = {}) {
    return report_of_members(state,
                             raft::detail::progress_of(state, storage_of_hundreds{}, told, now));
}

}  // namespace

TEST_CASE(
    "health: a server is ready once it has applied what was committed, while a leader is heard") {
    health one;
    auto state = server_one();
    CHECK(one.obstacle(state, start)->starts_with("not all is applied yet"));
    CHECK(one.wants_read(state));
    one.read_asked();
    CHECK_FALSE(one.wants_read(state));
    one.read_answered(false);
    CHECK(one.obstacle(state, start).has_value());
    CHECK(one.wants_read(state));
    one.read_asked();
    one.read_answered(true);
    CHECK_FALSE(one.wants_read(state));
    CHECK_FALSE(one.obstacle(state, start));
    CHECK_FALSE(one.obstacle(state, after(299)));
    CHECK(one.obstacle(state, after(300)) == "the leader was last heard 300 ms ago");
    state.role = raft::core::follower_state{};
    CHECK(one.obstacle(state, start) == "no leader is known");
    state.role = raft::core::candidate_state{};
    CHECK(one.obstacle(state, start) == "no leader is known");
    CHECK_FALSE(health::ailment(state));
    state.role = raft::core::leader_state{};
    CHECK_FALSE(one.obstacle(state, after(1000)));
    state.role = raft::core::halted{};
    CHECK(one.obstacle(state, start) == health::ailment(state));
    CHECK(health::ailment(state)->starts_with("the storage failed"));
}

TEST_CASE("health: nothing is read while no leader is known, nor by a witness") {
    health one;
    auto state = server_one();
    state.role = raft::core::follower_state{};
    CHECK_FALSE(one.wants_read(state));
    state = server_one();
    state.configurations.back().value.witnesses.insert({0});
    CHECK_FALSE(one.wants_read(state));
    CHECK_FALSE(one.obstacle(state, start));
}

TEST_CASE("health: who has another state than the others is not ready and not to be restarted") {
    health one;
    auto state = server_one();
    state.role = raft::core::halted{raft::core::halt_reason::state_differs};
    CHECK_FALSE(health::ailment(state));
    CHECK(one.obstacle(state, start) == "the state of this server is not that of the others");
    state.role = raft::core::halted{raft::core::halt_reason::version_too_old};
    CHECK_FALSE(health::ailment(state));
    CHECK(one.obstacle(state, start) == "this raft-kv is too old for a command of the log");
}

TEST_CASE("F22 a witness that does not vote yet is reported as a learner") {
    const auto state = server_one();
    const auto members = report_of(state, start);
    REQUIRE(members.size() == 3);
    CHECK(members[0].part == raft::member_part::voter);
    CHECK(members[2].part == raft::member_part::learner);
    auto voting = state;
    auto& newest = voting.configurations.back().value;
    newest = raft::core::with_change_advanced(newest);
    CHECK(report_of(voting, start)[2].part == raft::member_part::witness);
}

TEST_CASE("members are reported with how far they are behind and since when they are silent") {
    auto state = server_one();
    auto followed = report_of(state, after(40));
    CHECK(followed[1].heard_ms == 40);
    CHECK_FALSE(followed[0].heard_ms);
    CHECK_FALSE(followed[1].behind);
    CHECK_FALSE(followed[1].behind_bytes);

    state.log.append({7}, 10);
    state.role = raft::core::leader_state{};
    state.peers.resize(3);
    state.peers[0] = {.match_index = {10}, .last_contact = start};
    state.peers[1] = {.match_index = {4}, .last_contact = after(15)};
    state.peers[2] = {.last_contact = start};
    raft::digests::comparison_status told;
    told.election_timeouts[{2}] = raft::milliseconds(900);
    const auto led = report_of(state, after(40), told);
    CHECK(led[0].heard_ms == 0);
    CHECK(led[0].behind == 0);
    CHECK(led[1].heard_ms == 25);
    CHECK(led[1].behind == 6);
    CHECK(led[1].behind_bytes == 600);
    CHECK(led[0].election_timeout_ms == 300);
    CHECK(led[1].election_timeout_ms == 900);
    CHECK_FALSE(led[2].election_timeout_ms);
    CHECK(led[1].match == 4);
    CHECK(led[2].heard_ms == 40);
    CHECK(led[2].behind == 10);
}
