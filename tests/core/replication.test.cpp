// SPDX-License-Identifier: BSL-1.0
//
// Goal: what is committed is on a majority and stays there, whatever messages are late, lost, twice
// or out of order, and a leader sends no more than it may. Method: stories of the list of scenarios
// (S…), and of bugs that other libraries had (B…).
#include <algorithm>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

using terms = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("S52 without a majority nothing is committed, without a leader nothing is taken") {
    auto c = steady(5);
    for (const auto id : {s3, s4, s5}) c.crash(id);
    c.propose(s1);
    c.settle();
    CHECK(c.commit(s1) == 1);
    c.propose(s2);
    CHECK(c.last_effects().rare->refused == refusal{refusal_reason::not_leader, s1});
    c.time_out(s2);
    c.propose(s2);
    CHECK(c.last_effects().rare->refused == refusal{refusal_reason::not_leader, std::nullopt});
    CHECK(c.last(s2) == 2);
    CHECK_FALSE(c.last_effects().proposal.has_value());
}

TEST_CASE("S56 proposals beyond the limit of uncommitted entries are refused, none in part") {
    auto config = plain();
    config.pending_entries = 16;
    auto c = steady(3, config);
    c.isolate(s1);
    c.propose(s1, 15);
    c.propose(s1, 2);
    CHECK(c.last_effects().rare->refused == refusal{refusal_reason::too_many_pending, s1});
    c.propose(s1, 1);
    CHECK(c.last_effects().proposal == accepted_proposal{{17}, {1}});
    for (int i = 0; i < 1000; ++i) c.propose(s1);
    CHECK(c.last(s1) == 17);
    c.heal();
    c.heartbeat(s1);
    c.settle();
    CHECK(c.commit(s1) == 17);
    c.propose(s1, 17);
    CHECK(c.last(s1) == 17);
    c.propose(s1, 16);
    CHECK(c.last(s1) == 33);
    c.propose(s1, 0xffff'ffffU);
    CHECK(c.last(s1) == 33);
}

TEST_CASE("S56 a new leader's first entry is appended however much is uncommitted") {
    auto config = plain();
    config.pending_entries = 2;
    cluster c{3, config};
    for (const auto id : {s1, s2, s3}) c.place(id, {1}, {1, 1, 1, 1});
    c.elect(s1);
    CHECK(c.log(s1) == terms{1, 1, 1, 1, 2});
    CHECK(c.commit(s1) == 5);
}

// -------------------------------------------------------------------------- follower, late and odd

TEST_CASE("S40 B14 an older message with fewer entries removes nothing and acknowledges its own") {
    cluster c{3, plain()};
    c.inject(s2, s1, entries(1, log_start, 5, 1));
    c.lose_all();
    c.inject(s2, s1, entries(1, log_start, 2, 1));
    CHECK(c.last(s1) == 5);
    CHECK_FALSE(c.last_effects().write.has_value());
    c.inject(s2, s1, entries(1, position(4, 1), 3, 1));
    CHECK(c.last(s1) == 7);
}

TEST_CASE("S41 a follower acknowledges what it has compared, not the end of its own log") {
    cluster c{3, plain()};
    c.place(s1, {2}, {1, 1, 2, 2});
    c.inject(s2, s1, heartbeat(3, position(1, 1)));
    CHECK(newest<append_entries_reply>(c, s1, s2) == ack(3, 1));
    c.inject(s2, s1, entries(3, position(1, 1), 1, 1));
    CHECK(newest<append_entries_reply>(c, s1, s2) == ack(3, 2));
    CHECK(c.last(s1) == 4);
}

TEST_CASE("S41 what one leader compared is not said to the next") {
    cluster c{3, plain()};
    c.inject(s2, s1, entries(1, log_start, 4, 1));
    CHECK(newest<append_entries_reply>(c, s1, s2) == ack(1, 4));
    c.inject(s3, s1, heartbeat(2, position(1, 1)));
    CHECK(newest<append_entries_reply>(c, s1, s3) == ack(2, 1));
}

TEST_CASE("S50 a committed entry is never replaced and the sender hears no consent") {
    cluster c{3, plain()};
    c.inject(s2, s1, entries(1, log_start, 3, 1, 2));
    REQUIRE(c.commit(s1) == 2);
    c.lose_all();
    const auto log = c.log(s1);
    c.inject(s3, s1, entries(2, position(1, 1), 2, 2, 3));
    c.inject(s3, s1, entries(2, log_start, 1, 2, 1));
    CHECK(c.log(s1) == log);
    CHECK(c.commit(s1) == 2);
    CHECK(count<append_entries_reply>(c, s1, s3) == 0);
}

TEST_CASE("§5.3 an entry that the leader has sent is not removed by another of its messages") {
    cluster c{3, plain()};
    c.inject(s2, s1, entries(2, log_start, 3, 1));
    const auto log = c.log(s1);
    c.inject(s2, s1, entries(2, log_start, 1, 2));
    CHECK(c.log(s1) == log);
    c.inject(s2, s1, entries(2, log_start, 1, 2, 3));
    CHECK(c.log(s1) == log);
    CHECK(c.commit(s1) == 0);
    CHECK(core::invariants(c.at(s1)));
}

TEST_CASE("B16 what came after a conflict does not come back when the log grows again") {
    cluster c{3, plain()};
    c.place(s1, {2}, {1, 2, 2, 2});
    c.inject(s2, s1, entries(3, position(1, 1), 1, 3));
    CHECK(c.log(s1) == terms{1, 3});
    c.inject(s2, s1, entries(3, position(2, 3), 1, 3));
    CHECK(c.log(s1) == terms{1, 3, 3});
    c.crash(s1);
    c.restart(s1);
    CHECK(c.log(s1) == terms{1, 3, 3});
}

TEST_CASE("a message that no server could send changes nothing and is not answered") {
    const append_entries odd[] = {
        {{2}, position(3, 1), {2}, {}, {}, {}},   // It ends before it begins.
        {{2}, position(1, 3), {1}, {}, {}, {}},   // Its prev is of a later term than its own,
        {{2}, position(0, 1), {1}, {1}, {}, {}},  // is an entry where none can be,
        {{2}, position(1, 0), {1}, {}, {}, {}},   // or an entry of no term.
        {{2}, position(1, 1), {2}, {0}, {}, {}},  // Its entries are older than what is before,
        {{2}, position(1, 1), {2}, {3}, {}, {}},  // or of a later term than the leader's.
    };
    for (const auto& body : odd) {
        cluster c{3, plain()};
        c.place(s1, {1}, {1, 1});
        const auto before = c.at(s1);
        c.inject(s2, s1, body);
        CHECK(c.at(s1) == before);
        CHECK(c.network().empty());
    }
}

TEST_CASE("a second leader of one term is not believed") {
    cluster c{3, plain()};
    c.inject(s2, s1, entries(1, log_start, 2, 1));
    const auto before = c.at(s1);
    c.lose_all();
    c.inject(s3, s1, entries(1, position(1, 1), 5, 1, 9));
    CHECK(c.at(s1) == before);
    CHECK(c.network().empty());
}

// ---------------------------------------------------------------------------- leader, late and odd

TEST_CASE("S37 a heartbeat's answer that shows a gap brings what is missing, once") {
    auto c = steady(3);
    c.cut(s1, s3);
    c.propose(s1, 2);
    c.settle();
    c.heal();
    c.heartbeat(s1);
    c.deliver(s1, s3);
    c.deliver(s3, s1);
    CHECK(count<append_entries>(c, s1, s3) == 1);
    CHECK(c.sent<append_entries>(s1, s3) == entries(1, position(1, 1), 2, 1, 3));
    c.deliver(s1, s3);
    c.deliver(s3, s1);
    CHECK(count<append_entries>(c, s1, s3) == 0);
    CHECK(c.commit(s3) == 3);
    c.heartbeat(s1);
    c.deliver(s1, s3);
    c.deliver(s3, s1);
    CHECK(count<append_entries>(c, s1, s3) == 0);
}

TEST_CASE("S39 B25 late and repeated refusals lower nothing that is known and cause no storm") {
    auto c = steady(3);
    c.propose(s1, 4);
    c.settle();
    const auto known = progress_of(c, s1, s2);
    REQUIRE(known.match_index == log_index{5});
    for (const std::uint64_t prev : {0U, 1U, 3U, 5U, 6U, 99U}) {
        c.inject(s2, s1, reject(1, prev, log_start));
        c.inject(s2, s1, reject(1, prev, position(99, 9)));
    }
    CHECK(progress_of(c, s1, s2) == known);
    CHECK(c.network().empty());
}

TEST_CASE("S39 B25 of refusals on their way together the first is heard") {
    auto c = steady(3);
    c.propose(s1);
    c.lose(s1, s3);
    c.propose(s1);
    c.propose(s1);
    c.deliver(s1, s3);
    REQUIRE(count<append_entries_rejection>(c, s3, s1) == 2);
    c.deliver_one(s3, s1);
    CHECK(progress_of(c, s1, s3).next_index == log_index{2});
    const auto sent = count<append_entries>(c, s1, s3);
    c.deliver_one(s3, s1);
    CHECK(count<append_entries>(c, s1, s3) == sent);
    CHECK(progress_of(c, s1, s3).next_index == log_index{2});
    c.settle();
    CHECK(c.log(s3) == c.log(s1));
}

TEST_CASE("S39 while it probes a leader heeds the refusal of its last message alone") {
    cluster c{3, plain()};
    c.place(s1, {1}, {1, 1, 1, 1});
    c.elect(s1, {s2});
    REQUIRE(progress_of(c, s1, s2).next_index == log_index{5});
    for (const std::uint64_t prev : {1U, 2U, 3U, 5U}) c.inject(s2, s1, reject(2, prev, log_start));
    CHECK(progress_of(c, s1, s2).next_index == log_index{5});
    c.inject(s2, s1, reject(2, 4, position(2, 1)));
    CHECK(progress_of(c, s1, s2).next_index == log_index{3});
}

TEST_CASE("S39 acknowledgements out of order lower nothing") {
    auto c = steady(3);
    c.propose(s1, 4);
    c.inject(s2, s1, ack(1, 4));
    c.inject(s2, s1, ack(1, 2));
    CHECK(progress_of(c, s1, s2).match_index == log_index{4});
    CHECK(c.commit(s1) == 4);
    c.inject(s2, s1, ack(1, 0));
    CHECK(progress_of(c, s1, s2).match_index == log_index{4});
}

TEST_CASE("B18 an acknowledgement of another term or of what is not there is not counted") {
    cluster c{3, plain()};
    c.elect(s2);
    c.elect(s1);
    REQUIRE(c.term(s1) == 2);
    c.propose(s1);
    const auto before = c.at(s1);
    c.inject(s2, s1, ack(1, 3));
    c.inject(s2, s1, ack(2, 4));
    c.inject(s2, s1, ack(2, ~std::uint64_t{}));
    CHECK(c.at(s1) == before);
}

TEST_CASE("B24 a follower with hundreds of entries of many other terms is led back") {
    cluster c{3, plain()};
    c.place(s1, {200}, {1});
    c.place(s3, {200}, {1});
    c.place(s2, {200}, {1});
    for (std::uint64_t term = 2; term <= 150; ++term) {
        const auto last = c.at(s2).log.last();
        c.inject(s3, s2, entries(200, last, 3, term));
    }
    REQUIRE(c.last(s2) == 448);
    c.lose_all();
    c.elect(s1, {s3});
    for (int i = 0; i < 400 && !c.network().empty(); ++i) c.deliver_nth(0);
    CHECK(c.log(s2) == terms{1, 201});
    CHECK(c.network().empty());
}

TEST_CASE("§5.3 one refusal skips all terms that the leader's log does not have") {
    cluster c{3, plain()};
    c.place(s1, {7}, {1, 1, 1, 4, 4, 5, 5, 6, 6, 6});
    c.place(s2, {7}, {1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3});
    c.elect(s1, {s3});
    c.lose(s1, s3);
    int refusals = 0;
    for (int i = 0; i < 20; ++i) {
        refusals += static_cast<int>(count<append_entries_rejection>(c, s2, s1));
        c.deliver(s2, s1);
        c.deliver(s1, s2);
    }
    CHECK(refusals <= 2);
    CHECK(c.log(s2) == c.log(s1));
}

// ----------------------------------------------------------------------------------------- sending

TEST_CASE("in steady state all followers get one message, written once") {
    auto c = steady(5);
    c.propose(s1);
    REQUIRE(c.last_effects().messages.size() == 1);
    const auto* to = std::get_if<member_set>(&c.last_effects().messages[0].to);
    REQUIRE(to != nullptr);
    CHECK(*to == member_set::first(5).without(slot{0}));
}

TEST_CASE("S53 no more messages are on their way to a follower than may be") {
    auto config = plain();
    config.messages_in_flight = 3;
    auto c = steady(3, config);
    for (int i = 0; i < 10; ++i) c.propose(s1);
    CHECK(count<append_entries>(c, s1, s2) == 3);
    c.lose_all();
    c.inject(s2, s1, ack(1, 1));
    c.inject(s2, s1, ack(1, 1));
    CHECK(c.network().empty());
    c.inject(s2, s1, ack(1, 2));
    CHECK(c.sent<append_entries>(s1, s2) == entries(1, position(4, 1), 7, 1, 2));
    CHECK(count<append_entries>(c, s1, s2) == 1);
    c.inject(s2, s1, ack(1, 2));
    CHECK(count<append_entries>(c, s1, s2) == 1);
    c.inject(s2, s1, ack(1, 11));
    CHECK(progress_of(c, s1, s2).in_flight == 0);
}

TEST_CASE("a window widens while full messages wait behind it, and narrows when they do not") {
    auto config = plain();
    config.messages_in_flight = 1;
    config.entries_per_message = 2;
    auto c = steady(3, config);
    const auto window = [&] { return progress_of(c, s1, s2).window; };
    const auto acknowledge = [&](std::uint64_t match) { c.inject(s2, s1, ack(1, match)); };
    for (int i = 0; i < 101; ++i) c.propose(s1);
    REQUIRE(window() == 1);
    REQUIRE(progress_of(c, s1, s2).next_index == log_index{3});

    // As soon as it is the window that holds entries up each answer lets two messages go, until
    // there are sixteen times as many as at first.
    std::uint64_t match = 2;
    for (unsigned wide = 2; wide <= 16; ++wide, match += 2) {
        acknowledge(match);
        CHECK(window() == wide);
        CHECK(progress_of(c, s1, s2).in_flight == wide);
    }
    acknowledge(match);
    CHECK(window() == 16);

    // What is left fits beside what is on its way: the window gets narrower again.
    while (progress_of(c, s1, s2).next_index <= log_index{102}) acknowledge(match += 2);
    const auto widest = window();
    acknowledge(match += 2);
    CHECK(window() <= widest);
    acknowledge(102);
    CHECK(window() == 1);
    CHECK(progress_of(c, s1, s2).in_flight == 0);
}

TEST_CASE("messages of one entry widen no window") {
    auto config = plain();
    config.messages_in_flight = 2;
    config.entries_per_message = 1;
    auto c = steady(3, config);
    for (int i = 0; i < 20; ++i) c.propose(s1);
    for (std::uint64_t match = 2; match < 10; ++match) c.inject(s2, s1, ack(1, match));
    CHECK(progress_of(c, s1, s2).in_flight == 2);
}

TEST_CASE(
    "S53 a follower whose log is not known gets one message at a time, a heartbeat renews it") {
    cluster c{3, plain()};
    c.elect(s1, {s2});
    c.lose_all();
    c.propose(s1);
    c.propose(s1);
    CHECK(count<append_entries>(c, s1, s2) == 0);
    c.heartbeat(s1);
    CHECK(c.sent<append_entries>(s1, s2) == heartbeat(1, log_start));
    c.deliver(s1, s2);
    c.deliver(s2, s1);
    CHECK(c.sent<append_entries>(s1, s2) == entries(1, log_start, 3, 1));
    c.settle();
    CHECK(c.commit(s1) == 3);
}

TEST_CASE("a message carries no more entries than one may, and of one term") {
    auto config = plain();
    config.entries_per_message = 2;
    cluster c{3, config};
    c.place(s1, {2}, {1, 1, 1, 2, 2});
    c.elect(s1, {s3});
    terms lengths;
    for (int i = 0; i < 20 && !c.network().empty(); ++i) {
        const auto next = c.network()[0];
        if (const auto* m = std::get_if<append_entries>(&next.what.body); m && next.to == s2)
            if (m->last_index != m->prev.index) lengths.push_back(m->last_index - m->prev.index);
        c.deliver_nth(0);
    }
    CHECK(c.log(s2) == terms{1, 1, 1, 2, 2, 3});
    CHECK(*std::max_element(lengths.begin(), lengths.end()) == 2);
    CHECK(c.safe());
}

TEST_CASE("B22 with lost and doubled messages the log that arrives has no gap") {
    auto config = plain();
    config.entries_per_message = 3;
    auto c = steady(3, config);
    for (std::size_t i = 0; i < 60; ++i) {
        c.propose(s1, 2);
        if (i % 7 == 3) c.lose(s1, s3);
        if (i % 5 == 2 && !c.network().empty()) c.duplicate_nth(i % c.network().size());
        if (i % 11 == 5) c.heartbeat(s1);
        c.deliver(s1, s3);
        c.deliver(s3, s1);
    }
    c.heartbeat(s1);
    c.settle();
    CHECK(c.log(s3) == terms(121, 1));
    CHECK(c.log(s2) == c.log(s3));
    CHECK(c.commit(s1) == 121);
    CHECK(c.safe());
}
