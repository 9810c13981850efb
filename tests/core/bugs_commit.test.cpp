// SPDX-License-Identifier: BSL-1.0
//
// Goal: what is committed, applied or promised to a reader is what a majority has. Method: the
// stories in which other libraries went wrong, each under its number.
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

TEST_CASE("B12 the heartbeat of a read commits nothing of a tail that the leader has not shown") {
    cluster c{3, plain()};
    c.place(s1, {2}, {1});
    c.place(s3, {2}, {1});
    c.place(s2, {2}, {1, 2, 2});
    c.elect(s1, {s3});
    c.isolate(s2);
    c.propose(s1, 2);
    c.settle();
    REQUIRE(c.commit(s1) == 4);
    c.heal();
    c.give(s1, read_requested{});
    const auto asked = c.sent<append_entries>(s1, s2);
    REQUIRE(asked.has_value());
    CHECK(asked->round == c.last_effects().rare->read->round);
    CHECK(asked->commit_index == log_index{4});
    c.deliver_one(s1, s2);
    CHECK(c.commit(s2) <= 1);
    CHECK(c.log(s2) == terms{1, 2, 2});
    c.settle();
    CHECK(c.log(s2) == c.log(s1));
    CHECK(c.safe());
}

TEST_CASE(
    "B21 what was applied before it was durable here is not acknowledged to the next leader") {
    for (const bool reaches_disk : {false, true}) {
        auto c = steady(3);
        c.hold_disk(s1);
        c.propose(s1);
        c.deliver(s1, {s2, s3});
        c.deliver(s2, s1);
        c.deliver(s3, s1);
        REQUIRE(c.commit(s1) == 2);
        REQUIRE(c.at(s1).disk.durable_index == log_index{1});
        c.lose_all();
        c.elect(s2);
        CHECK(c.at(s1).is_follower());
        if (reaches_disk) c.persist(s1, 2);  // The entry and the new term, but not s2's own entry.
        c.heartbeat(s2);
        c.settle();
        CHECK(progress_of(c, s2, s1).match_index == log_index{reaches_disk ? 2U : 0U});
        c.crash(s1);
        c.restart(s1);
        CHECK(c.log(s1) == (reaches_disk ? terms{1, 1} : terms{1}));
        CHECK(c.commit(s1) == 0);
        c.heartbeat(s2);
        c.settle();
        CHECK(c.log(s1) == terms{1, 1, 2});
        c.heartbeat(s2);
        c.settle();
        CHECK(c.commit(s1) == 3);
        CHECK(c.safe());
    }
}

TEST_CASE("B32 a read is promised an index that nothing committed anywhere is beyond") {
    cluster c{3, plain()};
    for (const auto leads : {s1, s2, s3, s1}) {
        c.elect(leads, {leads == s2 ? s3 : s2});
        CHECK(c.at(leads).commit_index < std::get<leader_state>(c.at(leads).role).term_start);
        for (std::size_t i = 0; i < 12; ++i) {
            c.give(leads, read_requested{});
            const auto promised = c.last_effects().rare->read;
            REQUIRE(promised.has_value());
            for (const auto id : {s1, s2, s3}) CHECK(promised->index.value >= c.commit(id));
            CHECK(promised->index >= std::get<leader_state>(c.at(leads).role).term_start);
            CHECK(promised->index <= c.at(leads).log.last_index());
            c.propose(leads);
            for (std::size_t n = 0; n < 2 + i % 3 && !c.network().empty(); ++n) c.deliver_nth(0);
        }
        c.settle();
    }
    CHECK(c.safe());
}

TEST_CASE("B77 after a restart nothing is committed but what the snapshot covers") {
    auto config = plain();
    config.retained_entries = 100;
    auto c = steady(3, config);
    c.propose(s1, 4);
    c.settle();
    c.take_snapshot(s2);
    c.propose(s1, 3);
    c.settle();
    REQUIRE(c.commit(s2) == 8);
    c.crash(s2);
    c.restart(s2);
    CHECK(c.commit(s2) == 5);
    CHECK(c.last(s2) == 8);
    CHECK_FALSE(c.last_effects().commit.has_value());
    c.time_out(s2);
    CHECK(c.commit(s2) == 5);
    c.settle();
    CHECK(c.commit(s2) == 9);
    CHECK(c.safe());
}
