// SPDX-License-Identifier: BSL-1.0
//
// What real servers did, saved on a signal and told by raft-replay.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include <support/kv_servers.hpp>

using support::eventually;
using support::kv_servers;
using support::patience;
using support::run_program;
using support::shown;

namespace {

bool says(const support::finished_program& program, std::string_view text) {
    return program.output.find(text) != std::string::npos;
}

/// The recording of a server as it is now.
std::string recording_of(kv_servers& servers, std::uint64_t id) {
    const auto path = servers.cluster().data_path(id) + "/flight-recording";
    std::filesystem::remove(path);
    servers.cluster().process(id).signal(SIGUSR1);
    REQUIRE(eventually(patience, [&] { return std::filesystem::exists(path); }));
    return path;
}

}  // namespace

TEST_CASE("e2e: SIGUSR1 saves what a server did, and raft-replay ends where it was") {
    kv_servers servers;
    for (int i = 0; i < 100; ++i)
        CHECK(shown(servers.ask({"SET", "key", std::to_string(i)})) == "OK");
    const auto leader = servers.leader();
    for (const auto id : {leader, servers.follower(), leader}) {
        const auto file = recording_of(servers, id);
        const auto told = run_program({RAFT_REPLAY_PATH, file, "--states"});
        CAPTURE(told.output);
        CHECK(told.how == raft_kv::outside::ending{});
        CHECK(says(told, ", same state ("));
        CHECK(says(told, "  it starts"));
        CHECK(says(told, id == leader ? "= role candidate -> leader" : "append_entries(term"));
    }
    CHECK(shown(servers.ask({"SET", "key", "after"})) == "OK");
}

TEST_CASE("e2e: raft-replay tells a file that is torn, or none, from a recording") {
    kv_servers servers;
    const auto file = recording_of(servers, 1);
    constexpr raft_kv::outside::ending wrong_usage{.by_signal = false, .number = 2};
    constexpr raft_kv::outside::ending wrong_file{.by_signal = false, .number = 3};
    CHECK(run_program({RAFT_REPLAY_PATH}).how == wrong_usage);
    CHECK(run_program({RAFT_REPLAY_PATH, file, "--from", "x"}).how == wrong_usage);
    CHECK(run_program({RAFT_REPLAY_PATH, "/none/there"}).how == wrong_file);

    const auto brief = run_program({RAFT_REPLAY_PATH, file, "--from", "2", "--to", "3"});
    CHECK_FALSE(says(brief, "\n1  "));
    CHECK(says(brief, "\n2  "));
    CHECK_FALSE(says(brief, "\n4  "));
    CHECK(says(brief, ", same state ("));

    std::filesystem::resize_file(file, std::filesystem::file_size(file) - 1);
    const auto torn = run_program({RAFT_REPLAY_PATH, file});
    CHECK(torn.how == wrong_file);
    CHECK(says(torn, "not as long as it says"));
}
