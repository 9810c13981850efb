// SPDX-License-Identifier: BSL-1.0
//
// What a real server tells of itself to Prometheus, and to a client.
#include <cstdint>
#include <list>
#include <string>
#include <string_view>

#include <demo/free_ports.hpp>
#include <doctest/doctest.h>
#include <http_request.hpp>

#include <support/kv_servers.hpp>
#include <support/raw_socket.hpp>

using support::kv_servers;
using support::shown;

namespace {

std::string said_to(std::uint16_t port, std::string_view request) {
    support::raw_socket socket{port};
    socket.send(request);
    return socket.receive_all();
}

/// What stands behind `name` in a page of metrics or in an INFO.
std::string value_of(std::string_view page, std::string_view name) {
    const auto place = page.find("\n" + std::string{name});
    if (place == std::string_view::npos) return "none";
    const auto rest = page.substr(place + 1 + name.size());
    return std::string{rest.substr(0, rest.find_first_of("\r\n"))};
}

std::uint64_t number_of(std::string_view page, std::string_view name) {
    return std::stoull(value_of(page, name));
}

}  // namespace

TEST_CASE("e2e: metrics are told over HTTP, and nothing else is") {
    const auto port = raft_kv::outside::free_ports(1).front();
    kv_servers servers{1, {}, {"--metrics", std::to_string(port)}};
    CHECK(shown(servers.ask({"SET", "a", "1"})) == "OK");
    const auto said = [&](std::string_view request) { return said_to(port, request); };
    const auto page = said("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    CAPTURE(page);
    CHECK(page.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(page.find("\nraft_role{role=\"leader\"} 1\n") != std::string::npos);
    CHECK(page.find("\nraft_kv_writes_total{outcome=\"applied\"} 1\n") != std::string::npos);
    CHECK(said("GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404 "));
    CHECK(said("POST /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 400 "));
    CHECK(said(std::string(raft_kv::http_head_bytes_max, 'x')).starts_with("HTTP/1.1 400 "));
    CHECK(said("\x16\x03\x01\r\n").starts_with("HTTP/1.1 400 "));
    CHECK(shown(servers.ask({"GET", "a"})) == "1");
}

TEST_CASE("e2e: half requests hold no places from who asks for the metrics") {
    const auto port = raft_kv::outside::free_ports(1).front();
    kv_servers servers{1, {}, {"--metrics", std::to_string(port)}};
    std::list<support::raw_socket> half;
    for (int i = 0; i < 40; ++i) {
        half.emplace_back(port);
        REQUIRE(half.back().send("GET /metr"));
    }
    CHECK(said_to(port, "GET /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(half.front().receive_all().empty());
    CHECK(half.front().was_closed());
    REQUIRE(half.back().send("ics HTTP/1.1\r\n\r\n"));
    CHECK(half.back().receive_all().starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_CASE("e2e: a server tells whether it is healthy and ready") {
    const auto port = raft_kv::outside::free_ports(1).front();
    kv_servers servers;
    const auto one = servers.follower();
    servers.cluster().kill(one);
    servers.cluster().set_flags({"--metrics", std::to_string(port)});
    servers.cluster().start(one);
    const auto said = [&](std::string_view page) {
        return said_to(port, "GET " + std::string{page} + " HTTP/1.1\r\n\r\n");
    };
    CHECK(said("/healthz").starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(raft_kv::outside::eventually(
        support::patience, [&] { return said("/ready").starts_with("HTTP/1.1 200 OK\r\n"); }));
    for (const auto& server : servers.layout().servers)
        if (server.id != one) servers.cluster().kill(server.id);
    CHECK(raft_kv::outside::eventually(support::patience, [&] {
        const auto answer = said("/ready");
        return answer.starts_with("HTTP/1.1 503 ") &&
               (answer.ends_with("no leader is known\n") || answer.ends_with(" ms ago\n"));
    }));
    CHECK(said("/healthz").starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_CASE("e2e: the metrics tell how long the disk took for each flush that a write waited for") {
    const auto port = raft_kv::outside::free_ports(1).front();
    kv_servers servers{1, {}, {"--metrics", std::to_string(port)}};
    const auto page = [&] { return said_to(port, "GET /metrics HTTP/1.1\r\n\r\n"); };
    CHECK(shown(servers.ask({"SET", "a", "0"})) == "OK");
    const auto before = number_of(page(), "raft_kv_flush_seconds_count ");
    for (int i = 0; i < 10; ++i) REQUIRE(shown(servers.ask({"INCR", "a"})).starts_with("(int"));

    const auto after = page();
    CAPTURE(after);
    CHECK(number_of(after, "raft_kv_flush_seconds_count ") >= before + 10);
    CHECK(after.find("# TYPE raft_kv_flush_seconds histogram\n") != std::string::npos);
    std::uint64_t within = 0;
    for (const std::string bound : {"0.0001", "0.001", "0.01", "0.1", "1", "2.5", "+Inf"}) {
        const auto bucket = number_of(after, "raft_kv_flush_seconds_bucket{le=\"" + bound + "\"} ");
        CHECK(bucket >= within);
        within = bucket;
    }
    CHECK(within == number_of(after, "raft_kv_flush_seconds_count "));
    const auto sum = std::stod(value_of(after, "raft_kv_flush_seconds_sum "));
    const auto max = std::stod(value_of(after, "raft_kv_flush_seconds_max "));
    CHECK(max > 0);
    CHECK(sum >= max);

    const auto info = shown(servers.ask({"INFO", "storage"}));
    CAPTURE(info);
    CHECK(number_of(info, "flushes:") >= within);
    CHECK(number_of(info, "flush_microseconds:") >= number_of(info, "flush_microseconds_max:"));
}
