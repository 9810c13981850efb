// SPDX-License-Identifier: BSL-1.0
//
// Goal: the services of examples/services do what they say while a server is killed. Method: three
// processes of each, and clients of lines.
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <support/service_servers.hpp>

using support::line_client;
using support::service_servers;

namespace {

/// The number at the end of "WORD number"; 0 if that is not what it is.
std::uint64_t number_in(const std::string& line, const std::string& word) {
    return line.starts_with(word + " ") ? std::stoull(line.substr(word.size() + 1)) : 0;
}

std::string text(std::uint64_t number) { return std::to_string(number); }

}  // namespace

TEST_CASE("service: a lock is one client's, through a kill, and its tokens rise") {
    service_servers all{RAFT_LOCK_PATH};
    for (const auto* wrong : {"LOCK ann door", "LOCK 99999999999999999999999 door"})
        CHECK(all.ask(1, wrong) == "ERROR a word is missing, or is no number");
    CHECK(all.ask(1, "LOCK").starts_with("OPEN | KEEP client | "));
    const auto ann = number_in(all.ask(1, "OPEN"), "CLIENT");
    const auto bob = number_in(all.ask(2, "OPEN"), "CLIENT");
    REQUIRE(ann != 0);
    REQUIRE(bob > ann);
    const auto first = number_in(all.ask(1, "LOCK " + text(ann) + " door"), "TOKEN");
    REQUIRE(first != 0);
    CHECK(all.ask(2, "LOCK " + text(bob) + " door") == "HELD");
    for (const std::uint64_t killed : {1U, 2U, 3U}) {
        CAPTURE(killed);
        const auto other = killed % 3 + 1;
        all.kill(killed);
        CHECK(all.ask(other, "LOCK " + text(ann) + " door") == "TOKEN " + text(first));
        CHECK(all.ask(other, "LOCK " + text(bob) + " door") == "HELD");
        all.start(killed);
        CHECK(all.ask(killed, "TOKEN door") == "TOKEN " + text(first));
    }
    CHECK(all.ask(3, "UNLOCK " + text(ann) + " door " + text(first)) == "OK");
    CHECK(all.ask(1, "TOKEN door") == "FREE");
    const auto second = number_in(all.ask(2, "LOCK " + text(bob) + " door"), "TOKEN");
    CHECK(second > first);
    CHECK(all.ask(3, "UNLOCK " + text(bob) + " door " + text(first)) == "OK");  // Of before.
    CHECK(all.ask(1, "TOKEN door") == "TOKEN " + text(second));
}

TEST_CASE("service: the lock of a client that says nothing is free though nobody asks for it") {
    service_servers all{RAFT_LOCK_PATH};
    const auto gone = all.ask(1, "OPEN").substr(7);
    const auto first = number_in(all.ask(1, "LOCK " + gone + " door"), "TOKEN");
    REQUIRE(first != 0);
    // Looking writes nothing to the log: it is the leader that sees to it.
    CHECK(raft_kv::outside::eventually(support::service_patience,
                                       [&] { return all.ask(2, "TOKEN door") == "FREE"; }));
    CHECK(all.ask(3, "KEEP " + gone) == "GONE");
    const auto lives = all.ask(1, "OPEN").substr(7);
    CHECK(number_in(all.ask(2, "LOCK " + lives + " door"), "TOKEN") > first);
    CHECK(all.ask(3, "KEEP " + lives) == "OK");
}

TEST_CASE("service: who leads resigns, or goes, and the next leads in a later term") {
    service_servers all{RAFT_ELECTION_PATH};
    const auto ann = all.ask(1, "OPEN").substr(7);
    const auto bob = all.ask(2, "OPEN").substr(7);
    line_client observer{all.port(3)};
    const auto first = number_in(all.ask(1, "CAMPAIGN " + ann + " boss ann"), "LEADS");
    REQUIRE(first != 0);
    CHECK(all.ask(2, "CAMPAIGN " + bob + " boss bob") == "WAITS");
    observer.send("OBSERVE boss");
    CHECK(observer.next() == "LEADER " + text(first) + " ann");
    all.kill(1);
    CHECK(all.ask(2, "RESIGN " + ann + " boss " + text(first)) == "OK");
    const auto second = number_in(all.ask(2, "CAMPAIGN " + bob + " boss bob"), "LEADS");
    CHECK(second > first);
    CHECK(observer.next() == "LEADER " + text(second) + " bob");
    CHECK(all.ask(3, "LEADER") == "ERROR a word is missing, or is no number");
    CHECK(all.ask(3, "LEADER boss") == "LEADER " + text(second) + " bob");
}

TEST_CASE(
    "service: a configuration is set by who saw the last version, and a watch misses nothing") {
    service_servers all{RAFT_CONFIGURATION_PATH};
    line_client watcher{all.port(1)};
    watcher.send("WATCH limits 0");
    const auto first = number_in(all.ask(1, "SET limits/rate 10 IF 0"), "VERSION");
    REQUIRE(first != 0);
    CHECK(all.ask(2, "SET limits/rate 20 IF 0") == "CONFLICT " + text(first));
    CHECK(number_in(all.ask(2, "SET other 1"), "VERSION") > first);
    CHECK(watcher.next() == "EVENT " + text(first) + " limits/rate 10");
    CHECK(all.ask(3, "GET limits/rate") == "VALUE " + text(first) + " 10");

    // The watcher's server dies; what was changed meanwhile is read on from another.
    std::vector<std::uint64_t> versions;
    all.kill(1);
    for (int i = 0; i < 20; ++i)
        versions.push_back(
            number_in(all.ask(2, "SET limits/rate " + std::to_string(i)), "VERSION"));
    CHECK(all.ask(3, "DELETE limits/rate IF " + text(versions.back())).starts_with("VERSION"));
    line_client again{all.port(3)};
    again.send("WATCH limits " + text(first));
    std::uint64_t last = first;
    for (std::string line; line.find(" limits/rate ") != line.npos || last == first;) {
        line = again.next();
        const auto version = number_in(line, "EVENT");
        CHECK(version > last);
        last = version;
        std::erase(versions, version);
        if (line == "EVENT " + text(version) + " limits/rate") break;
    }
    CHECK(versions.empty());
}
