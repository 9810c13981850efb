// SPDX-License-Identifier: BSL-1.0
//
// Goal: what a flight recorder kept is shown as it was, by raft-replay. Method: a server is elected
// and commits an entry, in values; its recording is saved and replayed by the program.
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <raft/battery/flight_recorder.hpp>
#include <raft/core/step.hpp>

namespace {

using namespace raft;
using namespace raft::core;

constexpr member_id s1{1}, s2{2}, s3{3};

struct recorded_server {
    state now = initial_state(s1, settings_of(), nothing(), 7);
    flight::recorder<> recorder{};
    std::int64_t nanoseconds = 0;

    recorded_server() { recorder.on_start(now); }

    template <class Input>
    void give(const Input& in) {
        const instant when{nanoseconds += 1'000'000};
        recorder.on_input(when, in);
        effects out;
        advance(now, in, when, out);
        recorder.on_state(now);
        if (out.write) give(written{out.write->sequence});
    }

    static settings settings_of() {
        settings config;
        config.pre_vote = false;
        return config;
    }
    static recovered_state nothing() {
        recovered_state kept;
        kept.configurations.push_back({{}, voters_only({s1, s2, s3})});
        return kept;
    }
};

std::string read(const std::string& path) {
    std::ifstream file{path};
    return {std::istreambuf_iterator<char>{file}, {}};
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("page: raft-replay shows what a recording has") {
    recorded_server server;
    server.give(started{});
    server.give(timer_fired{timer::election});
    server.give(received{s2, request_vote_reply{.term = {1}, .granted = true}, {}});
    REQUIRE(server.now.is_leader());
    server.give(received{s3, append_entries_reply{.term = {1}, .match_index = {1}}, {}});
    REQUIRE(server.now.commit_index == log_index{1});
    REQUIRE(server.recorder.save(server.now, "page-recording"));
    REQUIRE(std::system(RAFT_REPLAY_PATH " page-recording --html replay.html > replay.out") == 0);
    const auto page = read("replay.html");
    CHECK(has(page, R"("servers":[1],"others":[2,3])"));
    CHECK(has(page, R"(,1,"stood",4,1,1])"));
    CHECK(has(page, R"(,1,"appended",1,1,1])"));
    CHECK(has(page, R"(,1,"committed",1])"));
    CHECK(has(page, R"([2,1,0,"request_vote_reply(term 1, yes)"));
    CHECK(has(page, R"([1,3,0,"request_vote(term 1, last 0/0)"));
    CHECK(has(read("replay.out"), "replayed: "));
}
