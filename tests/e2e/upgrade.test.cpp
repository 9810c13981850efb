// SPDX-License-Identifier: BSL-1.0
//
// Goal: a cluster is upgraded server by server to a newer program that has another command, and is
// taken back half way, without a server whose state is another. Method: two programs of one source,
// processes that are killed in between.
#include <cstdint>
#include <string>

#include <doctest/doctest.h>

#include <support/service_servers.hpp>

using support::line_client;
using support::service_servers;

namespace {

/// Whoever leads, each server has all that was acknowledged, which is `value`.
void check_all_have(service_servers& all, const std::string& value) {
    for (const std::uint64_t id : {1U, 2U, 3U}) {
        CAPTURE(id);
        CHECK(all.ask(id, "GET").starts_with("VALUE " + value));
    }
}

bool is_refused(service_servers& all, std::uint64_t id) {
    return line_client{all.port(id)}.ask("MULTIPLY 3").starts_with("REFUSED a member cannot read");
}

}  // namespace

TEST_CASE("upgrade: a newer program's command waits for the last server, and none is other then") {
    service_servers all{RAFT_NUMBER_1_PATH};
    CHECK(all.ask(1, "ADD 5") == "VALUE 5");
    CHECK(all.ask(1, "MULTIPLY 3") == "ADD n | GET | SNAPSHOT");

    std::int64_t value = 5;
    for (const std::uint64_t id : {1U, 2U}) {
        CAPTURE(id);
        all.upgrade(id, RAFT_NUMBER_2_PATH);
        for (const std::uint64_t through : {1U, 2U, 3U})
            CHECK(all.ask(through, "ADD 1") == "VALUE " + std::to_string(++value));
        for (int i = 0; i < 5; ++i) CHECK(is_refused(all, id));
    }
    check_all_have(all, std::to_string(value));

    // The older program reads what the newer has saved.
    CHECK(all.ask(2, "SNAPSHOT") == "OK");
    all.upgrade(2, RAFT_NUMBER_1_PATH);
    CHECK(all.ask(2, "ADD 1") == "VALUE " + std::to_string(++value));
    check_all_have(all, std::to_string(value));
    CHECK(is_refused(all, 1));

    all.upgrade(2, RAFT_NUMBER_2_PATH);
    all.upgrade(3, RAFT_NUMBER_2_PATH);
    value *= 3;
    CHECK(all.ask(3, "MULTIPLY 3") == "VALUE " + std::to_string(value));
    for (const std::uint64_t id : {1U, 2U, 3U})
        CHECK(all.ask(id, "GET") == "VALUE " + std::to_string(value) + " 1");

    // Though a server is down, what the log has is taken on.
    all.kill(1);
    value *= 2;
    CHECK(all.ask(2, "MULTIPLY 2") == "VALUE " + std::to_string(value));
    all.start(1);
    CHECK(all.ask(1, "GET") == "VALUE " + std::to_string(value) + " 2");
}
