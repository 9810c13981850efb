// SPDX-License-Identifier: BSL-1.0
//
// How the log tells of a server's part in its cluster.
#include "standing.hpp"

#include <doctest/doctest.h>

using namespace raft_kv;

TEST_CASE("F10 a server that halts is never said to stand for election") {
    raft::core::state state{.self = {1}, .current_term = {7}};
    CHECK(text_of(standing_of(state)) == "knows no leader in term 7");
    state.role = raft::core::follower_state{.leader = raft::member_id{2}};
    CHECK(text_of(standing_of(state)) == "follows server 2 in term 7");
    state.role = raft::core::candidate_state{};
    CHECK(text_of(standing_of(state)) == "stands for election in term 7");
    state.role = raft::core::leader_state{};
    CHECK(text_of(standing_of(state)) == "leads in term 7");
    state.role = raft::core::halted{};
    CHECK(text_of(standing_of(state)).empty());
}
