// SPDX-License-Identifier: BSL-1.0
#include <chrono>
#include <string>
#include <vector>

#include <demo/leader_client.hpp>
#include <demo/status.hpp>
#include <demo/write_load.hpp>
#include <doctest/doctest.h>

#include <support/scripted_server.hpp>

using namespace raft_kv;
using namespace raft_kv::outside;
using namespace std::chrono_literals;
using support::scripted_server;

namespace {

constexpr auto patience = 5s;
const leader_client::words set_k{"SET", "k", "v"};

answer error_of(std::string text) { return {.what = answer::kind::error, .text = std::move(text)}; }

/// A layout with a server on each of the ports.
cluster_layout layout_of(std::vector<std::uint16_t> ports) {
    cluster_layout layout;
    for (const auto port : ports)
        layout.servers.push_back({.id = layout.servers.size() + 1,
                                  .host = "127.0.0.1",
                                  .peer_port = 1,
                                  .client_port = port});
    return layout;
}

std::string moved(std::uint16_t port) {
    return "-MOVED 1 127.0.0.1:" + std::to_string(port) + "\r\n";
}

}  // namespace

TEST_CASE("demo: what an error means for the command") {
    CHECK(fate_of(answer{.what = answer::kind::status, .text = "OK"}) == fate::answered);
    CHECK(fate_of(answer{.what = answer::kind::nothing}) == fate::answered);
    for (const auto text : {"MOVED 7 127.0.0.1:7001", "CLUSTERDOWN no leader is known",
                            "TRYAGAIN too much", "LOST it", "NOSPACE full", "IOERR failed",
                            "DIFFERS from the others", "NODATA yet", "STALE by minutes"})
        CHECK(fate_of(error_of(text)) == fate::not_done);
    CHECK(fate_of(error_of("UNKNOWN it may have been")) == fate::unknown);
    CHECK(fate_of(error_of("ERR syntax error")) == fate::rejected);
    CHECK(fate_of(error_of("MOVEDON")) == fate::rejected);
}

TEST_CASE("demo: a redirection names a server of the layout") {
    const auto layout = layout_of({7001, 7002});
    CHECK(moved_to("MOVED 7 127.0.0.1:7002", layout) == 1);
    CHECK_FALSE(moved_to("MOVED 7 127.0.0.1:7003", layout).has_value());
    CHECK_FALSE(moved_to("MOVED 7", layout).has_value());
    CHECK_FALSE(moved_to("ASK 7 127.0.0.1:7002", layout).has_value());
}

TEST_CASE("demo: a client follows a redirection") {
    scripted_server leader{{{"+OK\r\n"}}};
    scripted_server follower{{{moved(leader.port())}}};
    const auto layout = layout_of({follower.port(), leader.port()});
    leader_client client{layout, patience};
    CHECK(client.exchange({&set_k, 1}).front().what == fate::not_done);
    CHECK(client.server().id == 2);
    CHECK(client.exchange({&set_k, 1}).front().said.is_ok());
    CHECK(client.server().id == 2);
}

TEST_CASE("demo: what one server cannot do, the next is asked for") {
    for (const std::string text : {"CLUSTERDOWN no leader", "IOERR failed",
                                   "DIFFERS from the others", "NODATA yet", "STALE by minutes"}) {
        CAPTURE(text);
        scripted_server can{{{"+OK\r\n"}}};
        scripted_server cannot{{{"-" + text + "\r\n"}}};
        const auto layout = layout_of({cannot.port(), can.port()});
        leader_client client{layout, patience};
        const auto said = client.persist(set_k, patience);
        REQUIRE(said.has_value());
        CHECK(said->is_ok());
        CHECK(client.last_error() == text);
    }
}

TEST_CASE("demo: who is only ever sent on asks the next server") {
    const std::string again{scripted_server::sends_to_itself};
    scripted_server removed{{{again, again, again, again}}};
    scripted_server leads{{{"+OK\r\n"}}};
    const auto layout = layout_of({removed.port(), leads.port()});
    leader_client client{layout, patience};
    const auto said = client.persist(set_k, patience);
    REQUIRE(said.has_value());
    CHECK(said->is_ok());
    CHECK(removed.requests() == 3);
}

TEST_CASE("demo: what was on its way when the connection was lost is unknown") {
    scripted_server dies{{{"+OK\r\n", ""}}};
    scripted_server lives{{{"+OK\r\n", "+OK\r\n"}}};
    const auto layout = layout_of({dies.port(), lives.port()});
    leader_client client{layout, patience};
    const std::vector<leader_client::words> commands{set_k, set_k, set_k};
    const auto outcomes = client.exchange(commands);
    CHECK(outcomes[0].what == fate::answered);
    CHECK(outcomes[1].what == fate::unknown);
    CHECK(outcomes[2].what == fate::unknown);
    CHECK(client.server().id == 2);
}

TEST_CASE("demo: what could not be sent was not done") {
    std::uint16_t closed_port = 0;
    {
        const scripted_server gone{{}};
        closed_port = gone.port();
    }
    const auto layout = layout_of({closed_port});
    leader_client client{layout, patience};
    CHECK(client.exchange({&set_k, 1}).front().what == fate::not_done);
    CHECK_FALSE(client.last_error().empty());
}

TEST_CASE("demo: a command that is wrong is not sent again") {
    scripted_server server{{{"-ERR syntax error\r\n"}}};
    const auto layout = layout_of({server.port()});
    leader_client client{layout, patience};
    const auto said = client.persist(set_k, patience);
    REQUIRE(said.has_value());
    CHECK(said->text == "ERR syntax error");
    CHECK(server.requests() == 1);
}

TEST_CASE("demo: a write counts only when it was acknowledged, and is sent until then") {
    // Of four writes two are acknowledged, one is refused, and one is lost with the connection.
    scripted_server first{{{"+OK\r\n", "-TRYAGAIN later\r\n", "+OK\r\n", ""}}};
    scripted_server second{{{"-UNKNOWN\r\n", "+OK\r\n", "+OK\r\n"}}};
    const auto layout = layout_of({first.port(), second.port()});
    write_load load{layout, {.writes = 4, .clients = 1, .pipeline = 4}};
    CHECK(load.await(4, patience));
    load.stop();
    std::vector<std::size_t> numbers;
    std::vector<std::uint64_t> servers;
    for (const auto& each : load.acknowledgements()) {
        numbers.push_back(each.number);
        servers.push_back(each.server);
        CHECK(each.sent <= each.received);
    }
    CHECK(numbers == std::vector<std::size_t>{0, 2, 3, 1});
    CHECK(servers == std::vector<std::uint64_t>{1, 1, 2, 2});
    CHECK(second.requests() == 3);
}

TEST_CASE("demo: a write that is rejected ends the load") {
    scripted_server server{{{"-ERR no\r\n"}, {"-ERR no\r\n"}}};
    const auto layout = layout_of({server.port()});
    write_load load{layout, {.writes = 1, .clients = 1, .pipeline = 1}};
    CHECK_THROWS_WITH(static_cast<void>(load.await(1, patience)),
                      "a server rejected a write: ERR no");
}

TEST_CASE("demo: RAFT STATUS is read by its names") {
    const auto name = [](std::string text) {
        return answer{.what = answer::kind::text, .text = std::move(text)};
    };
    const auto number = [](long long value) {
        return answer{.what = answer::kind::integer, .number = value};
    };
    const auto list = [](std::vector<answer> elements) {
        return answer{.what = answer::kind::array, .elements = std::move(elements)};
    };
    const auto nothing = answer{};
    const auto members =
        list({list({name("1"), name("127.0.0.1:7001"), nothing, name("voter")}),
              list({name("2.3"), name("127.0.0.1:7002"), number(40), name("learner")})});
    const auto said = list({name("id"), name("2"), name("role"), name("leader"), name("term"),
                            number(3), name("leader"), name("2"), name("commit"), number(42),
                            name("applied"), number(41), name("members"), members});
    const auto status = read_status(said);
    REQUIRE(status.has_value());
    CHECK(status->id == 2);
    CHECK(status->leads());
    CHECK(status->leader == 2);
    CHECK(status->commit == 42);
    CHECK(status->applied == 41);
    REQUIRE(status->members.size() == 2);
    CHECK_FALSE(status->members[0].match.has_value());
    CHECK(status->members[1].match == 40);
    CHECK(status->members[1].id == 0x2'0000'0002);
    CHECK(status->members[1].part == "learner");
    CHECK_FALSE(read_status(name("id")).has_value());
    CHECK_FALSE(read_status(list({name("id")})).has_value());
}
