// SPDX-License-Identifier: BSL-1.0
//
// Goal: clients speak TLS with real servers and are sent to ports that do; who does not belong is
// refused, and the log says why. Method: redis-cli, and bytes that no client would send.
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <support/certificates.hpp>
#include <support/key_files.hpp>
#include <support/kv_servers.hpp>
#include <support/raw_socket.hpp>

using namespace raft_kv::outside;
using support::key_files;
using support::patience;
using support::raw_socket;

namespace {

using arguments = std::vector<std::string>;

/// An authority, servers' and clients' certificates of it, and some that are not good.
struct client_certification {
    key_files files{};
    support::authority ours{"the authority of this test"};
    support::authority foreign{"another authority"};

    client_certification() {
        ours.write(files.path("ca.crt"));
        foreign.write(files.path("foreign-ca.crt"));
        issue_to_server("IP:127.0.0.1");
        issue(ours, "client");
        issue(foreign, "stranger");
        issue(ours, "late", -60);
    }
    void issue_to_server(const std::string& names) const {
        ours.issue_for(names, files.path("server.crt"), files.path("server.key"));
    }
    void issue(const support::authority& by, const std::string& name, long seconds = 86'400) const {
        by.issue(name, files.path(name + ".crt"), files.path(name + ".key"), seconds);
    }

    [[nodiscard]] arguments flags() const {
        return {"--tls-cert-file",        files.path("server.crt"), "--tls-key-file",
                files.path("server.key"), "--tls-ca-cert-file",     files.path("ca.crt")};
    }
    /// Of redis-cli.
    [[nodiscard]] arguments show(const std::string& name) const {
        auto all = trust("ca");
        all.insert(all.end(),
                   {"--cert", files.path(name + ".crt"), "--key", files.path(name + ".key")});
        return all;
    }
    [[nodiscard]] arguments trust(const std::string& authority) const {
        return {"--tls", "--cacert", files.path(authority + ".crt")};
    }
};

class tls_servers {
public:
    explicit tls_servers(std::size_t count, arguments flags = {}) : cluster_{RAFT_KV_PATH, count} {
        cluster_.give_tls_ports();
        auto all = all_.flags();
        all.insert(all.end(), {"--election-timeout-ms=300", "--heartbeat-ms=60"});
        all.insert(all.end(), flags.begin(), flags.end());
        cluster_.set_flags(std::move(all));
    }

    [[nodiscard]] client_certification& certificates() { return all_; }
    [[nodiscard]] local_cluster& cluster() { return cluster_; }
    std::uint64_t start() {
        cluster_.start_all();
        return cluster_.await_leader().id;
    }

    [[nodiscard]] std::string by_tls(std::uint64_t id, arguments flags, const arguments& command) {
        auto at = cluster_.address(id);
        at.client_port = at.tls_port;
        flags.insert(flags.end(), command.begin(), command.end());
        return support::redis_cli(at, std::move(flags));
    }
    [[nodiscard]] std::string as_client(std::uint64_t id, const arguments& command) {
        return by_tls(id, all_.show("client"), command);
    }

    [[nodiscard]] bool logs(std::uint64_t id, std::string_view line) {
        return eventually(patience, [&] { return log(id).find(line) != std::string::npos; });
    }
    [[nodiscard]] std::string log(std::uint64_t id) {
        std::ifstream file{cluster_.log_path(id)};
        return {std::istreambuf_iterator<char>{file}, {}};
    }

private:
    client_certification all_{};
    local_cluster cluster_;
};

bool holds(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("e2e: clients speak TLS and are sent to ports that do") {
    tls_servers servers{3};
    const auto leader = servers.start();
    const auto follower = leader % 3 + 1;
    const auto& at = servers.cluster().address(leader);
    const auto tls_port = std::to_string(at.tls_port);
    const auto plain_port = std::to_string(at.client_port);

    CHECK(servers.as_client(follower, {"-c", "set", "a", "1"}) == "OK");
    CHECK(servers.as_client(follower, {"get", "a"}) == "MOVED 15495 127.0.0.1:" + tls_port);
    CHECK(support::redis_cli(servers.cluster().address(follower), {"get", "a"}) ==
          "MOVED 15495 127.0.0.1:" + plain_port);
    for (const auto& each : servers.cluster().layout().servers) {
        const auto announced = std::to_string(each.tls_port);
        CHECK(holds(servers.as_client(follower, {"cluster", "slots"}), announced));
        CHECK(holds(servers.as_client(follower, {"cluster", "nodes"}),
                    "127.0.0.1:" + announced + "@"));
        const auto known = servers.as_client(follower, {"cluster", "shards"});
        CHECK(holds(known, "tls-port\n" + announced));
        CHECK(holds(known, "\nport\n" + std::to_string(each.client_port)));
        CHECK_FALSE(
            holds(support::redis_cli(servers.cluster().address(follower), {"cluster", "slots"}),
                  announced));
        CHECK_FALSE(holds(servers.log(each.id), "WARNING: the certificate"));
    }
}

TEST_CASE("e2e: a client that does not belong is refused at the TLS port and the log says why") {
    tls_servers servers{1};
    servers.start();
    const auto& all = servers.certificates();
    const auto& at = servers.cluster().address(1);
    raw_socket half{at.tls_port};
    REQUIRE(half.send("\x16\x03\x01\x02"));

    for (const auto& each : std::vector<std::pair<arguments, std::string>>{
             {all.show("late"), "certificate has expired"},
             {all.show("stranger"), "unable to get local issuer certificate"},
             {all.trust("ca"), "the caller shows no certificate"},
             {all.trust("foreign-ca"),
              "the other side does not accept this server's certificate"}}) {
        const auto& why = each.second;
        CAPTURE(why);
        CHECK_FALSE(holds(servers.by_tls(1, each.first, {"ping"}), "PONG"));
        CHECK(servers.logs(1, ": refused, " + why));
    }

    raw_socket plain{at.tls_port};
    REQUIRE(plain.send("SET a 1\r\n"));
    CHECK_FALSE(holds(plain.receive_all(), "OK"));
    CHECK(servers.logs(1, ": refused, the other side does not speak TLS"));

    CHECK_FALSE(holds(support::redis_cli(at, {"--tls", "--insecure", "ping"}), "PONG"));
    CHECK(servers.logs(1, ": refused, it speaks TLS, and this port does not"));

    { raw_socket gone{at.tls_port}; }
    CHECK(servers.logs(1, ": refused, the connection ended in the TLS handshake"));

    CHECK(half.receive_all().empty());
    CHECK(servers.logs(1, ": refused, the TLS handshake took longer than 3 s"));
    CHECK(servers.as_client(1, {"ping"}) == "PONG");
    CHECK(servers.as_client(1, {"exists", "a"}) == "0");
}

TEST_CASE("e2e: a certificate for clients is read anew and the log says when it fits no host") {
    tls_servers servers{1, {"--tls-auth-clients", "no"}};
    const auto& all = servers.certificates();
    all.ours.issue_for("DNS:elsewhere,IP:10.0.0.1,IP:fd00::2", all.files.path("server.crt"),
                       all.files.path("server.key"), -60);
    servers.start();
    const auto trusting = all.trust("ca");
    constexpr std::string_view warning =
        "WARNING: the certificate for clients is not for 127.0.0.1";
    CHECK(servers.logs(1, warning));
    CHECK(servers.logs(1, "but for DNS:elsewhere, IP:10.0.0.1, "
                          "IP:fd00:0000:0000:0000:0000:0000:0000:0002: those that look refuse"));
    CHECK(servers.logs(1, "WARNING: the certificate for clients has expired, on 20"));
    all.issue_to_server("DNS:elsewhere");
    CHECK(servers.by_tls(1, trusting, {"ping"}) == "PONG");

    std::ofstream{all.files.path("server.key")} << "half of a key";
    CHECK(servers.by_tls(1, trusting, {"ping"}) == "PONG");
    CHECK(servers.logs(1, ": not used"));
    all.issue_to_server("IP:127.0.0.1");
    CHECK(servers.by_tls(1, trusting, {"ping"}) == "PONG");
    CHECK(servers.logs(1, "was read anew"));
    const auto told = servers.log(1);
    CHECK(told.rfind(warning) < told.rfind("was read anew"));
}
