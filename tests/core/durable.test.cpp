// SPDX-License-Identifier: BSL-1.0
//
// Goal: nothing is said, counted or committed that a crash could undo. Method: the disks of stories
// are held, single writes are let through, servers crash between them; the scenarios that need the
// completion of writes (S…) and bugs of other libraries (B…).
#include <cstdint>
#include <optional>
#include <vector>

#include <doctest/doctest.h>

#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

using terms = std::vector<std::uint64_t>;

/// The completion of the newest write of this server, or of the one `back` before it.
written completion(const cluster& c, member_id id, std::uint64_t back = 0) {
    return {{c.at(id).disk.issued.value - back}};
}

}  // namespace

// ----------------------------------------------------------------------------------- term and vote

TEST_CASE("S22 B02 a vote is given when it is durable, and a crash before that leaves it free") {
    cluster c{3, plain()};
    c.place(s1, {1}, {});
    c.hold_disk(s1);
    c.inject(s2, s1, ask(2, log_start));
    CHECK(c.network().empty());
    c.crash(s1);
    c.restart(s1);
    CHECK(c.term(s1) == 1);
    c.inject(s3, s1, ask(2, log_start));
    CHECK(granted(c, s1, s3));
}

TEST_CASE("S22 B02 a vote that was given holds after a crash") {
    cluster c{3, plain()};
    c.hold_disk(s1);
    c.inject(s2, s1, ask(2, log_start));
    CHECK(c.network().empty());
    c.persist(s1);
    CHECK(granted(c, s1, s2));
    c.crash(s1);
    c.restart(s1);
    CHECK(c.term(s1) == 2);
    CHECK(c.at(s1).voted_for == s2);
    c.inject(s3, s1, ask(2, position(9, 1)));
    CHECK_FALSE(granted(c, s1, s3));
    c.lose_all();
    c.inject(s2, s1, ask(2, log_start));
    CHECK(granted(c, s1, s2));
}

TEST_CASE("S22 a vote that waits for the disk is told to whom it was given, not to who asks next") {
    cluster c{3, plain()};
    c.hold_disk(s1);
    c.inject(s2, s1, ask(2, log_start));
    c.inject(s3, s1, ask(2, log_start));
    c.persist(s1);
    CHECK(granted(c, s1, s2));
    CHECK_FALSE(granted(c, s1, s3));
    CHECK(c.at(s1).voted_for == s2);
}

TEST_CASE("S22 a vote that waits for the disk is void when a later term comes first") {
    cluster c{3, plain()};
    c.hold_disk(s1);
    c.inject(s2, s1, ask(2, log_start));
    c.inject(s3, s1, ask(3, log_start));
    c.persist(s1, 1);
    CHECK(c.network().empty());
    c.persist(s1);
    CHECK_FALSE(granted(c, s1, s2));
    CHECK(newest<request_vote_reply>(c, s1, s3) == yes(3));
}

TEST_CASE("S23 B02 a term that a server has stood in holds after a crash") {
    cluster c{3, plain()};
    c.time_out(s1);
    c.time_out(s1);
    c.crash(s1);
    c.lose_all();
    c.restart(s1);
    CHECK(c.term(s1) == 2);
    CHECK(c.at(s1).voted_for == s1);
    c.inject(s2, s1, heartbeat(1, log_start));
    CHECK(newest<append_entries_rejection>(c, s1, s2)->term == term_number{2});
    c.inject(s2, s1, ask(2, position(5, 1)));
    CHECK_FALSE(granted(c, s1, s2));
}

TEST_CASE("S23 B01 term and vote are one write") {
    cluster c{3, plain()};
    c.hold_disk(s1);
    c.give(s1, received{s2, ask(7, log_start), std::nullopt});
    const auto write = c.last_effects().write;
    REQUIRE(write.has_value());
    CHECK(write->vote == hard_state{{7}, s2});
    CHECK_FALSE(write->entries.has_value());
}

TEST_CASE("a candidate asks for votes when its own is durable, and counts it only then") {
    cluster c{3, plain()};
    c.hold_disk(s1);
    c.time_out(s1);
    CHECK(c.term(s1) == 1);
    CHECK(c.network().empty());
    c.inject(s2, s1, yes(1));
    CHECK(c.at(s1).is_candidate());
    c.persist(s1);
    CHECK(c.sent<request_vote>(s1, s2) == ask(1, log_start));
    CHECK(c.at(s1).is_candidate());
    c.inject(s2, s1, yes(1));
    CHECK(c.at(s1).is_leader());
}

TEST_CASE("B26 a candidate does not boast of entries that its disk does not have") {
    cluster c{3, plain()};
    c.inject(s2, s1, heartbeat(1, log_start));
    c.hold_disk(s1);
    c.inject(s2, s1, entries(1, log_start, 3, 1));
    c.time_out(s1);
    CHECK(c.last(s1) == 3);
    c.persist(s1, 1);
    CHECK(count<request_vote>(c, s1, s2) == 0);
    c.persist(s1);
    CHECK(newest<request_vote>(c, s1, s2) == ask(2, position(3, 1)));
}

TEST_CASE("nothing is said in a term that a crash could forget") {
    cluster c{3, plain()};
    c.hold_disk(s1);
    c.inject(s2, s1, heartbeat(3, log_start));
    c.inject(s2, s1, heartbeat(3, position(4, 1)));
    c.inject(s3, s1, heartbeat(2, log_start));
    c.inject(s3, s1, ask(2, log_start));
    CHECK(c.network().empty());
    c.persist(s1);
    CHECK(newest<append_entries_rejection>(c, s1, s2)->prev_index == log_index{4});
    CHECK(newest<append_entries_reply>(c, s1, s2) == ack(3, 0));
}

TEST_CASE("B29 the term of an entry is durable before the entry is, or with it") {
    cluster c{3, plain()};
    c.hold_disk(s1);
    c.inject(s2, s1, entries(5, log_start, 1, 5));
    const auto write = c.last_effects().write;
    REQUIRE(write.has_value());
    CHECK(write->vote == hard_state{{5}, std::nullopt});
    CHECK(write->entries == append{{1}, {1}, {5}, entry_source::received});
    c.persist(s1);
    c.crash(s1);
    c.restart(s1);
    CHECK(c.log(s1) == terms{5});
    CHECK(c.term(s1) == 5);
}

TEST_CASE("B29 a server whose log is ahead of its term takes the term of its log, without a vote") {
    recovered_state kept{.vote = {{2}, s2}, .snapshot = {}, .log = {}, .configurations = {}};
    kept.log.append({5}, 1);
    const auto s = initial_state(s1, plain(), kept, 1);
    CHECK(s.current_term == term_number{5});
    CHECK_FALSE(s.voted_for.has_value());
}

// ----------------------------------------------------------------------------------------- entries

TEST_CASE("a follower acknowledges entries when they are durable") {
    cluster c{3, plain()};
    c.elect(s1);
    c.lose_all();
    c.hold_disk(s2);
    c.propose(s1, 2);
    c.deliver(s1, s2);
    CHECK(count<append_entries_reply>(c, s2, s1) == 0);
    c.persist(s2);
    CHECK(c.sent<append_entries_reply>(s2, s1)->match_index == log_index{3});
}

TEST_CASE("a heartbeat is answered with what is durable, not with what is not yet") {
    cluster c{3, plain()};
    c.elect(s1);
    c.settle();
    c.hold_disk(s2);
    c.propose(s1);
    c.deliver(s1, s2);
    c.heartbeat(s1);
    c.deliver(s1, s2);
    CHECK(newest<append_entries_reply>(c, s2, s1)->match_index == log_index{1});
    c.deliver(s2, s1);
    CHECK(c.commit(s1) == 1);
    c.persist(s2);
    c.deliver(s2, s1);
    CHECK(c.commit(s1) == 2);
}

TEST_CASE("one completion acknowledges all writes that it covers") {
    cluster c{3, plain()};
    c.elect(s1);
    c.settle();
    c.hold_disk(s2);
    for (int i = 0; i < 3; ++i) c.propose(s1);
    c.deliver(s1, s2);
    c.persist(s2);
    CHECK(count<append_entries_reply>(c, s2, s1) == 1);
    CHECK(c.sent<append_entries_reply>(s2, s1)->match_index == log_index{4});
}

TEST_CASE("the disk of the leader works beside those of the followers, and is one vote") {
    cluster c{3, plain()};
    c.elect(s1);
    c.settle();
    c.hold_disk(s1);
    c.propose(s1);
    CHECK(count<append_entries>(c, s1, s2) == 1);
    c.deliver(s1, s2);
    c.deliver(s2, s1);
    CHECK(c.commit(s1) == 1);
    c.deliver(s1, s3);
    c.deliver(s3, s1);
    CHECK(c.commit(s1) == 2);
    CHECK(c.at(s1).disk.durable_index == log_index{1});
    c.settle();
    CHECK(c.commit(s2) == 2);
    CHECK(c.safe());
}

TEST_CASE("S49 B20 a single server commits what is durable, not what it has only begun to write") {
    cluster c{1, plain()};
    c.elect(s1);
    c.hold_disk(s1);
    c.propose(s1);
    CHECK(c.commit(s1) == 1);
    CHECK_FALSE(c.last_effects().commit.has_value());
    c.persist(s1);
    CHECK(c.commit(s1) == 2);
    CHECK(c.last_effects().commit == log_index{2});
    c.propose(s1);
    c.propose(s1);
    c.persist(s1, 1);
    CHECK(c.commit(s1) == 3);
    c.crash(s1);
    c.restart(s1);
    CHECK(c.log(s1) == terms{1, 1, 1});
    c.elect(s1);
    CHECK(c.log(s1) == terms{1, 1, 1, 2});
    CHECK(c.safe());
}

TEST_CASE("S47 B19 the completion of a write says nothing of what replaced it at its index") {
    cluster c{3, plain()};
    c.inject(s2, s1, entries(1, log_start, 1, 1));
    c.hold_disk(s1);
    c.inject(s2, s1, entries(1, position(1, 1), 1, 1));  // Index 2 in term 1,
    c.inject(s3, s1, entries(2, position(1, 1), 1, 2));  // then in term 2,
    c.inject(s2, s1, entries(3, position(1, 1), 2, 3));  // then in term 3, with index 3.
    c.lose_all();
    CHECK(c.log(s1) == terms{1, 3, 3});
    CHECK(c.at(s1).disk.durable_index == log_index{1});
    c.persist(s1, 1);
    CHECK(c.at(s1).disk.durable_index == log_index{1});
    c.persist(s1, 1);
    CHECK(c.at(s1).disk.durable_index == log_index{1});
    CHECK(c.network().empty());
    c.persist(s1, 1);
    CHECK(c.at(s1).disk.durable_index == log_index{3});
    CHECK(newest<append_entries_reply>(c, s1, s2) == ack(3, 3));
}

TEST_CASE("S47 B19 the same term at the same index, written twice, is two writes") {
    cluster c{5, plain()};
    c.hold_disk(s1);
    c.inject(s2, s1, entries(1, log_start, 2, 1));  // Term 1 at indexes 1 and 2,
    c.inject(s3, s1, entries(2, log_start, 1, 2));  // term 2 at index 1,
    c.inject(s4, s1, entries(3, log_start, 2, 1));  // and term 1 again, as s4 has it.
    c.lose_all();
    c.persist(s1, 2);
    CHECK(c.at(s1).disk.durable_index == log_index{});
    CHECK(c.network().empty());
    c.persist(s1, 1);
    CHECK(newest<append_entries_reply>(c, s1, s4) == ack(3, 2));
}

TEST_CASE("S49 what a leader has only begun to write is not its part of a majority") {
    cluster c{3, plain()};
    c.elect(s1);
    c.settle();
    c.hold_disk(s1);
    c.propose(s1);
    c.propose(s1);
    c.persist(s1, 1);
    c.inject(s2, s1, ack(1, 3));
    CHECK(c.commit(s1) == 2);
    c.persist(s1, 1);
    CHECK(c.commit(s1) == 3);
}

TEST_CASE("S48 many writes on their way are acknowledged as they end, in their order") {
    cluster c{3, plain()};
    c.elect(s1);
    c.settle();
    c.hold_disk(s2);
    for (int i = 0; i < 3; ++i) {
        c.propose(s1, 2);
        c.deliver(s1, s2);
    }
    for (std::uint64_t i = 1; i <= 3; ++i) {
        c.persist(s2, 1);
        CHECK(newest<append_entries_reply>(c, s2, s1)->match_index == log_index{1 + 2 * i});
        c.deliver(s2, s1);
        CHECK(c.commit(s1) == 1 + 2 * i);
    }
}

TEST_CASE("S48 of writes in flight on two late disks, what both have is committed and applied") {
    auto c = steady(3);
    c.isolate(s3);
    for (const auto id : {s1, s2}) c.hold_disk(id);
    for (int i = 0; i < 3; ++i) c.propose(s1);
    c.deliver(s1, s2);
    const auto tell = [&] {
        c.deliver(s2, s1);
        c.deliver(s1, s2);
    };
    c.persist(s1, 2);
    tell();
    CHECK(c.commit(s1) == 1);
    for (std::uint64_t i = 1; i <= 3; ++i) {
        c.persist(s2, 1);
        if (i == 3) c.persist(s1, 1);
        tell();
        CHECK(c.commit(s1) == 1 + i);
        CHECK(c.commit(s2) == 1 + i);
    }
    CHECK(c.safe());
}

TEST_CASE("B23 a completion that comes late, twice or for no write at all changes nothing") {
    cluster c{3, plain()};
    c.elect(s1);
    c.settle();
    c.hold_disk(s1);
    c.propose(s1, 3);
    const auto newer = completion(c, s1);
    const auto older = completion(c, s1, 2);
    c.give(s1, newer);
    CHECK(c.at(s1).disk.durable_index == log_index{4});
    c.let_time_pass(milliseconds(1));
    const auto before = c.at(s1);
    const written none{{newer.sequence.value + 1}};
    for (const auto& late : {older, newer, none, written{}}) {
        c.give(s1, late);
        CHECK(c.at(s1) == before);
        CHECK(c.last_effects() == effects{});
    }
}

TEST_CASE("a part of a write's entries being durable acknowledges that part") {
    cluster c{3, plain()};
    c.elect(s1);
    c.settle();
    c.hold_disk(s2);
    c.propose(s1, 3);
    c.deliver(s1, s2);
    c.give(s2, completion(c, s2, 1));
    CHECK(newest<append_entries_reply>(c, s2, s1)->match_index == log_index{3});
}

TEST_CASE("B18 what a follower acknowledged is there after a crash") {
    cluster c{3, plain()};
    c.elect(s1);
    c.settle();
    c.hold_disk(s2);
    c.isolate(s3);
    c.propose(s1, 2);
    c.deliver(s1, s2);
    c.crash(s2);
    c.settle();
    CHECK(c.commit(s1) == 1);
    c.restart(s2);
    CHECK(c.last(s2) == 1);
    c.heartbeat(s1);
    c.settle();
    CHECK(c.commit(s1) == 3);
    c.crash(s2);
    c.restart(s2);
    CHECK(c.log(s2) == terms{1, 1, 1});
    CHECK(c.safe());
}

TEST_CASE("B20 a leader counts of its own log what its disk has") {
    cluster c{3, plain()};
    c.elect(s1);
    c.settle();
    c.hold_disk(s1);
    c.propose(s1);
    const auto own = c.at(s1).members().slot_of(s1);
    CHECK(c.at(s1).peers[own->value].match_index == log_index{1});
    c.persist(s1);
    CHECK(c.at(s1).peers[own->value].match_index == log_index{2});
}
