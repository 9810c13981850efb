// SPDX-License-Identifier: BSL-1.0
//
// Schedules of a cluster. The first bytes choose members and settings, the others what happens
// next: which message arrives, is lost or comes twice, who times out, crashes and starts again,
// whose disk is slow, what clients and operators ask for. Figure 3 holds after every event. What
// the cluster looks like then is coverage, too.
#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include <fuzz/choices.hpp>
#include <fuzz/reached_states.hpp>
#include <fuzz/target.hpp>

#include <raft/testing/cluster.hpp>

namespace raft::fuzz {
namespace {

using testing::cluster;

constexpr std::array servers{testing::s1, testing::s2, testing::s3, testing::s4};
constexpr std::size_t messages_max = 40;
constexpr int events_max = 400;

core::configuration choose_members(choices& chosen) {
    auto three = core::voters_only({servers[0], servers[1], servers[2]});
    switch (chosen.below(4)) {
    case 1: three.witnesses = core::member_set::of(core::slot{2}); return three;
    case 2: three.voters.erase(core::slot{2}); return three;  // A learner.
    default: return three;
    }
}

settings choose_settings(choices& chosen) {
    const auto flags = chosen.byte();
    settings config;
    config.pre_vote = (flags & 1U) != 0;
    config.check_quorum = (flags & 2U) != 0;
    config.durable_at_once = (flags & 4U) != 0;
    config.quiescence = (flags & 8U) != 0;
    if ((flags & 16U) != 0) config.entries_per_message = 1;
    config.retained_entries = (flags & 32U) != 0 ? 1 : 0;
    return config;
}

void ask(cluster& c, member_id of, choices& chosen) {
    using core::member_part;
    switch (chosen.below(5)) {
    case 0: return c.propose(of, 1 + static_cast<std::uint32_t>(chosen.below(3)));
    case 1: return static_cast<void>(c.give(of, core::read_requested{}));
    case 2: return static_cast<void>(c.give(of, core::transfer_requested{}));
    case 3: return static_cast<void>(c.give(of, core::forward_requested{1}));
    default: {
        std::vector<core::member> wanted;
        for (const auto each : servers)
            if (const auto part = chosen.below(4); part < 3)
                wanted.push_back({each, static_cast<member_part>(part)});
        return c.change(of, wanted);
    }
    }
}

void handle_message(cluster& c, choices& chosen) {
    const auto count = c.network().size();
    if (count == 0) return;
    const auto which = chosen.below(count);
    switch (chosen.below(8)) {
    case 0: return c.lose_nth(which);
    case 1: return c.duplicate_nth(which);
    case 2: return c.lose_all();
    default: c.deliver_nth(which);
    }
}

void change_disk(cluster& c, member_id of, choices& chosen) {
    switch (chosen.below(4)) {
    case 0: return c.hold_disk(of);
    case 1: return c.release_disk(of);
    case 2: return c.persist(of, 1);
    default: return c.take_snapshot(of);
    }
}

void happen(cluster& c, choices& chosen) {
    const auto what = chosen.below(16);
    if (what < 7) return handle_message(c, chosen);
    const auto of = servers[chosen.below(servers.size())];
    if (!c.running(of)) return c.restart(of);
    switch (what) {
    case 7: return c.time_out(of);
    case 8: return c.heartbeat(of);
    case 9: return c.crash(of);
    case 10: return change_disk(c, of, chosen);
    case 11: return c.settle();
    case 12: return c.isolate(of);
    case 13: return c.heal();
    case 14: return c.let_time_pass(milliseconds(std::int64_t{chosen.byte()} * 10));
    default: return ask(c, of, chosen);
    }
}

void note_state(const cluster& c) {
    auto oldest = c.at(servers[0]).current_term;
    auto shortest = c.at(servers[0]).commit_index;
    for (const auto each : servers) {
        oldest = std::min(oldest, c.at(each).current_term);
        shortest = std::min(shortest, c.at(each).commit_index);
    }
    abstract_state seen;
    for (const auto each : servers)
        c.running(each) ? seen.add(c.at(each), oldest, shortest) : seen.add_absent();
    seen.note();
}

}  // namespace

void try_input(std::span<const std::byte> input) {
    choices chosen{input};
    const auto members = choose_members(chosen);
    cluster c{members, choose_settings(chosen)};
    c.add_outsider(servers[3]);
    for (int left = events_max; left > 0 && chosen.any_left(); --left) {
        happen(c, chosen);
        while (c.network().size() > messages_max) c.lose_nth(0);
        expect(c.safe(), c.safe() ? "" : c.violation());
        note_state(c);
    }
}

}  // namespace raft::fuzz
