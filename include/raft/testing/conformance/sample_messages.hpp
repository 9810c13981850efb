// SPDX-License-Identifier: BSL-1.0
//
// A message of each kind, with values in all of its fields.
#pragma once

#include <cstdint>
#include <vector>

#include <raft/core/message.hpp>

namespace raft::testing::conformance {

/// Those that nothing travels beside.
[[nodiscard]] inline std::vector<core::message> plain_messages() {
    const term_number term{5};
    const core::log_position last{{70'000}, {4}};
    const core::read_round round{9};
    const core::request_id request{11, 12};
    return {core::request_pre_vote{term, last},
            core::pre_vote_reply{term, true},
            core::request_vote{term, last, true},
            core::request_vote_reply{term, true},
            core::append_entries{term, last, last.index, {}, {69'000}, round},
            core::append_entries_reply{term, {68'000}, round, true},
            core::append_entries_rejection{term, {67'000}, {{66'000}, {3}}, round, true},
            core::install_snapshot_reply{term, {65'000}, 64'000, round},
            core::timeout_now{term, {63'000}},
            core::request_read_index{term, {13}},
            core::read_index_reply{term, {14}, round, {62'000}},
            core::round_confirmed{term, round},
            core::fall_asleep{term, last},
            core::wake_up{term},
            core::request_snapshot{term, {61'000}},
            core::forward_proposal_reply{term, request, {60'000}},
            core::forward_proposal_refusal{term, request, core::refusal_reason{}},
            core::removal_notice{term, {59'000}},
            core::loss_notice{term, last}};
}

}  // namespace raft::testing::conformance
