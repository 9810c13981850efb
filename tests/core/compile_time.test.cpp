// SPDX-License-Identifier: BSL-1.0
//
// Goal: the rules that everything rests on hold in a program that compiles. Method: tables and
// small explorations that the compiler evaluates; the tests evaluate them once more.
#include <cstddef>
#include <initializer_list>

#include <doctest/doctest.h>

#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

// ------------------------------------------------------------------------- §5.2, §5.4.1: the vote

using log_terms = std::initializer_list<std::uint64_t>;

/// Whether server 2, of term 2 and with this log and vote, grants its vote to server 1, which asks
/// for it in `term` and says that its log ends at `last`.
constexpr bool grants(log_terms log, std::optional<member_id> voted_for, std::uint64_t term,
                      log_position last) {
    cluster c{3, plain()};
    c.place(s2, {2}, log, voted_for);
    c.inject(s1, s2, request_vote{{term}, last, false});
    const auto reply = c.sent<request_vote_reply>(s2, s1);
    return reply && reply->granted && reply->term.value == term && c.at(s2).voted_for == s1;
}

// In the present term: to whom it has gone.
static_assert(grants({}, std::nullopt, 2, {}));
static_assert(grants({}, s1, 2, {}));
static_assert(!grants({}, s2, 2, {}));
static_assert(!grants({}, s3, 2, {}));
// A later term: anew. An earlier one: never.
static_assert(grants({}, s3, 3, {}));
static_assert(!grants({}, std::nullopt, 1, {}));
// The last terms differ: the later one is more up to date, whatever the lengths.
static_assert(grants({1, 1, 1}, std::nullopt, 3, {{1}, {2}}));
static_assert(!grants({2}, std::nullopt, 3, {{3}, {1}}));
// They are the same: the longer log is.
static_assert(grants({1, 2}, std::nullopt, 3, {{2}, {2}}));
static_assert(grants({1, 2}, std::nullopt, 3, {{3}, {2}}));
static_assert(!grants({1, 2, 2}, std::nullopt, 3, {{2}, {2}}));

// ----------------------------------------------------------------------- §5.3: the conflict hints

/// Where server 2, of term 9, says that the logs could meet, when server 1 leads in it and sends
/// what follows `prev`.
constexpr log_position hint(log_terms log, log_position prev) {
    cluster c{3, plain()};
    c.place(s2, {9}, log);
    c.inject(s1, s2, append_entries{.term = {9}, .prev = prev, .last_index = prev.index});
    const auto reply = c.sent<append_entries_rejection>(s2, s1);
    return reply ? reply->hint : log_position{{99}, {99}};
}

constexpr log_position at(std::uint64_t index, std::uint64_t term) { return {{index}, {term}}; }

// The follower's log ends before: its end, if that is not of a later term.
static_assert(hint({1, 1, 1, 4}, at(10, 6)) == at(4, 4));
static_assert(hint({}, at(3, 1)) == at(0, 0));
// Another term stands there: the last entry before it whose term the leader can have.
static_assert(hint({1, 1, 1, 4, 4, 4, 4}, at(5, 3)) == at(3, 1));
static_assert(hint({1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3}, at(10, 6)) == at(9, 3));
static_assert(hint({2, 2, 2}, at(2, 1)) == at(0, 0));

// ------------------------------------------------------------------- §6: joint quorums, every case

/// Both configurations of a change from {1, 2, 3} to {3, 4, 5} decide: counted here one by one,
/// for every set of servers that agree.
constexpr bool joint_quorums() {
    configuration joint = voters_only({s1, s2, s3, s4, s5});
    joint.voters = member_set::from_bits(0b11100);
    joint.outgoing_voters = member_set::from_bits(0b00111);
    for (std::uint32_t agreeing = 0; agreeing < 32; ++agreeing) {
        const auto has = [agreeing](unsigned k) { return agreeing >> k & 1U; };
        const bool by_old = has(0) + has(1) + has(2) >= 2;
        const bool by_new = has(2) + has(3) + has(4) >= 2;
        if (is_quorum(joint, member_set::from_bits(agreeing)) != (by_old && by_new)) return false;
    }
    return true;
}

constexpr bool simple_quorums() {
    for (std::uint32_t servers = 1; servers <= 5; ++servers) {
        std::vector<member_id> ids;
        for (std::uint64_t id = 1; id <= servers; ++id) ids.push_back({id});
        const auto all = voters_only(ids);
        for (std::uint32_t agreeing = 0; agreeing < 1U << servers; ++agreeing) {
            const auto which = member_set::from_bits(agreeing);
            if (is_quorum(all, which) != (which.size() * 2 > servers)) return false;
        }
    }
    return true;
}

static_assert(joint_quorums());
static_assert(simple_quorums());

// ------------------------------------------------------- a cluster of two, explored to some depth

/// Whether Figure 3 holds on every path of so many events from here: any message arrives or is
/// lost, any timer fires, a command is proposed, a server crashes and restarts.
constexpr bool safe_for(std::size_t events, const cluster& c) {
    if (!c.safe()) return false;
    if (events == 0) return true;
    const auto holds_after = [&](auto act) {
        auto next = c;
        act(next);
        return safe_for(events - 1, next);
    };
    for (std::size_t k = 0; k < c.network().size(); ++k) {
        if (!holds_after([k](cluster& next) { next.deliver_nth(k); })) return false;
        if (!holds_after([k](cluster& next) { next.lose_nth(k); })) return false;
    }
    for (const auto id : {s1, s2}) {
        if (!holds_after([id](cluster& next) {
                next.fire(id, next.at(id).is_leader() ? timer::heartbeat : timer::election);
            }))
            return false;
        if (!holds_after([id](cluster& next) {
                next.crash(id);
                next.restart(id);
            }))
            return false;
        if (c.at(id).is_leader() && !holds_after([id](cluster& next) { next.propose(id); }))
            return false;
    }
    return true;
}

constexpr cluster two() { return cluster{2, plain()}; }
constexpr cluster two_of_which_one_stands() {
    auto c = two();
    c.time_out(s1);
    return c;
}
constexpr cluster two_of_which_one_leads() {
    auto c = two();
    c.elect(s1);
    c.propose(s1);
    return c;
}

static_assert(safe_for(3, two()));
static_assert(safe_for(2, two_of_which_one_stands()));
static_assert(safe_for(2, two_of_which_one_leads()));

}  // namespace

TEST_CASE("at compile time: the rule of the vote, the conflict hints, the quorums") {
    CHECK(joint_quorums());
    CHECK(simple_quorums());
    CHECK(grants({1, 1, 1}, std::nullopt, 3, {{1}, {2}}));
    CHECK(hint({1, 1, 1, 4}, at(10, 6)) == at(4, 4));
}

TEST_CASE("at compile time: a cluster of two, explored, and here some steps further") {
    CHECK(safe_for(5, two()));
    CHECK(safe_for(4, two_of_which_one_stands()));
    CHECK(safe_for(4, two_of_which_one_leads()));
}
