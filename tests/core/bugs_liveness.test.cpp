// SPDX-License-Identifier: BSL-1.0
//
// Goal: where a majority can hear one server and has disks that work, some server leads and stays.
// Method: clusters on virtual time of which only some ways are open (B43: links that are not
// transitive have stopped real clusters), or whose leader's disk hangs.
#include <initializer_list>
#include <utility>

#include <doctest/doctest.h>

#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

constexpr auto five = {s1, s2, s3, s4, s5};
using link = std::pair<member_id, member_id>;

/// Of all ways between the five, these alone stay open, in both directions.
void leave_open(cluster& c, std::initializer_list<link> open) {
    for (const auto from : five)
        for (const auto to : five) {
            bool kept = from == to;
            for (const auto& each : open)
                kept = kept || each == link{from, to} || each == link{to, from};
            if (!kept) c.cut(from, to);
        }
}

/// Whether some server leads and commits what it is given, and does so in the same term for long.
bool works_and_stays(cluster& c) {
    c.run_for(settings{}.election_timeout * 20);
    const auto leader = c.leader();
    if (!leader) return false;
    const auto term = c.term(*leader);
    for (int i = 0; i < 10; ++i) {
        c.propose(*leader);
        c.run_for(settings{}.election_timeout * 2);
    }
    return c.leader() == leader && c.term(*leader) == term &&
           c.commit(*leader) == c.last(*leader) && c.safe();
}

}  // namespace

TEST_CASE("B43 the only server that all others reach comes to lead, whoever led before") {
    for (const auto before : five) {
        CAPTURE(before.value);
        cluster c{5};
        c.elect(before);
        c.propose(before, 3);
        c.settle();
        leave_open(c, {{s1, s3}, {s2, s3}, {s4, s3}, {s5, s3}});
        CHECK(works_and_stays(c));
        CHECK(c.leader() == s3);
    }
}

TEST_CASE("B43 in a chain of five one of the three in the middle leads") {
    for (const auto before : five) {
        CAPTURE(before.value);
        cluster c{5};
        c.elect(before);
        c.propose(before, 3);
        c.settle();
        leave_open(c, {{s1, s2}, {s2, s3}, {s3, s4}, {s4, s5}});
        CHECK(works_and_stays(c));
        CHECK(c.leader() != s1);
        CHECK(c.leader() != s5);
    }
}

TEST_CASE("B43 a leader cut off with one follower gives way to the three others") {
    cluster c{5};
    c.elect(s1);
    leave_open(c, {{s1, s2}, {s3, s4}, {s4, s5}, {s3, s5}});
    CHECK(works_and_stays(c));
    for (const auto id : {s1, s2}) CHECK_FALSE(c.at(id).is_leader());
    c.heal();
    CHECK(works_and_stays(c));
    for (const auto id : five) CHECK(c.commit(id) == c.last(*c.leader()));
}

TEST_CASE("B44 a leader whose disk hangs gives way, the cluster goes on, also when it comes back") {
    cluster c{3};
    c.elect(s1);
    c.hold_disk(s1);
    c.propose(s1);
    CHECK(works_and_stays(c));
    CHECK(c.leader() != s1);
    const auto last = c.last(*c.leader());
    c.release_disk(s1);
    CHECK(works_and_stays(c));
    CHECK(c.last(*c.leader()) >= last + 10);
    c.run_for(settings{}.election_timeout);
    for (const auto id : {s1, s2, s3}) CHECK(c.commit(id) == c.last(*c.leader()));
}
