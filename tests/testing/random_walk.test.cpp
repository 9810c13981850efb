// SPDX-License-Identifier: BSL-1.0
//
// Goal: Figure 3 holds whatever happens. Method: clusters are led at random, from printed seeds,
// through messages that are lost, doubled and reordered, timeouts, slow disks, crashes, snapshots
// and transfers; every step is checked, and at the end, when the faults end, the cluster must elect
// a leader and commit. Once with disks that are slow, once with disks that are durable at once; and
// once more of each with a server whose disk loses entries again and again.
#include <cstdint>
#include <string>

#include <doctest/doctest.h>

#include <raft/testing/cluster.hpp>
#include <support/dice.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

/// While it is down, the disk of `id` loses what was written after any entry.
void damage_log(cluster& c, dice& d, member_id id) {
    const auto& log = c.disk(id).inside().durable.log;
    const auto length = log.last_index() - log.base().index;
    c.damage_log_after(id, log.base().index + d.below(length + 1));
}

/// `victim`: whose disk loses entries, if there is one.
void one_event(cluster& c, dice& d, std::uint64_t servers, member_id victim) {
    const member_id id{d.below(servers) + 1};
    const auto waiting = c.network().size();
    const auto kind = d.below(100);
    if (kind < 60 && waiting > 0) {
        c.deliver_nth(d.below(4) == 0 ? d.below(waiting) : 0);
    } else if (kind < 64 && waiting > 0) {
        c.lose_nth(d.below(waiting));
    } else if (kind < 66 && waiting > 0) {
        c.duplicate_nth(d.below(waiting));
    } else if (kind < 74) {
        c.propose(id, static_cast<std::uint32_t>(d.below(3) + 1));
    } else if (kind < 78) {
        if (c.at(id).is_leader()) c.heartbeat(id);
    } else if (kind < 80) {
        c.time_out(id);
    } else if (kind < 83) {
        c.hold_disk(id);
    } else if (kind < 88) {
        c.persist(id, d.below(3) + 1);
    } else if (kind < 91) {
        c.release_disk(id);
    } else if (kind < 92) {
        c.crash(id);
    } else if (kind < 95) {
        if (c.running(id)) return;
        if (id == victim) damage_log(c, d, id);
        c.restart(id);
    } else if (kind < 96) {
        if (c.running(id) && c.commit(id) > c.at(id).snapshot.last_included.index.value)
            c.take_snapshot(id);
    } else if (kind < 97) {
        c.give(id, transfer_requested{member_id{d.below(servers) + 1}});
    } else if (kind < 98) {
        const auto which = d.below(3);
        if (which == 0)
            c.give(id, read_requested{});
        else if (which == 1)
            c.give(id, snapshot_requested{});
        else
            c.give(id, forward_requested{2});
    } else {
        c.let_time_pass(milliseconds(static_cast<std::int64_t>(d.below(400))));
    }
}

/// Runs one cluster from one seed; says what went wrong, or nothing.
std::string walk(std::uint64_t seed, int events, bool durable_at_once, bool loses_entries) {
    dice d{seed};
    settings config{};
    config.durable_at_once = durable_at_once;
    config.pre_vote = d.below(2) == 0;
    config.check_quorum = d.below(2) == 0;
    config.retained_entries = static_cast<std::uint32_t>(d.below(4));
    config.entries_per_message = static_cast<std::uint32_t>(d.below(4) + 1);
    config.messages_in_flight = static_cast<std::uint8_t>(d.below(4) + 1);
    // Two servers need each other: if one lost what the other never had, neither could lead.
    const auto servers = loses_entries ? 3 + d.below(4) : 2 * d.below(3) + 1 + d.below(2);
    const member_id victim{loses_entries ? 1 + d.below(servers) : 0};
    cluster c{servers, config};
    for (int i = 0; i < events && c.safe(); ++i) one_event(c, d, servers, victim);
    if (!c.safe()) return c.violation();

    for (std::uint64_t id = 1; id <= servers; ++id) {
        if (!c.running({id})) c.restart({id});
        c.release_disk({id});
    }
    c.run_for(config.election_timeout * 20);
    const auto leader = c.leader();
    if (!c.safe()) return c.violation();
    if (!leader) return "no leader though all faults have ended";
    c.propose(*leader);
    const auto last = c.last(*leader);
    c.run_for(config.election_timeout);
    if (!c.safe()) return c.violation();
    for (std::uint64_t id = 1; id <= servers; ++id)
        if (c.commit({id}) < last) return "a server does not commit though all faults have ended";
    return {};
}

}  // namespace

TEST_CASE("Figure 3 holds on random walks, and the cluster recovers from them") {
    for (const bool durable_at_once : {false, true})
        for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
            const auto wrong = walk(seed, 400, durable_at_once, false);
            CAPTURE(seed);
            CAPTURE(durable_at_once);
            REQUIRE(wrong == "");
        }
}

TEST_CASE("Figure 3 holds on random walks on which a disk loses entries, and they come back") {
    for (const bool durable_at_once : {false, true})
        for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
            const auto wrong = walk(seed, 400, durable_at_once, true);
            CAPTURE(seed);
            CAPTURE(durable_at_once);
            REQUIRE(wrong == "");
        }
}
