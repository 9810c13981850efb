// SPDX-License-Identifier: BSL-1.0
//
// The flags of `raft-kv serve`: good ones, and what is said of others.
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "serve.hpp"
#include <doctest/doctest.h>

using namespace raft_kv;

namespace {

std::variant<serve_flags, std::string> parsed(std::vector<std::string> words) {
    std::vector<char*> pointers;
    for (auto& each : words) pointers.push_back(each.data());
    return parse_serve_flags(pointers);
}

std::string problem_of(std::vector<std::string> words) {
    const auto result = parsed(std::move(words));
    REQUIRE(std::holds_alternative<std::string>(result));
    return std::get<std::string>(result);
}

}  // namespace

TEST_CASE("serve flags: values behind the flag or behind an equals sign") {
    const serve_flags expected{.cluster_file = "c",
                               .id = 2,
                               .directory = "d",
                               .election_timeout_ms = 500,
                               .forward = true};
    const auto both = parsed(
        {"--cluster", "c", "--id=2", "--data", "d", "--forward", "--election-timeout-ms=500"});
    REQUIRE(std::holds_alternative<serve_flags>(both));
    CHECK(std::get<serve_flags>(both) == expected);
    CHECK(std::get<serve_flags>(parsed({"--id", "1", "--help"})).help);
    const auto without =
        parsed({"--recover-damaged-log", "--cluster", "c", "--join", "--id=2", "--data", "d"});
    REQUIRE(std::holds_alternative<serve_flags>(without));
    CHECK(std::get<serve_flags>(without).recover_damaged_log);
    CHECK(std::get<serve_flags>(without).join);
}

TEST_CASE("serve flags: what is wrong or missing is said") {
    CHECK(problem_of({}) == "--cluster is missing");
    CHECK(problem_of({"--cluster", "c"}) == "--id is missing");
    CHECK(problem_of({"--cluster", "c", "--id", "1"}) == "--data is missing");
    CHECK(problem_of({"--cluster"}) == "'' is no value for --cluster");
    CHECK(problem_of({"--id", "-1"}) == "'-1' is no value for --id");
    CHECK(problem_of({"--id", "1x"}) == "'1x' is no value for --id");
    CHECK(problem_of({"--flight-recorder-kib", "7"}) ==
          "'7' is no value for --flight-recorder-kib");
    CHECK(problem_of({"--port", "1"}) == "unknown flag '--port'");
    CHECK(problem_of({"serve"}) == "unknown flag 'serve'");
    CHECK(problem_of({"--cluster=c", "--id=1", "--data=d", "--heartbeat-ms=151"}) ==
          "--heartbeat-ms must be at most half of --election-timeout-ms");
}
