// SPDX-License-Identifier: BSL-1.0
//
// Goal: what a follower is given to forward is in the log at most once, and whoever asked hears
// what became of it. Method: three nodes over memory batteries, of whose messages some are lost or
// come twice; the forwarding one follows.
#include <memory>
#include <utility>

#include <doctest/doctest.h>

#include <support/trio.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

/// A cluster with a leader that all know, and a follower that forwards.
template <class Trio>
struct forwarding_in {
    Trio c;
    std::uint64_t leader_id = c.leader_id();
    std::uint64_t id = leader_id % 3 + 1;
    std::uint64_t other_id = id % 3 + 1;

    explicit forwarding_in(settings config = {}) : c{config} { c.pass(200); }

    auto& leader() { return c[leader_id]; }
    auto& self() { return c[id]; }
    void forward(int command, told& heard) { self().forward(command, heard.listener()); }

    /// Of the messages of this type the first `lost` are lost.
    template <class Message>
    void lose(int lost) {
        c.copies = [lost](const message& body) mutable {
            return std::holds_alternative<Message>(body) && lost-- > 0 ? 0 : 1;
        };
    }
    /// Every message of this type comes `times` times.
    template <class Message>
    void repeat(int times) {
        c.copies = [times](const message& body) {
            return std::holds_alternative<Message>(body) ? times : 1;
        };
    }
    /// How many commands each request carries, from now on.
    void note_requests(std::vector<std::uint32_t>& counts) {
        c.copies = [&counts](const message& body) {
            if (const auto* m = std::get_if<forward_proposal>(&body)) counts.push_back(m->count);
            return 1;
        };
    }
    void expect_items(const std::vector<int>& items) {
        for (std::uint64_t each = 1; each <= 3; ++each)
            CHECK(c[each].state_machine().items == items);
    }
};
using forwarder_of_three = forwarding_in<trio>;

}  // namespace

TEST_CASE("a follower hands a command to its leader, and answers with its own result") {
    forwarder_of_three t;
    told heard;
    t.forward(7, heard);
    CHECK(heard.words.empty());
    t.c.deliver();
    CHECK(heard.words == words{"applied 1"});
    CHECK(t.self().state_machine().items == std::vector{7});
}

TEST_CASE("a leader that is to forward a command proposes it") {
    forwarder_of_three t;
    told heard;
    t.leader().forward(7, heard.listener());
    t.c.deliver();
    CHECK(heard.words == words{"applied 1"});
}

TEST_CASE("what is to be forwarded meanwhile goes together with the next request, in order") {
    forwarder_of_three t;
    std::vector<std::uint32_t> counts;
    t.note_requests(counts);
    told heard;
    for (int i = 1; i <= 4; ++i) t.forward(i, heard);
    t.c.pass(200);
    CHECK(counts == std::vector<std::uint32_t>{1, 3});
    CHECK(heard.words == words{"applied 1", "applied 2", "applied 3", "applied 4"});
    t.expect_items({1, 2, 3, 4});
}

TEST_CASE("no more goes with a request than a message may carry") {
    constexpr limits small{.message_bytes = 2 * sizeof(int)};
    forwarding_in<trio_over<wayward_storage, small>> t;
    std::vector<std::uint32_t> counts;
    t.note_requests(counts);
    told heard;
    for (int i = 1; i <= 4; ++i) t.forward(i, heard);
    t.c.pass(200);
    CHECK(counts == std::vector<std::uint32_t>{1, 2, 1});
    t.expect_items({1, 2, 3, 4});
}

TEST_CASE("a request that is lost is made again") {
    forwarder_of_three t;
    t.lose<forward_proposal>(2);
    told heard;
    t.forward(7, heard);
    t.c.pass(100);
    CHECK(heard.words.empty());
    t.c.pass(400);
    CHECK(heard.words == words{"applied 1"});
    t.expect_items({7});
}

TEST_CASE("a request whose answer is lost is not taken twice, and has its result all the same") {
    forwarder_of_three t;
    t.lose<forward_proposal_reply>(2);
    told heard;
    t.forward(7, heard);
    t.leader().propose(8, [](const auto&) {});
    t.c.pass(100);
    REQUIRE(t.self().state_machine().items.size() == 2);
    CHECK(heard.words.empty());
    t.c.pass(400);
    CHECK(heard.words.size() == 1);
    CHECK(heard.words.front() ==
          (t.self().state_machine().items[0] == 7 ? "applied 1" : "applied 2"));
    CHECK(t.self().state_machine().items.size() == 2);
}

TEST_CASE("of entries beyond the limit the results are not kept, and who asked for one hears so") {
    constexpr limits few{.results_kept = 1};
    forwarding_in<trio_over<wayward_storage, few>> t;
    t.lose<forward_proposal_reply>(1);
    told heard;
    t.leader().propose(8, [](const auto&) {});
    t.forward(7, heard);
    t.c.pass(500);
    CHECK(heard.words == words{"unknown"});
    t.expect_items({8, 7});
}

TEST_CASE("a request that comes twice is taken once, and so is its answer") {
    forwarder_of_three t;
    told heard;
    t.repeat<forward_proposal>(3);
    t.forward(7, heard);
    t.c.pass(200);
    t.repeat<forward_proposal_reply>(3);
    t.forward(8, heard);
    t.forward(9, heard);
    t.c.pass(200);
    CHECK(heard.words == words{"applied 1", "applied 2", "applied 3"});
    t.expect_items({7, 8, 9});
}

TEST_CASE(
    "a leader that is lost before it answers leaves the outcome unknown, and the rest undone") {
    forwarder_of_three t;
    t.c.cut[t.leader_id] = true;
    told sent, waiting;
    t.forward(7, sent);
    t.forward(8, waiting);
    t.c.pass(2000);
    CHECK(sent.words == words{"unknown"});
    CHECK(waiting.words == words{told::refused(refusal_reason::leadership_lost)});
    t.c.cut.clear();
    t.c.pass(1000);
    CHECK(sent.words.size() == 1);
    t.expect_items({});
}

TEST_CASE("what the leader took and others did not is unknown when it is lost, and then lost") {
    forwarder_of_three t;
    t.c.copies = [&](const message& body) {
        const auto* m = std::get_if<append_entries>(&body);
        return m != nullptr && m->last_index > m->prev.index ? 0 : 1;
    };
    told heard;
    t.forward(7, heard);
    t.c.deliver();
    t.c.cut[t.leader_id] = true;
    t.c.copies = {};
    CHECK(heard.words.empty());
    t.c.pass(2000);
    t.c.leader().propose(8, [](const auto&) {});
    t.c.pass(200);
    CHECK(heard.words == words{"unknown", "lost"});
}

TEST_CASE("what a later leader has of it is unknown first, and then applied") {
    forwarder_of_three t;
    t.c.copies = [&](const message& body) {  // The leader does not hear that they have it.
        return std::holds_alternative<append_entries_reply>(body) ? 0 : 1;
    };
    told heard;
    t.forward(7, heard);
    t.c.deliver();
    t.c.cut[t.leader_id] = true;
    t.c.copies = {};
    t.c.pass(2000);
    CHECK(t.c.leader_id() != t.leader_id);
    CHECK(heard.words == words{"unknown", "applied 1"});
}

TEST_CASE("who forwarded a command and then leads itself hears what becomes of it") {
    forwarder_of_three t;
    for (std::uint64_t each = 1; each <= 3; ++each) t.c.disks[each].held = true;
    told heard;
    t.forward(7, heard);
    t.c.deliver();
    t.c.cut[t.leader_id] = true;
    for (std::uint64_t each = 1; each <= 3; ++each) t.c.disks[each].held = false;
    for (int i = 0; i < 100 && !t.self().protocol_state().is_leader(); ++i) {
        if (t.c[t.other_id].protocol_state().is_leader())
            CHECK(t.c[t.other_id].transfer_leadership(member_id{t.id}) == std::nullopt);
        t.c.pass(50);
    }
    REQUIRE(t.self().protocol_state().is_leader());
    t.forward(8, heard);
    t.c.pass(200);
    CHECK(heard.words == words{"unknown", "applied 1", "applied 2"});
}

TEST_CASE("a server that knows no leader refuses to forward, at once") {
    trio c;
    told heard;
    c[1].forward(7, heard.listener());
    CHECK(heard.words == words{told::refused(refusal_reason::not_leader)});
}

TEST_CASE("a command larger than a message may be is not forwarded") {
    constexpr limits tiny{.message_bytes = 2};
    forwarding_in<trio_over<wayward_storage, tiny>> t;
    told heard;
    t.forward(7, heard);
    CHECK(heard.words == words{told::refused(refusal_reason::too_large)});
}

TEST_CASE("a follower holds so many bytes for its leader, and no more") {
    constexpr limits few{.unapplied_bytes = 2 * sizeof(int)};
    forwarding_in<trio_over<wayward_storage, few>> t;
    told taken, refused;
    t.forward(1, taken);
    t.forward(2, taken);
    t.forward(3, refused);
    CHECK(refused.words == words{told::refused(refusal_reason::too_many_pending)});
    t.c.pass(200);
    CHECK(taken.words == words{"applied 1", "applied 2"});
    t.forward(4, taken);
    t.c.pass(200);
    CHECK(taken.words.back() == "applied 3");
}

TEST_CASE("a follower hands on why its leader refuses, however often it has to ask") {
    told heard;
    SUBCASE("leadership is being handed over") {
        forwarder_of_three t;
        t.repeat<forward_proposal>(2);
        t.c.cut[t.other_id] = true;
        CHECK(t.leader().transfer_leadership(member_id{t.other_id}) == std::nullopt);
        t.forward(7, heard);
        t.c.deliver();
        CHECK(heard.words == words{told::refused(refusal_reason::transfer_in_progress)});
        t.expect_items({});
    }
    SUBCASE("too much is not committed") {
        settings config{};
        config.pending_entries = 1;
        forwarder_of_three t{config};
        t.c.disks[t.id].held = t.c.disks[t.other_id].held = true;
        t.leader().propose(1, [](const auto&) {});
        t.c.deliver();
        t.forward(7, heard);
        t.c.deliver();
        CHECK(heard.words == words{told::refused(refusal_reason::too_many_pending)});
    }
    SUBCASE("the leader has no room for the bytes") {
        forwarder_of_three t;
        t.lose<forward_proposal_refusal>(1);
        t.c.disks[t.leader_id].free = 1;
        t.forward(7, heard);
        t.c.pass(100);
        CHECK(heard.words.empty());
        t.c.disks[t.leader_id].free = 1000;  // What was refused once is not taken later.
        t.c.pass(400);
        CHECK(heard.words == words{told::refused(refusal_reason::no_space)});
        t.expect_items({});
    }
}

TEST_CASE("a snapshot that takes the place of the entry leaves its outcome unknown") {
    forwarder_of_three t;
    told heard;
    t.c.copies = [&](const message& body) {
        const auto* m = std::get_if<append_entries>(&body);
        return m != nullptr && m->last_index > m->prev.index ? 0 : 1;
    };
    t.forward(0, heard);
    t.c.deliver();
    t.c.copies = {};
    t.c.cut[t.id] = true;
    for (int i = 1; i < 20; ++i) t.leader().propose(i, [](const auto&) {});
    t.c.pass(200);
    CHECK(t.leader().take_snapshot() == std::nullopt);
    t.c.cut.clear();
    t.c.pass(100);
    CHECK(t.self().state_machine().items.size() == 20);
    CHECK(heard.words == words{"unknown"});
}

TEST_CASE("a group that sleeps wakes for what a follower forwards") {
    settings config{};
    config.quiescence = true;
    forwarder_of_three t{config};
    t.c.pass(2000);
    REQUIRE(t.self().deadline() == std::nullopt);
    told heard;
    t.lose<forward_proposal>(1);
    t.forward(7, heard);
    t.c.pass(1000);
    CHECK(heard.words == words{"applied 1"});
}

TEST_CASE("a callable may forward more while it is called") {
    forwarder_of_three t;
    told heard;
    t.self().forward(1, [&](const auto&) { t.forward(2, heard); });
    t.c.pass(200);
    CHECK(heard.words == words{"applied 2"});
}

TEST_CASE("a server that ends calls nothing, and what it forwarded is there once") {
    forwarder_of_three t;
    const auto alive = std::make_shared<bool>(false);
    t.self().forward(7, [alive](const auto&) { *alive = true; });
    t.self().forward(8, [alive](const auto&) { *alive = true; });
    t.c.up.erase(t.id);
    CHECK(alive.use_count() == 1);
    CHECK_FALSE(*alive);
    t.c.deliver();
    t.c.start(t.id);
    told heard;
    t.c.pass(200);
    t.forward(9, heard);
    t.c.pass(200);
    CHECK(heard.words == words{"applied 2"});
    t.expect_items({7, 9});
}

TEST_CASE("a follower whose storage fails says what is not known") {
    forwarder_of_three t;
    told sent, waiting, after;
    t.forward(7, sent);
    t.forward(8, waiting);
    t.c.disks[t.id].broken = true;
    t.self().poll();
    CHECK(sent.words == words{"unknown"});
    CHECK(waiting.words == words{told::refused(refusal_reason::leadership_lost)});
    t.forward(9, after);
    CHECK(after.words == words{told::refused(refusal_reason::storage_failed)});
}
