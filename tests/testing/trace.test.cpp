// SPDX-License-Identifier: BSL-1.0
//
// Goal: the traces that are written for etcd's specification are what it can follow. Method:
// stories whose lines are known; and random walks, whose traces are judged by a transcription of
// what that specification does with each line (support/traces.hpp).
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <proof/trace/cluster_trace.hpp>
#include <proof/trace/way_trace.hpp>
#include <support/dice.hpp>
#include <support/traces.hpp>

using namespace raft;
using namespace raft::core;
using namespace raft::proof;
using namespace raft::testing;

namespace {

settings plain_settings() {
    settings config;
    config.pre_vote = false;
    config.check_quorum = false;
    config.messages_in_flight = 1;
    return config;
}

/// A cluster that keeps its history, with the servers that it begins with.
struct recorded_cluster {
    explicit recorded_cluster(const settings& config) : c{3, config} {
        for (const auto id : {s1, s2, s3}) begin.push_back(c.at(id));
        c.keep_history();
    }
    [[nodiscard]] trace_writer trace() const { return trace_of(begin, c.history()); }
    cluster c;
    std::vector<state> begin{};
};

/// "1 BecomeCandidate", … from the line of this number on.
std::vector<std::string> events(const trace_writer& trace, std::size_t from) {
    std::vector<std::string> all;
    for (auto k = from; k < trace.lines().size(); ++k) {
        const auto e = support::json_reader::read(trace.lines()[k])["event"];
        all.push_back(e["nid"].text + " " + e["name"].text);
    }
    return all;
}

support::json event(const trace_writer& trace, std::size_t k) {
    return support::json_reader::read(trace.lines()[k])["event"];
}

void must_be_allowed(const trace_writer& trace) {
    CHECK(trace.obstacle() == nullptr);
    CHECK(support::trace_judge::judge(trace.lines()) == "");
}

}  // namespace

TEST_CASE("trace: an election, line by line") {
    recorded_cluster run{plain_settings()};
    run.c.time_out(s1);
    run.c.deliver(s1, s2);
    run.c.deliver(s2, s1);
    const auto trace = run.trace();
    must_be_allowed(trace);
    CHECK(events(trace, 0) ==
          std::vector<std::string>{"1 InitState",
                                   "2 InitState",
                                   "3 InitState",                //
                                   "1 BecomeCandidate",          // The timeout, …
                                   "1 SendRequestVoteResponse",  // … once it is
                                   "1 SendRequestVoteRequest",
                                   "1 SendRequestVoteRequest",
                                   "1 Ready",                       // durable.
                                   "1 ReceiveRequestVoteResponse",  // Its own vote.
                                   "2 ReceiveRequestVoteRequest",
                                   "2 BecomeFollower",  //
                                   "2 SendRequestVoteResponse",
                                   "2 Ready",  //
                                   "1 ReceiveRequestVoteResponse",
                                   "1 BecomeLeader",
                                   "1 Replicate",                  // The no-op.
                                   "1 SendAppendEntriesResponse",  // To itself.
                                   "1 SendAppendEntriesRequest",
                                   "1 SendAppendEntriesRequest",
                                   "1 Ready",
                                   "1 Ready",
                                   "1 ReceiveAppendEntriesResponse"});  // Durable.
    CHECK(trace.lines()[0] ==
          R"({"tag":"trace","event":{"name":"InitState","nid":"1","state":{"term":0,"vote":"0",)"
          R"("commit":0},"role":"StateFollower","log":0,"conf":[["1","2","3"],[]]}})");
    CHECK(trace.lines()[5] ==
          R"({"tag":"trace","event":{"name":"SendRequestVoteRequest","nid":"1","state":{"term":1,)"
          R"("vote":"1","commit":0},"role":"StateCandidate","log":0,"conf":[["1","2","3"],[]],)"
          R"("msg":{"type":"MsgVote","term":1,"from":"1","to":"2","entries":0,"logTerm":0,)"
          R"("index":0,"commit":0,"vote":"0","reject":false,"rejectHint":0}}})");
    const auto received = event(trace, 9);  // What is received finds the state before it.
    CHECK(received["state"]["term"].number == 0);
    CHECK(received["state"]["vote"].text == "0");
    const auto replicated = event(trace, 15);  // Just before the append.
    CHECK(replicated["role"].text == "StateLeader");
    CHECK(replicated["log"].number == 0);
    const auto sent = event(trace, 17)["msg"];
    CHECK(sent["type"].text == "MsgApp");
    CHECK(sent["entries"].number == 1);
    CHECK(sent["index"].number == 0);
}

TEST_CASE("trace: a message says how much of what it brings is committed, not more") {
    recorded_cluster run{plain_settings()};
    run.c.elect(s1);
    run.c.propose(s1);
    run.c.settle();
    const auto trace = run.trace();
    must_be_allowed(trace);
    bool commits = false;
    for (std::size_t k = 0; k < trace.lines().size(); ++k) {
        const auto e = event(trace, k);
        commits = commits || e["name"].text == "Commit";
        if (e["name"].text != "SendAppendEntriesRequest") continue;
        const auto& m = e["msg"];
        const auto last = m["index"].number + m["entries"].number;
        CHECK(m["commit"].number == std::min(e["state"]["commit"].number, last));
    }
    CHECK(commits);
}

TEST_CASE("trace: a restart finds what the last Ready made durable") {
    recorded_cluster run{plain_settings()};
    run.c.elect(s1);
    run.c.propose(s1, 2);
    run.c.settle();
    const auto before = run.trace().lines().size();
    run.c.crash(s2);
    run.c.restart(s2);
    run.c.heartbeat(s1);
    run.c.settle();
    const auto trace = run.trace();
    must_be_allowed(trace);
    const auto again = event(trace, before);
    CHECK(again["name"].text == "InitState");
    CHECK(again["nid"].text == "2");
    CHECK(again["state"]["term"].number == 1);
    CHECK(again["state"]["vote"].text == "1");
    CHECK(again["state"]["commit"].number == 3);
    CHECK(again["role"].text == "StateFollower");
    CHECK(again["log"].number == 3);
}

TEST_CASE("trace: what the specification cannot say is said to be so") {
    recorded_cluster lost{plain_settings()};
    lost.c.elect(s1);
    lost.c.hold_disk(s1);
    lost.c.propose(s1);  // Sent before it is durable, and then forgotten.
    lost.c.crash(s1);
    lost.c.restart(s1);
    CHECK(lost.trace().obstacle() != nullptr);

    recorded_cluster snapshot{plain_settings()};
    snapshot.c.elect(s1);
    snapshot.c.change(s1, {{s1}, {s2}});
    snapshot.c.settle();
    CHECK(snapshot.trace().obstacle() != nullptr);
}

TEST_CASE("trace: pre-votes are not in it, and leaders that step down are") {
    settings config = plain_settings();
    config.pre_vote = config.check_quorum = true;
    recorded_cluster run{config};
    run.c.elect(s1);
    run.c.propose(s1);
    run.c.settle();
    run.c.isolate(s1);
    run.c.run_for(config.election_timeout * 6);
    run.c.heal();
    run.c.run_for(config.election_timeout * 3);
    const auto trace = run.trace();
    must_be_allowed(trace);
    CHECK(trace.lines().size() > 100);
}

namespace {

/// Losses, elections, proposals and crashes; messages arrive in the order in which they were sent,
/// or do not.
trace_writer walk(std::uint64_t seed) {
    dice d{seed};
    auto config = plain_settings();
    config.durable_at_once = d.below(2) == 0;
    config.pre_vote = config.check_quorum = d.below(3) == 0;
    config.entries_per_message = static_cast<std::uint32_t>(d.below(3) + 1);
    config.messages_in_flight = static_cast<std::uint8_t>(d.below(3) + 1);
    recorded_cluster run{config};
    auto& c = run.c;
    for (int i = 0; i < 150; ++i) {
        const member_id id{d.below(3) + 1};
        const auto kind = d.below(100);
        const auto waiting = c.network().size();
        if (kind < 70 && waiting > 0)
            c.deliver_nth(d.below(12) == 0 ? d.below(waiting) : 0);
        else if (kind < 74 && waiting > 0)
            c.lose_nth(d.below(waiting));
        else if (kind < 84)
            c.propose(id);
        else if (kind < 90 && c.at(id).is_leader())
            c.heartbeat(id);
        else if (kind < 92)
            c.time_out(id);
        else if (kind < 93 && c.running(id))
            c.crash(id);
        else if (!c.running(id))
            c.restart(id);
    }
    return run.trace();
}

}  // namespace

TEST_CASE("trace: random walks are what the specification allows") {
    std::size_t written = 0;
    constexpr std::uint64_t seeds = 600;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        CAPTURE(seed);
        const auto trace = walk(seed);
        if (trace.obstacle() != nullptr) continue;
        REQUIRE(support::trace_judge::judge(trace.lines()) == "");
        ++written;
    }
    CHECK(written > seeds / 2);
}

TEST_CASE("trace: so are the ways of the explorer") {
    auto config = plain_settings();
    config.entries_per_message = 1;
    for (const bool durable_at_once : {false, true}) {
        config.durable_at_once = durable_at_once;
        const cluster_model model{{.messages_max = 2, .crashes = 1, .config = config}};
        explorer<cluster_model> checker{model, {.threads = 1, .states_max = 150'000}};
        const auto found = checker.run();
        std::size_t written = 0;
        for (std::uint64_t place = 0; place < found.states; place += 397) {
            const auto trace = trace_of(model, {nullptr, checker.way_to(place)});
            if (trace.obstacle() != nullptr) continue;
            REQUIRE(support::trace_judge::judge(trace.lines()) == "");
            ++written;
        }
        CHECK(written > 100);
    }
}

TEST_CASE("trace: the judge tells a wrong line from a right one") {
    recorded_cluster run{plain_settings()};
    run.c.elect(s1);
    run.c.propose(s1);
    run.c.settle();
    const auto lines = run.trace().lines();
    for (std::size_t k = 0; k < lines.size(); ++k) {
        auto other = lines;
        const auto at = other[k].find("\"log\":") + 6;
        other[k][at] = other[k][at] == '9' ? '8' : '9';
        const auto name = event(run.trace(), k)["name"].text;
        if (name != "BecomeFollower")  // It follows from what was received, and is not read.
            CHECK(support::trace_judge::judge(other) != "");
        other = lines;
        other.erase(other.begin() + static_cast<std::ptrdiff_t>(k));
        const bool matters = name == "ReceiveAppendEntriesRequest" || name == "BecomeLeader" ||
                             name == "Replicate" || name == "Commit" || name == "BecomeCandidate";
        if (matters) CHECK(support::trace_judge::judge(other) != "");
    }
}
