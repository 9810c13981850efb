// SPDX-License-Identifier: BSL-1.0
//
// Goal: replication does what it should where one entry, message or index more or less makes the
// difference. Method: single steps at those edges, each of which a changed operator once survived.
#include <cstdint>
#include <optional>
#include <utility>

#include <doctest/doctest.h>

#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

/// s1 leads, and two changes of membership are in its log, one after the other.
cluster with_two_changes() {
    cluster c{5, plain()};
    c.elect(s1);
    c.change(s1, {{s1}, {s2}, {s3}, {s4}});
    c.settle();
    c.heartbeat(s1);
    c.settle();
    c.propose(s1);
    c.change(s1, {{s1}, {s2}, {s3}});
    c.propose(s1);
    c.settle();
    return c;
}

}  // namespace

TEST_CASE("§6 a message ends before the second configuration that it would carry") {
    const auto c = with_two_changes();
    const auto& held = c.at(s1).configurations;
    REQUIRE(held.size() == 3);
    CHECK(core::last_to_send(c.at(s1), {1}) == previous(held[2].index));
    CHECK(core::last_to_send(c.at(s1), held[1].index) == previous(held[2].index));
    CHECK(core::last_to_send(c.at(s1), next(held[1].index)) == c.at(s1).log.last_index());
}

TEST_CASE("§6 the second configuration may stand where the message would have ended") {
    auto s = with_two_changes().at(s1);
    s.config.entries_per_message =
        static_cast<std::uint32_t>(s.configurations[2].index - log_index{1}) + 1;
    CHECK(core::last_to_send(s, {1}) == previous(s.configurations[2].index));
}

TEST_CASE("§5.3 a configuration that is here already is not taken twice") {
    cluster c{3, plain()};
    const indexed_configuration carried{{2}, voters_only({s1, s2, s3})};
    c.give(s1, received{s2, entries(1, log_start, 2, 1), carried});
    REQUIRE(c.at(s1).configurations.size() == 2);
    c.give(s1, received{s2, entries(1, position(1, 1), 3, 1), carried});
    CHECK(c.last(s1) == 4);
    CHECK(c.at(s1).configurations.size() == 2);
}

TEST_CASE("§5.3 a heartbeat goes to each member from where its log may end") {
    cluster c{3, plain()};
    c.place(s1, {2}, {1, 1, 1, 2, 2, 2});
    c.elect(s1, {s2});
    c.lose_all();
    c.inject(s2, s1, reject(3, 6, position(2, 1)));
    c.inject(s3, s1, reject(3, 6, position(4, 2)));
    c.lose_all();
    c.heartbeat(s1);
    CHECK(newest<append_entries>(c, s1, s2)->prev == position(2, 1));
    CHECK(newest<append_entries>(c, s1, s3)->prev == position(4, 2));
}

TEST_CASE("§5.3 a rejection leads back, whatever hint comes with it") {
    cluster c{3, plain()};
    c.place(s1, {1}, {1, 1, 1});
    c.elect(s1, {s2});
    c.lose_all();
    c.inject(s3, s1, reject(2, 3, position(3, 1)));
    CHECK(progress_of(c, s1, s3).next_index == log_index{3});
}

TEST_CASE("§5.3 what a member has acknowledged is not sent again, whatever hint comes") {
    auto c = steady(3);
    c.propose(s1, 5);
    c.lose_all();
    c.inject(s2, s1, ack(1, 3));
    c.inject(s2, s1, reject(1, 6, position(1, 1)));
    CHECK(progress_of(c, s1, s2).next_index == log_index{4});
}

TEST_CASE("§5.3 what a commit brings to some is told to all, also if it is less than one has") {
    auto c = steady(5);
    c.propose(s1, 4);
    c.lose_all();
    c.inject(s2, s1, ack(1, 3));
    c.inject(s3, s1, ack(1, 5));
    REQUIRE(c.commit(s1) == 3);
    CHECK(newest<append_entries>(c, s1, s2)->commit_index == log_index{3});
    CHECK(newest<append_entries>(c, s1, s4)->commit_index == log_index{3});
}

TEST_CASE("a member whose disk goes entry by entry, and says so, keeps room for more") {
    auto c = steady(3);
    c.propose(s1, 3);
    c.lose_all();
    for (const std::uint64_t match : {2U, 3U}) c.inject(s2, s1, ack(1, match));
    CHECK(progress_of(c, s1, s2).in_flight == 0);
    c.propose(s1);
    CHECK(count<append_entries>(c, s1, s2) > 0);
}

namespace {

/// The window for s2 after an answer that frees a place in one of `before`, while as many entries
/// as `waiting` have not been sent.
unsigned window_after_answer(std::uint32_t waiting, std::uint8_t before) {
    auto config = plain();
    config.messages_in_flight = 1;
    config.entries_per_message = 2;
    auto s = steady(3, config).at(s1);
    s.log.append(s.current_term, 10);
    auto& peer = s.peers[1];
    peer.window = before;
    peer.next_index = next(s.log.last_index()) - std::uint64_t{waiting};
    peer.in_flight = before;
    peer.acknowledged(next(peer.match_index), s.log.last_index(), s.config);
    return peer.window;
}

}  // namespace

TEST_CASE("a window widens for one full message that waits, and narrows for less") {
    CHECK(window_after_answer(2, 4) == 5);
    CHECK(window_after_answer(1, 4) == 3);
    CHECK(window_after_answer(0, 4) == 3);
    CHECK(window_after_answer(2, 16) == 16);
    CHECK(window_after_answer(3, 16) == 16);
    CHECK(window_after_answer(1, 1) == 1);
}

TEST_CASE("a server of a higher rank waits longer before it stands") {
    for (const auto rank : {0, 1, 2}) {
        auto config = plain();
        config.election_rank = static_cast<decltype(config.election_rank)>(rank);
        cluster c{3, config};
        const auto waits = *c.deadline(s1, timer::election) - instant{};
        CHECK(waits >= config.election_timeout * (1 + rank));
        CHECK(waits < config.election_timeout * (2 + rank));
    }
}

TEST_CASE("§5.1 who is refused in the present term is told so, though a leader is heard") {
    auto config = plain();
    config.check_quorum = true;
    cluster c{3, config};
    c.elect(s1);
    c.inject(s3, s2, ask(1, position(9, 1)));
    CHECK(newest<request_vote_reply>(c, s2, s3) == no(1));
}

TEST_CASE("S49 a new leader counts its own first entry when that is on its disk, and not before") {
    cluster c{3, plain()};
    c.time_out(s1);
    c.deliver(s1, s2);
    c.hold_disk(s1);
    c.deliver(s2, s1);
    REQUIRE(c.at(s1).is_leader());
    c.deliver(s1, s2);
    c.deliver(s2, s1);
    REQUIRE(progress_of(c, s1, s2).match_index == log_index{1});
    CHECK(c.commit(s1) == 0);
    c.persist(s1);
    CHECK(c.commit(s1) == 1);
}
