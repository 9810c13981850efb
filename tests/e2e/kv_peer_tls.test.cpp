// SPDX-License-Identifier: BSL-1.0
//
// Goal: real servers with certificates form a cluster; one that uses another's certificate is kept
// out by name, and let in without a restart once it has its own. Method: processes on this host,
// certificates made for the test.
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <support/kv_servers.hpp>
#include <support/member_certificates.hpp>

using namespace raft_kv::outside;
using support::kv_servers;
using support::patience;
using support::shown;

TEST_CASE("e2e: servers know each other by certificates, which are read anew") {
    support::member_certificates all;
    kv_servers servers{3, {}, all.flags()};
    auto& cluster = servers.cluster();
    CHECK(shown(servers.ask({"SET", "a", "1"})) == "OK");
    const auto leader = servers.leader();
    const auto one = leader % 3 + 1;
    const auto other = one % 3 + 1;
    auto asked = servers.connect(leader);
    CHECK(shown(asked.call({"RAFT", "STATUS"})).find("peers-prove, certificate") !=
          std::string::npos);

    cluster.kill(one);
    all.issue(one, other);
    cluster.start(one);
    const auto logs = [&](std::uint64_t id, std::string_view words) {
        return eventually(patience, [&] {
            std::ifstream file{cluster.log_path(id)};
            const std::string text{std::istreambuf_iterator<char>{file}, {}};
            return text.find(words) != std::string::npos;
        });
    };
    const auto names = [](std::uint64_t shown) { return "for DNS:raft-" + std::to_string(shown); };
    CHECK(logs(leader, "refused, the certificate is of another member"));
    CHECK(logs(leader, "a certificate " + names(other) + " came with who says to be member " +
                           std::to_string(one) + ": expected is one " + names(one)));
    CHECK(logs(one, "WARNING: the certificate for peers is " + names(other) + ", and not " +
                        names(one) + ": they refuse this server"));
    CHECK(logs(one, "refused by the peer, the certificate is of another member"));
    CHECK(shown(servers.ask({"SET", "a", "2"})) == "OK");

    all.issue(one, one, -60);
    CHECK(logs(one, "WARNING: the certificate for peers has expired, on 20"));
    all.issue(one, one);
    cluster.await_all_caught_up();
    CHECK(logs(one, "was read anew"));
}

TEST_CASE("e2e: a server with certificates that cannot be used does not start, and says why") {
    support::member_certificates all;
    local_cluster cluster{RAFT_KV_PATH, 1};
    const auto ending = [&](std::vector<std::string> flags) {
        cluster.set_flags(std::move(flags));
        auto words = cluster.command(1);
        return support::run_program(std::move(words));
    };
    const auto half = ending({"--peer-tls-cert", all.files.path("1.crt")});
    CHECK(half.how.number == 2);
    CHECK(half.output.find("go together") != std::string::npos);
}
