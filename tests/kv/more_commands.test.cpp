// SPDX-License-Identifier: BSL-1.0
//
// What programs for Redis send without thinking: the smaller commands on strings, SCAN, and what a
// server tells of itself.
#include <cstdint>
#include <set>
#include <string>
#include <vector>

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
              .find("\r\nid=42 addr= laddr= fd=-1 name=bob age=0 ") != std::string::npos);
    CHECK(answer("CONFIG SET save x\r\n").starts_with("-ERR CONFIG SET is refused"));
    CHECK(answer("COMMAND GETKEYS mset a 1 b 2\r\n") == "*2\r\n$1\r\na\r\n$1\r\nb\r\n");
    CHECK(answer("COMMAND GETKEYS time\r\n") == "-ERR The command has no key arguments\r\n");
    CHECK(answer("COMMAND GETKEYS get\r\n").starts_with("-ERR Invalid number of arguments"));
    CHECK(answer("COMMAND GETKEYS nope\r\n") == "-ERR Invalid command specified\r\n");
    CHECK(answer("COMMAND LIST FILTERBY PATTERN gets*\r\n") == "*1\r\n$6\r\ngetset\r\n");
}

TEST_CASE_FIXTURE(answering, "commands: MSETNX sets all or nothing and TOUCH counts keys") {
    CHECK(answer("MSETNX a 1 b 2\r\n") == ":1\r\n");
    CHECK(answer("MSETNX c 3 b 4\r\n") == ":0\r\n");
    CHECK(answer("MGET a b c\r\n") == "*3\r\n$1\r\n1\r\n$1\r\n2\r\n$-1\r\n");
    CHECK(answer("MSETNX c 3 c 4\r\n") == ":1\r\n");
    CHECK(answer("GET c\r\n") == "$1\r\n4\r\n");
    CHECK(answer("MSETNX a\r\n").starts_with("-ERR wrong number of arguments"));
    CHECK(answer("MSETNX a 1 b\r\n") == "-ERR wrong number of arguments for 'msetnx' command\r\n");
    CHECK(answer("MULTI\r\nMSETNX d 1 a 2\r\nSET e 1\r\nEXEC\r\n") ==
          "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:0\r\n+OK\r\n");
    CHECK(answer("TOUCH a b none\r\n") == ":2\r\n");
}

TEST_CASE_FIXTURE(answering, "commands: OBJECT and MEMORY tell how a value is kept") {
    CHECK(answer("SET a 12345\r\n") == "+OK\r\n");
    CHECK(answer("OBJECT ENCODING a\r\n") == "$3\r\nraw\r\n");
    CHECK(answer("OBJECT ENCODING none\r\n") == "$-1\r\n");
    CHECK(answer("OBJECT FREQ a\r\n") == "-ERR unknown subcommand 'FREQ'. Try OBJECT HELP.\r\n");
    const auto bytes = std::stoi(answer("MEMORY USAGE a\r\n").substr(1));
    CHECK(bytes > 6);
    CHECK(answer("SET a 1234567\r\n") == "+OK\r\n");
    CHECK(answer("MEMORY USAGE a SAMPLES 0\r\n") == ":" + std::to_string(bytes + 2) + "\r\n");
    CHECK(answer("MEMORY USAGE none\r\n") == "$-1\r\n");
    CHECK(answer("MEMORY USAGE a 5\r\n") == "-ERR syntax error\r\n");
    CHECK(answer("COMMAND GETKEYS MEMORY USAGE a\r\n") == "*1\r\n$1\r\na\r\n");
}

TEST_CASE_FIXTURE(answering, "commands: CLIENT KILL says whom and CLIENT INFO what it does") {
    CHECK(answer("CLIENT KILL ID 7 ADDR h:1 USER default\r\n") == ":1\r\n");
    REQUIRE(server.to_close_.size() == 1);
    CHECK(server.to_close_[0].ids == std::vector<std::uint64_t>{7});
    CHECK(server.to_close_[0].address == "h:1");
    CHECK(server.to_close_[0].user == "default");
    CHECK(server.to_close_[0].but == 42);
    CHECK(answer("CLIENT KILL h:1\r\n") == "+OK\r\n");
    CHECK(answer("CLIENT KILL ID 0\r\n") == "-ERR client-id should be greater than 0\r\n");
    CHECK(answer("CLIENT KILL SKIPME maybe\r\n") == "-ERR syntax error\r\n");
    CHECK(answer("CLIENT KILL ID 7 ADDR\r\n") == "-ERR syntax error\r\n");
    const auto told = answer("READONLY\r\nMULTI\r\nCLIENT INFO\r\nEXEC\r\nCLIENT INFO\r\n");
    CHECK(told.find(" flags=r db=0 sub=0 psub=0 ssub=0 multi=-1 qbuf=0 ") != std::string::npos);
    CHECK(told.find(" events=r cmd=exec user=default ") != std::string::npos);
    CHECK(told.find(" events=r cmd=client|info user=default ") != std::string::npos);
    CHECK(answer("CLIENT KILL ID 42 SKIPME no\r\n") == ":2\r\n");
    CHECK(client.finished());
}

TEST_CASE_FIXTURE(answering, "commands: INFO tells of memory and of replication") {
    const auto told = answer("INFO memory replication\r\n");
    for (const auto* line :
         {"# Memory\r\nused_memory:", "\r\nmaxmemory:0\r\n",
          "# Replication\r\nrole:master\r\nconnected_slaves:1\r\n",
          "slave0:ip=two,port=6002,state=online,offset=0,lag=0\r\n", "master_repl_offset:9\r\n"})
        CHECK(told.find(line) != std::string::npos);
    server.leader_ = 2;
    CHECK(answer("INFO replication\r\n")
              .find("role:slave\r\nmaster_host:two\r\n"
                    "master_port:6002\r\nmaster_link_status:up\r\n") != std::string::npos);
}

TEST_CASE_FIXTURE(answering, "commands: INFO has the lines that redis-cli and monitors read") {
    const auto told = answer("INFO\r\n");
    for (const auto* line :
         {"uptime_in_days:0\r\n", "blocked_clients:0\r\n", "used_memory:", "loading:0\r\n",
          "total_connections_received:0\r\n", "total_commands_processed:0\r\n"}) {
        CAPTURE(line);
        CHECK(told.find(std::string{"\r\n"} + line) != std::string::npos);
    }
    CHECK(answer("CONFIG GET maxmemory*\r\n") ==
          "*4\r\n$9\r\nmaxmemory\r\n$1\r\n0\r\n$16\r\nmaxmemory-policy\r\n$10\r\n"
          "noeviction\r\n");
}

TEST_CASE_FIXTURE(answering, "commands: CLIENT LIST and KILL by type and user as Redis has them") {
    CHECK(answer("CLIENT LIST TYPE normal\r\n") == "$7\r\na line\n\r\n");
    CHECK(answer("CLIENT LIST TYPE replica\r\n") == "$0\r\n\r\n");
    CHECK(answer("CLIENT LIST TYPE foo\r\n") == "-ERR Unknown client type 'foo'\r\n");
    CHECK(answer("CLIENT LIST ID 7 8\r\n") == "$7\r\na line\n\r\n");
    CHECK(answer("CLIENT LIST ID x\r\n") == "-ERR Invalid client ID\r\n");
    CHECK(answer("CLIENT LIST FOO\r\n") == "-ERR syntax error\r\n");
    CHECK(answer("CLIENT KILL TYPE foo\r\n") == "-ERR Unknown client type 'foo'\r\n");
    CHECK(answer("CLIENT KILL USER operator\r\n") == "-ERR No such user 'operator'\r\n");
    server.keys_.operator_password = "secret";
    CHECK(answer("AUTH operator secret\r\nCLIENT KILL USER operator\r\n") == "+OK\r\n:1\r\n");
    CHECK(answer("CLIENT KILL TYPE pubsub SKIPME no\r\n") == ":1\r\n");
    REQUIRE_FALSE(server.to_close_.empty());
    CHECK(server.to_close_.back().of_other_type);
    CHECK_FALSE(client.finished());
    CHECK(answer("CLIENT REPLY FOO\r\n") == "-ERR syntax error\r\n");
    CHECK(answer("MULTI\r\nCLIENT KILL ID 42 SKIPME no\r\nEXEC\r\nPING\r\n") ==
          "+OK\r\n+QUEUED\r\n*1\r\n:2\r\n");
    CHECK(client.finished());
}

TEST_CASE_FIXTURE(answering, "commands: CLIENT INFO tells the memory that a client takes") {
    const auto number = [](const std::string& line, const std::string& field) {
        const auto at = line.find(" " + field + "=");
        REQUIRE(at != line.npos);
        return std::stoul(line.substr(at + field.size() + 2));
    };
    for (const auto* field : {"qbuf", "qbuf-free", "argv-mem", "rbs", "rbp", "obl", "oll"})
        CHECK(number(line_of(client.client()), field) == 0);
    says("MULTI\r\nSET k 12345678\r\n");
    const auto queued = number(line_of(client.client()), "multi-mem");
    CHECK(queued > 8);
    client.receive("DISCARD\r\n*2\r\n$4\r\nECHO\r\n$200000\r\n" + std::string(200'000, 'x') +
                   "\r\n");
    client.pump();
    const auto unfetched = number(line_of(client.client()), "omem");
    CHECK(unfetched > 200'000);
    CHECK(number(line_of(client.client()), "tot-mem") == unfetched);
    for (int i = 0; i < 2; ++i) client.fetched();
    CHECK(number(line_of(client.client()), "omem") < unfetched);
}

TEST_CASE_FIXTURE(answering, "commands: RESET leaves how the client came and how long it is here") {
    client.comes_by_tls();
    server.layout_.tls_port = 6201;
    server.leader_ = 2;
    CHECK(answer("RESET\r\nGET a\r\n") == "+RESET\r\n-MOVED 15495 two:6201\r\n");
    CHECK(answer("CLIENT INFO\r\n").find(" age=0 idle=0 ") != std::string::npos);
}

TEST_CASE_FIXTURE(answering, "commands: what monitors ask is answered by one that notes nothing") {
    CHECK(answer("SLOWLOG GET 10\r\n") == "*0\r\n");
    CHECK(answer("SLOWLOG LEN\r\nSLOWLOG RESET\r\n") == ":0\r\n+OK\r\n");
    CHECK(answer("LATENCY LATEST\r\nLATENCY HISTORY command\r\n") == "*0\r\n*0\r\n");
    CHECK(answer("LATENCY RESET\r\n") == ":0\r\n");
    CHECK(answer("MODULE LIST\r\n") == "*0\r\n");
    CHECK(answer("MODULE LOAD x\r\n") == "-ERR unknown subcommand 'LOAD'. Try MODULE HELP.\r\n");
    CHECK(answer("LATENCY HELP\r\n").starts_with("*9\r\n+LATENCY <subcommand>"));
}

TEST_CASE_FIXTURE(answering, "commands: smaller answers as Redis gives them") {
    CHECK(answer("SELECT x\r\n") == "-ERR value is not an integer or out of range\r\n");
    CHECK(answer("SCAN 18446744073709551615\r\n") == "*2\r\n$1\r\n0\r\n*0\r\n");
    CHECK(answer("SCAN 18446744073709551616\r\n") == "-ERR invalid cursor\r\n");
    CHECK(answer("SET a 1\r\nOBJECT REFCOUNT a\r\nOBJECT REFCOUNT b\r\n") ==
          "+OK\r\n:1\r\n$-1\r\n");
    CHECK(answer("MEMORY USAGE a SAMPLES -1\r\n") == "-ERR syntax error\r\n");
    CHECK(answer("COMMAND LIST FILTERBY MODULE x\r\n") == "*0\r\n");
    CHECK(answer("COMMAND LIST FILTERBY ACLCAT string\r\n") == "*0\r\n");
    CHECK(answer("COMMAND INFO get\r\n").find("*2\r\n+RO\r\n+access\r\n") != std::string::npos);
}

TEST_CASE_FIXTURE(answering, "commands: COMMAND tells where keys are and what a subcommand takes") {
    CHECK(
        answer("COMMAND INFO mset\r\n") ==
        "*1\r\n*10\r\n$4\r\nmset\r\n:-3\r\n*2\r\n+write\r\n+denyoom\r\n:1\r\n:-1\r\n:2\r\n*0\r\n"
        "*0\r\n*1\r\n*6\r\n$5\r\nflags\r\n*2\r\n+RW\r\n+update\r\n$12\r\nbegin_search\r\n*4\r\n"
        "$4\r\ntype\r\n$5\r\nindex\r\n$4\r\nspec\r\n*2\r\n$5\r\nindex\r\n:1\r\n$9\r\nfind_keys\r\n"
        "*4\r\n$4\r\ntype\r\n$5\r\nrange\r\n$4\r\nspec\r\n*6\r\n$7\r\nlastkey\r\n:-1\r\n"
        "$7\r\nkeystep\r\n:2\r\n$5\r\nlimit\r\n:0\r\n*0\r\n");
    CHECK(answer("COMMAND INFO object\r\n").find("$15\r\nobject|encoding\r\n:3\r\n") !=
          std::string::npos);
}

TEST_CASE_FIXTURE(answering, "commands: RENAME and RENAMENX as Redis answers them") {
    CHECK(answer("SET a 1 EX 100\r\n") == "+OK\r\n");
    CHECK(answer("RENAME a b\r\n") == "+OK\r\n");
    CHECK(answer("PTTL b\r\n") == ":100000\r\n");
    CHECK(answer("EXISTS a\r\n") == ":0\r\n");
    CHECK(answer("RENAME none x\r\n") == "-ERR no such key\r\n");
    CHECK(answer("RENAME b b\r\n") == "+OK\r\n");
    CHECK(answer("RENAME none none\r\n") == "-ERR no such key\r\n");
    CHECK(answer("SET c 1 EX 5\r\n") == "+OK\r\n");
    CHECK(answer("RENAME b c\r\n") == "+OK\r\n");
    CHECK(answer("PTTL c\r\n") == ":100000\r\n");
    CHECK(answer("SET d 1\r\n") == "+OK\r\n");
    CHECK(answer("RENAMENX c d\r\n") == ":0\r\n");
    CHECK(answer("RENAMENX c c\r\n") == ":0\r\n");
    CHECK(answer("RENAMENX none d\r\n") == "-ERR no such key\r\n");
    CHECK(answer("RENAMENX none none\r\n") == "-ERR no such key\r\n");
    CHECK(answer("RENAMENX c e\r\n") == ":1\r\n");
    CHECK(answer("PTTL e\r\n") == ":100000\r\n");
    CHECK(answer("RENAME d e\r\n") == "+OK\r\n");
    CHECK(answer("PTTL e\r\n") == ":-1\r\n");
    CHECK(answer("DBSIZE\r\n") == ":1\r\n");
    CHECK(answer("RENAME a\r\n") == "-ERR wrong number of arguments for 'rename' command\r\n");
}

TEST_CASE_FIXTURE(answering, "commands: COPY as Redis answers it") {
    const std::string_view same = "-ERR source and destination objects are the same\r\n";
    const std::string_view elsewhere =
        "-ERR Copying to another database is not allowed in cluster mode\r\n";
    CHECK(answer("SET a 1 EX 100\r\n") == "+OK\r\n");
    CHECK(answer("COPY a b\r\n") == ":1\r\n");
    CHECK(answer("PTTL b\r\n") == ":100000\r\n");
    CHECK(answer("PTTL a\r\n") == ":100000\r\n");
    CHECK(answer("COPY a b\r\n") == ":0\r\n");
    CHECK(answer("COPY a b REPLACE\r\n") == ":1\r\n");
    CHECK(answer("COPY a a\r\n") == same);
    CHECK(answer("COPY none none\r\n") == same);
    CHECK(answer("COPY none b REPLACE\r\n") == ":0\r\n");
    CHECK(answer("EXISTS b\r\n") == ":1\r\n");
    CHECK(answer("COPY a c DB 0\r\n") == ":1\r\n");
    CHECK(answer("COPY a c db 0 replace DB 0\r\n") == ":1\r\n");
    CHECK(answer("COPY a c DB 1\r\n") == elsewhere);
    CHECK(answer("COPY a a DB 1\r\n") == elsewhere);
    CHECK(answer("COPY a c DB x\r\n") == "-ERR value is not an integer or out of range\r\n");
    CHECK(answer("COPY a c DB\r\n") == "-ERR syntax error\r\n");
    CHECK(answer("COPY a c FOO\r\n") == "-ERR syntax error\r\n");
    CHECK(answer("COPY a\r\n") == "-ERR wrong number of arguments for 'copy' command\r\n");
    CHECK(answer("DBSIZE\r\n") == ":3\r\n");
    const auto long_key = std::string(limits::key_bytes_max + 1, 'k');
    CHECK(answer("*3\r\n$4\r\nCOPY\r\n$1\r\na\r\n$65537\r\n" + long_key + "\r\n")
              .starts_with("-ERR key exceeds"));
}

TEST_CASE_FIXTURE(answering, "commands: a renamed key is one entry and no value of its own") {
    CHECK(answer("SET a 1\r\n") == "+OK\r\n");
    const auto before = server.applied_;
    says("RENAME a b\r\n");
    CHECK(server.batch_.size() < 16);
    server.apply();
    CHECK(client.fetched() == "+OK\r\n");
    CHECK(server.applied_ == next(before));
    kv other;
    std::string batch;
    batch_writer{batch}.set("b", "1");
    static_cast<void>(other.apply(raft::log_index{2}, batch));
    CHECK(server.store_.keys().all().digest() == other.keys().all().digest());
    CHECK(answer("WATCH b\r\n") == "+OK\r\n");
    CHECK(answer("RENAME b c\r\n") == "+OK\r\n");
    CHECK(answer("MULTI\r\nGET c\r\nEXEC\r\n").ends_with("*-1\r\n"));
}
