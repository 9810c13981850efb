// SPDX-License-Identifier: BSL-1.0
//
// Goal: transactions of many clients at once, some of which watch keys, are explained by the order
// of the log, each whole or not there at all, while servers are killed and leadership is handed
// over. Method: what the clients saw is held against a store that carries out one after another;
// histories made by hand show that what is wrong is found.
#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <support/transaction_load.hpp>

using support::history_check;
using support::kv_servers;
using support::seen_transaction;
using support::shown;
using support::store_command;
using support::transaction_load;

namespace {

/// SET k to `value`, having read `watched` there.
seen_transaction writes(const std::string& name, const std::string& value,
                        std::optional<std::string> watched, int at) {
    const std::chrono::steady_clock::time_point start{};
    return {.name = name,
            .watched = {{"k", std::move(watched)}},
            .commands = {{store_command::kind::append, "order", name},
                         {store_command::kind::set, "k", value},
                         {store_command::kind::get, "k"}},
            .what = seen_transaction::fate::done,
            .answers = {"(integer) " + std::to_string(2 * at), "OK", value},
            .sent = start + std::chrono::seconds{2 * at},
            .answered = start + std::chrono::seconds{2 * at + 1}};
}

/// Three, one after another.
std::vector<seen_transaction> good_history() {
    return {writes("a;", "1", std::nullopt, 1), writes("b;", "2", "1", 2),
            writes("c;", "3", "2", 3)};
}

std::string problem_of(const std::vector<seen_transaction>& all, const std::string& order,
                       const std::string& value) {
    return history_check{all}.find_problem({{"order", order}, {"k", value}}).value_or("");
}

}  // namespace

TEST_CASE("transaction histories: a good one is explained and each fault is found") {
    CHECK(problem_of(good_history(), "a;b;c;", "3") == "");
    CHECK(problem_of(good_history(), "a;b;", "2") == "c; was done, and is not there");
    CHECK(problem_of(good_history(), "a;b;c;c;", "3") == "c; is in the log twice");
    CHECK(problem_of(good_history(), "a;b;c;d;", "3") == "d; is in the log, and nobody sent it");
    CHECK(problem_of(good_history(), "a;b;c;", "2") ==
          "what is held at the end comes of no such order");
    CHECK(problem_of(good_history(), "a;c;b;", "2") ==
          "b; was answered before one was sent that is before it in the log");

    auto refused = good_history();
    refused[2].what = seen_transaction::fate::refused;
    CHECK(problem_of(refused, "a;b;c;", "3") == "c; was refused, and is there");
    CHECK(problem_of(refused, "a;b;", "2") == "");
    CHECK(problem_of(refused, "a;b;", "3") == "what is held at the end comes of no such order");
    auto unknown = good_history();
    unknown[2].what = seen_transaction::fate::unknown;
    CHECK(problem_of(unknown, "a;b;c;", "3") == "");
    CHECK(problem_of(unknown, "a;b;", "2") == "");
    CHECK(problem_of(unknown, "a;b;c;", "2") ==
          "what is held at the end comes of no such order");  // Carried out in part.

    auto late_watch = good_history();
    late_watch[2].watched = {{"k", "1"}};
    CHECK(problem_of(late_watch, "a;b;c;", "3") ==
          "c; watched k, which had changed since: it had read 1, and there was 2");
    auto torn = good_history();
    torn[1].answers[2] = "3";
    CHECK(problem_of(torn, "a;b;c;", "3") == "b; was answered 3 in place of 2");
}

TEST_CASE("e2e: transactions are explained by the order of the log while leaders come and go") {
    const auto seed = std::random_device{}();
    MESSAGE("seed ", seed);
    kv_servers servers;
    transaction_load load{servers.layout(), 4, seed};
    for (int round = 0; round < 2; ++round) {
        REQUIRE(load.await_more(100));
        static_cast<void>(servers.connect(servers.leader()).call({"RAFT", "TRANSFER"}));
        REQUIRE(load.await_more(100));
        const auto victim = servers.leader();
        servers.cluster().kill(victim);
        REQUIRE(load.await_more(100));
        servers.cluster().start(victim);
        servers.cluster().await_caught_up(victim);
    }
    const auto all = load.stop();
    history_check check{all};
    const auto problem = check.find_problem(servers.common_contents());
    CHECK_MESSAGE(!problem, problem.value_or(""));
    MESSAGE(all.size(), " sent, ", check.order().size(), " in the log");
}
