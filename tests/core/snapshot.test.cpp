// SPDX-License-Identifier: BSL-1.0
//
// Goal: a snapshot takes the place of the log that it covers, and of nothing else. Method: stories
// of leaders that have dropped their log and followers that need it (S…), bugs of other libraries
// (B…), and chunks given to a follower one by one.
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <support/snapshots.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

using terms = std::vector<std::uint64_t>;

/// Chunks of every kind, those that no server could send among them.
std::vector<install_snapshot> any_chunks() {
    std::vector<install_snapshot> all;
    for (const std::uint64_t term : {1U, 2U, 3U})
        for (const std::uint64_t index : {0U, 6U, 7U, 9U})
            for (const std::uint64_t offset : {0U, 5U, 10U, 25U, 26U})
                for (const std::uint32_t length : {0U, 10U, 15U})
                    for (const std::uint64_t size : {0U, 10U, 25U})
                        all.push_back(chunk(term, position(index, 1), offset, length, size));
    return all;
}

}  // namespace

// -------------------------------------------------------------------------------------- compaction

TEST_CASE("§7 a durable snapshot lets the log before it go, but for what slow followers may need") {
    cluster c{1, retaining(3)};
    c.elect(s1);
    c.propose(s1, 9);
    REQUIRE(c.commit(s1) == 10);
    c.take_snapshot(s1);
    CHECK(c.last_effects().rare->discard == log_index{7});
    CHECK(c.at(s1).log.base() == position(7, 1));
    CHECK(c.at(s1).snapshot.last_included == position(10, 1));
    CHECK(c.last(s1) == 10);
}

TEST_CASE("§7 with less log than is kept nothing goes") {
    cluster c{1, retaining(100)};
    c.elect(s1);
    c.propose(s1, 9);
    c.take_snapshot(s1);
    CHECK_FALSE(c.last_effects().rare->discard.has_value());
    CHECK(c.at(s1).log.base() == log_start);
    CHECK(c.at(s1).snapshot.last_included == position(10, 1));
}

TEST_CASE("§7 a snapshot that is older than the last one, or not committed, changes nothing") {
    cluster c{3, retaining(0)};
    c.elect(s1);
    c.propose(s1, 4);
    c.settle();
    c.take_snapshot(s1);
    c.isolate(s1);
    c.propose(s1, 3);
    const auto before = c.at(s1);
    for (const std::uint64_t index : {0U, 3U, 5U, 6U, 8U, 99U}) {
        c.give(s1, snapshot_saved{{position(index, 1), 1}});
        CHECK(c.at(s1) == before);
        CHECK_FALSE(c.last_effects().rare->discard.has_value());
    }
}

TEST_CASE("B72 after a restart the log goes on where the snapshot ends") {
    cluster c{3, retaining(0)};
    c.elect(s1);
    c.propose(s1, 4);
    c.settle();
    c.heartbeat(s1);
    c.settle();
    for (const auto id : {s1, s2, s3}) c.take_snapshot(id);
    for (const auto id : {s1, s2, s3}) {
        c.crash(id);
        c.restart(id);
        CHECK(c.commit(id) == 5);
        CHECK(c.at(id).log.base() == position(5, 1));
        CHECK(c.at(id).members() == voters_only({s1, s2, s3}));
    }
    c.elect(s2);
    CHECK(c.log(s1) == terms{2});
    CHECK(c.commit(s2) == 6);
    CHECK(c.safe());
}

// ------------------------------------------------------------------------------------------ leader

TEST_CASE("S55 a follower that needs what is gone gets the snapshot and then the log") {
    auto c = with_slow_s3();
    c.propose(s1, 2);
    c.settle();
    c.heal();
    c.heartbeat(s1);
    c.settle();
    CHECK(c.at(s3).snapshot.last_included == position(6, 1));
    CHECK(c.at(s3).log.base() == position(6, 1));
    CHECK(c.last(s3) == 8);
    c.heartbeat(s1);
    c.settle();
    CHECK(c.commit(s3) == 8);
    CHECK(progress_of(c, s1, s3).mode == replication_mode::replicate);
    CHECK(c.safe());
}

TEST_CASE("S55 a follower whose missing entries are kept gets no snapshot") {
    auto c = with_slow_s3(retaining(5));
    c.heal();
    c.heartbeat(s1);
    c.settle();
    CHECK(c.log(s3) == terms(6, 1));
    CHECK(c.at(s3).snapshot == snapshot_description{});
}

TEST_CASE(
    "S90 while a snapshot is under way nothing else is sent, and its end begins replication") {
    auto c = with_slow_s3();
    c.heal();
    c.heartbeat(s1);
    c.deliver(s1, s3);
    c.deliver(s3, s1);
    REQUIRE(progress_of(c, s1, s3).mode == replication_mode::snapshot);
    CHECK(count<install_snapshot>(c, s1, s3) == 1);
    CHECK(c.sent<install_snapshot>(s1, s3) == chunk(1, position(6, 1), 0, 1, 1));
    c.propose(s1, 3);
    CHECK(count<append_entries>(c, s1, s3) == 0);
    CHECK(count<install_snapshot>(c, s1, s3) == 1);
    c.inject(s3, s1, ack(1, 6));
    CHECK(progress_of(c, s1, s3).mode == replication_mode::replicate);
    CHECK(newest<append_entries>(c, s1, s3) == entries(1, position(6, 1), 3, 1, 6));
}

TEST_CASE("S90 a lost chunk and a lost answer are found out by the next heartbeat") {
    for (const bool lose_answer : {false, true}) {
        auto c = with_slow_s3();
        c.heal();
        c.heartbeat(s1);
        c.deliver(s1, s3);
        c.deliver(s3, s1);
        if (lose_answer) c.deliver(s1, s3);
        c.lose(s1, s3);
        c.lose(s3, s1);
        CHECK(progress_of(c, s1, s3).mode == replication_mode::snapshot);
        c.heartbeat(s1);
        c.settle();
        CHECK(progress_of(c, s1, s3).mode == replication_mode::replicate);
        CHECK(c.at(s3).log.base() == position(6, 1));
        CHECK(c.safe());
    }
}

TEST_CASE("S90 late answers about another snapshot begin it anew, odd ones do no harm") {
    auto c = with_slow_s3();
    resize_snapshot(c, 6, 1);
    c.heal();
    c.heartbeat(s1);
    c.deliver(s1, s3);
    c.deliver(s3, s1);
    REQUIRE(progress_of(c, s1, s3).mode == replication_mode::snapshot);
    for (const auto& reply :
         {install_snapshot_reply{{1}, {4}, 1, {}}, install_snapshot_reply{{1}, {6}, 77, {}},
          install_snapshot_reply{{1}, {99}, 0, {}}}) {
        c.inject(s3, s1, reply);
        CHECK(progress_of(c, s1, s3).snapshot_offset == 0);
    }
    c.inject(s2, s1, install_snapshot_reply{{1}, {6}, 0, {}});
    CHECK(progress_of(c, s1, s2).mode == replication_mode::replicate);
    c.settle();
    CHECK(c.at(s3).log.base() == position(6, 1));
}

TEST_CASE("§7 a snapshot goes in chunks, each asked for by the answer to the one before") {
    auto config = retaining(0);
    config.snapshot_chunk_bytes = 10;
    cluster c{3, config};
    c.elect(s1);
    c.heartbeat(s1);
    c.settle();
    c.isolate(s3);
    c.propose(s1, 5);
    c.settle();
    resize_snapshot(c, 6, 25);
    c.heal();
    c.heartbeat(s1);
    c.deliver(s1, s3);
    c.deliver(s3, s1);
    for (const auto& [offset, length] :
         {std::pair{0U, 10U}, std::pair{10U, 10U}, std::pair{20U, 5U}}) {
        CHECK(count<install_snapshot>(c, s1, s3) == 1);
        CHECK(c.sent<install_snapshot>(s1, s3) == chunk(1, position(6, 1), offset, length, 25));
        c.deliver(s1, s3);
        c.deliver(s3, s1);
    }
    CHECK(c.at(s3).snapshot == snapshot_description{position(6, 1), 25});
    CHECK(c.at(s3).log.last() == position(6, 1));
}

// ---------------------------------------------------------------------------------------- follower

TEST_CASE("§7 a follower writes chunks in order, once each, and says how far it is") {
    cluster c{3, plain()};
    give(c, s1, chunk(1, position(6, 1), 0, 10, 25));
    REQUIRE(c.last_effects().rare->chunk.has_value());
    CHECK(c.last_effects().rare->chunk->offset == 0);
    CHECK(c.last_effects().rare->chunk->length == 10);
    CHECK(newest<install_snapshot_reply>(c, s1, s2) == install_snapshot_reply{{1}, {6}, 10, {}});
    give(c, s1, chunk(1, position(6, 1), 0, 10, 25));
    CHECK_FALSE(c.last_effects().rare->chunk.has_value());
    give(c, s1, chunk(1, position(6, 1), 20, 5, 25));
    CHECK_FALSE(c.last_effects().rare->chunk.has_value());
    CHECK(newest<install_snapshot_reply>(c, s1, s2)->offset == 10);
    give(c, s1, chunk(1, position(6, 1), 10, 10, 25));
    give(c, s1, chunk(1, position(6, 1), 20, 5, 25));
    CHECK(c.last_effects().rare->install.has_value());
    CHECK(c.commit(s1) == 6);
    CHECK(c.at(s1).log.last() == position(6, 1));
    CHECK(newest<append_entries_reply>(c, s1, s2) == ack(1, 6));
}

TEST_CASE(
    "§7 a chunk is asked for when the one before is durable, and the end is said when it is") {
    cluster c{3, plain()};
    c.inject(s2, s1, heartbeat(1, log_start));
    c.lose_all();
    c.hold_disk(s1);
    give(c, s1, chunk(1, position(6, 1), 0, 10, 20));
    CHECK(c.network().empty());
    c.persist(s1);
    CHECK(newest<install_snapshot_reply>(c, s1, s2)->offset == 10);
    c.lose_all();
    give(c, s1, chunk(1, position(6, 1), 10, 10, 20));
    CHECK(c.commit(s1) == 6);
    CHECK(count<append_entries_reply>(c, s1, s2) == 0);
    c.inject(s2, s1, heartbeat(1, position(6, 1)));
    CHECK(newest<append_entries_reply>(c, s1, s2) == ack(1, 0));
    c.lose_all();
    c.persist(s1);
    CHECK(newest<append_entries_reply>(c, s1, s2) == ack(1, 6));
}

TEST_CASE("§7 a follower awaits just the chunks that it writes, and nobody else any") {
    cluster c{3, plain()};
    c.inject(s2, s1, heartbeat(2, log_start));
    give(c, s1, chunk(2, position(6, 1), 0, 10, 25));
    const auto half_way = c.at(s1);
    give(c, s1, chunk(2, position(6, 1), 10, 15, 25));
    REQUIRE(c.commit(s1) == 6);
    const auto installed = c.at(s1);
    auto off = installed;
    off.role = role{halted{}};
    cluster led{3, plain()};
    led.elect(s1);

    for (const auto& m : any_chunks()) {
        const auto members = indexed_configuration{m.last_included.index, c.at(s2).members()};
        CAPTURE(m.term.value);
        CAPTURE(m.last_included.index.value);
        CAPTURE(m.offset);
        for (const auto& s : {c.at(s3), half_way, installed}) {
            const auto taken =
                step(s, received{s2, m, members}, c.now()).out.rare->chunk.has_value();
            CHECK(core::awaits_chunk(s, m, members.value) == taken);
        }
        CHECK_FALSE(core::awaits_chunk(off, m, members.value));
        CHECK_FALSE(core::awaits_chunk(led.at(s1), m, members.value));
    }
}

TEST_CASE("§7 another snapshot takes the place of the one that was coming") {
    cluster c{3, plain()};
    give(c, s1, chunk(1, position(6, 1), 0, 10, 25));
    give(c, s1, chunk(1, position(9, 1), 0, 7, 8));
    CHECK(newest<install_snapshot_reply>(c, s1, s2) == install_snapshot_reply{{1}, {9}, 7, {}});
    give(c, s1, chunk(1, position(9, 1), 7, 1, 8));
    CHECK(c.at(s1).snapshot == snapshot_description{position(9, 1), 8});
}

TEST_CASE("S91 a snapshot of what is committed here is not installed but acknowledged") {
    for (const std::uint64_t index : {1U, 3U, 4U}) {
        cluster c{3, plain()};
        c.inject(s2, s1, entries(1, log_start, 6, 1, 4));
        REQUIRE(c.commit(s1) == 4);
        const auto log = c.at(s1).log;
        give(c, s1, chunk(1, position(index, 1), 0, 1, 1));
        CHECK_FALSE(c.last_effects().rare->install.has_value());
        CHECK_FALSE(c.last_effects().rare->chunk.has_value());
        CHECK(c.at(s1).log == log);
        CHECK(c.commit(s1) == 4);
        CHECK(newest<append_entries_reply>(c, s1, s2) == ack(1, 6));
    }
}

TEST_CASE(
    "S91 a snapshot that ends within a matching log moves the commit index, all after it stays") {
    cluster c{3, plain()};
    c.inject(s2, s1, entries(1, log_start, 6, 1, 2));
    give(c, s1, chunk(1, position(4, 1), 0, 1, 1));
    REQUIRE(c.last_effects().rare->install.has_value());
    CHECK(c.last_effects().rare->install->keep_suffix);
    CHECK(c.commit(s1) == 4);
    CHECK(c.at(s1).log.base() == position(4, 1));
    CHECK(c.log(s1) == terms{1, 1});
    c.crash(s1);
    c.restart(s1);
    CHECK(c.log(s1) == terms{1, 1});
    CHECK(c.commit(s1) == 4);
}

TEST_CASE("S91 a snapshot that the log contradicts takes the whole log's place") {
    cluster c{3, plain()};
    c.place(s1, {2}, {1, 1, 1, 2, 2, 2});
    give(c, s1, chunk(3, position(4, 3), 0, 1, 1));
    REQUIRE(c.last_effects().rare->install.has_value());
    CHECK_FALSE(c.last_effects().rare->install->keep_suffix);
    CHECK(c.at(s1).log == log_terms{position(4, 3)});
    CHECK(c.at(s1).log.last() == position(4, 3));
    CHECK(c.commit(s1) == 4);
    c.crash(s1);
    c.restart(s1);
    CHECK(c.at(s1).log == log_terms{position(4, 3)});
}

TEST_CASE("S91 a snapshot that no server could send is not looked at") {
    cluster c{3, plain()};
    const auto before = c.at(s1);
    const auto members = c.at(s1).members();
    const auto offer = [&](const install_snapshot& body, const configuration& beside) {
        c.give(s1, received{s2, body, indexed_configuration{{}, beside}});
        CHECK(c.at(s1) == before);
    };
    c.inject(s2, s1, chunk(1, position(4, 1), 0, 1, 1));
    CHECK(c.at(s1) == before);
    offer(chunk(1, position(4, 1), 0, 1, 1), configuration{});
    offer(chunk(1, position(4, 1), 0, 1, 1),
          {.members = {s1}, .voters = {}, .outgoing_voters = {}});
    offer(chunk(1, position(4, 2), 0, 1, 1), members);
    offer(chunk(1, position(0, 1), 0, 1, 1), members);
    offer(chunk(1, position(4, 1), 2, 0, 1), members);
    offer(chunk(1, position(4, 1), 0, 2, 1), members);
    offer(chunk(1, position(4, 1), 1, ~std::uint32_t{0}, 1), members);
    CHECK(c.network().empty());
}

TEST_CASE("S93 B15 entries that a snapshot covers are passed over, those after it are taken") {
    cluster c{3, plain()};
    give(c, s1, chunk(1, position(5, 1), 0, 1, 1));
    c.lose_all();
    c.inject(s2, s1, entries(1, position(3, 1), 3, 1));
    CHECK(c.at(s1).log.base() == position(5, 1));
    CHECK(c.log(s1) == terms{1});
    CHECK(newest<append_entries_reply>(c, s1, s2) == ack(1, 6));
    c.inject(s2, s1, entries(1, position(2, 1), 2, 1));
    c.inject(s2, s1, heartbeat(1, position(1, 1)));
    CHECK(c.last(s1) == 6);
    CHECK(count<append_entries_rejection>(c, s1, s2) == 0);
}

TEST_CASE("S93 the term at a snapshot's last entry is known and compared") {
    cluster c{3, plain()};
    give(c, s1, chunk(3, position(5, 2), 0, 1, 1));
    c.lose_all();
    c.inject(s2, s1, entries(3, position(5, 2), 1, 3));
    CHECK(c.log(s1) == terms{3});
    c.inject(s3, s1, ask(4, position(6, 2)));
    CHECK_FALSE(granted(c, s1, s3));

    cluster other{3, plain()};
    give(other, s1, chunk(3, position(5, 2), 0, 1, 1));
    other.inject(s3, s1, ask(4, position(9, 1)));
    CHECK_FALSE(granted(other, s1, s3));
    other.inject(s2, s1, ask(4, position(5, 2)));
    CHECK(granted(other, s1, s2));
}

TEST_CASE("S95 the configuration of a snapshot is in force with it") {
    cluster c{3, plain()};
    const auto four = voters_only({s1, s2, s3, s4});
    c.give(s1, received{s2, chunk(1, position(5, 1), 0, 1, 1), indexed_configuration{{2}, four}});
    CHECK(c.at(s1).members() == four);
    c.crash(s1);
    c.restart(s1);
    CHECK(c.at(s1).members() == four);
}

TEST_CASE("B48 a candidate takes the snapshot of its term's leader") {
    cluster c{3, plain()};
    c.time_out(s1);
    give(c, s1, chunk(1, position(5, 1), 0, 1, 1));
    CHECK(c.at(s1).is_follower());
    CHECK(c.at(s1).current_leader() == s2);
    CHECK(c.commit(s1) == 5);
}

TEST_CASE("§7 a leader of an older term cannot install and hears of the term") {
    cluster c{3, plain()};
    c.place(s1, {4}, {});
    give(c, s1, chunk(3, position(5, 1), 0, 1, 1));
    CHECK_FALSE(c.last_effects().rare->install.has_value());
    CHECK(newest<install_snapshot_reply>(c, s1, s2)->term == term_number{4});
}

TEST_CASE("S91 a snapshot of a cluster that does not name its receiver is installed all the same") {
    cluster c{3, plain()};
    const auto others = voters_only({s2, s3});
    c.give(s1, received{s2, chunk(1, position(5, 1), 0, 1, 1), indexed_configuration{{4}, others}});
    CHECK(c.commit(s1) == 5);
    CHECK(c.at(s1).members() == others);
    c.lose_all();
    c.time_out(s1);
    CHECK(c.at(s1).is_follower());
    CHECK(c.network().empty());
}
