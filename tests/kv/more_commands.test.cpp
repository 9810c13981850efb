// SPDX-License-Identifier: BSL-1.0
//
// What programs for Redis send without thinking: the smaller commands on strings, SCAN, and what a
// server tells of itself.
#include <set>
#include <string>

#include <doctest/doctest.h>

#include <support/fake_server.hpp>

using namespace raft_kv;

namespace {

struct answering : one_client {
    std::string answer(std::string_view request) {
        auto text = says(request);
        server.apply();
        server.confirm();
        return text + client.fetched();
    }
};

}  // namespace

TEST_CASE_FIXTURE(answering, "commands: SETNX GETSET GETDEL UNLINK TYPE") {
    CHECK(answer("SETNX a 1\r\n") == ":1\r\n");
    CHECK(answer("SETNX a 2\r\n") == ":0\r\n");
    CHECK(answer("GETSET a 3\r\n") == "$1\r\n1\r\n");
    CHECK(answer("GETSET b 3\r\n") == "$-1\r\n");
    CHECK(answer("TYPE a\r\n") == "+string\r\n");
    CHECK(answer("GETDEL a\r\n") == "$1\r\n3\r\n");
    CHECK(answer("GETDEL a\r\n") == "$-1\r\n");
    CHECK(answer("TYPE a\r\n") == "+none\r\n");
    CHECK(answer("UNLINK a b\r\n") == ":1\r\n");
    CHECK(answer("FLUSHDB ASYNC\r\n") == "+OK\r\n");
    CHECK(answer("FLUSHDB FOO\r\n") == "-ERR syntax error\r\n");
    CHECK(answer("RAFT ONCE 1 1 GETDEL a\r\n").starts_with("-ERR "));
    CHECK(answer("RAFT ONCE 1 1 GETSET a 1\r\n").starts_with("-ERR "));
}

TEST_CASE_FIXTURE(answering, "commands: parts of a value as Redis counts them") {
    CHECK(answer("SET g abcde\r\n") == "+OK\r\n");
    struct part {
        const char* range;
        const char* text;
    };
    for (const auto& each : std::initializer_list<part>{{"0 -1", "abcde"},
                                                        {"-3 -2", "cd"},
                                                        {"-100 -50", "a"},
                                                        {"-100 2", "abc"},
                                                        {"2 -100", ""},
                                                        {"3 1", ""},
                                                        {"10 20", ""},
                                                        {"-1 -100", ""},
                                                        {"1 100", "bcde"},
                                                        {"0 -100", "a"}}) {
        CAPTURE(each.range);
        CHECK(answer("GETRANGE g " + std::string{each.range} + "\r\n") ==
              "$" + std::to_string(std::string{each.text}.size()) + "\r\n" + each.text + "\r\n");
    }
    CHECK(answer("GETRANGE none 0 -1\r\n") == "$0\r\n\r\n");
    CHECK(answer("GETRANGE g x 1\r\n") == "-ERR value is not an integer or out of range\r\n");
    CHECK(answer("SETRANGE g 3 XYZ\r\n") == ":6\r\n");
    CHECK(answer("GET g\r\n") == "$6\r\nabcXYZ\r\n");
    CHECK(answer("SETRANGE h 2 x\r\n") == ":3\r\n");
    CHECK(answer("GET h\r\n") == "$3\r\n" + std::string(2, '\0') + "x\r\n");
    CHECK(answer("SETRANGE none 5 \"\"\r\n") == ":0\r\n");
    CHECK(answer("EXISTS none\r\n") == ":0\r\n");
    CHECK(answer("SETRANGE g -1 x\r\n") == "-ERR offset is out of range\r\n");
    CHECK(answer("SETRANGE g 1048575 x\r\n") == ":1048576\r\n");
    CHECK(answer("SETRANGE g 1048576 x\r\n").starts_with("-ERR string exceeds"));
    CHECK(answer("SETRANGE g 9223372036854775807 x\r\n").starts_with("-ERR string exceeds"));
}

TEST_CASE_FIXTURE(answering, "commands: INCRBYFLOAT is exact") {
    CHECK(answer("INCRBYFLOAT f 0.1\r\n") == "$3\r\n0.1\r\n");
    CHECK(answer("INCRBYFLOAT f 0.2\r\n") == "$3\r\n0.3\r\n");
    CHECK(answer("INCRBYFLOAT f 5.0e3\r\n") == "$6\r\n5000.3\r\n");
    CHECK(answer("INCRBYFLOAT f -5000.3\r\n") == "$1\r\n0\r\n");
    CHECK(answer("INCR f\r\n") == ":1\r\n");
    CHECK(answer("INCRBYFLOAT f nan\r\n") == "-ERR value is not a valid float\r\n");
    CHECK(answer("INCRBYFLOAT f 99999999999999999999\r\n") ==
          "-ERR increment would produce NaN or Infinity\r\n");
    CHECK(answer("SET f x\r\nINCRBYFLOAT f 1\r\n") == "+OK\r\n-ERR value is not a valid float\r\n");
}

TEST_CASE_FIXTURE(answering, "commands: SCAN returns what stays whatever is written meanwhile") {
    std::set<std::string> staying;
    for (int i = 0; i < 500; ++i) {
        staying.insert("stays" + std::to_string(i));
        says("MSET stays" + std::to_string(i) + " 1 goes" + std::to_string(i) + " 1\r\n");
    }
    server.apply();
    client.fetched();
    std::string cursor = "0";
    std::multiset<std::string> found;
    int calls = 0;
    do {
        const auto said = answer("SCAN " + cursor + " MATCH stays* COUNT 20\r\n");
        REQUIRE(said.starts_with("*2\r\n$"));
        const auto words = said.substr(said.find("\r\n", 4) + 2);
        cursor = words.substr(0, words.find('\r'));
        for (std::size_t at = 0; (at = said.find("stays", at)) != std::string::npos; ++at)
            found.insert(said.substr(at, said.find('\r', at) - at));
        answer("DEL goes" + std::to_string(calls) + "\r\nSET new" + std::to_string(calls) +
               " 1\r\n");
        ++calls;
    } while (cursor != "0");
    CHECK(calls > 10);
    CHECK(std::multiset<std::string>(staying.begin(), staying.end()) == found);
    CHECK(answer("SCAN x\r\n") == "-ERR invalid cursor\r\n");
    CHECK(answer("SCAN 99999999\r\n") == "*2\r\n$1\r\n0\r\n*0\r\n");
    CHECK(answer("SCAN 0 COUNT 0\r\n") == "-ERR syntax error\r\n");
    CHECK(answer("SCAN 0 COUNT\r\n") == "-ERR syntax error\r\n");
    CHECK(answer("SCAN 0 TYPE list COUNT 5000\r\n") == "*2\r\n$1\r\n0\r\n*0\r\n");
}

TEST_CASE_FIXTURE(answering, "commands: RANDOMKEY is one of the keys") {
    CHECK(answer("RANDOMKEY\r\n") == "$-1\r\n");
    answer("SET only 1\r\n");
    CHECK(answer("RANDOMKEY\r\n") == "$4\r\nonly\r\n");
}

TEST_CASE_FIXTURE(answering, "commands: ROLE, TIME, WAIT and ACL") {
    CHECK(answer("ROLE\r\n") ==
          "*3\r\n$6\r\nmaster\r\n:10\r\n*1\r\n*3\r\n$3\r\ntwo\r\n$4\r\n6002\r\n"
          "$1\r\n0\r\n");
    server.leader_ = 2;
    CHECK(answer("ROLE\r\n") ==
          "*5\r\n$5\r\nslave\r\n$3\r\ntwo\r\n:6002\r\n$9\r\nconnected\r\n:10\r\n");
    CHECK(answer("TIME\r\n").starts_with("*2\r\n$10\r\n"));
    CHECK(answer("WAIT 1 100\r\n") == ":0\r\n");  // Of one voter, and a learner.
    CHECK(answer("WAIT 1 -1\r\n") == "-ERR timeout is negative\r\n");
    CHECK(answer("ACL WHOAMI\r\n") == "$7\r\ndefault\r\n");
}

TEST_CASE_FIXTURE(answering, "commands: CLIENT, CONFIG and COMMAND") {
    CHECK(answer("CLIENT LIST\r\n") == "$7\r\na line\n\r\n");
    CHECK(answer("CLIENT NO-EVICT on\r\n") == "+OK\r\n");
    CHECK(answer("CLIENT SETNAME bob\r\nCLIENT INFO\r\n")
              .ends_with("id=42 addr= laddr= name=bob db=0 multi=-1 user=default resp=2\n\r\n"));
    CHECK(answer("CONFIG SET save x\r\n").starts_with("-ERR CONFIG SET is refused"));
    CHECK(answer("COMMAND GETKEYS mset a 1 b 2\r\n") == "*2\r\n$1\r\na\r\n$1\r\nb\r\n");
    CHECK(answer("COMMAND GETKEYS time\r\n") == "-ERR The command has no key arguments\r\n");
    CHECK(answer("COMMAND GETKEYS get\r\n").starts_with("-ERR Invalid number of arguments"));
    CHECK(answer("COMMAND GETKEYS nope\r\n") == "-ERR Invalid command specified\r\n");
    CHECK(answer("COMMAND LIST FILTERBY PATTERN gets*\r\n") == "*1\r\n$6\r\ngetset\r\n");
}
