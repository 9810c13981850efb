// SPDX-License-Identifier: BSL-1.0
//
// Transactions on real servers: what clients of Redis see, and that each is carried out whole or
// not at all, by many clients at once, whichever leader dies meanwhile.
#include <atomic>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <support/kv_servers.hpp>

using namespace raft_kv::outside;
using support::kv_servers;
using support::patience;
using support::shown;

namespace {

/// Adds one to `n` again and again: it reads `n`, which it watches, and writes what comes next,
/// with two marks of its own. Each mark says which value of `n` it came with.
class adder {
public:
    adder(const raft_kv::cluster_layout& layout, std::string name)
        : layout_{layout}, name_{std::move(name)}, thread_{[this] { run(); }} {}
    adder(const adder&) = delete;
    adder& operator=(const adder&) = delete;
    ~adder() { stop(); }

    void stop() {
        stopping_ = true;
        if (thread_.joinable()) thread_.join();
    }

    [[nodiscard]] std::size_t done() const { return done_; }
    /// Of what was answered with its results; with null or an error by which nothing happened.
    /// Valid once it was stopped.
    [[nodiscard]] const std::vector<std::string>& acknowledged() const { return acknowledged_; }
    [[nodiscard]] const std::vector<std::string>& refused() const { return refused_; }

private:
    void run() {
        for (std::size_t server = 0; !stopping_; ++server) {
            connection to{layout_.servers[server % layout_.servers.size()], patience};
            while (!stopping_ && to.usable() && add_one(to)) {
            }
            std::this_thread::yield();
        }
    }

    /// False if another server is to be asked.
    bool add_one(connection& to) {
        to.send(words{"WATCH", "n"});
        to.send(words{"GET", "n"});
        const auto watched = to.receive();
        const auto before = to.receive();
        if (!watched || !watched->is_ok() || !before || before->is_error()) return false;
        const auto next = std::to_string(before->text.empty() ? 1 : std::stoull(before->text) + 1);
        const auto mark = name_ + ":" + std::to_string(tries_++);
        const auto a = mark + ":a";
        const auto b = mark + ":b";
        for (const auto& each : {words{"MULTI"}, words{"SET", a, next}, words{"SET", "n", next},
                                 words{"GET", "n"}, words{"SET", b, next}, words{"EXEC"}})
            to.send(each);
        std::optional<answer> said;
        for (int i = 0; i < 6; ++i) said = to.receive();
        return said && take(*said, mark, next);
    }

    bool take(const answer& said, const std::string& mark, const std::string& next) {
        if (said.what == answer::kind::array) {
            ++done_;
            acknowledged_.push_back(mark);
            if (shown(said) != "[OK, OK, " + next + ", OK]")
                acknowledged_.push_back("wrong answer");
            return true;
        }
        if (!said.text.starts_with("UNKNOWN")) refused_.push_back(mark);
        return said.what == answer::kind::nothing;
    }

    using words = std::vector<std::string_view>;
    const raft_kv::cluster_layout& layout_;
    std::string name_;
    std::size_t tries_ = 0;
    std::vector<std::string> acknowledged_;
    std::vector<std::string> refused_;
    std::atomic<std::size_t> done_ = 0;
    std::atomic<bool> stopping_ = false;
    std::thread thread_;
};

void await_more(std::initializer_list<const adder*> all, std::size_t count) {
    const auto done = [&] {
        std::size_t sum = 0;
        for (const auto* each : all) sum += each->done();
        return sum;
    };
    const auto before = done();
    REQUIRE(eventually(patience, [&] { return done() >= before + count; }));
}

}  // namespace

TEST_CASE("e2e: MULTI and EXEC as clients of Redis know them") {
    kv_servers servers;
    const auto leading = servers.leader();
    auto leader = servers.connect(leading);
    auto other = servers.connect(leading);
    for (const auto& [said, answered] :
         std::vector<std::pair<std::vector<std::string_view>, std::string_view>>{
             {{"MULTI"}, "OK"},
             {{"SET", "a", "1"}, "QUEUED"},
             {{"INCR", "a"}, "QUEUED"},
             {{"GET", "a"}, "QUEUED"},
             {{"EXEC"}, "[OK, (integer) 2, 2]"},
             {{"WATCH", "a"}, "OK"},
             {{"MULTI"}, "OK"},
             {{"INCR", "a"}, "QUEUED"}})
        CHECK(shown(leader.call(said)) == answered);
    CHECK(shown(other.call({"INCR", "a"})) == "(integer) 3");
    CHECK(shown(leader.call({"EXEC"})) == "(nil)");
    CHECK(shown(leader.call({"GET", "a"})) == "3");
}

TEST_CASE("e2e: of a transaction sent at once to a follower nothing is carried out anywhere") {
    kv_servers servers;
    auto follower = servers.connect(servers.follower());
    for (const auto word : {"MULTI", "SET", "EXEC"}) {
        if (std::string_view{word} == "SET")
            follower.send(std::vector<std::string_view>{"SET", "a", "1"});
        else
            follower.send(std::vector<std::string_view>{word});
    }
    CHECK(shown(follower.receive()) == "OK");
    CHECK(shown(follower.receive()).starts_with("(error) MOVED "));
    CHECK(shown(follower.receive()).starts_with("(error) EXECABORT "));
    CHECK(shown(servers.ask({"EXISTS", "a"})) == "(integer) 0");
}

TEST_CASE("e2e: a follower that forwards writes takes a transaction") {
    kv_servers servers{3, {}, {"--forward"}};
    auto follower = servers.connect(servers.follower());
    CHECK(shown(follower.call({"MULTI"})) == "OK");
    CHECK(shown(follower.call({"INCR", "a"})) == "QUEUED");
    CHECK(shown(follower.call({"GET", "a"})) == "QUEUED");
    CHECK(shown(follower.call({"EXEC"})) == "[(integer) 1, 1]");
}

TEST_CASE("e2e: transactions are carried out whole or not at all while leaders are killed") {
    kv_servers servers;
    std::vector<std::string> marks[2];
    {
        adder one{servers.layout(), "one"};
        adder two{servers.layout(), "two"};
        adder three{servers.layout(), "three"};
        for (int round = 0; round < 3; ++round) {
            await_more({&one, &two, &three}, 50);
            const auto victim = servers.leader();
            servers.cluster().kill(victim);
            await_more({&one, &two, &three}, 50);
            servers.cluster().start(victim);
            servers.cluster().await_caught_up(victim);
        }
        for (auto* each : {&one, &two, &three}) {
            each->stop();
            const auto add = [](auto& all, const auto& more) {
                all.insert(all.end(), more.begin(), more.end());
            };
            add(marks[0], each->acknowledged());
            add(marks[1], each->refused());
        }
    }
    const auto held = servers.common_contents();
    for (const auto& mark : marks[0]) {
        CAPTURE(mark);
        CHECK(held.contains(mark + ":a"));
        CHECK(held.contains(mark + ":b"));
    }
    for (const auto& mark : marks[1]) {
        CAPTURE(mark);
        CHECK_FALSE(held.contains(mark + ":a"));
        CHECK_FALSE(held.contains(mark + ":b"));
    }
    // No value was written twice and none was left out: each came of the one before it.
    std::set<std::size_t> values;
    std::size_t pairs = 0;
    for (const auto& [key, value] : held) {
        if (!key.ends_with(":a")) continue;
        ++pairs;
        values.insert(std::stoull(value));
        const auto other = held.find(key.substr(0, key.size() - 1) + "b");
        CHECK((other != held.end() && other->second == value));
    }
    CHECK(held.size() == 2 * pairs + 1);
    CHECK(values.size() == pairs);
    CHECK(std::to_string(pairs) == held.at("n"));
    CHECK(pairs >= marks[0].size());
    MESSAGE(marks[0].size(), " acknowledged, ", marks[1].size(), " refused, ", pairs, " in all");
}
