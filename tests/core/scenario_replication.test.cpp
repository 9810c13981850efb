// SPDX-License-Identifier: BSL-1.0
//
// Goal: what a follower takes, refuses and commits, and what a leader can commit with whom. Method:
// the scenarios of the list that are tables, beside the stories of replication.test.cpp.
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include <doctest/doctest.h>

#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

TEST_CASE("S29 what a follower has and commits, by prev, entries and the leader's commit index") {
    struct row {
        append_entries sent;
        bool taken;
        std::uint64_t last;
        std::uint64_t commit;
    };
    const auto first = position(1, 1);
    const auto second = position(2, 2);
    const row rows[] = {
        // Prev is not there, or of another term.
        {entries(3, position(2, 3), 0, 0, 3), false, 2, 0},
        {entries(3, position(3, 3), 0, 0, 3), false, 2, 0},
        // Entries are added, and replace what conflicts with them.
        {entries(3, first, 0, 0, 1), true, 2, 1},
        {entries(3, log_start, 1, 2, 1), true, 1, 1},
        {entries(3, second, 2, 2, 3), true, 4, 3},
        {entries(3, second, 1, 2, 4), true, 3, 3},
        {entries(3, first, 1, 2, 4), true, 2, 2},
        // No more is committed than this message has shown to be the leader's.
        {entries(3, first, 0, 0, 3), true, 2, 1},
        {entries(3, first, 1, 2, 3), true, 2, 2},
        {entries(3, second, 0, 0, 3), true, 2, 2},
        {entries(3, second, 0, 0, 4), true, 2, 2},
    };
    for (const auto& each : rows) {
        CAPTURE(&each - rows);
        cluster c{3, plain()};
        c.place(s1, {2}, {1, 2});
        c.inject(s2, s1, each.sent);
        CHECK(newest<append_entries_reply>(c, s1, s2).has_value() == each.taken);
        CHECK(newest<append_entries_rejection>(c, s1, s2).has_value() != each.taken);
        CHECK(c.last(s1) == each.last);
        CHECK(c.commit(s1) == each.commit);
    }
}

TEST_CASE("S52 a proposal is committed with a majority, and without one refused or left open") {
    struct row {
        std::size_t servers;
        std::size_t down;
        bool committed;
    };
    constexpr row rows[] = {
        {3, 0, true}, {3, 1, true}, {3, 2, false}, {4, 2, false}, {5, 2, true}, {5, 3, false},
    };
    for (const bool elected_before : {false, true})
        for (const auto& each : rows) {
            CAPTURE(each.servers);
            CAPTURE(each.down);
            cluster c{each.servers, plain()};
            if (elected_before) c.elect(s1);
            for (std::size_t i = 0; i < each.down; ++i) c.crash({each.servers - i});
            if (!elected_before) {
                c.time_out(s1);
                c.settle();
            }
            const bool leads = elected_before || each.committed;
            CHECK(c.at(s1).is_leader() == leads);
            c.propose(s1);
            CHECK(c.last_effects().rare->refused.has_value() != leads);
            CHECK(c.last(s1) == (leads ? 2 : 0));
            c.settle();
            CHECK((c.commit(s1) == 2) == each.committed);
            CHECK(c.safe());
        }
}

TEST_CASE("S30 what a follower's log is after an append, row by row") {
    struct row {
        std::initializer_list<append_entries> sent;
        std::vector<std::uint64_t> log;
    };
    const row rows[] = {
        {{entries(4, position(2, 2), 1, 3)}, {1, 2, 3}},
        {{entries(4, position(1, 1), 1, 3), entries(4, position(2, 3), 1, 4)}, {1, 3, 4}},
        {{entries(4, log_start, 1, 1)}, {1, 2}},
        {{entries(4, log_start, 1, 3)}, {3}},
    };
    for (const auto& each : rows) {
        CAPTURE(&each - rows);
        cluster c{3, plain()};
        c.place(s1, {2}, {1, 2});
        for (const auto& body : each.sent) c.inject(s2, s1, body);
        CHECK(c.log(s1) == each.log);
        c.crash(s1);
        c.restart(s1);
        CHECK(c.log(s1) == each.log);
    }
}
