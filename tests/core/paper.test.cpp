// SPDX-License-Identifier: BSL-1.0
//
// Goal: the rules of the paper hold, one by one. Method: each test is named by its section, and by
// its row of the list of scenarios; it makes a server, gives it what the rule speaks of, and looks
// at the server and at what it says.
#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <set>
#include <vector>

#include <doctest/doctest.h>

#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

using terms = std::vector<std::uint64_t>;

enum class part : std::uint8_t { follower, candidate, leader };
constexpr part parts[] = {part::follower, part::candidate, part::leader};

/// Three servers in term 1, of which s1 plays this part and nothing is on its way.
cluster in_term_1(part plays) {
    cluster c{3, plain()};
    if (plays == part::follower) c.elect(s2);
    if (plays == part::candidate) c.time_out(s1);
    if (plays == part::leader) c.elect(s1);
    c.lose_all();
    return c;
}

/// s1 alone of three servers, with this log, on which the others' messages act.
cluster follower_with(std::uint64_t term, std::initializer_list<std::uint64_t> log) {
    cluster c{3, plain()};
    c.place(s1, {term}, log);
    return c;
}

/// `count` servers, of which s1 leads, everything is committed, and nothing is on its way.
cluster led_by_s1(std::size_t count) {
    cluster c{count, plain()};
    c.elect(s1);
    return c;
}

}  // namespace

// -------------------------------------------------------------------------------------------- §5.1

TEST_CASE("S1 §5.1 a server of an older term follows the leader of a later one") {
    for (const auto plays : parts) {
        auto c = in_term_1(plays);
        c.inject(s3, s1, heartbeat(2, log_start));
        CHECK(c.at(s1).is_follower());
        CHECK(c.term(s1) == 2);
        CHECK(c.at(s1).current_leader() == s3);
        CHECK_FALSE(c.at(s1).voted_for.has_value());
    }
}

TEST_CASE("§5.1 a later term in any message makes a server a follower of that term") {
    const message later[] = {
        ask(3, log_start),
        no(3),
        yes(3),
        heartbeat(3, log_start),
        ack(3, 0),
        append_entries_rejection{{3}, {1}, {}, {}},
        install_snapshot{.term = {3}, .last_included = position(1, 1), .size = 1},
        install_snapshot_reply{{3}, {1}, 0, {}},
        timeout_now{{3}, {1}},
        pre_vote_reply{{3}, false},
    };
    for (const auto plays : parts)
        for (const auto& body : later) {
            auto c = in_term_1(plays);
            CAPTURE(body.index());
            c.give(s1, received{s3, body, indexed_configuration{{1}, c.at(s1).members()}});
            CHECK(c.at(s1).is_follower());
            CHECK(c.term(s1) == 3);
        }
}

TEST_CASE("S2 §5.1 a request of an older term changes nothing and hears of the term") {
    for (const auto plays : parts) {
        auto c = in_term_1(plays);
        c.inject(s3, s1, heartbeat(2, log_start));
        if (plays == part::candidate) c.time_out(s1);
        if (plays == part::leader) c.elect(s1);
        c.lose_all();
        c.let_time_pass(milliseconds(50));
        const auto before = c.at(s1);
        const auto deadline = c.deadline(s1, timer::election);

        c.inject(s2, s1, entries(1, log_start, 2, 1, 2));
        const auto rejection = newest<append_entries_rejection>(c, s1, s2);
        c.inject(s2, s1, ask(1, position(9, 1)));
        const auto refusal = newest<request_vote_reply>(c, s1, s2);
        CHECK(c.at(s1) == before);
        CHECK(c.deadline(s1, timer::election) == deadline);
        REQUIRE(rejection.has_value());
        CHECK(rejection->term == before.current_term);
        REQUIRE(refusal.has_value());
        CHECK(*refusal == no(before.current_term.value));
    }
}

// -------------------------------------------------------------------------------------------- §5.2

TEST_CASE("S3 §5.2 servers start up as followers and say nothing") {
    cluster c{3, plain()};
    for (const auto id : {s1, s2, s3}) {
        CHECK(c.at(id).is_follower());
        CHECK(c.term(id) == 0);
        CHECK_FALSE(c.at(id).voted_for.has_value());
        CHECK(c.deadline(id, timer::election).has_value());
        CHECK_FALSE(c.deadline(id, timer::heartbeat).has_value());
    }
    CHECK(c.network().empty());
}

TEST_CASE("S4 §5.2 a server that hears of no leader stands for election") {
    for (const auto plays : {part::follower, part::candidate}) {
        auto c = in_term_1(plays);
        const auto last_log = c.at(s1).log.last();
        c.time_out(s1);
        CHECK(c.at(s1).is_candidate());
        CHECK(c.term(s1) == 2);
        CHECK(c.at(s1).voted_for == s1);
        CHECK(c.network().size() == 2);
        for (const auto id : {s2, s3}) CHECK(c.sent<request_vote>(s1, id) == ask(2, last_log));
        CHECK(c.deadline(s1, timer::election) >= c.now() + plain().election_timeout);
    }
}

TEST_CASE("§5.2 a leader sends heartbeats to all others before their patience ends") {
    auto c = led_by_s1(5);
    CHECK_FALSE(c.deadline(s1, timer::election).has_value());
    CHECK(c.deadline(s1, timer::heartbeat) == c.now() + plain().heartbeat_interval);
    c.let_time_pass(plain().heartbeat_interval);
    c.heartbeat(s1);
    CHECK(c.network().size() == 4);
    for (const auto id : {s2, s3, s4, s5})
        CHECK(c.sent<append_entries>(s1, id) == heartbeat(1, position(1, 1), 1));
    CHECK(c.deadline(s1, timer::heartbeat) == c.now() + plain().heartbeat_interval);
}

TEST_CASE("S5 §5.2 a candidate wins with a majority of all servers, its own vote included") {
    struct row {
        std::size_t servers;
        unsigned yes;
        unsigned no;
        bool wins;
    };
    constexpr row rows[] = {
        {1, 0, 0, true},  {3, 2, 0, true},  {3, 1, 0, true},  {3, 1, 1, true},
        {5, 4, 0, true},  {5, 3, 0, true},  {5, 2, 0, true},  {5, 2, 2, true},
        {3, 0, 2, false}, {5, 0, 4, false}, {5, 1, 3, false}, {3, 0, 0, false},
        {5, 1, 0, false}, {2, 0, 0, false}, {4, 1, 0, false}, {4, 2, 0, true},
    };
    for (const auto& each : rows) {
        CAPTURE(each.servers);
        CAPTURE(each.yes);
        cluster c{each.servers, plain()};
        c.time_out(s1);
        for (unsigned i = 0; i < each.no; ++i) c.inject({2 + each.yes + i}, s1, no(1));
        for (unsigned i = 0; i < each.yes; ++i) c.inject({2 + i}, s1, yes(1));
        CHECK(c.at(s1).is_leader() == each.wins);
        CHECK(c.term(s1) == 1);
    }
}

TEST_CASE("S6 §5.2 a server votes once in a term, first come first served") {
    for (const auto asking : {s2, s3})
        for (const auto& vote :
             {std::optional<member_id>{}, std::optional{s2}, std::optional{s3}}) {
            cluster c{3, plain()};
            c.place(s1, {1}, {}, vote);
            c.inject(asking, s1, ask(1, log_start));
            CHECK(granted(c, s1, asking) == (!vote || vote == asking));
            CHECK(c.at(s1).voted_for == vote.value_or(asking));
        }
}

TEST_CASE("S7 §5.2 a candidate that hears of the leader of its term or a later one follows it") {
    for (const auto term : {1U, 2U}) {
        auto c = in_term_1(part::candidate);
        c.inject(s2, s1, heartbeat(term, log_start));
        CHECK(c.at(s1).is_follower());
        CHECK(c.term(s1) == term);
        CHECK(c.at(s1).current_leader() == s2);
    }
}

TEST_CASE("S8 §5.2 election timeouts are spread over one to two times the least") {
    const auto least = plain().election_timeout;
    std::set<std::int64_t> tenths;
    auto s = initial_state(s1, plain(), {.configurations = {{{}, voters_only({s1, s2, s3})}}}, 1);
    for (int round = 0; round < 500; ++round) {
        effects out;
        advance(s, timer_fired{timer::election}, instant{}, out);
        REQUIRE(s.timers.election.has_value());
        const auto length = *s.timers.election - instant{};
        CHECK(length >= least);
        CHECK(length < least * 2);
        tenths.insert((length.nanoseconds - least.nanoseconds) * 10 / least.nanoseconds);
    }
    CHECK(tenths.size() == 10);
}

TEST_CASE("S9 §5.2 of five servers mostly one times out alone") {
    const auto tenth = plain().election_timeout.nanoseconds / 10;
    int ties = 0;
    for (std::uint64_t round = 0; round < 1000; ++round) {
        std::vector<std::int64_t> ticks;
        for (std::uint64_t id = 1; id <= 5; ++id) {
            auto s = initial_state({id}, plain(), {}, round * 1000 + id);
            const auto begun = step(s, started{}, instant{});
            ticks.push_back(begun.next.timers.election->nanoseconds / tenth);
        }
        std::sort(ticks.begin(), ticks.end());
        ties += ticks[0] == ticks[1];
    }
    CHECK(ties <= 300);
}

TEST_CASE("§5.2 who grants a vote or hears the leader waits anew, who refuses does not") {
    auto c = follower_with(2, {2, 2});
    const auto patience = [&] { return c.deadline(s1, timer::election); };
    const auto first = patience();
    c.let_time_pass(milliseconds(100));
    c.inject(s2, s1, ask(2, position(1, 2)));
    CHECK_FALSE(granted(c, s1, s2));
    CHECK(patience() == first);
    c.inject(s3, s1, ask(2, position(2, 2)));
    CHECK(granted(c, s1, s3));
    const auto second = patience();
    CHECK(second > first);
    c.let_time_pass(milliseconds(100));
    c.inject(s2, s1, ask(2, position(3, 2)));
    CHECK(patience() == second);
    c.inject(s3, s1, heartbeat(2, position(2, 2)));
    CHECK(patience() > second);
}

// -------------------------------------------------------------------------------------------- §5.3

TEST_CASE("S24 §5.3 a leader appends a command and sends it to all others") {
    auto c = led_by_s1(3);
    c.propose(s1);
    CHECK(c.last(s1) == 2);
    CHECK(c.commit(s1) == 1);
    CHECK(c.network().size() == 2);
    for (const auto id : {s2, s3})
        CHECK(c.sent<append_entries>(s1, id) == entries(1, position(1, 1), 1, 1, 1));
}

TEST_CASE("S25 §5.3 a leader commits what a majority has and tells the others") {
    auto c = led_by_s1(3);
    c.propose(s1);
    c.deliver(s1, s2);
    c.deliver_one(s2, s1);
    CHECK(c.last_effects().commit == log_index{2});
    CHECK(c.commit(s1) == 2);
    CHECK(c.sent<append_entries>(s1, s2) == heartbeat(1, position(2, 1), 2));
    c.deliver(s1, s2);
    CHECK(c.commit(s2) == 2);
    CHECK(c.commit(s3) < 2);
}

TEST_CASE("S26 §5.3 an entry is committed when a majority has acknowledged it, no sooner") {
    struct row {
        std::size_t servers;
        std::initializer_list<member_id> acks;
        bool committed;
    };
    const row rows[] = {
        {1, {}, true},       {2, {}, false},       {2, {s2}, true},      {3, {}, false},
        {3, {s2}, true},     {3, {s2, s3}, true},  {4, {s2}, false},     {4, {s2, s3}, true},
        {5, {}, false},      {5, {s2}, false},     {5, {s2, s3}, true},  {5, {s2, s3, s4}, true},
        {5, {s4, s5}, true}, {5, {s5, s5}, false}, {7, {s2, s3}, false},
    };
    for (const auto& each : rows) {
        CAPTURE(each.servers);
        auto c = led_by_s1(each.servers);
        c.propose(s1);
        for (const auto id : each.acks) c.inject(id, s1, ack(1, 2));
        CHECK((c.commit(s1) == 2) == each.committed);
    }
}

TEST_CASE("S27 §5.3 an entry of the leader's term commits all before it") {
    const std::initializer_list<std::uint64_t> tails[] = {{}, {2}, {1, 2}, {1}};
    for (const auto& tail : tails) {
        cluster c{3, plain()};
        c.place(s1, {2}, tail);
        c.elect(s1, {s2});
        c.propose(s1);
        CHECK(c.commit(s1) == 0);
        c.settle();
        terms whole{tail};
        whole.insert(whole.end(), 2, 3);
        for (const auto id : {s1, s2, s3}) {
            CHECK(c.log(id) == whole);
            CHECK(c.commit(id) == whole.size());
        }
        CHECK(c.safe());
    }
}

TEST_CASE("S28 §5.3 a follower commits what the leader has committed, as far as it has it") {
    struct row {
        std::uint64_t count;
        std::uint64_t commit;
        std::uint64_t expected;
    };
    for (const auto& each :
         {row{1, 1, 1}, row{2, 2, 2}, row{2, 1, 1}, row{2, 9, 2}, row{0, 3, 0}}) {
        auto c = follower_with(1, {});
        c.inject(s2, s1, entries(1, log_start, each.count, 1, each.commit));
        CHECK(c.commit(s1) == each.expected);
    }
}

TEST_CASE("S28 B11 §5.3 a tail that the leader has not spoken of is not committed") {
    auto c = follower_with(2, {1, 2, 2});
    c.inject(s2, s1, heartbeat(3, position(1, 1), 3));
    CHECK(c.commit(s1) == 1);
    c.inject(s2, s1, entries(3, position(1, 1), 1, 2, 3));
    CHECK(c.commit(s1) == 2);
    CHECK(c.last(s1) == 3);
}

TEST_CASE("S29 §5.3 a follower refuses entries unless it has the one before them") {
    struct row {
        log_position prev;
        bool taken;
    };
    const row rows[] = {
        {log_start, true},       {position(1, 1), true},  {position(2, 2), true},
        {position(1, 2), false}, {position(2, 1), false}, {position(2, 3), false},
        {position(3, 2), false}, {position(3, 3), false}, {position(9, 1), false},
    };
    for (const auto& each : rows) {
        CAPTURE(each.prev.index.value);
        auto c = follower_with(2, {1, 2});
        c.inject(s2, s1, entries(3, each.prev, 1, 3, 9));
        CHECK(newest<append_entries_reply>(c, s1, s2).has_value() == each.taken);
        CHECK(newest<append_entries_rejection>(c, s1, s2).has_value() != each.taken);
        if (each.taken) continue;
        CHECK(c.log(s1) == terms{1, 2});
        CHECK(c.commit(s1) == 0);
        CHECK(newest<append_entries_rejection>(c, s1, s2)->prev_index == each.prev.index);
    }
}

TEST_CASE("S30 §5.3 what conflicts with the leader's log goes, with all that follows it") {
    auto c = follower_with(2, {1, 2});
    c.inject(s2, s1, entries(3, position(2, 2), 1, 3));
    CHECK(c.log(s1) == terms{1, 2, 3});

    c = follower_with(2, {1, 2, 2});
    c.inject(s2, s1, entries(4, position(1, 1), 1, 3));
    CHECK(c.log(s1) == terms{1, 3});
    c.inject(s2, s1, entries(4, position(2, 3), 1, 4));
    CHECK(c.log(s1) == terms{1, 3, 4});

    c = follower_with(2, {1, 2});
    c.inject(s2, s1, entries(3, log_start, 1, 3));
    CHECK(c.log(s1) == terms{3});
}

TEST_CASE("S30 B14 §5.3 entries that are here already stay, with all that follows them") {
    auto c = follower_with(2, {1, 1, 2, 2});
    c.inject(s2, s1, entries(3, log_start, 1, 1));
    c.inject(s2, s1, entries(3, log_start, 2, 1));
    c.inject(s2, s1, entries(3, position(2, 1), 1, 2));
    CHECK(c.log(s1) == terms{1, 1, 2, 2});
    CHECK(newest<append_entries_reply>(c, s1, s2)->match_index == log_index{3});
}

TEST_CASE("§5.3 a leader never overwrites or deletes entries in its log") {
    auto c = led_by_s1(3);
    c.propose(s1, 2);
    const auto before = c.at(s1);
    c.inject(s2, s1, entries(1, position(1, 1), 1, 1));
    c.inject(s2, s1, heartbeat(1, log_start));
    CHECK(c.at(s1) == before);
}

// ---------------------------------------------------------------------------------- §5.4.1, §5.4.2

TEST_CASE("S10 §5.4.1 a voter refuses whoever's log is less up to date than its own") {
    struct row {
        std::initializer_list<std::uint64_t> log;
        log_position candidates;
        bool grants;
    };
    const row rows[] = {
        {{1}, position(1, 1), true},     {{1}, position(2, 1), true},
        {{1, 1}, position(1, 1), false}, {{1}, position(1, 2), true},
        {{1}, position(2, 2), true},     {{1, 1}, position(1, 2), true},
        {{2}, position(1, 1), false},    {{2}, position(2, 1), false},
        {{1, 2}, position(1, 1), false}, {{1, 2}, position(3, 1), false},
        {{}, log_start, true},           {{1}, log_start, false},
        {{1, 2}, position(2, 2), true},  {{1, 2}, position(1, 2), false},
        {{}, position(1, 1), true},
    };
    for (const auto& each : rows) {
        CAPTURE(each.candidates.index.value);
        CAPTURE(each.candidates.term.value);
        auto c = follower_with(2, each.log);
        c.inject(s2, s1, ask(3, each.candidates));
        CHECK(granted(c, s1, s2) == each.grants);
        CHECK(c.at(s1).voted_for.has_value() == each.grants);
        CHECK(c.term(s1) == 3);
    }
}

TEST_CASE("§5.4.1 a candidate without all committed entries cannot win") {
    auto c = led_by_s1(3);
    c.isolate(s3);
    c.propose(s1);
    c.settle();
    c.heal();
    c.time_out(s3);
    c.settle();
    CHECK_FALSE(c.at(s3).is_leader());
    CHECK(c.term(s2) == 2);
    c.elect(s2);
    CHECK(c.log(s3) == terms{1, 1, 3});
    CHECK(c.safe());
}

TEST_CASE("S33 B10 §5.4.2 only entries of the leader's term are committed by counting") {
    for (const auto& [acknowledged, committed] :
         {std::pair{1U, 0U}, std::pair{2U, 0U}, std::pair{3U, 3U}}) {
        cluster c{3, plain()};
        c.place(s1, {2}, {1, 2});
        c.elect(s1, {s2});
        c.lose_all();
        c.inject(s2, s1, ack(3, acknowledged));
        CHECK(c.commit(s1) == committed);
    }
}

// -------------------------------------------------------------------------------------- §5.5, §5.6

TEST_CASE("§5.5 messages that come twice do no harm") {
    cluster c{3, plain()};
    c.time_out(s1);
    for (int i = 0; i < 8 && !c.network().empty(); ++i) {
        for (auto waiting = c.network().size(); waiting > 0; --waiting) {
            c.duplicate_nth(0);
            c.deliver_nth(0);
        }
        if (c.at(s1).is_leader() && c.last(s1) < 3) c.propose(s1);
    }
    c.settle();
    CHECK(c.log(s2) == c.log(s1));
    CHECK(c.log(s3) == terms{1, 1, 1});
    CHECK(c.commit(s3) == 3);
    CHECK(c.safe());
}

TEST_CASE("§5.5 a server that was down gets what it missed") {
    auto c = led_by_s1(3);
    c.crash(s3);
    c.propose(s1, 5);
    c.settle();
    c.restart(s3);
    c.run_for(plain().heartbeat_interval * 2);
    CHECK(c.leader() == s1);
    CHECK(c.log(s3) == c.log(s1));
    CHECK(c.commit(s3) == 6);
}

TEST_CASE("§5.6 with messages faster than the timeouts one leader stays") {
    cluster c{5, plain()};
    c.run_for(plain().election_timeout * 4);
    const auto elected = c.leader();
    REQUIRE(elected.has_value());
    const auto term = c.term(*elected);
    c.run_for(plain().election_timeout * 20);
    CHECK(c.leader() == elected);
    CHECK(c.term(*elected) == term);
    CHECK(c.safe());
}
