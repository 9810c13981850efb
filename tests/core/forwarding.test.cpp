// SPDX-License-Identifier: BSL-1.0
//
// Goal: a request that a follower hands to its leader is taken at most once, and answered always in
// the same way. Method: stories in which requests and answers are lost, late and repeated, told at
// the level of the step.
#include <cstdint>
#include <set>

#include <doctest/doctest.h>

#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

constexpr duration interval = settings{}.heartbeat_interval;

/// The request that `id` has made.
forward_proposal forward(cluster& c, member_id id, member_id leader, std::uint32_t count = 1) {
    c.give(id, forward_requested{count});
    const auto sent = newest<forward_proposal>(c, id, leader);
    REQUIRE(sent.has_value());
    return *sent;
}

refusal_reason refused(const cluster& c) {
    REQUIRE(c.last_effects().rare->refused.has_value());
    return c.last_effects().rare->refused->reason;
}

}  // namespace

TEST_CASE(
    "thesis 6.2 a follower's request is taken by its leader, who says where the entries are") {
    auto c = steady(3);
    const auto asked = forward(c, s2, s1, 3);
    CHECK(asked.term == term_number{1});
    CHECK(asked.count == 3);
    c.deliver(s2, s1);
    CHECK(c.last_effects().write->entries == append{{2}, {4}, {1}, entry_source::received});
    CHECK(c.sent<forward_proposal_reply>(s1, s2) ==
          forward_proposal_reply{{1}, asked.request, {2}});
    c.deliver_one(s1, s2);
    CHECK(c.last_effects().rare->forwarded == accepted_proposal{{2}, {1}});
    c.settle();
    CHECK(c.commit(s1) == 4);
}

TEST_CASE("thesis 6.2 the same request again is answered again and not taken again") {
    auto c = steady(3);
    const auto asked = forward(c, s2, s1);
    c.settle();
    REQUIRE(c.last(s1) == 2);
    c.inject(s2, s1, asked);
    CHECK(c.last(s1) == 2);
    CHECK(c.sent<forward_proposal_reply>(s1, s2)->first == log_index{2});
    c.deliver(s1, s2);
    CHECK_FALSE(c.last_effects().rare->forwarded.has_value());
}

TEST_CASE("thesis 6.2 a request before the last is neither taken nor answered") {
    auto c = steady(3);
    const auto first = forward(c, s2, s1);
    c.settle();
    const auto second = forward(c, s2, s1);
    CHECK(second.request.run == first.request.run);
    CHECK(second.request.number == first.request.number + 1);
    c.settle();
    REQUIRE(c.last(s1) == 3);
    c.inject(s2, s1, first);
    CHECK(c.last(s1) == 3);
    CHECK(c.network().empty());
}

TEST_CASE("thesis 6.2 what was refused once is not taken later") {
    auto config = plain();
    config.pending_entries = 2;
    auto c = steady(3, config);
    const auto asked = forward(c, s2, s1, 3);
    c.deliver(s2, s1);
    const forward_proposal_refusal no{{1}, asked.request, refusal_reason::too_many_pending};
    CHECK(c.sent<forward_proposal_refusal>(s1, s2) == no);
    auto fits = asked;
    fits.count = 1;
    c.inject(s2, s1, fits);
    CHECK(c.last(s1) == 1);
    c.deliver_one(s1, s2);
    CHECK(c.last_effects().rare->forward_refused == refusal{refusal_reason::too_many_pending, s1});
    CHECK(c.sent<forward_proposal_refusal>(s1, s2) == no);
}

TEST_CASE("thesis 6.2 a request for which the leader has no room is refused, if it is a new one") {
    auto c = steady(3);
    auto asked = forward(c, s2, s1);
    c.settle();
    c.give(s1, forward_obstructed{s2, asked, refusal_reason::no_space});
    CHECK(c.sent<forward_proposal_reply>(s1, s2).has_value());
    c.lose_all();
    ++asked.request.number;
    c.give(s1, forward_obstructed{s2, asked, refusal_reason::no_space});
    CHECK(c.sent<forward_proposal_refusal>(s1, s2)->reason == refusal_reason::no_space);
    CHECK(c.last(s1) == 2);
}

TEST_CASE("thesis 6.2 a leader hands nothing over while it hands leadership over") {
    auto c = steady(3);
    c.isolate(s3);
    c.give(s1, transfer_requested{s3});
    static_cast<void>(forward(c, s2, s1));
    c.deliver(s2, s1);
    CHECK(newest<forward_proposal_refusal>(c, s1, s2)->reason ==
          refusal_reason::transfer_in_progress);
}

TEST_CASE("thesis 6.2 a follower asks again when its leader has had the time to answer") {
    auto c = steady(3);
    const auto asked = forward(c, s2, s1);
    c.lose_all();
    c.heartbeat(s1);
    c.settle();
    CHECK(c.last(s1) == 1);
    c.let_time_pass(interval * 2);
    c.heartbeat(s1);
    c.deliver(s1, s2);
    CHECK(newest<forward_proposal>(c, s2, s1) == asked);
    c.settle();
    CHECK(c.last(s1) == 2);
}

TEST_CASE("thesis 6.2 a follower makes no request in a term that it could forget") {
    auto c = steady(3);
    c.hold_disk(s2);
    c.elect(s3, {s1});
    c.settle();
    REQUIRE(c.at(s2).current_leader() == s3);
    c.give(s2, forward_requested{});
    CHECK(c.network().empty());
    c.release_disk(s2);
    c.heartbeat(s3);
    c.settle();
    CHECK(c.last(s3) == 3);
}

TEST_CASE("thesis 6.2 one request is under way at a time, and it ends with the leader") {
    auto c = steady(3);
    const auto asked = forward(c, s2, s1);
    c.give(s2, forward_requested{});
    CHECK(refused(c) == refusal_reason::too_many_pending);
    c.lose_all();
    c.time_out(s3);
    c.deliver(s3, s2);
    CHECK(c.last_effects().rare->forwarding_lost);
    c.settle();
    REQUIRE(c.at(s2).current_leader() == s3);
    const auto next_one = forward(c, s2, s3);
    CHECK(next_one.request == request_id{asked.request.run, asked.request.number + 1});
    CHECK(next_one.term == term_number{2});
}

TEST_CASE("thesis 6.2 a request of another term is not taken, nor is an answer of one") {
    auto c = steady(3);
    auto late = forward(c, s2, s1);
    c.lose_all();
    c.elect(s3);
    c.heartbeat(s3);
    c.settle();
    const auto last = c.last(s3);
    c.inject(s2, s3, late);
    CHECK(c.last(s3) == last);
    const auto asked = forward(c, s2, s3);
    c.lose_all();
    c.inject(s1, s2, forward_proposal_reply{{1}, asked.request, {2}});
    c.inject(s1, s2, forward_proposal_reply{{2}, asked.request, {2}});
    CHECK_FALSE(c.last_effects().rare->forwarded.has_value());
    c.inject(s3, s2, forward_proposal_reply{{2}, late.request, {2}});
    CHECK_FALSE(c.last_effects().rare->forwarded.has_value());
}

TEST_CASE("thesis 6.2 what the leader knows of requests ends with its leadership") {
    auto c = steady(3);
    static_cast<void>(forward(c, s2, s1));
    c.settle();
    REQUIRE(c.at(s1).tasks->forwarders.size() == 1);
    c.elect(s3);
    CHECK(c.at(s1).tasks->forwarders.empty());
}

TEST_CASE("thesis 6.2 a server that starts again asks under another name") {
    auto c = steady(3);
    const auto before = forward(c, s2, s1);
    c.settle();
    c.crash(s2);
    c.restart(s2);
    c.heartbeat(s1);
    c.settle();
    const auto after = forward(c, s2, s1);
    CHECK(after.request.run != before.request.run);
    c.settle();
    CHECK(c.last(s1) == 3);
    c.inject(s2, s1, before);
    CHECK(c.last(s1) == 3);
}

TEST_CASE("thesis 6.2 a leader takes requests of so many servers, and refuses others for good") {
    auto c = steady(3);
    const auto ask_as = [&](std::uint64_t run) {
        c.inject(s2, s1, forward_proposal{{1}, {run, 1}, 1});
    };
    for (std::uint64_t run = 1; run <= forwarders_max; ++run) ask_as(run);
    const auto last = c.last(s1);
    CHECK(last == 1 + forwarders_max);
    ask_as(forwarders_max + 1);
    CHECK(c.last(s1) == last);
    CHECK(newest<forward_proposal_refusal>(c, s1, s2)->reason == refusal_reason::too_many_pending);
    ask_as(1);
    CHECK(c.last(s1) == last);
}

TEST_CASE("thesis 6.2 a learner forwards, but no witness and nobody without a leader") {
    auto members = voters_only({s1, s2, s3, s4});
    members.voters = member_set::first(3);
    members.witnesses = member_set::of(slot{2});
    cluster c{members, plain()};
    c.give(s4, forward_requested{});
    CHECK(refused(c) == refusal_reason::not_leader);
    c.elect(s1);
    c.heartbeat(s1);
    c.settle();
    c.give(s3, forward_requested{});
    CHECK(c.last_effects().rare->refused == refusal{refusal_reason::not_leader, s1});
    static_cast<void>(forward(c, s4, s1));
    c.settle();
    CHECK(c.last(s1) == 2);
    CHECK(c.last(s4) == 2);
}

TEST_CASE("thesis 6.2 a leader takes nothing of a witness, which may not know that it is one") {
    auto members = voters_only({s1, s2, s3});
    members.witnesses = member_set::of(slot{2});
    cluster c{members, plain()};
    c.elect(s1);
    c.settle();
    const auto last = c.last(s1);
    c.inject(s3, s1, forward_proposal{{1}, {7, 1}, 1});
    CHECK(c.last(s1) == last);
    CHECK(newest<forward_proposal_refusal>(c, s1, s3)->reason == refusal_reason::not_leader);
}

TEST_CASE("thesis 6.2 strangers take no room from members, and are not taken later") {
    auto c = steady(3);
    c.add_outsider(s4);
    const auto ask_as = [&](std::uint64_t run) {
        c.inject(s4, s1, forward_proposal{{1}, {run, 1}, 1});
    };
    const auto refused_runs = [&] {
        std::set<std::uint64_t> runs;
        for (const auto& each : c.network())
            if (const auto* m = std::get_if<forward_proposal_refusal>(&each.what.body))
                runs.insert(m->request.run);
        return runs;
    };
    for (std::uint64_t run = 1; run <= 2 * forwarders_max; ++run) ask_as(run);
    const auto refused_for_good = refused_runs();
    CHECK(refused_for_good.size() == members_max);
    c.lose_all();
    const auto last = c.last(s1);
    c.inject(s2, s1, forward_proposal{{1}, {1, 1}, 1});
    CHECK(c.last(s1) == last + 1);
    c.settle();
    c.change(s1, {{s1}, {s2}, {s3}, {s4}});
    c.run_for(settings{}.election_timeout * 3);
    REQUIRE(c.at(s1).members().slot_of(s4));
    for (const auto run : refused_for_good) ask_as(run);
    CHECK(refused_runs() == refused_for_good);
    CHECK(c.safe());
}

TEST_CASE("thesis 6.2 a stranger is refused, and a request for nothing") {
    auto c = steady(3);
    c.inject({9}, s1, forward_proposal{{1}, {5, 1}, 1});
    CHECK(c.sent<forward_proposal_refusal>(s1, {9})->reason == refusal_reason::unknown_member);
    c.inject(s2, s1, forward_proposal{{1}, {5, 1}, 0});
    CHECK(c.sent<forward_proposal_refusal>(s1, s2)->reason == refusal_reason::nothing_to_do);
    c.inject(s2, s1, forward_proposal{{1}, {6, 0}, 1});
    c.give(s2, forward_requested{0});
    CHECK(refused(c) == refusal_reason::nothing_to_do);
    CHECK(c.last(s1) == 1);
}

TEST_CASE("thesis 6.2 who leads takes what it is to forward for its own") {
    auto c = steady(3);
    c.give(s1, forward_requested{2});
    CHECK(c.last_effects().proposal == accepted_proposal{{2}, {1}});
}
