// SPDX-License-Identifier: BSL-1.0
//
// Goal: servers with certificates of one authority, each with the name of its member, talk and are
// not understood by others; whoever has another certificate, or none, is refused and told why.
// Method: transports over sockets of this machine, certificates made for the test, a wire that
// records.
#include <algorithm>
#include <string>

#include "asio_relay.hpp"

#include <raft/battery/asio_tls.hpp>
#include <raft/battery/openssl_secret.hpp>
#include <support/certificates.hpp>
#include <support/key_files.hpp>

using namespace asio_test;

namespace {

/// Files of an authority, of another one, and of members.
struct certificates {
    support::key_files files{};
    support::authority ours{"our authority"};
    support::authority others{"another authority"};

    certificates() {
        ours.write(files.path("authority"));
        others.write(files.path("other-authority"));
    }

    /// Options of server `id` with the certificate of `member`.
    [[nodiscard]] transport::options of(std::uint64_t id, std::uint64_t member) {
        return of(id, member, ours, "authority", 86'400);
    }
    [[nodiscard]] transport::options of(std::uint64_t id, std::uint64_t member,
                                        const support::authority& by, const std::string& trusted,
                                        long seconds) {
        const auto base = files.path(std::to_string(id));
        by.issue("raft-" + std::to_string(member), base + ".crt", base + ".key", seconds);
        auto options = options_for(id);
        options.security = from(
            {.certificate = base + ".crt", .key = base + ".key", .authority = files.path(trusted)});
        return options;
    }
    [[nodiscard]] static std::shared_ptr<security::asio_tls>
    from(security::asio_tls_options options) {
        auto made = security::asio_tls::make(std::move(options));
        if (const auto* wrong = std::get_if<std::string>(&made)) FAIL(*wrong);
        return std::get<std::shared_ptr<security::asio_tls>>(made);
    }
};

/// Server 2 calls server 1; nobody calls back.
struct call {
    asio::io_context io{};
    server a;
    server b;

    call(transport::options for_a, transport::options for_b)
        : a{io, std::move(for_a)}, b{io, std::move(for_b)} {
        a.start();
        b.start();
        b.knows(a);
    }

    [[nodiscard]] bool are_told(std::string_view called, std::string_view caller) {
        const auto told = run_until(io, [&] {
            return a.heard(transport::event_kind::refused, called) &&
                   b.heard(transport::event_kind::refused_by_peer, caller);
        });
        b.send({{1}}, any_message);
        return told && b.transport.room({1}) == 0 && a.inbox.empty() &&
               !a.heard(transport::event_kind::accepted) &&
               !b.heard(transport::event_kind::connected);
    }
};

constexpr std::string_view not_accepted =
    "the other side does not accept this server's certificate";

}  // namespace

TEST_CASE("asio tls: servers of one authority talk, and nobody on the wire reads it") {
    certificates all;
    asio::io_context io;
    server a{io, all.of(1, 1)};
    server b{io, all.of(2, 2)};
    a.start();
    b.start();
    relay wire{io, a.transport.local_endpoint()};
    b.transport.set_peer({{1}, "127.0.0.1", wire.port()});
    REQUIRE(run_until(io, [&] { return connected(b, a); }));
    const entry<std::string> word{.term = {1}, .command = "a secret word"};
    const std::vector<entry<std::string>> small(100, word);
    const std::vector<entry<std::string>> large{
        {.term = {1}, .command = std::string(300'000, 's')}};
    const append_entries hundred{.term = {1}, .last_index = {100}, .entries_term = {1}};
    const append_entries one{.term = {1}, .last_index = {1}, .entries_term = {1}};
    for (int i = 0; i < 50; ++i) b.send({{1}}, hundred, {.entries = small});
    b.send({{1}}, one, {.entries = large});
    b.send({{1}}, any_message);
    REQUIRE(run_until(io, [&] { return a.inbox.size() == 52; }));
    CHECK(a.inbox[49].entries.size() == 100);
    CHECK(a.inbox[50].entries.at(0).command == large[0].command);
    const auto& heard = wire.heard_of_callers();
    const auto plain = std::as_bytes(std::span{*word.command});
    const auto found = std::search(heard.begin(), heard.end(), plain.begin(), plain.end());
    CHECK(found == heard.end());
    CHECK(heard.size() > 300'000);
}

TEST_CASE("asio tls: a certificate of another authority is refused and both are told") {
    certificates all;
    call one{all.of(1, 1), all.of(2, 2, all.others, "authority", 86'400)};
    CHECK(one.are_told("unable to get local issuer certificate", not_accepted));
}

TEST_CASE("asio tls: a certificate of member 2 used by member 3 is refused and both are told") {
    certificates all;
    const auto reason = describe(handshake_verdict::other_name);
    call as_caller{all.of(1, 1), all.of(3, 2)};
    CHECK(run_until(as_caller.io, [&] {
        return as_caller.a.heard(transport::event_kind::refused, reason) &&
               as_caller.b.heard(transport::event_kind::refused_by_peer, reason);
    }));
    CHECK_FALSE(as_caller.a.heard(transport::event_kind::accepted));

    call as_called{all.of(1, 2), all.of(2, 2)};
    CHECK(run_until(as_called.io, [&] {
        return as_called.b.heard(transport::event_kind::refused_by_peer, reason);
    }));
    CHECK_FALSE(as_called.b.heard(transport::event_kind::connected));
}

TEST_CASE("asio tls: an expired certificate is refused and both are told") {
    certificates all;
    call one{all.of(1, 1), all.of(2, 2, all.ours, "authority", -60)};
    CHECK(one.are_told("certificate has expired", not_accepted));
    call other{all.of(1, 1, all.ours, "authority", -60), all.of(2, 2)};
    CHECK(run_until(other.io, [&] {
        return other.b.heard(transport::event_kind::refused_by_peer, "certificate has expired");
    }));
}

TEST_CASE("asio tls: a caller without TLS and a called one without it are told") {
    certificates all;
    asio::io_context io;
    server a{io, all.of(1, 1)};
    server b{io, options_for(2)};
    a.start();
    b.start();
    a.knows(b);
    b.knows(a);
    CHECK(run_until(io, [&] {
        return a.heard(transport::event_kind::refused, "the other side does not speak TLS") &&
               b.heard(transport::event_kind::refused, describe(frame_error::not_a_handshake));
    }));
    CHECK_FALSE(a.heard(transport::event_kind::connected));
    CHECK_FALSE(b.heard(transport::event_kind::connected));
}

TEST_CASE("asio tls: a caller that says nothing does not stay") {
    certificates all;
    auto options = all.of(1, 1);
    options.handshake_timeout = 50ms;
    asio::io_context io;
    server a{io, options};
    a.start();
    plain_client silent{io, a};
    CHECK(run_until(io, [&] { return silent.gone; }));
    CHECK(a.heard(transport::event_kind::refused, "the caller does not say who it is"));
}

TEST_CASE("asio tls: certificates are read anew, and the connections that are there go on") {
    certificates all;
    auto for_b = all.of(2, 2, all.ours, "authority", -60);
    std::vector<std::string> lines;
    const auto base = all.files.path("2");
    for_b.security =
        certificates::from({.certificate = base + ".crt",
                            .key = base + ".key",
                            .authority = all.files.path("authority"),
                            .log = [&](std::string_view line) { lines.emplace_back(line); }});
    call one{all.of(1, 1), for_b};
    REQUIRE(run_until(
        one.io, [&] { return one.b.heard(transport::event_kind::refused_by_peer, not_accepted); }));
    REQUIRE(lines.size() == 1);
    CHECK(lines.front().starts_with("WARNING: the certificate for peers has expired, on "));
    all.files.put("2.crt", "half a certificate");
    CHECK(run_until(one.io, [&] { return lines.size() > 1; }));
    CHECK(lines.back().ends_with(": not used"));
    all.ours.issue("raft-2", base + ".crt", base + ".key");
    CHECK(run_until(one.io, [&] { return connected(one.b, one.a); }));
    CHECK(lines.back().ends_with("was read anew"));
}

TEST_CASE("asio tls: a secret is proved within, too") {
    certificates all;
    auto for_a = all.of(1, 1);
    auto for_b = all.of(2, 2);
    for_a.secret = std::make_shared<const security::openssl_secret>("the secret of all servers");
    for_b.secret = for_a.secret;
    call one{for_a, for_b};
    CHECK(run_until(one.io, [&] { return connected(one.b, one.a); }));
}

TEST_CASE("asio tls: files that cannot be used are told") {
    certificates all;
    const auto problem = [&](security::asio_tls_options options) {
        const auto made = security::asio_tls::make(std::move(options));
        const auto* wrong = std::get_if<std::string>(&made);
        return wrong == nullptr ? std::string{} : *wrong;
    };
    static_cast<void>(all.of(1, 1));
    static_cast<void>(all.of(2, 2));
    const auto path = [&](std::string_view name) { return all.files.path(name); };
    CHECK(problem({path("1.crt"), path("1.key"), path("authority")}).empty());
    CHECK(problem({path("absent"), path("1.key"), path("authority")}).find("absent: ") !=
          std::string::npos);
    CHECK(problem({path("1.crt"), path("2.key"), path("authority")}).find("2.key") !=
          std::string::npos);
    CHECK(problem({path("1.crt"), path("1.key"), path("absent")}).find("absent: ") !=
          std::string::npos);
}
