// SPDX-License-Identifier: BSL-1.0
//
// MULTI, EXEC, DISCARD, WATCH and UNWATCH on a connection: what is queued, what is refused, and
// that nothing of a transaction is carried out by halves.
#include <memory>
#include <string>
#include <string_view>

#include "write_queue.hpp"
#include <doctest/doctest.h>

#include <support/fake_server.hpp>

using namespace raft_kv;

namespace {

constexpr std::string_view aborted =
    "-EXECABORT Transaction discarded because of previous errors.\r\n";

struct transacting : one_client {
    /// What is answered when all is applied and confirmed.
    std::string answer(std::string_view requests) {
        auto text = says(requests);
        for (bool more = true; more;) {
            server.confirm();
            server.apply();
            const auto rest = client.fetched();
            more = !rest.empty();
            text += rest;
        }
        return text;
    }
};

}  // namespace

TEST_CASE_FIXTURE(transacting, "transaction: what was queued is one write with all the results") {
    CHECK(says("MULTI\r\nSET a 1\r\nINCR a\r\nGET a\r\nMGET a b\r\nDEL a b\r\nGET a\r\nPING\r\n") ==
          "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n");
    CHECK(server.writers_.empty());
    CHECK(says("EXEC\r\nGET a\r\n").empty());
    CHECK(server.writers_.size() == 1);
    server.apply();
    CHECK(client.fetched() == "*7\r\n+OK\r\n:2\r\n$1\r\n2\r\n*2\r\n$1\r\n2\r\n$-1\r\n:1\r\n$-1\r\n"
                              "+PONG\r\n");
    server.confirm();
    CHECK(client.fetched() == "$-1\r\n");
}

TEST_CASE_FIXTURE(transacting, "transaction: an EXEC with words ends it as with Redis") {
    const std::string_view wrong =
        "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' "
        "command\r\n";
    CHECK(answer("MULTI\r\nSET a 1\r\nEXEC x\r\nEXEC\r\nGET a\r\n") ==
          "+OK\r\n+QUEUED\r\n" + std::string{wrong} + "-ERR EXEC without MULTI\r\n$-1\r\n");
    CHECK(answer("exec x y\r\nPING\r\n") == std::string{wrong} + "+PONG\r\n");
    CHECK(answer("MULTI\r\nDISCARD x\r\nEXEC\r\n").ends_with(aborted));
}

TEST_CASE_FIXTURE(transacting, "transaction: what goes wrong in one command is its answer alone") {
    CHECK(answer("MULTI\r\nSET a x\r\nINCR a\r\nINCRBY a y\r\nSET b 2\r\nSET c 1 NX XX\r\nEXEC\r\n")
              .ends_with("*5\r\n+OK\r\n-ERR value is not an integer or out of range\r\n"
                         "-ERR value is not an integer or out of range\r\n+OK\r\n"
                         "-ERR syntax error\r\n"));
    CHECK(answer("GET b\r\n") == "$1\r\n2\r\n");
}

TEST_CASE_FIXTURE(transacting, "transaction: an error while queuing aborts it") {
    for (const auto* wrong : {"NOPE", "GET", "CLUSTER NOPE", "HELLO 3", "READONLY", "RAFT STATUS",
                              "RAFT STEPDOWN", "RAFT ONCE 1 1 INCR a"}) {
        CAPTURE(wrong);
        const auto said = answer("MULTI\r\nSET a 1\r\n" + std::string{wrong} +
                                 "\r\nSET a 2\r\nEXEC\r\nEXISTS a\r\n");
        CHECK(said.starts_with("+OK\r\n+QUEUED\r\n-ERR "));
        CHECK(said.ends_with("+QUEUED\r\n" + std::string{aborted} + ":0\r\n"));
    }
    CHECK(answer("NOPE\r\nMULTI\r\nEXEC\r\n").ends_with("+OK\r\n*0\r\n"));
}

TEST_CASE_FIXTURE(transacting, "transaction: what is out of place is said and nothing is lost") {
    CHECK(answer("EXEC\r\nDISCARD\r\n") ==
          "-ERR EXEC without MULTI\r\n-ERR DISCARD without MULTI\r\n");
    CHECK(answer("MULTI\r\nMULTI\r\nWATCH a\r\nUNWATCH\r\nSET a 1\r\nEXEC\r\n") ==
          "+OK\r\n-ERR MULTI calls can not be nested\r\n-ERR WATCH inside MULTI is not allowed\r\n"
          "+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n+OK\r\n");
    CHECK(answer("MULTI\r\nEXEC\r\n") == "+OK\r\n*0\r\n");
    CHECK(answer("MULTI\r\nSET a 2\r\nDISCARD\r\nGET a\r\n") ==
          "+OK\r\n+QUEUED\r\n+OK\r\n$1\r\n1\r\n");
    CHECK(answer("MULTI\r\nSET a 2\r\nRESET\r\nGET a\r\n") ==
          "+OK\r\n+QUEUED\r\n+RESET\r\n$1\r\n1\r\n");
    CHECK(answer("MULTI x\r\n") == "-ERR wrong number of arguments for 'multi' command\r\n");
}

TEST_CASE_FIXTURE(transacting, "transaction: at a follower nothing of it is carried out") {
    server.leader_ = 2;
    const std::string moved = "-MOVED 15495 two:6002\r\n";
    CHECK(says("MULTI\r\nSET a 1\r\nGET a\r\nPING\r\nEXEC\r\n") ==
          "+OK\r\n" + moved + moved + "+QUEUED\r\n" + std::string{aborted});
    CHECK(says("READONLY\r\nMULTI\r\nGET a\r\nEXEC\r\n").ends_with(moved + std::string{aborted}));
    CHECK(says("READWRITE\r\nWATCH a\r\n") == "+OK\r\n" + moved);
    server.leader_ = std::nullopt;
    CHECK(says("MULTI\r\nSET a 1\r\nEXEC\r\n") ==
          "+OK\r\n-CLUSTERDOWN no leader is known; try again\r\n" + std::string{aborted});
    server.leader_ = 1;
    CHECK(says("MULTI\r\nSET a 1\r\n") == "+OK\r\n+QUEUED\r\n");
    server.leader_ = 2;
    CHECK(says("EXEC\r\n") == moved);
    CHECK(says("EXEC\r\n") == "-ERR EXEC without MULTI\r\n");
    CHECK(server.writers_.empty());
    server.leader_ = 1;
    server.overloaded_ = true;
    CHECK(says("MULTI\r\nSET a 1\r\nEXEC\r\n")
              .ends_with("-TRYAGAIN too many writes wait to be "
                         "committed; nothing was written\r\n"));
    CHECK(says("MULTI\r\nPING\r\nEXEC\r\n") == "+OK\r\n+QUEUED\r\n*1\r\n+PONG\r\n");
}

TEST_CASE_FIXTURE(transacting, "transaction: what became of it is one answer") {
    CHECK(says("MULTI\r\nSET a 1\r\nSET b 1\r\nEXEC\r\nPING\r\n").ends_with("+QUEUED\r\n"));
    REQUIRE(server.writers_.size() == 1);
    client.write_failed(server.writers_[0].second, "UNKNOWN it");
    client.pump();
    CHECK(client.fetched() == "-UNKNOWN it\r\n+PONG\r\n");
}

TEST_CASE_FIXTURE(transacting, "transaction: a watched key that changed makes it null") {
    fake_client other{server};
    const auto other_says = [&](std::string_view request) {
        other.says(request);
        server.apply();
        other.fetched();
    };
    other_says("MSET a 1 b 1\r\n");
    CHECK(answer("WATCH a b\r\nMULTI\r\nSET b 2\r\nEXEC\r\n").ends_with("*1\r\n+OK\r\n"));
    CHECK(answer("WATCH a\r\nGET a\r\n") == "+OK\r\n$1\r\n1\r\n");
    other_says("SET c 1\r\n");
    CHECK(answer("MULTI\r\nSET b 3\r\nEXEC\r\n").ends_with("*1\r\n+OK\r\n"));
    for (const auto* change : {"SET a 1\r\n", "INCR a\r\n", "APPEND a 0\r\n", "CAS a 20 20\r\n",
                               "MSET z 1 a 1\r\n", "DEL a\r\n", "SET a 5\r\n", "FLUSHALL\r\n"}) {
        CAPTURE(change);
        CHECK(answer("WATCH a\r\n") == "+OK\r\n");
        other_says(change);
        CHECK(answer("MULTI\r\nSET b 4\r\nEXEC\r\nEXEC\r\n")
                  .ends_with("*-1\r\n-ERR EXEC without MULTI\r\n"));
    }
    CHECK(answer("GET b\r\n") == "$-1\r\n");
    CHECK(answer("HELLO 3\r\nWATCH a\r\nSET a 1\r\nMULTI\r\nGET a\r\nEXEC\r\n").ends_with("_\r\n"));
}

TEST_CASE_FIXTURE(transacting, "transaction: a key that came and went has changed") {
    CHECK(
        answer("WATCH k\r\nSET k 1\r\nDEL k\r\nMULTI\r\nSET k 2\r\nEXEC\r\n").ends_with("*-1\r\n"));
    CHECK(answer("WATCH k\r\nMULTI\r\nSET k 2\r\nEXEC\r\n").ends_with("*1\r\n+OK\r\n"));
}

TEST_CASE_FIXTURE(transacting, "transaction: what is watched is forgotten by EXEC and its like") {
    for (const auto* forgets : {"UNWATCH\r\n", "MULTI\r\nEXEC\r\n", "MULTI\r\nDISCARD\r\n",
                                "RESET\r\n", "MULTI\r\nNOPE\r\nEXEC\r\n"}) {
        CAPTURE(forgets);
        CHECK(answer("WATCH a\r\n" + std::string{forgets} + "SET a 1\r\nMULTI\r\nGET a\r\nEXEC\r\n")
                  .ends_with("*1\r\n$1\r\n1\r\n"));
    }
    // All of it sent at once: UNWATCH waits for the WATCH before it.
    CHECK(says("WATCH a\r\nUNWATCH\r\nMULTI\r\nSET a 1\r\nEXEC\r\n").empty());
    server.confirm();
    CHECK(client.fetched() == "+OK\r\n+OK\r\n+OK\r\n+QUEUED\r\n");
    server.apply();
    CHECK(client.fetched() == "*1\r\n+OK\r\n");
}

TEST_CASE_FIXTURE(transacting, "transaction: what could not be watched may have changed") {
    CHECK(says("WATCH a\r\nMULTI\r\nSET a 1\r\nEXEC\r\n").empty());
    client.reads_refused(server.round_, {raft::refusal_reason::not_leader, raft::member_id{2}});
    client.pump();
    CHECK(client.fetched() == "-MOVED 15495 two:6002\r\n+OK\r\n+QUEUED\r\n*-1\r\n");
    server.leader_ = 2;
    CHECK(says("WATCH a\r\nMULTI\r\n").ends_with("+OK\r\n"));
    server.leader_ = 1;
    CHECK(says("SET a 1\r\nEXEC\r\n") == "+QUEUED\r\n*-1\r\n");
    CHECK(server.writers_.empty());
    CHECK(answer("MULTI\r\nSET a 1\r\nEXEC\r\n").ends_with("*1\r\n+OK\r\n"));
}

TEST_CASE_FIXTURE(transacting, "transaction: no stale view is watched") {
    server.leader_ = 2;
    CHECK(says("READONLY\r\nRAFT READS stale 50\r\nWATCH a\r\n")
              .ends_with(
                  "-ERR WATCH is for linearizable reads: RAFT READS linearizable before it\r\n"));
    CHECK(says("RAFT READS linearizable\r\nWATCH a\r\n") == "+OK\r\n");
    server.confirm();
    CHECK(client.fetched() == "+OK\r\n");
}

TEST_CASE_FIXTURE(transacting, "transaction: it is limited in commands and bytes") {
    std::string many = "MULTI\r\n";
    for (std::size_t i = 0; i <= limits::transaction_commands_max; ++i) many += "PING\r\n";
    CHECK(answer(many + "EXEC\r\n")
              .ends_with(
                  "-ERR a transaction takes at most 10000 commands and 2097152 bytes, with the "
                  "keys it watches\r\n" +
                  std::string{aborted}));
    const auto set = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$" + std::to_string(limits::value_bytes_max) +
                     "\r\n" + std::string(limits::value_bytes_max, 'v') + "\r\n";
    CHECK(answer("MULTI\r\n" + set + "EXEC\r\n").ends_with("*1\r\n+OK\r\n"));
    CHECK(answer("MULTI\r\n" + set + set + "EXEC\r\n").ends_with(aborted));
    const auto watch = "*2\r\n$5\r\nWATCH\r\n$65536\r\n" + std::string(65536, 'k') + "\r\n";
    std::string all;
    for (int i = 0; i < 31; ++i) CHECK(answer(watch) == "+OK\r\n");
    CHECK(answer(watch).starts_with("-ERR a transaction takes"));
    CHECK(answer("UNWATCH\r\n" + watch) == "+OK\r\n+OK\r\n");
}

namespace {

std::string set_of(std::string_view key, std::size_t bytes) {
    return "*3\r\n$3\r\nSET\r\n$" + std::to_string(key.size()) + "\r\n" + std::string{key} +
           "\r\n$" + std::to_string(bytes) + "\r\n" + std::string(bytes, 'v') + "\r\n";
}

constexpr std::string_view answers_too_long =
    "-EXECABORT Transaction discarded because its replies would be longer than 16777216 bytes.\r\n";

}  // namespace

TEST_CASE_FIXTURE(transacting,
                  "transaction: replies that are too long together leave nothing of it done") {
    answer(set_of("k", limits::value_bytes_max));
    answer("SET n 1 EX 100\r\nSET gone 1\r\n");
    const auto before = server.store_.digest();
    const auto many = [](std::string_view command) {
        std::string said = "MULTI\r\nINCR n\r\nDEL gone\r\nSET new 1\r\nPERSIST n\r\n";
        for (int i = 0; i < 17; ++i) said += std::string{command} + "\r\n";
        return said + "EXEC\r\n";
    };
    CHECK(answer(many("GET k")).ends_with(answers_too_long));
    CHECK(answer(many("MGET k none")).ends_with(answers_too_long));
    CHECK(answer(many("GETEX k EX 5")).ends_with(answers_too_long));
    CHECK(answer("GET n\r\nGET gone\r\nGET new\r\nPTTL n\r\nPTTL k\r\n") ==
          "$1\r\n1\r\n$1\r\n1\r\n$-1\r\n:100000\r\n:-1\r\n");
    CHECK(server.store_.digest() == before);
    CHECK(answer(many("GET n")).ends_with("$1\r\n2\r\n"));
}

TEST_CASE_FIXTURE(transacting, "transaction: what a random key answers decides nothing") {
    answer("SET k 1\r\n");
    std::string asked = "MULTI\r\nSET new 1\r\n";
    for (std::size_t i = 0; i <= limits::transaction_reply_bytes_max / limits::key_bytes_max; ++i)
        asked += "RANDOMKEY\r\n";
    CHECK(answer(asked + "EXEC\r\n").ends_with(answers_too_long));
    CHECK(answer("GET new\r\n") == "$-1\r\n");
}

TEST_CASE_FIXTURE(transacting, "transaction: what a server answers by itself is limited, too") {
    std::string asked = "MULTI\r\nSET new 1\r\n";
    for (int i = 0; i < 1'000; ++i) asked += "COMMAND\r\n";
    CHECK(answer("COMMAND\r\n").size() * 1'000 > limits::transaction_reply_bytes_max);
    const auto said = answer(asked + "EXEC\r\n");
    CHECK(said.ends_with(
        "-ERR the replies of the transaction would be longer than 16777216 bytes\r\n"));
    CHECK(said.size() < limits::transaction_reply_bytes_max + limits::mebibyte);
    CHECK(answer("GET new\r\n") == "$1\r\n1\r\n");
}

TEST_CASE_FIXTURE(transacting, "transaction: its replies are put together once, and sent as such") {
    answer(set_of("k", limits::value_bytes_max));
    std::string asked = "MULTI\r\n";
    for (int i = 0; i < 15; ++i) asked += "GET k\r\n";
    client.receive(asked);
    client.pump();
    CHECK(client.fetched().size() > 15);
    client.receive("EXEC\r\n");
    client.pump();
    server.apply();
    CHECK(client.reply_bytes() < 15 * limits::mebibyte + limits::mebibyte / 4);
    CHECK(client.fetched().size() > 15 * limits::mebibyte);
}

TEST_CASE("write_queue: an entry has no more writes that answer values than fit into memory") {
    fake_server server;
    const auto client = std::make_shared<fake_client>(server);
    write_queue queue;
    const auto add = [&](auto fill) {
        auto* batch = queue.open();
        REQUIRE(batch != nullptr);
        const auto before = batch->size();
        fill(batch_writer{*batch});
        queue.add({client, 0}, batch->size() - before, writes_read);
    };
    const auto batches = [&] {
        std::size_t count = 0;
        for (; queue.may_propose(); ++count) {
            auto taken = queue.take();
            queue.told();
            queue.recycle(std::move(taken));
        }
        return count;
    };
    for (int i = 0; i < 64; ++i) add([](auto batch) { batch.get_expiring("k", {}); });
    CHECK(batches() == 4);
    for (int i = 0; i < 64; ++i)
        add([](auto batch) { batch.set("k", "v", {.give_old_value = true}); });
    CHECK(batches() == 4);
    for (int i = 0; i < 64; ++i) add([](auto batch) { batch.set("k", "v"); });
    CHECK(batches() == 1);
    for (int i = 0; i < 4; ++i) add([](auto batch) { batch.transaction({}, "x"); });
    CHECK(batches() == 4);
}
