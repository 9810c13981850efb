// SPDX-License-Identifier: BSL-1.0
//
// The flags of `raft-kv serve`: good ones, and what is said of others.
#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "command_line.hpp"
#include <doctest/doctest.h>

using namespace raft_kv;

namespace {

std::variant<serve_flags, std::string> parsed(std::vector<std::string> words) {
    std::vector<char*> pointers;
    for (auto& each : words) pointers.push_back(each.data());
    return parse_serve_flags(pointers);
}

std::string problem_of(std::vector<std::string> words) {
    const auto result = parsed(std::move(words));
    REQUIRE(std::holds_alternative<std::string>(result));
    return std::get<std::string>(result);
}

}  // namespace

TEST_CASE("serve flags: values behind the flag or behind an equals sign") {
    const auto both = parsed(
        {"--cluster", "c", "--id=2", "--data", "d", "--forward", "--election-timeout-ms=500"});
    REQUIRE(std::holds_alternative<serve_flags>(both));
    const auto& flags = std::get<serve_flags>(both);
    CHECK(flags.cluster_file == "c");
    CHECK(flags.server.id == 2);
    CHECK(flags.server.directory == "d");
    CHECK(flags.server.forwards);
    CHECK(flags.server.config.election_timeout == raft::milliseconds(500));
    CHECK_FALSE(flags.server.joins);
    CHECK(std::get<serve_flags>(parsed({"--id", "1", "--help"})).help);
    const auto without =
        parsed({"--recover-damaged-log", "--cluster", "c", "--join", "--id=2", "--data", "d"});
    REQUIRE(std::holds_alternative<serve_flags>(without));
    CHECK(std::get<serve_flags>(without).server.recovers_damaged_log);
    CHECK(std::get<serve_flags>(without).server.joins);
}

TEST_CASE("serve flags: what no flag says is as --help tells") {
    const auto flags = std::get<serve_flags>(parsed({"--cluster=c", "--id=1", "--data=d"}));
    const auto help = serve_help();
    const auto tells = [&](const std::string& text) { return help.find(text) != help.npos; };
    const auto& server = flags.server;
    CHECK(tells("election (" +
                std::to_string(server.config.election_timeout.nanoseconds / 1'000'000) + ")"));
    CHECK(tells("heard at least (" +
                std::to_string(server.config.heartbeat_interval.nanoseconds / 1'000'000) + ")"));
    CHECK(tells("log entries (" + std::to_string(server.snapshot_entries) + ")"));
    CHECK(tells("(" + std::to_string(server.compare_entries) + "), the same on all"));
    CHECK(tells("so much memory (" + std::to_string(server.recorder_bytes / 1024) + "),\n"));
    CHECK(tells("so much memory (" +
                std::to_string(server.clients.request_bytes / limits::mebibyte) + "):"));
    CHECK(server.own_keys.is_protected);
}

TEST_CASE("serve flags: a size is told in its unit and reaches the server in bytes") {
    const auto flags = std::get<serve_flags>(
        parsed({"--cluster=c", "--id=1", "--data=d", "--flight-recorder-kib=8",
                "--maxmemory-clients-mib=64", "--client-idle-seconds=5"}));
    CHECK(flags.server.recorder_bytes == 8 * 1024);
    CHECK(flags.server.clients.request_bytes == 64 * limits::mebibyte);
    CHECK(flags.server.clients.idle == std::chrono::seconds{5});
}

TEST_CASE("serve flags: help has a line for each and none is wider than a terminal") {
    const auto help = serve_help();
    for (const auto* line :
         {"  --cluster FILE             a line `<id>", "  --join                     the cluster",
          "  --peer-tls-cert FILE, --peer-tls-key FILE, --peer-tls-ca FILE\n"
          "                             servers encrypt"}) {
        CAPTURE(line);
        CHECK(help.find(line) != help.npos);
    }
    for (std::size_t at = 0; at < help.size();) {
        const auto end = std::min(help.find('\n', at), help.size());
        CHECK(end - at <= 100);
        at = end + 1;
    }
}

TEST_CASE("serve flags: what is wrong or missing is said") {
    CHECK(problem_of({}) == "--cluster is missing");
    CHECK(problem_of({"--cluster", "c"}) == "--id is missing");
    CHECK(problem_of({"--cluster", "c", "--id", "1"}) == "--data is missing");
    CHECK(problem_of({"--cluster"}) == "'' is no value for --cluster");
    CHECK(problem_of({"--id", "-1"}) == "'-1' is no value for --id");
    CHECK(problem_of({"--id", "1x"}) == "'1x' is no value for --id");
    CHECK(problem_of({"--flight-recorder-kib", "7"}) ==
          "'7' is no value for --flight-recorder-kib");
    CHECK(problem_of({"--maxmemory-clients-mib", "7"}) ==
          "'7' is no value for --maxmemory-clients-mib");
    CHECK(problem_of({"--tls-port", "65536"}) == "'65536' is no value for --tls-port");
    CHECK(problem_of({"--tls-auth-clients", "on"}) == "'on' is no value for --tls-auth-clients");
    CHECK(problem_of({"--port", "1"}) == "unknown flag '--port'");
    CHECK(problem_of({"serve"}) == "unknown flag 'serve'");
    CHECK(problem_of({"--cluster=c", "--id=1", "--data=d", "--heartbeat-ms=501"}) ==
          "--heartbeat-ms must be at most half of --election-timeout-ms");
}

TEST_CASE("F12 serve flags: where to listen") {
    const auto listens = [](std::string_view text) { return listen_address_in(text); };
    using address = listen_address;
    CHECK(listens("6001") == address{"", 6001});
    CHECK(listens("0.0.0.0") == address{"0.0.0.0", 0});
    CHECK(listens("10.0.0.1:6001") == address{"10.0.0.1", 6001});
    CHECK(listens("db.example:6001") == address{"db.example", 6001});
    CHECK(listens("[::]") == address{"::", 0});
    CHECK(listens("[::1]:6001") == address{"::1", 6001});
    CHECK(listens("::1") == address{"::1", 0});
    for (const auto* wrong : {"", "0", "65536", ":6001", "host:", "host:x", "[::1", "[]:1",
                              "[::1]6001", "host:99999"}) {
        CAPTURE(wrong);
        CHECK_FALSE(listens(wrong));
    }
    const auto flags = parsed({"--cluster=c", "--id=1", "--data=d", "--listen=0.0.0.0",
                               "--listen-peers", "7001", "--metrics=[::]:9001"});
    REQUIRE(std::holds_alternative<serve_flags>(flags));
    CHECK(std::get<serve_flags>(flags).server.listen == address{"0.0.0.0", 0});
    CHECK(std::get<serve_flags>(flags).server.listen_peers == address{"", 7001});
    CHECK(std::get<serve_flags>(flags).server.metrics == address{"::", 9001});
    CHECK(problem_of({"--listen", "host:0"}) == "'host:0' is no value for --listen");
    CHECK(problem_of({"--cluster=c", "--id=1", "--data=d", "--metrics=localhost"}) ==
          "--metrics needs a port");
}

TEST_CASE("serve flags: TLS for clients takes a certificate and a key and an authority or none") {
    const auto with = [](std::vector<std::string> more) {
        std::vector<std::string> words{"--cluster=c", "--id=1", "--data=d"};
        words.insert(words.end(), more.begin(), more.end());
        return words;
    };
    constexpr std::string_view together = "--tls-cert-file and --tls-key-file go together";
    CHECK(problem_of(with({"--tls-cert-file=x"})) == together);
    CHECK(problem_of(with({"--tls-key-file=x"})) == together);
    CHECK(problem_of(with({"--tls-port=1"})).starts_with("--tls-port and --tls-ca-cert-file need"));
    CHECK(problem_of(with({"--tls-cert-file=x", "--tls-key-file=y"}))
              .starts_with("--tls-ca-cert-file says whose certificates clients show"));
    const auto open =
        parsed(with({"--tls-cert-file=x", "--tls-key-file=y", "--tls-auth-clients=no"}));
    REQUIRE(std::holds_alternative<serve_flags>(open));
    CHECK(std::get<serve_flags>(open).server.tls.asked == client_certificates::none);
}

TEST_CASE("serve flags: servers of one host need ports for TLS in the cluster file") {
    const auto problem = [](std::string_view text, std::uint16_t own) {
        auto layout = std::get<cluster_layout>(parse_cluster(text));
        layout.tls_port = own;
        return obstacle_to_tls({.files = {.certificate = "c", .key = "k"}}, layout, 1);
    };
    CHECK(problem("1 a 1 2\n2 b 1 2\n", 9).empty());
    CHECK(problem("1 a 1 2 3\n2 a 4 5 6\n", 3).empty());
    CHECK(problem("1 a 1 2\n2 b 1 2\n", 0).starts_with("--tls-port is missing"));
    CHECK(problem("1 a 1 2 3\n2 a 4 5\n", 3).starts_with("server 2 is not alone on its host"));
}
