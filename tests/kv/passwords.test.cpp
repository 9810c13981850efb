// SPDX-License-Identifier: BSL-1.0
//
// Goal: who has not shown what it takes is told so in the words of Redis, and nothing else; whoever
// has may do what that gives, and no more. Method: sessions without a network.
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connection.hpp"
#include <doctest/doctest.h>

#include <support/fake_server.hpp>
#include <support/key_files.hpp>

using namespace raft_kv;

namespace {

/// One client of a server that has keys.
struct guarded {
    explicit guarded(keys own, bool is_local = true) : server{std::move(own)}, client{server.one} {
        client.comes_from("10.0.0.9:4711", is_local);
    }
    std::string says(std::string_view bytes) { return client.says(bytes); }

    struct server_with_keys {
        explicit server_with_keys(keys own) { one.keys_ = std::move(own); }
        fake_server one{};
    };
    server_with_keys server;
    fake_client client;
};

keys with_password() { return {.password = "good"}; }
keys with_both() { return {.password = "good", .operator_password = "better"}; }

constexpr std::string_view no_auth = "-NOAUTH Authentication required.\r\n";
constexpr std::string_view wrong_pass =
    "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
constexpr std::string_view no_perm = "-NOPERM this command is for operators";

}  // namespace

TEST_CASE("passwords: nothing is done before the right one") {
    guarded one{with_password()};
    for (const auto* asked :
         {"PING\r\n", "GET a\r\n", "SET a 1\r\n", "RAFT STATUS\r\n", "MULTI\r\n", "INFO\r\n",
          "CLUSTER SLOTS\r\n", "COMMAND\r\n", "ACL WHOAMI\r\n"})
        CHECK(one.says(asked) == no_auth);
    CHECK(one.says("HELLO 3\r\n").starts_with("-NOAUTH HELLO must be called with the client"));
    CHECK(one.says("AUTH bad\r\n") == wrong_pass);
    CHECK(one.says("AUTH goo\r\n") == wrong_pass);
    CHECK(one.says("AUTH good2\r\n") == wrong_pass);
    CHECK(one.says("AUTH joe good\r\n") == wrong_pass);
    CHECK(one.says("AUTH operator good\r\n") == wrong_pass);
    CHECK(one.says("PING\r\n") == no_auth);
    CHECK(one.server.one.writers_.empty());
    CHECK(one.says("AUTH good\r\nPING\r\n") == "+OK\r\n+PONG\r\n");
    CHECK(one.says("AUTH default good\r\n") == "+OK\r\n");
    CHECK(one.says("AUTH bad\r\nPING\r\n") == std::string{wrong_pass} + "+PONG\r\n");
    CHECK(one.says("RESET\r\nPING\r\n") == "+RESET\r\n" + std::string{no_auth});
    CHECK(one.server.one.refused_.front() == "no password");
    CHECK(one.server.one.refused_.back() == "no password");
}

TEST_CASE("passwords: HELLO takes one, and agrees on nothing without it") {
    guarded one{with_password()};
    CHECK(one.says("HELLO 3 AUTH default bad SETNAME bob\r\n") == wrong_pass);
    CHECK(one.says("HELLO 3 SETNAME bob\r\n").starts_with("-NOAUTH HELLO"));
    CHECK(one.says("HELLO 3 AUTH default good SETNAME bob\r\n").starts_with("%7\r\n"));
    CHECK(one.says("CLIENT GETNAME\r\n") == "$3\r\nbob\r\n");
}

TEST_CASE("passwords: what operators do needs theirs, also within a transaction and ONCE") {
    guarded one{with_both()};
    CHECK(one.says("AUTH good\r\n") == "+OK\r\n");
    for (const auto* asked :
         {"FLUSHALL\r\n", "FLUSHDB\r\n", "RAFT STATUS\r\n", "RAFT REMOVE 2\r\n",
          "RAFT LEASE on\r\n", "RAFT ONCE 1 1 FLUSHALL\r\n", "RAFT ONCE 1 1 flushdb\r\n"})
        CHECK(one.says(asked).starts_with(no_perm));
    CHECK(one.server.one.writers_.empty());
    CHECK(one.says("MULTI\r\nFLUSHALL\r\nEXEC\r\n").find("-EXECABORT") != std::string::npos);
    CHECK(one.says("RAFT READS stale\r\nACL WHOAMI\r\n") == "+OK\r\n$7\r\ndefault\r\n");
    CHECK(one.says("AUTH operator better\r\nACL WHOAMI\r\n") == "+OK\r\n$8\r\noperator\r\n");
    CHECK(one.says("RAFT STATUS\r\n").starts_with("*44\r\n"));
    CHECK(one.says("AUTH good\r\n") == "+OK\r\n");
    CHECK(one.says("RAFT STATUS\r\n").starts_with(no_perm));
}

TEST_CASE("passwords: an operators' one alone leaves data to all") {
    guarded one{{.operator_password = "better"}};
    CHECK(one.says("PING\r\n") == "+PONG\r\n");
    CHECK(one.says("FLUSHALL\r\n").starts_with(no_perm));
    CHECK(one.says("AUTH operator better\r\nRAFT STATUS\r\n").starts_with("+OK\r\n*44\r\n"));
}

TEST_CASE("protected mode: without a password another host is told what to set, and let go") {
    for (const auto* asked : {"PING\r\n", "HELLO 3\r\n", "AUTH default any\r\nGET a\r\n"}) {
        guarded one{{}, false};
        CAPTURE(asked);
        CHECK(one.says(asked).find("-DENIED raft-kv is in protected mode") != std::string::npos);
        CHECK(one.server.one.readers_.empty());
    }
    guarded foreign{{}, false};
    CHECK(foreign.says("PING\r\nPING\r\n").find("--protected-mode no") != std::string::npos);
    CHECK(foreign.client.finished());
    CHECK(guarded{{}, true}.says("PING\r\n") == "+PONG\r\n");
    CHECK(guarded{{.is_protected = false}, false}.says("PING\r\n") == "+PONG\r\n");
    CHECK(guarded{with_password(), false}.says("PING\r\n") == no_auth);
    guarded other{{.operator_password = "better"}, false};
    CHECK(other.says("AUTH operator better\r\nPING\r\n") == "+OK\r\n+PONG\r\n");
}

TEST_CASE("passwords: who has not shown one may send little at once") {
    CHECK(guarded{with_password()}.says("*11\r\n") ==
          "-ERR Protocol error: unauthenticated multibulk length\r\n");
    CHECK(guarded{with_password()}.says("*2\r\n$3\r\nGET\r\n$16385\r\n") ==
          "-ERR Protocol error: unauthenticated bulk length\r\n");
    const std::string half(10'000, 'x');
    CHECK(guarded{with_password()}.says("*2\r\n$10000\r\n" + half + "\r\n$10000\r\n" + half +
                                        "\r\n") ==
          "-ERR Protocol error: unauthenticated bulk length\r\n");
    guarded one{with_password()};
    const std::string value(100'000, 'x');
    CHECK(one.says("AUTH good\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$100000\r\n" + value + "\r\n") ==
          "+OK\r\n");
    CHECK(one.server.one.writers_.size() == 1);
}

TEST_CASE("passwords: files of them are checked") {
    support::key_files files;
    const auto problem = [&](std::string_view text) {
        const auto path = files.put("password", text);
        const auto read = read_keys({.password = path});
        const auto* wrong = std::get_if<std::string>(&read);
        return wrong == nullptr ? std::string{} : wrong->substr(path.size());
    };
    CHECK(problem("good").empty());
    CHECK(problem("good\r").empty());
    CHECK(problem("").starts_with(" holds 0 bytes: a password has 1 to 512"));
    CHECK(problem(std::string(513, 'x')).starts_with(" holds 513 bytes"));
    CHECK(problem("one\ntwo") == " has more than one line");
    const auto absent = read_keys({.password = files.path("absent")});
    CHECK(std::get<std::string>(absent).ends_with(
        "absent cannot be read: No such file or directory"));
    std::ofstream{files.path("nothing")};
    CHECK(std::get<std::string>(read_keys({.password = files.path("nothing")}))
              .ends_with("nothing is empty"));
    CHECK(std::get<std::string>(read_keys({.password = files.path("")})).find(" cannot be read") !=
          std::string::npos);
}

TEST_CASE("passwords: files that others can read, and one password for all, are warned of") {
    namespace fs = std::filesystem;
    support::key_files files;
    key_files used{.peer_secret = files.put("secret", "0123456789abcdef"),
                   .password = files.put("clients", "good"),
                   .operator_password = files.put("operators", "better"),
                   .peer_key = files.put("peer.key", "a key")};
    const auto tls_key = files.put("client.key", "a key");
    const auto all_with = [&](unsigned mode) {
        for (const auto& path :
             {used.peer_secret, used.password, used.operator_password, used.peer_key, tls_key})
            fs::permissions(path, fs::perms{mode});
    };
    const auto warned = [&](const keys& own) { return warnings_about(used, tls_key, own); };
    all_with(0600);
    CHECK(warned(with_both()).empty());
    CHECK(warned({.password = "good", .operator_password = "good"}) ==
          std::vector<std::string>{"clients and operators have the same password, so that every "
                                   "client may order the cluster: put another one into " +
                                   used.operator_password});
    all_with(0640);
    REQUIRE(warned(with_both()).size() == 3);
    CHECK(warned(with_both()).front() == used.peer_secret +
                                             " can be read by its group on this host, and is a "
                                             "secret: chmod go-rwx " +
                                             used.peer_secret);
    all_with(0644);
    REQUIRE(warned(with_both()).size() == 5);
    CHECK(warned(with_both()).back() ==
          tls_key + " can be read by everybody on this host, and is a secret: chmod o-r " +
              tls_key);
    used = {};
    CHECK(warnings_about(used, "", {}).empty());
}

TEST_CASE("passwords: whoever calls from the address that it reaches is on this host") {
    const auto is_here = [](const char* from, const char* reached) {
        return is_on_this_host(asio::ip::make_address(from), asio::ip::make_address(reached));
    };
    CHECK(is_here("127.0.0.1", "127.0.0.1"));
    CHECK(is_here("127.0.0.2", "127.0.0.1"));
    CHECK(is_here("::1", "::1"));
    CHECK(is_here("::ffff:127.0.0.1", "::ffff:127.0.0.1"));
    CHECK(is_here("10.0.0.1", "10.0.0.1"));
    CHECK(is_here("fd00::2", "fd00::2"));
    CHECK_FALSE(is_here("10.0.0.2", "10.0.0.1"));
    CHECK_FALSE(is_here("10.0.0.1", "127.0.0.1"));
    CHECK_FALSE(is_here("0.0.0.0", "10.0.0.1"));
}
