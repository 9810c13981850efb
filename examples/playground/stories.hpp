// SPDX-License-Identifier: BSL-1.0
//
// The stories of the playground, each in stages: what is said, what is done, and how long the world
// then goes on by itself. They are those of the paper and of every introduction to it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "world.hpp"

namespace raft_playground {

struct stage {
    std::string_view words{};
    void (*act)(world&) = [](world&) {};
    std::uint32_t milliseconds = 0;  ///< Of the world's time. 0: it stands still.
};

struct story {
    std::string_view name{};
    std::string_view source{};
    world_options options{};
    std::span<const stage> stages{};
};

namespace telling {

using raft::testing::cluster;
using raft::testing::s1, raft::testing::s2, raft::testing::s3, raft::testing::s4, raft::testing::s5,
    raft::testing::s6, raft::testing::s7;

inline member_id leader_of(const world& w) { return w.servers().leader().value_or(s1); }

/// The nth of those that run and do not lead.
inline member_id follower_of(const world& w, int n) {
    const auto leads = leader_of(w);
    for (const auto id : w.servers().servers())
        if (id != leads && w.servers().running(id) && n-- == 0) return id;
    return leads;
}

inline void write_three(world& w) {
    for (int i = 0; i < 3; ++i) w.write();
}

/// The leader and one more on one side, the others on the other.
inline void part_leader(world& w) {
    const auto leads = leader_of(w);
    const auto with_it = follower_of(w, 0);
    for (const auto id : w.servers().servers())
        if (id != leads && id != with_it)
            for (const auto other : {leads, with_it}) {
                w.cut(id, other, true);
                w.cut(other, id, true);
            }
}

inline void crash_followers(world& w, int count) {
    for (int i = 0; i < count; ++i) w.crash(follower_of(w, 0));
}

inline void restart_one(world& w) {
    for (const auto id : w.servers().servers())
        if (!w.servers().running(id)) return w.restart(id);
}
inline void restart_all(world& w) {
    for (const auto id : w.servers().servers())
        if (!w.servers().running(id)) w.restart(id);
}
inline void crash_all(world& w) {
    for (const auto id : w.servers().servers()) w.crash(id);
}

inline constexpr std::array election{
    stage{
        "Five servers have just started, and nobody leads. Each waits for a random time to hear a "
        "leader."},
    stage{"The first whose time is over asks the others for their votes. A server gives one vote a "
          "term, so only one can have a majority.",
          [](world&) {}, 2'300},
    stage{"The leader's heartbeats keep the others from standing: each one begins their time anew.",
          [](world&) {}, 900},
    stage{"The leader crashes, and the heartbeats stop.", [](world& w) { w.crash(leader_of(w)); },
          700},
    stage{"Another server's time is over. It is elected in a later term.", [](world&) {}, 2'000},
    stage{"The old leader is back. It hears of the later term, and follows.", restart_one, 900},
};

inline constexpr std::array split_vote{
    stage{"Four servers. Two of them stand at the same moment, and each reaches one of the others "
          "first.",
          [](world& w) {
              w.cut(s1, s4, true);
              w.cut(s2, s3, true);
              w.stand(s1);
              w.stand(s2);
          },
          250},
    stage{"Each has two of four votes, its own among them: no majority. Nobody leads this term.",
          [](world& w) { w.heal(); }, 300},
    stage{"Both wait anew, for different random times. So one of them is alone the next time, and "
          "wins.",
          [](world&) {}, 2'600},
};

inline constexpr std::array replication{
    stage{"A leader is elected.", [](world&) {}, 2'300},
    stage{"A client writes three times. The leader appends, and sends the entries to all. An entry "
          "is framed until it is known to be committed.",
          write_three, 60},
    stage{"A majority has them on its disks: they are committed, and the client has its answers. "
          "The next messages tell the followers.",
          [](world&) {}, 500},
    stage{"Two of five servers crash. A majority is left, and writes go on.",
          [](world& w) {
              crash_followers(w, 2);
              write_three(w);
          },
          600},
    stage{"A third one crashes. What is written now cannot be committed; nobody is told that it "
          "was.",
          [](world& w) {
              crash_followers(w, 1);
              write_three(w);
          },
          600},
    stage{"One is back. There is a majority again, and what waited is committed.", restart_one,
          2'500},
};

inline constexpr std::array leader_apart{
    stage{"A leader is elected, and a client writes.",
          [](world& w) {
              w.run_until(w.servers().now() + raft::milliseconds(2'300));
              write_three(w);
          },
          400},
    stage{"The network splits: the leader is on the smaller side. A client that still finds it "
          "writes, and gets no answer.",
          [](world& w) {
              part_leader(w);
              write_three(w);
          },
          700},
    stage{"The larger side elects a leader of its own. The old one hears no majority, and steps "
          "down.",
          [](world&) {}, 2'200},
    stage{"A client writes to the new leader, and is answered.", write_three, 500},
    stage{"The network heals. What the old leader could not commit gives way to what is committed: "
          "nothing acknowledged is lost.",
          [](world& w) { w.heal(); }, 1'500},
};

inline constexpr std::array follower_apart{
    stage{"A leader is elected. Then a follower is cut off.",
          [](world& w) {
              w.run_until(w.servers().now() + raft::milliseconds(2'300));
              w.isolate(follower_of(w, 1), true);
          },
          400},
    stage{
        "It asks whether it could win (a pre-vote), hears nobody, and so does not raise its term. "
        "The others work on.",
        [](world& w) { w.let_clients_write(true); }, 2'600},
    stage{"It is reached again, disturbs nobody, and gets what it missed.",
          [](world& w) {
              w.let_clients_write(false);
              w.heal();
          },
          1'000},
};

inline constexpr std::array persistence{
    stage{"A leader is elected, and a client's writes are committed.",
          [](world& w) {
              w.run_until(w.servers().now() + raft::milliseconds(2'300));
              write_three(w);
          },
          600},
    stage{"The power fails everywhere. What is left is on the disks: term, vote and log.",
          crash_all, 500},
    stage{
        "All restart. They know their terms, whom they voted for, and their logs, but not how far "
        "these are committed.",
        restart_all, 400},
    stage{"A new leader commits an entry of its own term, and with it all that was there before.",
          [](world&) {}, 2'600},
};

inline constexpr std::array client{
    stage{"A leader is elected, and clients write four times a second.",
          [](world& w) {
              w.run_until(w.servers().now() + raft::milliseconds(2'300));
              w.let_clients_write(true);
          },
          1'000},
    stage{"The leader crashes. The clients wait until they find another one, and try again.",
          [](world& w) { w.crash(leader_of(w)); }, 2'600},
    stage{"They go on with the new leader. Whatever was answered before is there.", [](world&) {},
          800},
};

inline constexpr std::array snapshot{
    stage{"A leader is elected. A follower crashes.",
          [](world& w) {
              w.run_until(w.servers().now() + raft::milliseconds(2'300));
              w.crash(follower_of(w, 0));
          },
          300},
    stage{"Much is written meanwhile, and the leader saves its state as a snapshot: the log before "
          "it can go.",
          [](world& w) {
              for (int i = 0; i < 8; ++i) w.write();
              w.run_until(w.servers().now() + raft::milliseconds(400));
              w.take_snapshot(leader_of(w));
          },
          300},
    stage{
        "The follower is back. The entries that it needs are gone, so it gets the snapshot first.",
        restart_one, 1'500},
};

inline constexpr std::array members{
    stage{"Three servers have a leader.", [](world&) {}, 2'300},
    stage{"A fourth one is to be a member. It gets the log first, without a vote; then the old and "
          "the new majority decide together; then the new one alone.",
          [](world& w) { w.change_members(s4, true); }, 1'800},
    stage{"The leader itself is to go. It leads until the change is committed, and steps down.",
          [](world& w) { w.change_members(leader_of(w), false); }, 3'500},
};

inline constexpr std::array figure_7{
    stage{"Six followers (2 to 7) as in Figure 7: some miss entries, some have too many, some have "
          "both. Server 1 stands.",
          [](world& w) {
              w.tell([](cluster& c) {
                  c.place(s1, {7}, {1, 1, 1, 4, 4, 5, 5, 6, 6, 6});
                  c.place(s2, {6}, {1, 1, 1, 4, 4, 5, 5, 6, 6});
                  c.place(s3, {4}, {1, 1, 1, 4});
                  c.place(s4, {6}, {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6});
                  c.place(s5, {7}, {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7});
                  c.place(s6, {4}, {1, 1, 1, 4, 4, 4, 4});
                  c.place(s7, {3}, {1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3});
              });
          }},
    stage{"The servers with longer logs (4 and 5) refuse their votes. The others are a majority.",
          [](world& w) { w.stand(s1); }, 130},
    stage{
        "The leader finds for each follower where the logs agree, and makes the rest equal to its "
        "own.",
        [](world&) {}, 700},
};

inline void figure_8_a(cluster& c) {
    for (const auto id : {s1, s2, s3, s4, s5}) c.place(id, {1}, {1});
    c.elect(s1, {s2, s3});
    c.deliver(s1, s2);
    c.lose_all();
}
inline void figure_8_b(cluster& c) {
    c.crash(s1);
    c.time_out(s5);  // S4 does not know of term 2, S3 does.
    c.deliver(s5, s3);
    c.deliver(s3, s5);
    c.lose_all();
    c.elect(s5, {s3, s4});
    c.lose_all();
}
inline void figure_8_c(cluster& c) {
    c.crash(s5);
    c.restart(s1);
    c.time_out(s1);  // S3 knows of term 3 already.
    c.deliver(s1, s3);
    c.deliver(s3, s1);
    c.lose_all();
    c.elect(s1, {s2, s3});
    c.lose(s1, s2);
    c.lose(s1, s4);
    for (int i = 0; i < 2; ++i) {
        c.deliver(s1, s3);
        c.deliver(s3, s1);
    }
    c.lose_all();
}
inline void figure_8_d(cluster& c) {
    c.crash(s1);
    c.lose_all();
    c.restart(s5);
    c.time_out(s5);  // Term 4 is taken, as S3 says.
    c.deliver(s5, s3);
    c.deliver(s3, s5);
    c.lose_all();
    c.elect(s5, {s2, s3, s4});
    c.settle();
}
inline void figure_8_e(cluster& c) {
    c.heartbeat(s1);
    for (int i = 0; i < 2; ++i) {
        c.deliver(s1, {s2, s3});
        c.deliver(s2, s1);
        c.deliver(s3, s1);
    }
    c.lose_all();
}
inline void figure_8_then(cluster& c) {
    c.crash(s1);
    c.lose_all();
    c.restart(s5);
    for (int i = 0; i < 2; ++i) {  // Term 4 is taken, and in term 5 the votes are refused.
        c.time_out(s5);
        c.settle();
    }
}

inline constexpr stage shown_8_a{
    "(a) Server 1 leads term 2, and its entry at index 2 has reached server 2 alone.",
    [](world& w) { w.tell(figure_8_a); }};
inline constexpr stage shown_8_b{
    "(b) Server 1 crashes. Server 5 is elected in term 3 by 3, 4 and itself, and appends another "
    "entry at index 2.",
    [](world& w) { w.tell(figure_8_b); }};
inline constexpr stage shown_8_c{
    "(c) Server 5 crashes. Server 1 is elected in term 4, and brings its old entry to server 3. A "
    "majority has it, and it is not committed: it is of an older term.",
    [](world& w) { w.tell(figure_8_c); }};

inline constexpr std::array figure_8_lost{
    shown_8_a,
    shown_8_b,
    shown_8_c,
    stage{"(d) Server 1 crashes. Server 5 can win term 5 by 2, 3 and 4, and its entry takes the "
          "place of the old one everywhere. Had that been called committed, a committed entry "
          "would be lost.",
          [](world& w) { w.tell(figure_8_d); }},
};
inline constexpr std::array figure_8_kept{
    shown_8_a,
    shown_8_b,
    shown_8_c,
    stage{"(e) If server 1 brings an entry of its own term to a majority first, that is committed, "
          "and all before it.",
          [](world& w) { w.tell(figure_8_e); }},
    stage{"Server 1 crashes. Server 5 cannot win any more: a majority has longer logs.",
          [](world& w) { w.tell(figure_8_then); }},
};

inline constexpr world_options as_in_the_paper{
    .servers = 5, .pre_vote = false, .check_quorum = false};

}  // namespace telling

inline constexpr std::array stories{
    story{"An election", "§5.2", {}, telling::election},
    story{"A split vote", "§5.2", {.servers = 4, .pre_vote = false}, telling::split_vote},
    story{"Writes, and a majority", "§5.3", {}, telling::replication},
    story{"The leader is cut off", "§5.3, §6.2", {}, telling::leader_apart},
    story{"A follower is cut off", "§9.6", {}, telling::follower_apart},
    story{"The power fails", "§5.1", {}, telling::persistence},
    story{"Clients find the leader", "§8", {}, telling::client},
    story{"A snapshot", "§7", {.servers = 3}, telling::snapshot},
    story{"The members change", "§6", {.servers = 3}, telling::members},
    story{"Figure 7", "§5.3", {.servers = 7, .pre_vote = false}, telling::figure_7},
    story{"Figure 8 (d)", "§5.4.2", telling::as_in_the_paper, telling::figure_8_lost},
    story{"Figure 8 (e)", "§5.4.2", telling::as_in_the_paper, telling::figure_8_kept},
};

}  // namespace raft_playground
