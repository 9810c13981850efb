// SPDX-License-Identifier: BSL-1.0
//
// The two versions of the protocol: HELLO, and what each type of reply looks like.
#include <string>

#include <doctest/doctest.h>

#include <support/fake_server.hpp>

using namespace raft_kv;

namespace {

std::string greeting(std::string_view head, std::string_view version, std::string_view role) {
    return std::string{head} + "\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n" +
           std::string{redis_version} + "\r\n$5\r\nproto\r\n:" + std::string{version} +
           "\r\n$2\r\nid\r\n:42\r\n$4\r\nmode\r\n$7\r\ncluster\r\n$4\r\nrole\r\n" +
           std::string{role} + "\r\n$7\r\nmodules\r\n*0\r\n";
}

const auto greeting_2 = greeting("*14", "2", "$6\r\nmaster");
const auto greeting_3 = greeting("%7", "3", "$6\r\nmaster");

}  // namespace

TEST_CASE_FIXTURE(one_client, "resp3: HELLO agrees on a version and answers what Redis answers") {
    CHECK(says("HELLO\r\n") == greeting_2);
    CHECK(says("HELLO 3\r\n") == greeting_3);
    CHECK(says("HELLO\r\n") == greeting_3);
    CHECK(says("HELLO 2\r\n") == greeting_2);
    CHECK(says("HELLO 3 AUTH default any SETNAME bob\r\n") == greeting_3);
    CHECK(says("CLIENT GETNAME\r\n") == "$3\r\nbob\r\n");
    server.leader_ = 2;
    CHECK(says("HELLO 3\r\n") == greeting("%7", "3", "$7\r\nreplica"));
}

TEST_CASE_FIXTURE(one_client, "resp3: of a HELLO that is wrong nothing counts") {
    CHECK(says("HELLO 4\r\n") == "-NOPROTO unsupported protocol version\r\n");
    CHECK(says("HELLO 1\r\n") == "-NOPROTO unsupported protocol version\r\n");
    CHECK(says("HELLO x\r\n") == "-ERR Protocol version is not an integer or out of range\r\n");
    CHECK(says("HELLO 3 SETNAME\r\n") == "-ERR Syntax error in HELLO option 'SETNAME'\r\n");
    CHECK(says("HELLO 3 SETNAME bob FOO\r\n") == "-ERR Syntax error in HELLO option 'FOO'\r\n");
    CHECK(says("HELLO 3 AUTH default\r\n") == "-ERR Syntax error in HELLO option 'AUTH'\r\n");
    CHECK(says("HELLO 3 SETNAME \"a b\"\r\n").starts_with("-ERR Client names cannot"));
    CHECK(says("HELLO 3 SETNAME bob AUTH joe x\r\n").starts_with("-WRONGPASS "));
    CHECK(says("CLIENT GETNAME\r\n") == "$-1\r\n");
}

TEST_CASE_FIXTURE(one_client, "resp3: there is one user who needs no password") {
    CHECK(says("AUTH default any\r\n") == "+OK\r\n");
    CHECK(says("AUTH joe any\r\n").starts_with("-WRONGPASS "));
    CHECK(says("AUTH any\r\n").starts_with("-ERR AUTH <password> called without any password"));
    CHECK(says("AUTH a b c\r\n") == "-ERR syntax error\r\n");
}

TEST_CASE_FIXTURE(one_client, "resp3: maps, sets and nulls only on a connection that asked") {
    CHECK(says("CONFIG GET save\r\n").starts_with("*2\r\n"));
    CHECK(says("COMMAND INFO none\r\n") == "*1\r\n$-1\r\n");
    says("HELLO 3\r\n");
    CHECK(says("CONFIG GET save\r\n") == "%1\r\n$4\r\nsave\r\n$0\r\n\r\n");
    CHECK(says("CONFIG GET none\r\n") == "%0\r\n");
    CHECK(says("COMMAND INFO none\r\n") == "*1\r\n_\r\n");
    CHECK(says("COMMAND INFO get\r\n").starts_with("*1\r\n*10\r\n$3\r\nget\r\n:2\r\n~2\r\n+"));
    CHECK(says("COMMAND DOCS get\r\n").starts_with("%1\r\n$3\r\nget\r\n%3\r\n"));
    CHECK(says("RAFT STATUS\r\n").starts_with("%22\r\n"));
    CHECK(says("CLIENT GETNAME\r\n") == "_\r\n");
    fake_client other{server};
    CHECK(other.says("CLIENT GETNAME\r\n") == "$-1\r\n");
    CHECK(says("RESET\r\nCLIENT GETNAME\r\n") == "+RESET\r\n$-1\r\n");
}

TEST_CASE_FIXTURE(one_client, "resp3: a reply is in the version of when it was asked for") {
    CHECK(says("SET a 1 XX\r\nHELLO 3\r\nSET b 2 XX\r\nGET c\r\nMGET c d\r\n").empty());
    server.apply();
    server.confirm();
    CHECK(client.fetched() == "$-1\r\n" + greeting_3 + "_\r\n_\r\n*2\r\n_\r\n_\r\n");
    CHECK(says("GET c\r\nHELLO 2\r\n").empty());
    server.confirm();
    CHECK(client.fetched() == "_\r\n" + greeting_2);
}
