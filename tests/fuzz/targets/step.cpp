// SPDX-License-Identifier: BSL-1.0
//
// The step, among liars. The first bytes choose settings and members, the others what happens to a
// server: messages of any kind with any fields that a codec lets pass, from members and strangers;
// and between them all that its node, its disk and its clients may do. What no server may do by
// itself is in lone_server.hpp.
#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include <fuzz/choices.hpp>
#include <fuzz/hostile_message.hpp>
#include <fuzz/lone_server.hpp>

namespace raft::fuzz {
namespace {

core::configuration choose_members(choices& chosen) {
    using core::member_set;
    using core::slot;
    auto three = core::voters_only({{1}, {2}, {3}});
    switch (chosen.below(7)) {
    case 0: return three;
    case 1: return core::voters_only({{1}, {2}, {3}, {4}, {5}});
    case 2: return core::voters_only({{1}});
    case 3: return {};  // It joins later.
    case 4: three.witnesses = member_set::of(slot{0}); return three;
    case 5: three.witnesses = member_set::of(slot{2}); return three;
    default: three.members.add({4}); return three;  // With a learner.
    }
}

settings choose_settings(choices& chosen) {
    settings config;
    const auto flags = chosen.byte();
    config.pre_vote = (flags & 1U) != 0;
    config.check_quorum = (flags & 2U) != 0;
    config.durable_at_once = (flags & 4U) != 0;
    config.quiescence = (flags & 8U) != 0;
    config.first_election_at_once = (flags & 16U) != 0;
    if ((flags & 32U) != 0) config.clock_drift_ppm = std::uint16_t{500};
    if ((flags & 64U) != 0) config.entries_per_message = 2;
    if ((flags & 128U) != 0) config.retained_entries = 1;
    config.pending_entries = 64;
    config.snapshot_chunk_bytes = 16;
    return config;
}

std::vector<core::member> choose_wanted(choices& chosen, number_source& numbers) {
    std::vector<core::member> wanted;
    for (auto left = chosen.below(5); left > 0; --left) {
        constexpr std::array parts{core::member_part::voter, core::member_part::learner,
                                   core::member_part::witness};
        wanted.push_back({numbers.member(), parts[chosen.below(parts.size())]});
    }
    return wanted;
}

void request_something(lone_server& server, choices& chosen) {
    number_source numbers{chosen, server.now()};
    switch (chosen.below(9)) {
    case 0: return server.give(core::proposed{static_cast<std::uint32_t>(chosen.below(70))});
    case 1:
        return server.give(core::forward_requested{static_cast<std::uint32_t>(chosen.below(4))});
    case 2:
        return server.give(core::read_requested{
            static_cast<core::read_consistency>(chosen.below(3)), milliseconds(chosen.byte())});
    case 3: return server.give(core::transfer_requested{numbers.member()});
    case 4: return server.give(core::step_down_requested{});
    case 5: {
        const auto based_on = server.now().configurations.back().index;
        return server.give(
            core::change_requested{based_on, choose_wanted(chosen, numbers), chosen.flip()});
    }
    case 6: return server.give(core::wake_requested{});
    case 7: return server.give(core::snapshot_requested{});
    default:
        core::forward_proposal body{{numbers.any()}, {numbers.any(), numbers.any()}, 1};
        return server.give(
            core::forward_obstructed{numbers.member(), body, core::refusal_reason::no_space});
    }
}

void be_disk(lone_server& server, choices& chosen) {
    switch (chosen.below(6)) {
    case 0: return server.hold_disk();
    case 1: return server.release_disk();
    case 2: return server.finish_one_write();
    case 3: return server.give(core::room_changed{chosen.flip()});
    case 4: return server.give(core::snapshot_damaged{});
    default: return server.take_snapshot();
    }
}

void go_on(lone_server& server, choices& chosen) {
    switch (chosen.below(12)) {
    case 0: return request_something(server, chosen);
    case 1: return be_disk(server, chosen);
    case 2: return server.give(core::timer_fired{core::timer::election});
    case 3: return server.give(core::timer_fired{core::timer::heartbeat});
    case 4: return server.let_time_pass(milliseconds(std::int64_t{chosen.byte()} * 20));
    case 5: return server.crash();
    default:
        if (const auto message = hostile_message(chosen, server.now())) server.give(*message);
    }
}

}  // namespace

void try_input(std::span<const std::byte> input) {
    choices chosen{input};
    const auto members = choose_members(chosen);
    lone_server server{members, choose_settings(chosen)};
    while (chosen.any_left()) go_on(server, chosen);
}

}  // namespace raft::fuzz
