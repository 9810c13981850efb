// SPDX-License-Identifier: BSL-1.0
//
// The Asio transport and servers of the cluster that it was told nothing of, or something wrong: it
// hears them, within bounds, and they hear what it answers (§6).
#include <list>
#include <memory>

#include "asio_transport.hpp"

namespace {

using namespace asio_test;

/// One that calls and one that does not know it.
struct guest_and_host {
    asio::io_context io{};
    server host;
    server guest;

    explicit guest_and_host(transport::options for_host = options_for(1))
        : host{io, std::move(for_host)}, guest{io, options_for(2)} {
        host.start();
        guest.start();
        guest.knows(host);
    }

    [[nodiscard]] bool await_call() {
        return run_until(io, [&] { return host.heard(transport::event_kind::accepted); });
    }
    [[nodiscard]] bool await_refusal() {
        const auto reason = describe(handshake_verdict::unknown_member);
        return run_until(
            io, [&] { return guest.heard(transport::event_kind::refused_by_peer, reason); });
    }
    /// Whether the guest hears what the host says to it.
    [[nodiscard]] bool answers_arrive() {
        const auto before = guest.inbox.size();
        return run_until(io, [&] {
            if (guest.inbox.size() == before && host.transport.room({2}) > 0)
                host.send({{2}}, any_message);
            return guest.inbox.size() > before;
        });
    }
};

transport::options with_guests(std::size_t most) {
    auto options = options_for(1);
    options.guests_max = most;
    return options;
}

}  // namespace

TEST_CASE("asio guests: a caller that is no peer is heard, and answered where it called from") {
    guest_and_host s;
    REQUIRE(run_until(s.io, [&] { return connected(s.guest, s.host); }));
    s.guest.send({{1}}, any_message);
    REQUIRE(run_until(s.io, [&] { return !s.host.inbox.empty(); }));
    CHECK(s.host.inbox[0].from == member_id{2});

    const entry<std::string> one{.term = {1}, .command = std::string(200'000, 'x')};
    const message loaded = append_entries{.term = {1}, .last_index = {1}, .entries_term = {1}};
    for (int i = 0; i < 10; ++i) s.host.send({{2}}, loaded, {.entries = {&one, 1}});
    REQUIRE(run_until(s.io, [&] { return s.guest.inbox.size() == 10; }));
    CHECK(s.guest.inbox[9].from == member_id{1});
    CHECK(s.guest.inbox[9].entries.at(0) == one);
}

TEST_CASE("asio guests: a peer that is elsewhere by now is answered where it called from") {
    asio::io_context io;
    auto options = options_for(1);
    options.peers = {{{2}, "127.0.0.1", 1}};  // Nobody is there.
    guest_and_host s{options};
    REQUIRE(s.await_call());
    CHECK(s.answers_arrive());
    s.host.knows(s.guest);
    REQUIRE(run_until(s.io, [&] { return s.host.heard(transport::event_kind::connected); }));
    CHECK(s.answers_arrive());
}

TEST_CASE("asio guests: a peer that is removed while it calls stays as a guest") {
    guest_and_host s;
    s.host.knows(s.guest);
    REQUIRE(run_until(s.io, [&] { return connected(s.host, s.guest); }));
    REQUIRE(s.await_call());
    s.host.transport.remove_peer({2});
    CHECK_FALSE(s.host.heard(transport::event_kind::closed));
    CHECK(s.answers_arrive());
}

TEST_CASE("asio guests: there are never more of them than there may be") {
    asio::io_context io;
    server host{io, with_guests(2)};
    host.start();
    std::list<plain_client> callers;
    const auto call = [&](std::uint64_t id) -> plain_client& {
        auto& caller = callers.emplace_back(io, host);
        caller.say(handshake{.cluster = ours, .from = {id}, .to = {1}});
        return caller;
    };
    const auto verdict_for = [&](plain_client& caller) {
        REQUIRE(run_until(io, [&] { return caller.verdict().has_value(); }));
        return caller.verdict();
    };
    auto& second = call(2);
    auto& third = call(3);
    auto& fourth = call(4);  // All at once: none of them has been welcomed yet.
    int welcome = 0;
    for (auto* each : {&second, &third, &fourth})
        welcome += verdict_for(*each) == handshake_verdict::welcome ? 1 : 0;
    CHECK(welcome == 2);

    auto& again = call(second.gone ? 3 : 2);  // In the place of its own old connection.
    CHECK(verdict_for(again) == handshake_verdict::welcome);
    host.transport.set_peer({{9}, "127.0.0.1", 1});
    CHECK(verdict_for(call(9)) == handshake_verdict::welcome);  // A peer is no guest.
    again.socket.close();
    REQUIRE(run_until(io, [&] { return host.heard(transport::event_kind::closed); }));
    CHECK(run_until(io, [&] { return verdict_for(call(5)) == handshake_verdict::welcome; }));
}

TEST_CASE("asio guests: whom the owner does not take, and all where none may be, are refused") {
    SUBCASE("none may be") {
        guest_and_host s{with_guests(0)};
        CHECK(s.await_refusal());
    }
    SUBCASE("the owner takes others") {
        auto options = options_for(1);
        options.takes_guest = [](member_id id) { return id == member_id{3}; };
        guest_and_host s{options};
        CHECK(s.await_refusal());
    }
    SUBCASE("one that was a peer") {
        guest_and_host s{with_guests(0)};
        s.host.knows(s.guest);
        REQUIRE(s.await_call());
        s.host.transport.remove_peer({2});
        CHECK(s.host.heard(transport::event_kind::closed, "the peer was removed"));
        CHECK(s.await_refusal());
        CHECK_FALSE(connected(s.host, s.guest));
    }
}

TEST_CASE("asio guests: what is no frame in an answer ends the connection, and only that") {
    asio::io_context io;
    server caller{io, options_for(1)};
    caller.start();
    plain_listener called{io, {2}};
    caller.transport.set_peer(called.address());
    REQUIRE(run_until(io, [&] { return caller.heard(transport::event_kind::connected); }));
    auto damaged = frame_of(any_message);
    damaged.back() ^= std::byte{1};
    asio::error_code error;
    asio::write(called.socket, asio::buffer(damaged), error);
    REQUIRE_FALSE(error);
    CHECK(run_until(io, [&] {
        return caller.heard(transport::event_kind::refused_by_peer,
                            describe(frame_error::wrong_checksum));
    }));
    CHECK(caller.inbox.empty());
}
