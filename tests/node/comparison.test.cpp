// SPDX-License-Identifier: BSL-1.0
//
// Servers that compare their states while they run: one whose `apply` is not that of the others is
// found, and stops where the others can do without it.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <raft/battery/comparison/report_frame.hpp>
#include <raft/codec.hpp>
#include <support/compared_servers.hpp>

namespace raft::comparison_test {
namespace {

using ids = std::set<std::uint64_t>;

std::vector<std::uint64_t> differing(const server& one) {
    std::vector<std::uint64_t> found;
    for (const auto id : one.compares.status().last.value().differing()) found.push_back(id.value);
    return found;
}

}  // namespace

TEST_CASE("comparison: servers that are equal are compared, and go on") {
    cluster c{3};
    c.start_all();
    c.write(50);
    const auto leads = c.leader();
    CHECK(c[leads].compares.status().compared >= 10);
    CHECK(c.differences_told() == 0);
    CHECK(c.stopped().empty());
    CHECK(c[leads].digests().size() == 6);
    for (std::uint64_t id = 1; id <= 3; ++id)
        CHECK(std::ranges::equal(c[id].digests(), c[leads].digests()));
}

TEST_CASE("comparison: a follower that applies wrongly stops and says why") {
    cluster c{3};
    c.start_all();
    c.write(20);
    const auto wrong = c.follower();
    *c.faults[wrong] = 1;
    c.write(20);
    CHECK(c.stopped() == ids{wrong});
    CHECK(c[wrong].status().role == std::string{"halted"});
    CHECK(c[wrong].propose(1) == refusal{refusal_reason::state_differs, std::nullopt});
    CHECK(c[wrong].read() == refusal{refusal_reason::state_differs, std::nullopt});
    CHECK(c[wrong].take_snapshot() == refusal{refusal_reason::state_differs, std::nullopt});
    CHECK(describe(core::halt_reason::state_differs) == "its state is not that of the others");

    // Told by index and servers, here and there.
    for (std::uint64_t id = 1; id <= 3; ++id) {
        CHECK(differing(c[id]) == std::vector{wrong});
        CHECK(c[id].compares.status().last->index == log_index{24});
        CHECK(c[id].compares.status().differences == 1);
    }
    const auto news = c[wrong].compares.take_news();
    REQUIRE(news.size() == 1);
    CHECK(text_of(std::get<digests::state_difference>(news[0]),
                  [](member_id id) { return std::to_string(id.value); }) ==
          "after entry 24 the state of server " + std::to_string(wrong) +
              " is not that of the others");

    // It applies nothing more, and the others go on.
    const auto before = c[wrong].value();
    c.write(30);
    CHECK(c[wrong].value() == before);
    CHECK(c[c.leader()].value() == 70);
    CHECK(c[c.follower(wrong)].value() == 70);
}

TEST_CASE("comparison: a leader that applies wrongly stops and another leads") {
    cluster c{3};
    c.start_all();
    c.write(10);
    const auto wrong = c.leader();
    *c.faults[wrong] = 5;
    c.write(10);
    CHECK(c.stopped() == ids{wrong});
    CHECK(c.leader() != wrong);
    c.write(10);
    CHECK(c[c.leader()].value() >= 20);
}

TEST_CASE("comparison: where all differ nobody stops and all are told") {
    cluster c{3};
    c.start_all();
    c.write(10);
    *c.faults[1] = 1;
    *c.faults[2] = 2;
    c.write(20);
    CHECK(c.stopped().empty());
    for (std::uint64_t id = 1; id <= 3; ++id) {
        CHECK(differing(c[id]) == std::vector<std::uint64_t>{1, 2, 3});
        CHECK(c[id].compares.status().last->agreed == std::nullopt);
        CHECK(c[id].compares.status().differences >= 1);
    }
    c.write(10);
    CHECK(c.leader() != 0);
}

TEST_CASE("comparison: of five two that differ stop and a third goes on") {
    cluster c{5};
    c.start_all();
    c.write(10);
    const auto leads = c.leader();
    std::vector<std::uint64_t> others;
    for (std::uint64_t id = 1; id <= 5; ++id)
        if (id != leads) others.push_back(id);
    *c.faults[others[0]] = 1;
    *c.faults[others[1]] = 2;
    c.write(10);
    CHECK(c.stopped() == ids{others[0], others[1]});
    // Now two of the three that are left are no majority of five.
    *c.faults[others[2]] = 3;
    c.write(20);
    CHECK(c.stopped() == ids{others[0], others[1]});
    CHECK(c[others[2]].compares.status().differences >= 2);
    CHECK(c[leads].value() == 40);
}

TEST_CASE("comparison: who is needed for a quorum goes on however wrong it is") {
    cluster c{5};
    c.start_all();
    c.write(10);
    const auto leads = c.leader();
    std::vector<std::uint64_t> others;
    for (std::uint64_t id = 1; id <= 5; ++id)
        if (id != leads) others.push_back(id);
    c.cut = {others[0], others[1]};
    c.pass(3000);
    *c.faults[others[2]] = 1;
    c.write(20);
    CHECK(c.stopped().empty());
    CHECK(differing(c[others[2]]) == std::vector{others[2]});
    // When the others are back it is not needed any more.
    c.cut.clear();
    c.pass(2000);
    c.write(20);
    CHECK(c.stopped() == ids{others[2]});
}

TEST_CASE("comparison: a restored snapshot and a restart keep the digest right") {
    cluster c{3};
    c.start_all();
    const auto late = c.follower();
    c.cut = {late};
    c.write(30);
    const auto leads = c.leader();
    CHECK_FALSE(c[leads].take_snapshot());
    c.pass(100);
    c.cut.clear();
    c.write(20);
    CHECK(c[late].status().snapshot.last_included.index > log_index{});
    CHECK(c[late].value() == 50);
    REQUIRE_FALSE(c[late].digests().empty());
    CHECK(c[late].digests().back() == c[leads].digests().back());
    c.start(late);
    c.write(20);
    c.start(c.leader());
    c.write(20);
    CHECK(c.differences_told() == 0);
    CHECK(c.stopped().empty());
}

TEST_CASE("comparison: a snapshot in place of a wrong state makes it right") {
    cluster c{3};
    c.start_all();
    const auto wrong = c.follower();
    c.write(4);
    *c.faults[wrong] = 1;
    c.write(2);  // Not yet compared.
    *c.faults[wrong] = 0;
    c.cut = {wrong};
    c.write(30);
    CHECK_FALSE(c[c.leader()].take_snapshot());
    c.pass(100);
    c.cut.clear();
    c.write(20);
    CHECK(c.stopped().empty());
    CHECK(c[wrong].value() == 56);
}

TEST_CASE("comparison: a server that stopped is found again when it is wrong again") {
    cluster c{3};
    c.start_all();
    c.write(10);
    const auto wrong = c.follower();
    *c.faults[wrong] = 1;
    c.write(10);
    REQUIRE(c.stopped() == ids{wrong});
    c.start(wrong);  // Its fault is still there, and it applies all of its log again.
    c.write(20);
    CHECK(c.stopped() == ids{wrong});
    *c.faults[wrong] = 0;
    c.start(wrong);
    c.write(20);
    CHECK(c.stopped().empty());
    CHECK(c[wrong].value() == 60);
}

TEST_CASE("comparison: a learner is compared and stops like any other") {
    cluster c{3};
    c.start_all();
    c.write(10);
    c.start(4);
    c[c.leader()].change({{{1}}, {{2}}, {{3}}, {{4}, member_part::learner}});
    c.pass(500);
    *c.faults[4] = 1;
    c.write(20);
    CHECK(c.stopped() == ids{4});
    CHECK(differing(c[c.leader()]) == std::vector<std::uint64_t>{4});
}

TEST_CASE("comparison: who offers no digest or speaks an older version takes no part") {
    for (const bool is_old : {false, true}) {
        CAPTURE(is_old);
        cluster c{4};
        c.start(1);
        c.start(2);
        c.start(3);
        is_old ? c.start(4) : c.start<sum>(4);
        if (is_old) c.old_wires = {4};
        for (int i = 0; i < 20 && c.leader() == 4; ++i) {
            c.cut = {4};
            c.pass(3000);
            c.cut.clear();
        }
        REQUIRE(c.leader() != 4);
        c.pass(3000);
        *c.faults[4] = 7;  // Nobody will know.
        c.write(20);
        CHECK(c.stopped().empty());
        CHECK(c.differences_told() == 0);
        // Two of the three that can be compared are a majority of them, and three are one of four.
        const auto wrong = c.follower(4);
        *c.faults[wrong] = 1;
        c.write(20);
        CHECK(c.stopped() == ids{wrong});
    }
}

TEST_CASE("comparison: digests of different versions are not compared") {
    cluster c{3};
    c.start(1);
    c.start(2);
    c.start<newly_digested_sum>(3);
    c.write(40);
    CHECK(c.stopped().empty());
    CHECK(c.differences_told() == 0);
}

TEST_CASE("comparison: an election timeout that is another is told once to both") {
    cluster c{3};
    c.timeouts[2] = 900;
    c.timeouts[1] = c.timeouts[3] = 800;
    c.start_all();
    c.write(10);
    for (int i = 0; i < 20 && c.leader() == 2; ++i) {
        c.cut = {2};
        c.pass(3000);
        c.cut.clear();
    }
    const auto leads = c.leader();
    REQUIRE(leads != 2);
    c.pass(30'000);
    CHECK(c[leads].compares.status().election_timeouts.at({2}) == milliseconds(900));
    CHECK(c[2].compares.status().election_timeouts.at({leads}) == milliseconds(800));
    const digests::timeout_difference there{{2}, milliseconds(900), milliseconds(800)};
    const digests::timeout_difference here{{leads}, milliseconds(800), milliseconds(900)};
    CHECK(c[leads].compares.take_news() == std::vector<digests::comparison_news>{there});
    const auto told = c[2].compares.take_news();
    CHECK(std::count(told.begin(), told.end(), digests::comparison_news{here}) == 1);
}

TEST_CASE("comparison: a report as bytes comes back as it was, and what is none does not") {
    digests::peer_report said{.purpose = digests::report_purpose::stopping,
                              .term = {7},
                              .election_timeout = milliseconds(300),
                              .digest_version = 2,
                              .commands_read = 4,
                              .commands_permitted = 3,
                              .digests = {{{8}, ~std::uint64_t{0}}, {{16}, 5}},
                              .difference = {{16}, {{{1}, 5}, {{3}, 6}}, 5}};
    std::vector<std::byte> bytes;
    wire::append_report(bytes, said);
    REQUIRE(wire::is_beside_protocol(bytes));
    CHECK(wire::inspect_frame(bytes).length == bytes.size());
    std::optional<digests::peer_report> heard;
    CHECK_FALSE(wire::decode_report(bytes, heard));
    CHECK(heard == said);
    said.difference.agreed.reset();
    bytes.clear();
    wire::append_report(bytes, said);
    CHECK_FALSE(wire::decode_report(bytes, heard));
    CHECK(heard == said);

    // To servers of before there was nothing on commands in it.
    auto silent = said;
    silent.commands_read = 0;
    silent.commands_permitted = 0;
    std::vector<std::byte> older;
    wire::append_report(older, said, wire::reports_from);
    CHECK(older.size() == bytes.size() - 8);
    CHECK_FALSE(wire::decode_report(older, heard));
    CHECK(heard == silent);

    for (std::size_t i = 0; i < bytes.size(); ++i) {
        auto damaged = bytes;
        damaged[i] ^= std::byte{0x10};
        CHECK(wire::decode_report(damaged, heard) == wire::frame_error::wrong_checksum);
        CHECK(wire::decode_report(std::span{bytes}.first(i), heard));
    }
    // Of a message of the protocol in this version there is no doubt, and a kind to come is passed
    // over.
    std::vector<std::byte> message;
    REQUIRE_FALSE(wire::append_frame<int>(message, core::wake_up{{7}}, {}));
    CHECK_FALSE(wire::is_beside_protocol(message));
    bytes[5] = std::byte{200};
    const auto covered = std::span{bytes}.first(bytes.size() - 4);
    detail::store_little_endian(&bytes[covered.size()], wire::crc32c(covered));
    CHECK(wire::is_beside_protocol(bytes));
    CHECK_FALSE(wire::decode_report(bytes, heard));
    CHECK_FALSE(heard);
}

TEST_CASE("comparison: a message to stop that is lost is sent again") {
    cluster c{3};
    c.start_all();
    c.write(10);
    const auto wrong = c.follower();
    c.loses = [&](const report_on_its_way& each) {
        return each.said.purpose == digests::report_purpose::stopping;
    };
    *c.faults[wrong] = 1;
    c.write(10);
    CHECK(c.stopped().empty());
    c.loses = {};
    c.write(10);
    CHECK(c.stopped() == ids{wrong});
}

}  // namespace raft::comparison_test
