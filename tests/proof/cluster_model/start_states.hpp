// SPDX-License-Identifier: BSL-1.0
//
// Clusters in the middle of something, to begin an exploration with: what takes too many steps to
// be reached from nothing, above all the paper's figures.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <vector>

#include <proof/cluster_model/explored_cluster.hpp>
#include <proof/cluster_model/rules.hpp>
#include <raft/testing/cluster.hpp>

namespace raft::proof {

using testing::cluster;
using testing::s1, testing::s2, testing::s3, testing::s4, testing::s5, testing::s6;

struct start_state {
    std::string name{};
    cluster story;
    std::size_t servers = 0;
    std::size_t voters = 0;  ///< At the beginning of the story; 0 for all.
};

namespace starts {

using terms = std::initializer_list<std::uint64_t>;

/// Figure 7: the server at the top, and one of its possible followers. The third server has the log
/// of the first.
inline void add_figure_7(std::vector<start_state>& all, const settings& config) {
    const terms top{1, 1, 1, 4, 4, 5, 5, 6, 6, 6};
    struct row {
        const char* name;
        terms log;
    };
    const row rows[] = {
        {"a", {1, 1, 1, 4, 4, 5, 5, 6, 6}},
        {"b", {1, 1, 1, 4}},
        {"c", {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6}},
        {"d", {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7}},
        {"e", {1, 1, 1, 4, 4, 4, 4}},
        {"f", {1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3}},
    };
    for (const auto& [letter, log] : rows) {
        cluster c{3, config};
        c.place(s1, {7}, top);
        c.place(s2, {7}, log);
        c.place(s3, {7}, top);
        const std::string name = std::string{"figure-7-"} + letter;
        all.push_back({name, c, 3});
        c.elect(s1, {s3});
        c.lose_all();
        all.push_back({name + "-led", c, 3});
    }
    // Two of the figure's rows with one another, where the third server can go either way.
    cluster c{3, config};
    c.place(s1, {7}, rows[3].log);
    c.place(s2, {7}, rows[5].log);
    c.place(s3, {7}, rows[1].log);
    all.push_back({"figure-7-d-f-b", c, 3});
}

/// Figure 8, (a) to (e), on five servers.
inline void add_figure_8(std::vector<start_state>& all, const settings& config) {
    const auto add = [&](const char* name, terms current, std::initializer_list<terms> logs) {
        cluster c{5, config};
        const auto* term = current.begin();
        for (std::uint64_t id = 1; const auto& log : logs) c.place({id++}, {*term++}, log);
        all.push_back({name, c, 5});
        return c;
    };
    add("figure-8-a", {2, 2, 2, 1, 1}, {{1, 2}, {1, 2}, {1}, {1}, {1}});
    add("figure-8-b", {2, 2, 3, 3, 3}, {{1, 2}, {1, 2}, {1}, {1}, {1, 3}});
    auto c = add("figure-8-c", {3, 3, 3, 3, 3}, {{1, 2}, {1, 2}, {1, 2}, {1}, {1, 3}});
    c.elect(s1, {s2, s3});
    c.lose_all();
    all.push_back({"figure-8-c-led", c, 5});
    add("figure-8-d", {4, 4, 4, 5, 5}, {{1, 3}, {1, 3}, {1, 3}, {1, 3}, {1, 3}});
    add("figure-8-e", {4, 4, 4, 3, 3}, {{1, 2, 4}, {1, 2, 4}, {1, 2, 4}, {1}, {1, 3}});
}

/// Figure 8 on three servers: an entry of an old term is on a majority, and a rival has another.
inline void add_old_terms(std::vector<start_state>& all, const settings& config) {
    cluster c{3, config};
    c.place(s1, {3}, {1, 2});
    c.place(s2, {3}, {1, 2});
    c.place(s3, {3}, {1, 3});
    all.push_back({"old-term-on-a-majority", c, 3});
    c.elect(s1, {s2});
    c.lose_all();
    all.push_back({"old-term-on-a-majority-led", c, 3});

    cluster rivals{3, config};
    rivals.place(s1, {4}, {1, 2});
    rivals.place(s2, {4}, {1, 3});
    rivals.place(s3, {4}, {1, 4});
    all.push_back({"three-rivals", rivals, 3});

    cluster longer{3, config};
    longer.place(s1, {3}, {1, 2, 2, 2});
    longer.place(s2, {3}, {1, 3});
    longer.place(s3, {3}, {1});
    all.push_back({"longer-but-older", longer, 3});

    // A server that could not win is the longer one, and an entry of a later term is committed.
    cluster committed{3, config};
    committed.place(s1, {2}, {1, 2, 2, 2});
    committed.place(s2, {2}, {1});
    committed.place(s3, {2}, {1});
    committed.elect(s2, {s3});
    committed.deliver(s2, s3);
    committed.deliver(s3, s2);
    committed.lose_all();
    all.push_back({"committed-and-shorter", committed, 3});

    cluster apart{3, config};
    apart.place(s1, {2}, {1, 1, 2});
    apart.place(s2, {2}, {1, 1, 1, 1});
    apart.place(s3, {1}, {1});
    all.push_back({"same-length-prefixes", apart, 3});
}

inline cluster led(const settings& config) {
    cluster c{3, config};
    c.elect(s1);
    return c;
}

/// Elections under way, and leaders that do not know that they are none any more.
inline void add_elections(std::vector<start_state>& all, const settings& config) {
    all.push_back({"led", led(config), 3});

    cluster split{3, config};
    split.time_out(s1);
    split.time_out(s2);
    split.lose_all();
    all.push_back({"split-vote", split, 3});

    auto deposed = led(config);
    deposed.propose(s1);
    deposed.lose_all();
    deposed.elect(s2, {s3});
    deposed.lose_all();
    all.push_back({"deposed-with-an-entry", deposed, 3});

    auto deposed_reading = led(config);
    deposed_reading.elect(s2, {s3});
    deposed_reading.lose_all();
    deposed_reading.propose(s2);
    deposed_reading.deliver(s2, s3);
    deposed_reading.deliver(s3, s2);
    deposed_reading.lose_all();
    all.push_back({"deposed-behind", deposed_reading, 3});

    auto reading = led(config);
    reading.give(s1, core::read_requested{});
    all.push_back({"read-under-way", reading, 3});

    auto won = led(config);
    won.time_out(s2);
    won.deliver(s2, s3);
    won.lose(s2, s1);
    all.push_back({"vote-on-its-way", won, 3});

    cluster restarted = led(config);
    restarted.crash(s1);
    restarted.restart(s1);
    restarted.lose_all();
    all.push_back({"leader-restarted", restarted, 3});
}

/// Disks in the middle of a write.
inline void add_writes(std::vector<start_state>& all, const settings& config) {
    cluster vote{3, config};
    for (const auto id : {s1, s2, s3}) vote.hold_disk(id);
    vote.time_out(s1);
    vote.settle();
    all.push_back({"own-vote-not-durable", vote, 3});

    cluster granted{3, config};
    granted.hold_disk(s2);
    granted.time_out(s1);
    granted.settle();
    all.push_back({"vote-not-durable", granted, 3});

    auto entry = led(config);
    entry.hold_disk(s1);
    entry.propose(s1);
    all.push_back({"leader-entry-not-durable", entry, 3});

    auto copied = led(config);
    copied.hold_disk(s2);
    copied.hold_disk(s3);
    copied.propose(s1);
    copied.settle();
    all.push_back({"entry-not-durable-elsewhere", copied, 3});

    auto all_held = led(config);
    for (const auto id : {s1, s2, s3}) all_held.hold_disk(id);
    all_held.propose(s1);
    all_held.settle();
    all.push_back({"entry-durable-nowhere", all_held, 3});

    // The same index is written, cut off and written again while the first write is still on its
    // way.
    cluster rewritten{3, config};
    rewritten.place(s1, {2}, {1});
    rewritten.place(s2, {2}, {1});
    rewritten.place(s3, {2}, {1, 2});
    rewritten.hold_disk(s1);
    rewritten.elect(s3, {s2});
    rewritten.deliver(s3, s1);
    rewritten.lose_all();
    all.push_back({"two-writes-not-durable", rewritten, 3});
}

/// Snapshots: taken, needed, on their way, and installed but not durable.
inline void add_snapshots(std::vector<start_state>& all, const settings& config) {
    auto taken = led(config);
    taken.propose(s1);
    taken.settle();
    taken.hold_disk(s1);
    taken.take_snapshot(s1);
    all.push_back({"snapshot-taken", taken, 3});

    auto behind = led(config);
    behind.isolate(s3);
    behind.propose(s1);
    behind.settle();
    behind.take_snapshot(s1);
    behind.heal();
    all.push_back({"snapshot-needed", behind, 3});

    auto coming = behind;
    coming.heartbeat(s1);
    all.push_back({"snapshot-offered", coming, 3});

    auto installing = coming;
    installing.hold_disk(s3);
    installing.settle();
    all.push_back({"snapshot-not-durable", installing, 3});

    // The follower has entries of its own where the snapshot is, and behind it.
    cluster conflict{3, config};
    conflict.place(s1, {2}, {1, 2});
    conflict.place(s2, {2}, {1, 2});
    conflict.place(s3, {2}, {1, 1, 1});
    conflict.elect(s1, {s2});
    conflict.lose(s1, s3);
    conflict.deliver(s1, s2);
    conflict.deliver(s2, s1);
    conflict.lose_all();
    conflict.take_snapshot(s1);
    all.push_back({"snapshot-against-a-conflict", conflict, 3});

    auto both = led(config);
    both.propose(s1);
    both.settle();
    both.take_snapshot(s1);
    both.take_snapshot(s2);
    both.crash(s2);
    both.restart(s2);
    both.lose_all();
    all.push_back({"snapshots-on-two", both, 3});
}

/// Leadership transfers, at each of their stages.
inline void add_transfers(std::vector<start_state>& all, const settings& config) {
    auto asked = led(config);
    asked.give(s1, core::transfer_requested{s2});
    all.push_back({"transfer-asked", asked, 3});

    auto lagging = led(config);
    lagging.cut(s1, s2);
    lagging.propose(s1);
    lagging.settle();
    lagging.heal();
    lagging.give(s1, core::transfer_requested{s2});
    lagging.lose_all();
    all.push_back({"transfer-to-a-lagging-server", lagging, 3});

    auto standing = asked;
    standing.hold_disk(s2);
    standing.deliver(s1, s2);
    all.push_back({"transfer-target-stands", standing, 3});

    auto back = asked;
    back.settle();
    back.lose_all();
    all.push_back({"transfer-done", back, 3});
}

/// A change from the voters 1 and 2 to 1 and 3, at each of its stages.
inline void add_changes(std::vector<start_state>& all, const settings& config) {
    cluster c{2, config};
    c.add_outsider(s3);
    c.elect(s1);
    const auto add = [&](const char* name) {
        auto stage = c;
        stage.lose_all();
        all.push_back({name, stage, 3, 2});
    };
    c.change(s1, {{s1}, {s3}});
    add("change-joining");
    for (int i = 0; i < 10 && !c.at(s1).members().is_joint(); ++i) {
        c.settle();
        c.heartbeat(s1);
    }
    core::require(c.at(s1).members().is_joint());
    add("change-joint");
    auto by_one = c;
    by_one.deliver(s1, s3);
    by_one.deliver(s3, s1);
    by_one.lose_all();
    all.push_back({"change-joint-on-the-new", by_one, 3, 2});
    auto by_other = c;
    by_other.deliver(s1, s2);
    by_other.deliver(s2, s1);
    by_other.lose_all();
    all.push_back({"change-joint-on-the-old", by_other, 3, 2});
    c.settle();
    add("change-joint-committed");
    c.heartbeat(s1);
    add("change-final");
}

/// The change under way comes to its end, as far as messages and heartbeats lead.
inline void complete_change(cluster& c) {
    for (int i = 0; i < 10 && c.at(s1).is_changing_members(); ++i) {
        c.settle();
        c.heartbeat(s1);
    }
    c.settle();
    core::require(!c.at(s1).is_changing_members());
}

/// A server that was a witness, and has kept what it had.
inline void add_witnesses(std::vector<start_state>& all, const settings& config) {
    cluster c{2, config};
    c.add_outsider(s3);
    c.elect(s1);
    const auto add = [&](const char* name) {
        auto stage = c;
        stage.lose_all();
        all.push_back({name, stage, 3, 2});
    };
    c.change(s1, {{s1}, {s2}, {s3, member_part::witness}});
    complete_change(c);
    add("witness");
    c.isolate(s2);
    c.propose(s1);
    c.settle();
    c.heal();
    add("witness-alone-promises");
    c.settle();
    c.heartbeat(s1);
    c.settle();
    c.change(s1, {{s1}, {s2}});
    complete_change(c);
    add("witness-removed");
    c.change(s1, {{s1}, {s2}, {s3}});
    add("witness-to-vote");
    c.deliver(s1, s3);
    add("witness-drops-its-log");
}

/// Time is about to run out, or has.
inline void add_times(std::vector<start_state>& all, const settings& config) {
    auto unheard = led(config);
    unheard.lose_all();
    unheard.let_time_pass(config.election_timeout * 2);
    all.push_back({"leader-unheard-of", unheard, 3});

    auto half = led(config);
    half.let_time_pass(config.election_timeout * 2);
    half.heartbeat(s1);
    half.deliver(s1, s2);
    half.lose_all();
    all.push_back({"leader-heard-by-one", half, 3});
}

}  // namespace starts

/// The library of starts, with these settings.
[[nodiscard]] inline std::vector<start_state> start_states(const settings& config) {
    std::vector<start_state> all;
    starts::add_figure_7(all, config);
    starts::add_figure_8(all, config);
    starts::add_old_terms(all, config);
    starts::add_elections(all, config);
    starts::add_writes(all, config);
    starts::add_snapshots(all, config);
    starts::add_transfers(all, config);
    starts::add_changes(all, config);
    starts::add_witnesses(all, config);
    starts::add_times(all, config);
    return all;
}

namespace detail {
/// What is left of an instant when all of time is one moment.
[[nodiscard]] inline instant at_explored_now(instant when, instant now, duration patience) {
    if (when > now) return explored_now + patience;
    return now - when < patience ? explored_now : instant{};
}
}  // namespace detail

/// A story's cluster as the explorer begins with it; `bounds.term_max` and `bounds.log_max` are
/// raised by the highest term and index in it.
[[nodiscard]] inline explored_cluster begin_with(const start_state& start, model_bounds& bounds) {
    explored_cluster begin;
    begin.past.left = events_within(bounds);
    const auto& story = start.story;
    bounds.servers = start.servers;
    bounds.voters = start.voters;
    std::uint64_t term = 0;
    std::uint64_t index = 0;
    for (std::size_t i = 0; i < start.servers; ++i) {
        const member_id id{i + 1};
        auto& server = begin.at(i);
        server = {story.at(id), story.disk(id)};
        for_each_instant(server.now, [&](instant& each) {
            each = detail::at_explored_now(each, story.now(), bounds.config.election_timeout);
        });
        if (bounds.reads > 0 && !server.now.tasks->last_request)
            number_requests(server.now, bounds.crashes + bounds.damages);
        normalise(server);
        const auto& s = server.now;
        term = std::max(term, s.current_term.value);
        index = std::max(index, s.log.last_index().value);
    }
    for (std::size_t i = 0; i < start.servers; ++i) {
        step_judge judge{bounds, begin, i};
        core::require(judge.judge_state() == nullptr);
    }
    bounds.term_max += term;
    bounds.log_max += index;
    begin.network = story.network();
    if (begin.network.size() > bounds.messages_max) begin.network.resize(bounds.messages_max);
    return begin;
}

}  // namespace raft::proof
