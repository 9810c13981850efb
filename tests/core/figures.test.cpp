// SPDX-License-Identifier: BSL-1.0
//
// Goal: the paper's figures happen here as they are drawn. Method: each is a story, told twice: the
// compiler runs it as a static_assert, the test runs it once more.
#include <initializer_list>

#include <doctest/doctest.h>

#include <support/messages.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::testing;

namespace {

using terms = std::vector<std::uint64_t>;

// -------------------------------------------------------------------------------------------- §5.2

constexpr bool election_of_three() {
    cluster c{3};
    c.elect(s1);
    return c.at(s1).is_leader() && c.at(s2).current_leader() == s1 &&
           c.at(s3).current_leader() == s1 && c.term(s2) == 1 && c.term(s3) == 1 && c.safe();
}

constexpr bool election_of_five() {
    cluster c{5, plain()};
    c.elect(s1, {s2, s4});
    return c.at(s1).is_leader() && c.term(s1) == 1 && c.at(s2).voted_for == s1 &&
           c.at(s4).voted_for == s1 && c.term(s3) == 0 && c.term(s5) == 0 && c.safe();
}

constexpr bool replication() {
    cluster c{3};
    c.elect(s1);
    c.propose(s1, 2);
    const bool not_yet = c.commit(s1) == 1;
    c.deliver(s1, s2);
    c.deliver(s2, s1);
    const bool committed = c.commit(s1) == 3 && c.commit(s2) == 1 && c.last(s3) == 1;
    c.settle();
    return not_yet && committed && c.log(s3) == terms{1, 1, 1} && c.commit(s2) == 3 &&
           c.commit(s3) == 3 && c.safe();
}

static_assert(election_of_three());
static_assert(election_of_five());
static_assert(replication());

// ---------------------------------------------------------------------------------------- Figure 7

/// The leader of term 8 meets a follower whose log is one of the figure's rows. The third server,
/// whose log is as good as the leader's, gives the vote that some rows would refuse.
constexpr bool figure_7(std::initializer_list<std::uint64_t> row) {
    cluster c{3, plain()};
    c.place(s1, {7}, {1, 1, 1, 4, 4, 5, 5, 6, 6, 6});
    c.place(s3, {7}, {1, 1, 1, 4, 4, 5, 5, 6, 6, 6});
    c.place(s2, {7}, row);
    c.elect(s1, {s3});
    if (c.term(s1) != 8) return false;

    c.settle();
    const terms leaders{1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 8};
    return c.log(s1) == leaders && c.log(s2) == leaders && c.commit(s2) == 11 && c.safe();
}

constexpr bool figure_7_a() { return figure_7({1, 1, 1, 4, 4, 5, 5, 6, 6}); }
constexpr bool figure_7_b() { return figure_7({1, 1, 1, 4}); }
constexpr bool figure_7_c() { return figure_7({1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6}); }
constexpr bool figure_7_d() { return figure_7({1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7}); }
constexpr bool figure_7_e() { return figure_7({1, 1, 1, 4, 4, 4, 4}); }
constexpr bool figure_7_f() { return figure_7({1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3}); }

static_assert(figure_7_a());
static_assert(figure_7_b());
static_assert(figure_7_c());
static_assert(figure_7_d());
static_assert(figure_7_e());
static_assert(figure_7_f());

/// All rows at once, with the votes that the rows themselves can give: c and d have longer logs.
bool figure_7_whole() {
    cluster c{7, plain()};
    c.place(s1, {7}, {1, 1, 1, 4, 4, 5, 5, 6, 6, 6});
    c.place(s2, {6}, {1, 1, 1, 4, 4, 5, 5, 6, 6});
    c.place(s3, {4}, {1, 1, 1, 4});
    c.place(s4, {6}, {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6});
    c.place(s5, {7}, {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7});
    c.place(s6, {4}, {1, 1, 1, 4, 4, 4, 4});
    c.place(s7, {3}, {1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3});
    c.time_out(s1);
    c.deliver(s1, {s4, s5});
    if (granted(c, s4, s1) || granted(c, s5, s1)) return false;
    c.settle();
    for (const auto id : {s2, s3, s4, s5, s6, s7})
        if (c.log(id) != terms{1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 8} || c.commit(id) != 11) return false;
    return c.at(s1).is_leader() && c.term(s1) == 8 && c.safe();
}

// ---------------------------------------------------------------------------------------- Figure 8

// A leader's own first entry, which it appends to begin its term, stands for the entry at index 2
// that the figure shows.

/// (a) S1 is leader and partially replicates the log entry at index 2.
constexpr bool a(cluster& c) {
    for (const auto id : {s1, s2, s3, s4, s5}) c.place(id, {1}, {1});
    c.elect(s1, {s2, s3});
    c.deliver(s1, s2);
    c.lose_all();
    return c.term(s1) == 2 && c.log(s1) == terms{1, 2} && c.log(s2) == terms{1, 2} &&
           c.log(s3) == terms{1} && c.commit(s1) == 0;
}

/// (b) S1 crashes; S5 is elected leader for term 3 with votes from S3, S4, and itself, and accepts
/// a different entry at log index 2.
constexpr bool b(cluster& c) {
    if (!a(c)) return false;
    c.crash(s1);
    c.time_out(s5);  // S4 does not know of term 2, S3 does.
    c.deliver(s5, s3);
    c.deliver(s3, s5);
    c.lose_all();
    c.elect(s5, {s3, s4});
    c.lose_all();
    return c.term(s5) == 3 && c.log(s5) == terms{1, 3} && c.log(s3) == terms{1};
}

/// (c) S5 crashes; S1 restarts, is elected leader, and continues replication. At this point, the
/// log entry from term 2 has been replicated on a majority of the servers, but it is not committed.
constexpr bool until_c(cluster& c) {
    if (!b(c)) return false;
    c.crash(s5);
    c.restart(s1);
    c.time_out(s1);  // S3 knows of term 3 already.
    c.deliver(s1, s3);
    c.deliver(s3, s1);
    c.lose_all();
    c.elect(s1, {s2, s3});
    c.lose(s1, s2);
    c.lose(s1, s4);
    c.deliver(s1, s3);
    c.deliver(s3, s1);
    c.deliver(s1, s3);  // Index 2, as it goes from S1 to S3.
    c.deliver(s3, s1);  // Index 2 is known to be on S1, S2 and S3.
    return c.term(s1) == 4 && c.log(s1) == terms{1, 2, 4} && c.log(s2) == terms{1, 2} &&
           c.log(s3) == terms{1, 2};
}

constexpr bool figure_8_a() {
    cluster c{5, plain()};
    return a(c) && c.safe();
}

constexpr bool figure_8_b() {
    cluster c{5, plain()};
    return b(c) && c.safe();
}

constexpr bool figure_8_c() {
    cluster c{5, plain()};
    if (!until_c(c)) return false;
    c.heartbeat(s1);
    c.deliver(s1, s2);
    c.deliver(s2, s1);
    return c.commit(s1) == 0 && c.commit(s2) == 0 && c.commit(s3) == 0 && c.safe();
}

/// (d) If S1 crashes, S5 could be elected leader (with votes from S2, S3, and S4) and overwrite the
/// entry with its own entry from term 3.
constexpr bool figure_8_d() {
    cluster c{5, plain()};
    if (!until_c(c)) return false;
    c.crash(s1);
    c.lose_all();
    c.restart(s5);
    c.time_out(s5);  // Term 4 is taken, as S3 says.
    c.deliver(s5, s3);
    c.deliver(s3, s5);
    c.lose_all();
    c.elect(s5, {s2, s3, s4});
    c.settle();
    const terms overwritten{1, 3, 5};
    return c.term(s5) == 5 && c.log(s2) == overwritten && c.log(s3) == overwritten &&
           c.log(s4) == overwritten && c.commit(s2) == 3 && c.safe();
}

/// (e) However, if S1 replicates an entry from its current term on a majority of the servers before
/// crashing, then this entry is committed (S5 cannot win an election). At this point all preceding
/// entries in the log are committed as well.
constexpr bool figure_8_e() {
    cluster c{5, plain()};
    if (!until_c(c)) return false;
    c.heartbeat(s1);
    for (int i = 0; i < 2; ++i) {
        c.deliver(s1, {s2, s3});
        c.deliver(s2, s1);
        c.deliver(s3, s1);
    }
    if (c.commit(s1) != 3) return false;
    c.crash(s1);
    c.lose_all();
    c.restart(s5);
    for (int i = 0; i < 2; ++i) {  // Term 4 is taken, and in term 5 the votes are refused.
        c.time_out(s5);
        c.settle();
    }
    return c.term(s5) == 5 && !c.at(s5).is_leader() && c.log(s2) == terms{1, 2, 4} && c.safe();
}

static_assert(figure_8_a());
static_assert(figure_8_b());
static_assert(figure_8_c());
static_assert(figure_8_d());
static_assert(figure_8_e());

}  // namespace

TEST_CASE("§5.2 three servers elect a leader, by the compiler too") { CHECK(election_of_three()); }
TEST_CASE("§5.2 five servers elect a leader by three votes") { CHECK(election_of_five()); }
TEST_CASE("§5.3 what a majority has is committed, and all servers learn it") {
    CHECK(replication());
}

TEST_CASE("S31 Figure 7 (a) a missing entry is brought") { CHECK(figure_7_a()); }
TEST_CASE("S31 Figure 7 (b) many missing entries are brought") { CHECK(figure_7_b()); }
TEST_CASE("S31 Figure 7 (c) an extra entry is removed") { CHECK(figure_7_c()); }
TEST_CASE("S31 Figure 7 (d) extra entries of another term are removed") { CHECK(figure_7_d()); }
TEST_CASE("S31 Figure 7 (e) extra entries go and missing ones come") { CHECK(figure_7_e()); }
TEST_CASE("S31 Figure 7 (f) two terms that nobody else saw are removed") { CHECK(figure_7_f()); }
TEST_CASE("Figure 7 the leader of seven servers makes all logs its own") {
    CHECK(figure_7_whole());
}

TEST_CASE("S34 Figure 8 (a) an entry is on two of five servers") { CHECK(figure_8_a()); }
TEST_CASE("S34 Figure 8 (b) another leader takes the same index") { CHECK(figure_8_b()); }
TEST_CASE("S34 B10 Figure 8 (c) an old entry on a majority is not committed") {
    CHECK(figure_8_c());
}
TEST_CASE("S34 Figure 8 (d) the old entry is overwritten everywhere") { CHECK(figure_8_d()); }
TEST_CASE("S34 Figure 8 (e) with an entry of the leader's term both are committed") {
    CHECK(figure_8_e());
}
