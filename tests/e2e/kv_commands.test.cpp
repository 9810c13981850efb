// SPDX-License-Identifier: BSL-1.0
//
// What clients ask of real servers, and what they are answered.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <support/kv_servers.hpp>
#include <support/raw_socket.hpp>

using namespace raft_kv::outside;
using support::kv_servers;
using support::redis_cli;
using support::shown;

namespace {

/// Words that are separated by blanks.
std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    while (!text.empty()) {
        const auto end = std::min(text.find(' '), text.size());
        words.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return words;
}

std::optional<answer> call(connection& server, const std::vector<std::string>& words) {
    const std::vector<std::string_view> views(words.begin(), words.end());
    return server.call(views);
}

struct exchange {
    std::string_view said;
    std::string_view answered;
};

void check_each(connection& server, std::initializer_list<exchange> conversation) {
    for (const auto& each : conversation) {
        CAPTURE(each.said);
        CHECK(shown(call(server, words_of(each.said))) == each.answered);
    }
}

}  // namespace

TEST_CASE("e2e: redis-cli -c sets and gets at any server") {
    kv_servers servers;
    for (const auto& server : servers.layout().servers) {
        const auto key = "from-" + std::to_string(server.id);
        CHECK(redis_cli(server, {"-c", "SET", key, "value " + key}) == "OK");
        for (const auto& other : servers.layout().servers)
            CHECK(redis_cli(other, {"-c", "GET", key}) == "value " + key);
    }
}

TEST_CASE("e2e: every command does what it says, and says what is wrong") {
    kv_servers servers;
    auto leader = servers.connect(servers.leader());
    check_each(leader, {
                           {"PING", "PONG"},
                           {"PING hello", "hello"},
                           {"ECHO hello", "hello"},
                           {"GET a", "(nil)"},
                           {"SET a 1", "OK"},
                           {"GET a", "1"},
                           {"SET a 2 NX", "(nil)"},
                           {"SET a 2 XX", "OK"},
                           {"SET a 3 GET", "2"},
                           {"SET none 3 XX", "(nil)"},
                           {"SET none 3 GET XX", "(nil)"},
                           {"EXISTS a none a", "(integer) 2"},
                           {"INCR a", "(integer) 4"},
                           {"DECR a", "(integer) 3"},
                           {"INCRBY a 39", "(integer) 42"},
                           {"DECRBY a 2", "(integer) 40"},
                           {"APPEND a 00", "(integer) 4"},
                           {"STRLEN a", "(integer) 4"},
                           {"STRLEN none", "(integer) 0"},
                           {"MSET b 2 c 3", "OK"},
                           {"MGET a b c none", "[4000, 2, 3, (nil)]"},
                           {"CAS b 2 two", "(integer) 1"},
                           {"CAS b 2 three", "(integer) 0"},
                           {"CAS none 2 three", "(integer) 0"},
                           {"GET b", "two"},
                           {"DBSIZE", "(integer) 3"},
                           {"KEYS [bd]", "[b]"},
                           {"DEL a b none", "(integer) 2"},
                           {"SETNX a 1", "(integer) 1"},
                           {"SETNX a 2", "(integer) 0"},
                           {"GETSET a 2", "1"},
                           {"GETRANGE a 0 -1", "2"},
                           {"SETRANGE a 1 345", "(integer) 4"},
                           {"INCRBYFLOAT a 0.5", "2345.5"},
                           {"TYPE a", "string"},
                           {"GETDEL a", "2345.5"},
                           {"SCAN 0 MATCH c COUNT 1000", "[0, [c]]"},
                           {"UNLINK a b", "(integer) 0"},
                           {"RANDOMKEY", "c"},
                           {"FLUSHDB", "OK"},
                           {"WAIT 2 1000", "(integer) 1"},
                           {"ACL WHOAMI", "default"},
                           {"SET a 1", "OK"},
                           {"FLUSHALL", "OK"},
                           {"DBSIZE", "(integer) 0"},
                           {"KEYS *", "[]"},
                           {"CLIENT SETNAME test", "OK"},
                           {"CLIENT GETNAME", "test"},
                           {"SELECT 0", "OK"},
                           {"CLUSTER KEYSLOT foo", "(integer) 12182"},
                       });
    check_each(leader,
               {
                   {"GET", "(error) ERR wrong number of arguments for 'get' command"},
                   {"GET a b", "(error) ERR wrong number of arguments for 'get' command"},
                   {"MSET a 1 b", "(error) ERR wrong number of arguments for 'mset' command"},
                   {"NOPE x", "(error) ERR unknown command 'NOPE', with args beginning with: 'x' "},
                   {"SET a b NX XX", "(error) ERR syntax error"},
                   {"SET a text", "OK"},
                   {"INCR a", "(error) ERR value is not an integer or out of range"},
                   {"INCRBY b x", "(error) ERR value is not an integer or out of range"},
                   {"SET a 9223372036854775807", "OK"},
                   {"INCR a", "(error) ERR increment or decrement would overflow"},
                   {"SELECT 1", "(error) ERR SELECT is not allowed in cluster mode"},
                   {"RAFT NOPE", "(error) ERR unknown subcommand 'NOPE'. Try RAFT HELP."},
                   {"GET a", "9223372036854775807"},
               });
}

TEST_CASE("e2e: the servers tell about themselves") {
    kv_servers servers;
    const auto leading = servers.leader();
    auto leader = servers.connect(leading);
    auto follower = servers.connect(servers.follower());
    CHECK(shown(leader.call({"COMMAND", "COUNT"})) != "(integer) 0");
    CHECK(shown(leader.call({"ROLE"})).starts_with("[master, "));
    CHECK(shown(follower.call({"ROLE"})).starts_with("[slave, 127.0.0.1, "));
    CHECK(shown(leader.call({"CLIENT", "SETNAME", "me"})) == "OK");
    CHECK(shown(leader.call({"CLIENT", "LIST"})).find(" name=me ") != std::string::npos);
    CHECK(shown(leader.call({"CLIENT", "INFO"})).find(" addr=127.0.0.1:") != std::string::npos);
    CHECK(shown(leader.call({"INFO", "raft"})).find("raft_role:leader") != std::string::npos);
    CHECK(shown(follower.call({"INFO"})).find("raft_role:follower") != std::string::npos);
    const auto nodes = shown(follower.call({"CLUSTER", "NODES"}));
    CHECK(nodes.find("myself,slave") != std::string::npos);
    CHECK(nodes.find("master") != std::string::npos);
    const auto slots = follower.call({"CLUSTER", "SLOTS"});
    REQUIRE(slots.has_value());
    REQUIRE(slots->elements.size() == 1);
    CHECK(shown(slots->elements[0].elements[2].elements[1]) ==
          "(integer) " + std::to_string(servers.cluster().address(leading).client_port));

    CHECK(shown(leader.call({"SET", "a", "b"})) == "OK");
    const auto status = status_of(servers.cluster().address(leading));
    REQUIRE(status.has_value());
    CHECK(status->leads());
    CHECK(status->leader == leading);
    CHECK(status->members.size() == 3);
    CHECK(status->commit >= status->applied);
    CHECK(eventually(support::patience, [&] {
        const auto now = status_of(servers.cluster().address(leading));
        std::size_t level = 0;
        for (const auto& member : now->members) level += member.match == now->commit ? 1U : 0U;
        return level == 3;
    }));
}

TEST_CASE("e2e: a follower sends its clients to the leader, and reads locally where asked to") {
    kv_servers servers;
    const auto leading = servers.leader();
    auto follower = servers.connect(servers.follower());
    const auto moved = "(error) MOVED 12182 127.0.0.1:" +
                       std::to_string(servers.cluster().address(leading).client_port);
    CHECK(shown(follower.call({"SET", "foo", "bar"})) == moved);
    CHECK(shown(follower.call({"GET", "foo"})) == moved);
    CHECK(shown(servers.connect(leading).call({"SET", "foo", "bar"})) == "OK");
    CHECK(shown(follower.call({"READONLY"})) == "OK");
    CHECK(eventually(support::patience, [&] {
        return shown(follower.call({"GET", "foo"})) == "bar";
    }));
    CHECK(shown(follower.call({"SET", "foo", "baz"})) == moved);
    CHECK(shown(follower.call({"READWRITE"})) == "OK");
    CHECK(shown(follower.call({"GET", "foo"})) == moved);
}

TEST_CASE("e2e: a read sees every write that was acknowledged before it") {
    kv_servers servers;
    const auto leading = servers.leader();
    auto writer = servers.connect(leading);
    auto reader = servers.connect(leading);
    for (int i = 0; i < 200; ++i) {
        const auto value = std::to_string(i);
        REQUIRE(shown(writer.call({"SET", "a", value})) == "OK");
        REQUIRE(shown(reader.call({"GET", "a"})) == value);
    }
}

TEST_CASE("e2e: a pipeline is answered in its order, reads among writes") {
    kv_servers servers;
    auto leader = servers.connect(servers.leader());
    constexpr int rounds = 2000;
    for (int i = 0; i < rounds; ++i) {
        for (const auto text : {"INCR n", "GET n", "NOPE", "PING"}) {
            const auto words = words_of(text);
            leader.send(std::vector<std::string_view>(words.begin(), words.end()));
        }
    }
    for (int i = 1; i <= rounds; ++i) {
        REQUIRE(shown(leader.receive()) == "(integer) " + std::to_string(i));
        REQUIRE(shown(leader.receive()) == std::to_string(i));
        REQUIRE(shown(leader.receive()).starts_with("(error) ERR unknown command"));
        REQUIRE(shown(leader.receive()) == "PONG");
    }
}

TEST_CASE("e2e: values of any bytes, and as long as the limits") {
    kv_servers servers;
    auto leader = servers.connect(servers.leader());
    std::string all_bytes;
    for (int i = 0; i < 256; ++i) all_bytes.push_back(static_cast<char>(i));
    const std::string longest(1024 * 1024, 'v');
    const std::string longest_key(64 * 1024, 'k');
    CHECK(shown(call(leader, {"SET", all_bytes, all_bytes})) == "OK");
    CHECK(shown(call(leader, {"GET", all_bytes})) == all_bytes);
    CHECK(shown(call(leader, {"SET", longest_key, longest})) == "OK");
    CHECK(call(leader, {"GET", longest_key})->text == longest);
    CHECK(shown(call(leader, {"SET", "", ""})) == "OK");
    CHECK(shown(call(leader, {"GET", ""})).empty());
    CHECK(
        shown(call(leader, {"SET", longest_key + "k", ""})).starts_with("(error) ERR key exceeds"));
    CHECK(
        shown(call(leader, {"SET", "k", longest + "v"})).starts_with("(error) ERR string exceeds"));
    CHECK(shown(call(leader, {"APPEND", longest_key, "v"}))
              .starts_with("(error) ERR string exceeds"));
    CHECK(servers.common_contents().size() == 3);
}

TEST_CASE("e2e: inline commands") {
    kv_servers servers;
    support::raw_socket client{servers.cluster().address(servers.leader()).client_port};
    const std::string_view requests = "SET a \"one \\x41\"\r\nGET a\r\n\r\n  get   'a'\nINCR n\r\n";
    const std::string_view answers = "+OK\r\n$5\r\none A\r\n$5\r\none A\r\n:1\r\n";
    REQUIRE(client.send(requests));
    CHECK(client.receive(answers.size()) == answers);
    REQUIRE(client.send("QUIT\r\nPING\r\n"));
    CHECK(client.receive_all() == "+OK\r\n");
    CHECK(client.was_closed());
}

TEST_CASE("e2e: redis-benchmark runs without an error") {
    kv_servers servers;
    const auto& leader = servers.cluster().address(servers.leader());
    const auto done = support::run_program(
        {"redis-benchmark", "-h", leader.host, "-p", std::to_string(leader.client_port), "-t",
         "set,get,incr", "-n", "20000", "-c", "50", "-P", "16", "-q"});
    CAPTURE(done.output);
    CHECK(done.how == ending{.by_signal = false, .number = 0});
    for (const auto test : {"SET: ", "GET: ", "INCR: "})
        CHECK(done.output.find(test) != std::string::npos);
    for (const auto wrong : {"rror", "ERR", "WARNING", "Could not"})
        CHECK(done.output.find(wrong) == std::string::npos);
}
