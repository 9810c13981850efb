// SPDX-License-Identifier: BSL-1.0
//
// A client's requests and their replies, without a network or a cluster: what the server would do
// with writes and reads, the test does when it likes.
#include "session.hpp"

#include <string>

#include <doctest/doctest.h>

#include <support/fake_server.hpp>

using namespace raft_kv;

TEST_CASE_FIXTURE(one_client, "session: what the server answers by itself") {
    CHECK(says("PING\r\n") == "+PONG\r\n");
    CHECK(says("ping hello\r\nECHO x\r\n") == "$5\r\nhello\r\n$1\r\nx\r\n");
    CHECK(says("SELECT 0\r\n") == "+OK\r\n");
    CHECK(says("SELECT 1\r\n") == "-ERR SELECT is not allowed in cluster mode\r\n");
    CHECK(says("HELLO 2 SETNAME bob\r\n").starts_with("*14\r\n"));
    CHECK(says("CLIENT GETNAME\r\n") == "$3\r\nbob\r\n");
    CHECK(says("RESET\r\nCLIENT GETNAME\r\n") == "+RESET\r\n$-1\r\n");
    CHECK(says("CLIENT ID\r\n") == ":42\r\n");
    CHECK(says("CONFIG GET save\r\n") == "*2\r\n$4\r\nsave\r\n$0\r\n\r\n");
    CHECK(says("CONFIG GET nothing\r\n") == "*0\r\n");
    CHECK(says("COMMAND COUNT\r\n") == ":" + std::to_string(all_commands().size()) + "\r\n");
    const auto told = says("COMMAND INFO get none\r\n");
    CHECK(told.starts_with(
        "*2\r\n*10\r\n$3\r\nget\r\n:2\r\n*2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n"));
    CHECK(told.ends_with("*0\r\n$-1\r\n"));
    CHECK(says("COMMAND DOCS none\r\n") == "*0\r\n");
    CHECK(says("CLUSTER KEYSLOT foo\r\n") == ":12182\r\n");
    CHECK(says("INFO keyspace\r\n") == "$12\r\n# Keyspace\r\n\r\n");
}

TEST_CASE_FIXTURE(one_client, "session: errors in the words of Redis") {
    CHECK(says("GET\r\n") == "-ERR wrong number of arguments for 'get' command\r\n");
    CHECK(says("MSET a 1 b\r\n") == "-ERR wrong number of arguments for 'mset' command\r\n");
    CHECK(says("nope a b\r\n") ==
          "-ERR unknown command 'nope', with args beginning with: 'a' 'b' \r\n");
    CHECK(says("*1\r\n$6\r\na\r\n-b\n\r\n") ==
          "-ERR unknown command 'a  -b ', with args beginning with: \r\n");
    CHECK(says("INCRBY a x\r\n") == "-ERR value is not an integer or out of range\r\n");
    CHECK(says("DECRBY a -9223372036854775808\r\n") == "-ERR decrement would overflow\r\n");
    CHECK(says("SET a 1 EX\r\n").starts_with("-ERR syntax error"));
    CHECK(says("SET a 1 NX XX\r\n") == "-ERR syntax error\r\n");
    CHECK(says("CLIENT nope\r\n") == "-ERR unknown subcommand 'nope'. Try CLIENT HELP.\r\n");
    CHECK(says("GET " + std::string(1, '"') + "\r\n").starts_with("-ERR Protocol error: "));
    CHECK(client.finished());
    CHECK(says("PING\r\n").empty());
}

TEST_CASE_FIXTURE(one_client,
                  "session: sizes beyond the limits are said, and the connection lives on") {
    const auto set = [](std::size_t key, std::size_t value) {
        return "*3\r\n$3\r\nSET\r\n$" + std::to_string(key) + "\r\n" + std::string(key, 'k') +
               "\r\n$" + std::to_string(value) + "\r\n" + std::string(value, 'v') + "\r\n";
    };
    CHECK(says(set(limits::key_bytes_max + 1, 1)).starts_with("-ERR key exceeds"));
    CHECK(says(set(1, limits::value_bytes_max + 1)).starts_with("-ERR string exceeds"));
    CHECK(says(set(limits::key_bytes_max, limits::value_bytes_max)).empty());
    server.apply();
    CHECK(client.fetched() == "+OK\r\n");
    CHECK(says(set(limits::request_bytes_max, 1)).starts_with("-ERR Protocol error: "));
    CHECK(client.finished());
}

TEST_CASE_FIXTURE(one_client,
                  "session: writes wait for their results, and replies keep their order") {
    CHECK(says("SET a 1\r\nPING\r\nINCR a\r\nGET a\r\nECHO end\r\n").empty());
    CHECK(server.writers_.size() == 2);
    server.confirm();  // The read's round is confirmed, but the writes before it are not applied.
    CHECK(client.fetched().empty());
    server.apply();
    CHECK(client.fetched() == "+OK\r\n+PONG\r\n:2\r\n$1\r\n2\r\n$3\r\nend\r\n");
}

TEST_CASE_FIXTURE(one_client, "session: a read sees no write that the client sent after it") {
    CHECK(says("GET a\r\nMGET a b\r\nSET a 1\r\nGET a\r\nSET a 2\r\n").empty());
    CHECK(server.writers_.empty());
    CHECK_FALSE(client.wants_input());
    server.confirm();
    CHECK(client.fetched() == "$-1\r\n*2\r\n$-1\r\n$-1\r\n");
    CHECK(server.writers_.size() == 1);
    server.apply();
    CHECK(client.fetched() == "+OK\r\n");
    CHECK(server.writers_.empty());
    server.confirm();
    CHECK(client.fetched() == "$1\r\n1\r\n");
    server.apply();
    CHECK(client.fetched() == "+OK\r\n");
    CHECK(client.wants_input());
}

TEST_CASE_FIXTURE(one_client, "session: what came before the client's last byte is answered") {
    CHECK(says("GET a\r\nSET a 1\r\nGET a\r\nSET b").empty());
    client.end_of_input();
    CHECK_FALSE(client.wants_input());
    CHECK_FALSE(client.finished());
    server.confirm();
    server.apply();
    server.confirm();
    CHECK(client.fetched() == "$-1\r\n+OK\r\n$1\r\n1\r\n");
    CHECK(client.finished());
}

TEST_CASE_FIXTURE(one_client, "session: every read and write command answers what it should") {
    const auto answer = [&](std::string_view request) {
        says(request);
        client.flush();
        server.apply();
        server.confirm();
        return client.fetched();
    };
    CHECK(answer("MSET a 1 b 2 c x\r\n") == "+OK\r\n");
    CHECK(answer("MGET a none c\r\n") == "*3\r\n$1\r\n1\r\n$-1\r\n$1\r\nx\r\n");
    CHECK(answer("EXISTS a a none\r\n") == ":2\r\n");
    CHECK(answer("INCRBY a 9\r\n") == ":10\r\n");
    CHECK(answer("DECR a\r\n") == ":9\r\n");
    CHECK(answer("INCR c\r\n") == "-ERR value is not an integer or out of range\r\n");
    CHECK(answer("APPEND a 0\r\n") == ":2\r\n");
    CHECK(answer("STRLEN a\r\n") == ":2\r\n");
    CHECK(answer("CAS a 90 7\r\n") == ":1\r\n");
    CHECK(answer("CAS a 90 8\r\n") == ":0\r\n");
    CHECK(answer("SET a 1 XX GET\r\n") == "$1\r\n7\r\n");
    CHECK(answer("SET a 2 NX\r\n") == "$-1\r\n");
    CHECK(answer("KEYS [ab]\r\n").starts_with("*2\r\n$1\r\n"));
    CHECK(answer("DBSIZE\r\n") == ":3\r\n");
    CHECK(answer("DEL a b none\r\n") == ":2\r\n");
    CHECK(answer("FLUSHALL\r\n") == "+OK\r\n");
    CHECK(answer("DBSIZE\r\n") == ":0\r\n");
    CHECK(answer("SET n 9223372036854775807\r\n") == "+OK\r\n");
    CHECK(answer("INCR n\r\n") == "-ERR increment or decrement would overflow\r\n");
}

TEST_CASE_FIXTURE(one_client,
                  "session: a follower redirects to the leader, or says that there is none") {
    server.leader_ = 2;
    CHECK(says("GET foo\r\n") == "-MOVED 12182 two:6002\r\n");
    CHECK(says("SET foo 1\r\n") == "-MOVED 12182 two:6002\r\n");
    CHECK(says("DBSIZE\r\n") == "-MOVED 0 two:6002\r\n");
    CHECK(says("PING\r\n") == "+PONG\r\n");
    CHECK(says("READONLY\r\nRAFT READS stale\r\nGET foo\r\nDBSIZE\r\n") ==
          "+OK\r\n+OK\r\n$-1\r\n:0\r\n");
    CHECK(says("SET foo 1\r\n") == "-MOVED 12182 two:6002\r\n");
    CHECK(says("READWRITE\r\nGET foo\r\n") == "+OK\r\n-MOVED 12182 two:6002\r\n");
    server.leader_ = std::nullopt;
    CHECK(says("GET foo\r\n").starts_with("-CLUSTERDOWN "));
}

TEST_CASE_FIXTURE(one_client,
                  "session: leadership lost under way is said for each request in its turn") {
    CHECK(says("SET foo 1\r\nSET bar 2\r\nSET x 3\r\nGET foo\r\nPING\r\n").empty());
    const raft::refusal moved{raft::refusal_reason::not_leader, raft::member_id{2}};
    client.write_refused(server.writers_[1].second, moved);
    client.reads_refused(server.round_, moved);
    client.write_failed(server.writers_[2].second, "LOST it");
    client.pump();
    CHECK(client.fetched().empty());
    client.write_failed(server.writers_[0].second, "UNKNOWN it");
    client.write_failed(server.writers_[0].second, "UNKNOWN it");
    client.pump();
    CHECK(client.fetched() ==
          "-UNKNOWN it\r\n-MOVED 5061 two:6002\r\n-LOST it\r\n-MOVED 12182 two:6002\r\n+PONG\r\n");
    server.overloaded_ = true;
    CHECK(says("SET foo 1\r\n").starts_with("-TRYAGAIN "));
}

TEST_CASE_FIXTURE(one_client, "session: it reads no more while too much is under way") {
    std::string many;
    for (std::size_t i = 0; i < limits::pending_requests_max + 10; ++i) many += "INCR n\r\n";
    CHECK(says(many).empty());
    CHECK(server.writers_.size() == limits::pending_requests_max);
    CHECK_FALSE(client.wants_input());
    server.apply();
    CHECK(server.writers_.size() == 10);
    CHECK(client.wants_input());
}

TEST_CASE_FIXTURE(one_client, "session: a client that fetches nothing stops being served") {
    const auto value = std::string(limits::value_bytes_max / 2, 'v');
    says("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$" + std::to_string(value.size()) + "\r\n" + value +
         "\r\n");
    server.apply();
    CHECK(client.fetched() == "+OK\r\n");
    std::string gets;
    for (int i = 0; i < 200; ++i) gets += "GET k\r\n";
    client.receive(gets);
    client.pump();
    server.confirm();
    std::size_t fetched = 0;
    for (int i = 0; i < 200; ++i) {
        const auto bytes = client.begin_sending().size();
        CHECK(bytes <= limits::output_bytes_soft + value.size() + 100);
        CHECK_FALSE(client.overflowed());
        fetched += bytes;
        client.sent();
        client.pump();
        server.confirm();
    }
    CHECK(fetched == 200 * (value.size() + std::string("$524288\r\n\r\n").size()));
}

TEST_CASE_FIXTURE(one_client, "session: a reply larger than any may be is an error") {
    const auto value = std::string(limits::value_bytes_max, 'v');
    says("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$" + std::to_string(value.size()) + "\r\n" + value +
         "\r\n");
    server.apply();
    client.fetched();
    std::string request = "MGET";
    for (int i = 0; i < 100; ++i) request += " k";
    says(request + "\r\n");
    server.confirm();
    CHECK(client.fetched().starts_with("-ERR the reply would be longer"));
}

TEST_CASE_FIXTURE(one_client,
                  "session: QUIT and the end of input let what came before be answered") {
    CHECK(says("INCR a\r\nQUIT\r\nINCR a\r\n").empty());
    CHECK_FALSE(client.finished());
    CHECK(server.writers_.size() == 1);
    server.apply();
    CHECK(client.finished());
    CHECK(client.fetched() == ":1\r\n+OK\r\n");
}

TEST_CASE_FIXTURE(one_client, "session: RAFT STATUS tells the server's part") {
    CHECK(
        says("RAFT STATUS\r\n") ==
        "*44\r\n$2\r\nid\r\n$1\r\n1\r\n$4\r\nrole\r\n$6\r\nleader\r\n$4\r\nterm\r\n:7\r\n"
        "$6\r\nleader\r\n$1\r\n1\r\n$6\r\ncommit\r\n:9\r\n$7\r\napplied\r\n:8\r\n"
        "$4\r\nlast\r\n:10\r\n$8\r\nsnapshot\r\n:0\r\n$7\r\nmembers\r\n*2\r\n"
        "*9\r\n$1\r\n1\r\n$8\r\none:6001\r\n:10\r\n$5\r\nvoter\r\n$7\r\nstaying\r\n:0\r\n:7\r\n"
        "$-1\r\n$-1\r\n"
        "*9\r\n$1\r\n2\r\n$8\r\ntwo:6002\r\n$-1\r\n$7\r\nlearner\r\n$7\r\nleaving\r\n$-1\r\n$-1\r\n"
        "$-1\r\n$-1\r\n"
        "$13\r\nconfiguration\r\n:3\r\n$8\r\nchanging\r\n:0\r\n$5\r\nlease\r\n$3\r\noff\r\n"
        "$12\r\nlost-through\r\n:0\r\n$10\r\nlacks-from\r\n:0\r\n$10\r\nremoved-at\r\n:0\r\n"
        "$13\r\nstate-differs\r\n:0\r\n"
        "$15\r\nversion-too-old\r\n:0\r\n$13\r\ndifference-at\r\n:0\r\n"
        "$13\r\ndifference-of\r\n*0\r\n"
        "$7\r\nhistory\r\n$16\r\n0000000000000005\r\n"
        "$11\r\npeers-prove\r\n$7\r\nnothing\r\n$13\r\npeers-refused\r\n:0\r\n");
    CHECK(says("RAFT SNAPSHOT\r\n").starts_with("-ERR nothing was applied"));
    CHECK(says("RAFT\r\n") == "-ERR wrong number of arguments for 'raft' command\r\n");
}

TEST_CASE_FIXTURE(one_client, "session: what is asked of the cluster is answered in its turn") {
    CHECK(
        says("RAFT ADD 4.2 four 7004 6004 witness\r\nPING\r\nraft change 1 2:learner\r\n").empty());
    REQUIRE(server.requests_.size() == 2);
    const auto& [first, added] = server.requests_[0];
    CHECK(std::get<add_server>(added).address.id == 0x1'0000'0004);
    CHECK(std::get<add_server>(added).part == raft::member_part::witness);
    const auto& [second, changed] = server.requests_[1];
    CHECK(std::get<change_members>(changed).members.back() ==
          raft::member{{2}, raft::member_part::learner});
    client.request_done(second, "BUSY it is");
    client.pump();
    CHECK(client.fetched().empty());
    client.request_done(first, "");
    client.request_done(first, "ERR twice");
    client.pump();
    CHECK(client.fetched() == "+OK\r\n+PONG\r\n-BUSY it is\r\n");
}

TEST_CASE_FIXTURE(one_client, "session: a server may have a port for TLS") {
    CHECK(says("RAFT ADD 4 four 7004 6004 5004 learner\r\nRAFT ANNOUNCE 4 four 1 2 3\r\n").empty());
    REQUIRE(server.requests_.size() == 2);
    const auto& added = std::get<add_server>(server.requests_[0].second);
    CHECK(added.address == server_address{4, "four", 7004, 6004, 5004});
    CHECK(added.part == raft::member_part::learner);
    CHECK(std::get<announce_server>(server.requests_[1].second).address.tls_port == 3);
}

TEST_CASE_FIXTURE(one_client, "session: words that cannot be a membership are refused at once") {
    for (const auto* request : {"RAFT ADD x four 7004 6004",
                                "RAFT ADD 4 four 0 6004",
                                "RAFT ADD 4 four 1 1",
                                "RAFT ADD 4 four 1 2 KING",
                                "RAFT ADD 4 four",
                                "RAFT ADD 4 four 1 2 VOTER more",
                                "RAFT ADD 4 four 1 2 2",
                                "RAFT ADD 4 four 1 2 3 KING",
                                "RAFT ANNOUNCE 4 four 1 2 VOTER",
                                "RAFT ANNOUNCE 4 four 1 2 3 4",
                                "RAFT REMOVE 0",
                                "RAFT PROMOTE 1:voter",
                                "RAFT CHANGE 1:x",
                                "RAFT CHANGE",
                                "RAFT TRANSFER 1 2",
                                "RAFT STEPDOWN now",
                                "RAFT LEASE maybe",
                                "RAFT LEASE on",
                                "RAFT READS stale -1",
                                "RAFT READS lease 1",
                                "RAFT READS",
                                "RAFT ONCE 1 1",
                                "RAFT ONCE 1 1 GET k",
                                "RAFT ONCE 0 1 INCR k",
                                "RAFT ONCE 1 x INCR k",
                                "RAFT ONCE 1 1 INCR",
                                "RAFT ONCE 1 1 SET k v GET",
                                "RAFT ONCE 1 1 RAFT SESSION"}) {
        CAPTURE(request);
        CHECK(says(std::string{request} + "\r\n").starts_with("-ERR "));
    }
    CHECK(server.requests_.empty());
    CHECK(server.writers_.empty());
}

TEST_CASE_FIXTURE(one_client,
                  "session: how reads are asked for changes between reads, not under them") {
    using raft::read_consistency;
    server.leader_ = 2;
    CHECK(says("READONLY\r\nGET a\r\nRAFT READS stale 50\r\nGET b\r\n") == "+OK\r\n");
    CHECK(server.wanted_.consistency == read_consistency::linearizable);
    server.confirm();
    CHECK(client.fetched() == "$-1\r\n+OK\r\n");
    CHECK(server.wanted_.consistency == read_consistency::stale);
    CHECK(server.wanted_.bound == raft::milliseconds(50));
    server.confirm();
    CHECK(client.fetched() == "$-1\r\n");
    CHECK(says("RESET\r\nGET a\r\n").starts_with("+RESET\r\n-MOVED "));
}

TEST_CASE_FIXTURE(one_client, "session: a write of a session is a write") {
    CHECK(says("RAFT SESSION\r\n").empty());
    server.apply();
    const auto answer = client.fetched();
    REQUIRE(answer.starts_with(":"));
    const auto once = "RAFT ONCE " + answer.substr(1, answer.find('\r') - 1) + " 1 INCR n\r\n";
    for (int i = 0; i < 3; ++i) {
        CHECK(says(once).empty());
        server.apply();
        CHECK(client.fetched() == ":1\r\n");
    }
}

TEST_CASE_FIXTURE(one_client, "F18 a request of HTTP ends the connection before its body is read") {
    for (const std::string head : {"POST / HTTP/1.1\r\nHost: x\r\n\r\n", "Host: x\r\n",
                                   "hOST: x\r\n", "*1\r\n$4\r\nPOST\r\n"}) {
        CAPTURE(head);
        fake_client page{server};
        CHECK(page.says(head + "SET pwned 1\r\nPING\r\n").empty());
        CHECK(server.writers_.empty());
        CHECK(page.was_http());
        CHECK(page.finished());
        CHECK_FALSE(page.wants_input());
    }
    fake_client page{server};
    CHECK(page.says("GET / HTTP/1.1\r\nHost: x\r\n\r\nSET pwned 1\r\n") ==
          "-ERR wrong number of arguments for 'get' command\r\n");
    CHECK(server.writers_.empty());
    CHECK_FALSE(client.was_http());
}

TEST_CASE_FIXTURE(one_client, "F20 who comes when all places are taken may ask about the cluster") {
    client.limit_to_operators();
    CHECK(says("PING\r\n") == "+PONG\r\n");
    CHECK(says("RAFT STATUS\r\n").starts_with("*"));
    CHECK(says("RAFT ADDRESS\r\n").starts_with("$"));
    CHECK(says("CLUSTER INFO\r\n").starts_with("$"));
    CHECK(says("RAFT REMOVE 2\r\n").empty());
    CHECK(server.requests_.size() == 1);
    client.request_done(server.requests_.front().first, "");
    client.pump();
    CHECK(client.fetched() == "+OK\r\n");
    for (const auto* request :
         {"GET k", "SET k v", "DBSIZE", "RAFT SESSION", "RAFT ONCE 1 1 DEL k"}) {
        CAPTURE(request);
        fake_client refused{server};
        refused.limit_to_operators();
        CHECK(refused.says(std::string{request} + "\r\nPING\r\n")
                  .starts_with("-ERR max number of clients reached"));
        CHECK(refused.finished());
    }
    CHECK(server.writers_.empty());
    client.take_as_client();
    CHECK(says("SET k v\r\n").empty());
    CHECK(server.writers_.size() == 1);
}

TEST_CASE_FIXTURE(one_client, "F19 replies that were fetched keep no memory") {
    const auto value = std::string(limits::value_bytes_max, 'v');
    says("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$" + std::to_string(value.size()) + "\r\n" + value +
         "\r\n");
    server.apply();
    client.fetched();
    says("MGET k k k k k k k k\r\n");
    server.confirm();
    CHECK(client.reply_bytes() > 8 * value.size());
    CHECK(client.fetched().size() > 8 * value.size());
    CHECK(client.reply_bytes() <= 2 * limits::output_bytes_kept);
}
