// SPDX-License-Identifier: BSL-1.0
//
// Random changes of membership between random configurations, with every fault of the network, the
// disks and the processes meanwhile, under leases, with reads from anywhere: the properties of
// Figure 3 and the freshness of reads hold throughout, and when the faults end the cluster
// completes its change.
#include <string>

#include <doctest/doctest.h>

#include <raft/testing/cluster.hpp>
#include <support/dice.hpp>

namespace {

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

constexpr std::uint64_t servers = 6;

/// From one to all of the servers, in random parts, with a full voter at least.
std::vector<member> random_members(dice& d) {
    std::vector<member> wanted;
    std::size_t voters = 0;
    std::size_t witnesses = 0;
    for (std::uint64_t id = 1; id <= servers; ++id) {
        const auto kind = d.below(8);
        if (kind < 4) {
            wanted.push_back({{id}, member_part::voter});
            ++voters;
        } else if (kind == 4) {
            wanted.push_back({{id}, member_part::learner});
        } else if (kind == 5 && witnesses * 2 + 1 < voters) {
            wanted.push_back({{id}, member_part::witness});
            ++voters;
            ++witnesses;
        }
    }
    return wanted;
}

void request(cluster& c, dice& d, member_id id) {
    const auto kind = d.below(20);
    if (kind < 6) {
        c.propose(id, static_cast<std::uint32_t>(d.below(3) + 1));
    } else if (kind < 13) {
        const bool lease = d.below(2) == 0;
        c.give(id,
               read_requested{lease ? read_consistency::lease : read_consistency::linearizable});
    } else if (kind < 17) {
        c.change(id, random_members(d));
    } else if (kind < 18) {
        c.give(id, transfer_requested{member_id{d.below(servers) + 1}});
    } else if (kind < 19) {
        c.give(id, step_down_requested{});
    } else if (c.running(id)) {
        c.take_snapshot(id);
    }
}

void fault(cluster& c, dice& d, member_id id) {
    const auto kind = d.below(12);
    if (kind < 2) {
        c.hold_disk(id);
    } else if (kind < 4) {
        c.persist(id, d.below(3) + 1);
    } else if (kind < 6) {
        c.release_disk(id);
    } else if (kind < 7) {
        c.crash(id);
    } else if (kind < 10) {
        if (!c.running(id)) c.restart(id);
    } else if (kind < 11) {
        c.heal();
    } else {
        c.isolate(id);
    }
}

/// One message or one timer at a time.
void small_event(cluster& c, dice& d) {
    const member_id id{d.below(servers) + 1};
    const auto waiting = c.network().size();
    const auto kind = d.below(100);
    if (kind < 70 && waiting > 0) {
        c.deliver_nth(d.below(8) == 0 ? d.below(waiting) : 0);
    } else if (kind < 71 && waiting > 0) {
        c.lose_nth(d.below(waiting));
    } else if (kind < 72 && waiting > 0) {
        c.duplicate_nth(d.below(waiting));
    } else if (kind < 76) {
        if (c.at(id).is_leader()) c.heartbeat(id);
    } else if (kind < 77) {
        c.time_out(id);
    } else if (kind < 81) {
        c.let_time_pass(milliseconds(static_cast<std::int64_t>(d.below(100))));
    } else if (kind < 94) {
        request(c, d, id);
    } else {
        fault(c, d, id);
    }
}

/// Time passes with its timers, and messages arrive where the way is not cut.
void large_event(cluster& c, dice& d) {
    const member_id id{d.below(servers) + 1};
    const auto kind = d.below(20);
    if (kind < 8) {
        c.run_for(milliseconds(static_cast<std::int64_t>(d.below(200))));
    } else if (kind < 16) {
        request(c, d, c.leader() && d.below(2) == 0 ? *c.leader() : id);
    } else {
        fault(c, d, id);
    }
}

/// The faults end: whoever still belongs to the cluster agrees again.
std::string recover(cluster& c) {
    c.heal();
    for (std::uint64_t id = 1; id <= servers; ++id) {
        if (!c.running({id})) c.restart({id});
        c.release_disk({id});
    }
    c.run_for(settings{}.election_timeout * 40);
    for (std::uint64_t id = 1; id <= servers; ++id) c.give({id}, wake_requested{});
    c.run_for(settings{}.election_timeout * 40);
    const auto leader = c.leader();
    if (!c.safe()) return c.violation();
    if (!leader) return "no leader though all faults have ended";
    if (c.at(*leader).members().is_changing()) return "the change is not completed";
    c.propose(*leader);
    const auto last = c.last(*leader);
    c.run_for(settings{}.election_timeout);
    if (!c.safe()) return c.violation();
    for (const auto id : c.at(*leader).members().members)
        if (c.commit(id) < last) return "a member does not commit though all faults have ended";
    return {};
}

std::string walk(std::uint64_t seed, int events) {
    dice d{seed};
    settings config{};
    config.pre_vote = d.below(2) == 0;
    config.clock_drift_ppm = 100;
    config.quiescence = d.below(3) == 0;
    config.retained_entries = static_cast<std::uint32_t>(d.below(4));
    config.entries_per_message = static_cast<std::uint32_t>(d.below(4) + 1);
    const auto first = d.below(3) + 1;
    cluster c{first, config};
    for (auto id = first + 1; id <= servers; ++id) c.add_outsider({id});
    bool small = false;
    for (int i = 0; i < events && c.safe(); ++i) {
        if (d.below(60) == 0) small = !small;
        small ? small_event(c, d) : large_event(c, d);
    }
    return c.safe() ? recover(c) : c.violation();
}

}  // namespace

TEST_CASE("any membership becomes any other under faults, and reads stay linearizable") {
    for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
        const auto wrong = walk(seed, 600);
        CAPTURE(seed);
        REQUIRE(wrong == "");
    }
}
