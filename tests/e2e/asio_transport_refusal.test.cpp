// SPDX-License-Identifier: BSL-1.0
//
// The Asio transport and callers that do not belong here, or say what is wrong: they are sent away
// with a reason, and nobody else notices.
#include "asio_transport.hpp"

namespace {

using namespace asio_test;

}  // namespace

TEST_CASE("asio transport: peers that are not what they should be are refused, and told why") {
    const auto check = [](transport::options stranger, handshake_verdict expected,
                          bool a_knows_stranger, std::uint64_t called) {
        asio::io_context io;
        auto options = options_for(1);
        options.guests_max = 0;
        server a{io, std::move(options)};
        server b{io, std::move(stranger)};
        a.start();
        b.start();
        if (a_knows_stranger) a.knows(b);
        b.transport.set_peer({{called}, "127.0.0.1", a.transport.local_endpoint().port()});
        const auto reason = describe(expected);
        CHECK(run_until(io, [&] {
            return a.heard(transport::event_kind::refused, reason) &&
                   b.heard(transport::event_kind::refused_by_peer, reason);
        }));
        b.send({{called}}, any_message);
        CHECK(b.transport.room({called}) == 0);
        CHECK(a.inbox.empty());
    };
    auto other_cluster = options_for(2);
    other_cluster.cluster = {0xC2};
    check(other_cluster, handshake_verdict::other_cluster, true, 1);
    check(options_for(2), handshake_verdict::unknown_member, false, 1);
    check(options_for(2), handshake_verdict::not_me, true, 7);
    check(options_for(1), handshake_verdict::same_identity, false, 7);
}

TEST_CASE("asio transport: a caller of another version or protocol is refused") {
    asio::io_context io;
    server a{io, options_for(1)};
    a.start();
    plain_client future{io, a};
    const std::uint8_t version = frame_version_newest + 1;
    future.say(handshake{
        .version_oldest = version, .version_newest = version, .cluster = ours, .to = {1}});
    CHECK(run_until(io, [&] { return future.gone; }));
    CHECK(future.verdict() == handshake_verdict::unknown_version);

    plain_client browser{io, a};
    const std::string_view request = "GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n";
    browser.say(std::as_bytes(std::span{request}));
    CHECK(run_until(io, [&] { return browser.gone; }));
    CHECK(a.heard(transport::event_kind::refused, describe(frame_error::not_a_handshake)));
}

TEST_CASE("asio transport: frames that are not right close the connection, and only that") {
    pair_of_servers s;
    s.a.transport.set_peer({{3}, "127.0.0.1", 1});
    const handshake question{.cluster = ours, .from = {3}, .to = {1}};
    const auto check = [&](std::vector<std::byte> bytes, frame_error expected) {
        plain_client client{s.io, s.a};
        client.say(question);
        REQUIRE(run_until(s.io, [&] { return client.verdict().has_value(); }));
        CHECK(client.verdict() == handshake_verdict::welcome);
        s.a.events.clear();
        client.say(bytes);
        CHECK(run_until(s.io, [&] { return client.gone; }));
        CHECK(s.a.heard(transport::event_kind::refused, describe(expected)));
    };
    check(std::vector<std::byte>(4, std::byte{0xFF}), frame_error::too_large);
    check(std::vector<std::byte>(4), frame_error::too_short);
    auto damaged = frame_of(any_message);
    damaged.back() ^= std::byte{1};
    check(damaged, frame_error::wrong_checksum);
    CHECK(s.a.inbox.empty());

    s.b.send({{1}}, any_message);
    CHECK(run_until(s.io, [&] { return !s.a.inbox.empty(); }));
    CHECK_FALSE(s.a.heard(transport::event_kind::closed));
}

TEST_CASE("asio transport: callers that never say who they are do not stay, nor crowd") {
    asio::io_context io;
    auto options = options_for(1);
    options.handshake_timeout = 50ms;
    options.strangers_max = 2;
    server a{io, options};
    a.start();
    plain_client first{io, a};
    plain_client second{io, a};
    plain_client third{io, a};
    CHECK(run_until(io, [&] { return first.gone && second.gone && third.gone; }));
    CHECK(a.heard(transport::event_kind::refused, "too many callers have not said who they are"));
    CHECK(a.heard(transport::event_kind::refused, "the caller does not say who it is"));
}
