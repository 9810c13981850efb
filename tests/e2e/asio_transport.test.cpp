// SPDX-License-Identifier: BSL-1.0
//
// The Asio transport between servers that mean well: what is sent arrives, and connections,
// addresses and queues behave when peers come, go and fall behind.
#include "asio_transport.hpp"

#include <memory>

namespace {

using namespace asio_test;

static_assert(transport_for<transport_type, std::string>);

}  // namespace

TEST_CASE("asio transport: two servers exchange messages with all that is beside them") {
    pair_of_servers s;
    const std::vector<entry<std::string>> entries{
        {.term = {2}, .command = "hello"}, {.term = {2}}, {.term = {2}, .command = ""}};
    const indexed_configuration members{.index = {2},
                                        .value = voters_only({member_id{1}, member_id{2}})};
    const message append =
        append_entries{.term = {2}, .last_index = {3}, .entries_term = {2}, .round = {9}};
    s.a.send({{2}}, append, {.entries = entries, .configuration = &members});
    const std::string chunk = "snapshot";
    const message snapshot = install_snapshot{
        .term = {2}, .last_included = {.index = {2}, .term = {1}}, .size = 8, .length = 8};
    s.b.send({{1}}, snapshot, {.chunk = std::as_bytes(std::span{chunk})});
    REQUIRE(run_until(s.io, [&] { return !s.a.inbox.empty() && !s.b.inbox.empty(); }));

    CHECK(s.b.inbox[0].from == member_id{1});
    CHECK(s.b.inbox[0].body == append);
    CHECK(s.b.inbox[0].entries == entries);
    CHECK(s.b.inbox[0].configuration == members);
    CHECK(s.a.inbox[0].from == member_id{2});
    CHECK(s.a.inbox[0].body == snapshot);
    CHECK(s.a.inbox[0].chunk == chunk);
}

TEST_CASE("asio transport: one message to several destinations, and to those that are none") {
    asio::io_context io;
    server a{io, options_for(1)};
    server b{io, options_for(2)};
    server c{io, options_for(3)};
    for (auto* one : {&a, &b, &c}) one->start();
    for (auto* one : {&a, &b, &c})
        for (auto* other : {&a, &b, &c}) one->knows(*other);
    REQUIRE(run_until(io, [&] { return connected(a, b) && connected(a, c); }));
    a.send({{1}, {2}, {3}, {99}}, any_message);
    REQUIRE(run_until(io, [&] { return !b.inbox.empty() && !c.inbox.empty(); }));
    CHECK(b.inbox[0].body == any_message);
    CHECK(c.inbox[0].body == any_message);
    CHECK(a.inbox.empty());
    CHECK_FALSE(a.heard(transport::event_kind::refused));
    CHECK(a.transport.room({99}) == 0);
    CHECK(a.transport.room({1}) == 0);
}

TEST_CASE("asio transport: many messages of all sizes arrive whole and in order") {
    pair_of_servers s;
    constexpr std::uint64_t count = 500;
    std::uint64_t sent = 0;
    const auto send_more = [&] {
        while (sent < count && s.a.transport.room({2}) > (1U << 20U)) {
            const std::size_t size = sent % 50 == 0 ? 700'000 : sent % 7 * 100;
            const entry<std::string> one{.term = {1}, .command = std::string(size, 'x')};
            ++sent;
            s.a.send({{2}},
                     append_entries{.term = {1},
                                    .prev = {.index = {sent - 1}, .term = {sent > 1 ? 1U : 0U}},
                                    .last_index = {sent},
                                    .entries_term = {1}},
                     {.entries = {&one, 1}});
        }
        return s.b.inbox.size() == count;
    };
    REQUIRE(run_until(s.io, send_more));
    for (std::uint64_t i = 0; i < count; ++i) {
        const auto& one = s.b.inbox[i];
        CHECK(std::get<append_entries>(one.body).last_index == log_index{i + 1});
        CHECK(one.entries.at(0).command->size() == (i % 50 == 0 ? 700'000 : i % 7 * 100));
    }
}

TEST_CASE("asio transport: a peer may be named by its host") {
    asio::io_context io;
    server a{io, options_for(1)};
    server b{io, options_for(2)};
    a.start();
    b.start();
    b.knows(a);
    a.transport.set_peer({b.id, "localhost", b.transport.local_endpoint().port()});
    CHECK(run_until(io, [&] { return connected(a, b); }));
}

TEST_CASE("asio transport: a name that is none is told, and tried again") {
    asio::io_context io;
    server a{io, options_for(1)};
    a.start();
    a.transport.set_peer({{2}, "no such host", 1});
    CHECK(run_until(io, [&] {
        return a.heard(transport::event_kind::disconnected, "the host's name is not known");
    }));
}

TEST_CASE("asio transport: a peer that connects again has lost its old connection") {
    asio::io_context io;
    auto options = options_for(1);
    options.peers = {{{2}, "127.0.0.1", 1}};
    server a{io, options};
    a.start();
    const handshake question{.cluster = ours, .from = {2}, .to = {1}};
    plain_client before{io, a};
    before.say(question);
    REQUIRE(run_until(io, [&] { return before.verdict() == handshake_verdict::welcome; }));
    plain_client after{io, a};
    after.say(question);
    CHECK(run_until(io, [&] { return before.gone && after.verdict().has_value(); }));
    CHECK_FALSE(after.gone);
    CHECK(a.heard(transport::event_kind::closed, "the peer has connected again"));
}

TEST_CASE("asio transport: a frame may come byte by byte") {
    asio::io_context io;
    auto options = options_for(1);
    options.peers = {{{2}, "127.0.0.1", 1}};
    server a{io, options};
    a.start();
    plain_client client{io, a};
    client.say(handshake{.cluster = ours, .from = {2}, .to = {1}});
    REQUIRE(run_until(io, [&] { return client.verdict() == handshake_verdict::welcome; }));
    auto bytes = frame_of(any_message);
    const auto second = frame_of(pre_vote_reply{.term = {1}});
    bytes.insert(bytes.end(), second.begin(), second.end());
    asio::error_code ignored;
    client.socket.set_option(tcp::no_delay{true}, ignored);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        client.say(std::span{bytes}.subspan(i, 1));
        io.restart();
        io.poll();
    }
    CHECK(run_until(io, [&] { return a.inbox.size() == 2; }));
    CHECK(a.inbox[0].body == any_message);
}

TEST_CASE("asio transport: a peer that comes back is found again, by both") {
    asio::io_context io;
    server a{io, options_for(1)};
    a.start();
    auto b = std::make_unique<server>(io, options_for(2));
    b->start();
    auto restarted = options_for(2);
    restarted.listen = b->transport.local_endpoint();
    a.knows(*b);
    b->knows(a);
    for (int round = 0; round < 3; ++round) {
        REQUIRE(run_until(io, [&] { return connected(a, *b) && connected(*b, a); }));
        a.send({{2}}, any_message);
        REQUIRE(run_until(io, [&] { return b->inbox.size() == 1; }));
        a.events.clear();
        b.reset();
        REQUIRE(run_until(io, [&] { return a.heard(transport::event_kind::disconnected); }));
        CHECK(run_until(io, [&] { return a.transport.room({2}) == 0; }));
        b = std::make_unique<server>(io, restarted);
        b->start();
        b->knows(a);
    }
    CHECK(run_until(io, [&] { return connected(a, *b) && connected(*b, a); }));
}

TEST_CASE("asio transport: a peer that calls is called back at once, whatever the pause") {
    asio::io_context io;
    auto patient = options_for(1);
    patient.reconnect_min = 1h;
    patient.reconnect_max = 1h;
    server a{io, patient};
    a.start();
    server b{io, options_for(2)};
    b.start();
    const auto port = b.transport.local_endpoint().port();
    b.transport.stop();
    a.transport.set_peer({{2}, "127.0.0.1", port});
    REQUIRE(run_until(io, [&] { return a.heard(transport::event_kind::disconnected); }));
    auto again = options_for(2);
    again.listen = loopback(port);
    server c{io, again};
    c.start();
    c.knows(a);
    CHECK(run_until(io, [&] { return connected(a, c); }));
}

TEST_CASE("asio transport: peers can be moved and removed while it runs") {
    auto options = options_for(1);
    options.guests_max = 0;
    pair_of_servers s{options};
    s.a.knows(s.b);
    CHECK(connected(s.a, s.b));  // Nothing new, so nothing is done.
    server elsewhere{s.io, options_for(2)};
    elsewhere.start();
    elsewhere.knows(s.a);
    s.a.knows(elsewhere);
    CHECK_FALSE(connected(s.a, elsewhere));
    REQUIRE(run_until(s.io, [&] { return connected(s.a, elsewhere); }));
    s.a.send({{2}}, any_message);
    REQUIRE(run_until(s.io, [&] { return !elsewhere.inbox.empty(); }));
    CHECK(s.b.inbox.empty());

    s.a.transport.remove_peer({2});
    CHECK_FALSE(connected(s.a, elsewhere));
    const auto reason = describe(handshake_verdict::unknown_member);
    CHECK(run_until(
        s.io, [&] { return elsewhere.heard(transport::event_kind::refused_by_peer, reason); }));
}

TEST_CASE("asio transport: a full queue takes what is light up to the reserve, then nothing") {
    auto options = options_for(1);
    options.queue_bytes_max = 300'000;
    options.reserve_bytes = 10'000;
    pair_of_servers s{options};
    const entry<std::string> one{.term = {1}, .command = std::string(100'000, 'x')};
    const message loaded = append_entries{.term = {1}, .last_index = {1}, .entries_term = {1}};
    const attachment<std::string> beside{.entries = {&one, 1}};
    std::vector<std::byte> frame;
    REQUIRE_FALSE(append_frame(frame, loaded, beside).has_value());
    CHECK(s.a.transport.room({2}) == 300'000);

    // Nothing leaves the queue as long as the io_context does not run.
    for (int i = 0; i < 10; ++i) s.a.send({{2}}, loaded, beside);
    CHECK(s.a.transport.room({2}) == 0);
    for (int i = 0; i < 10'000; ++i) s.a.send({{2}}, any_message);
    const std::size_t light = frame_of(any_message).size();
    const std::size_t expected = 3 + (310'000 - 3 * frame.size() + light - 1) / light;
    REQUIRE(run_until(s.io, [&] { return s.a.transport.room({2}) == 300'000; }));
    s.a.send({{2}}, pre_vote_reply{.term = {1}});
    const auto last_came = [&] {
        return !s.b.inbox.empty() && s.b.inbox.back().body == message{pre_vote_reply{.term = {1}}};
    };
    REQUIRE(run_until(s.io, last_came));
    CHECK(s.b.inbox.size() == expected + 1);
}

TEST_CASE("asio transport: a peer that reads nothing is given up, and fills no memory") {
    asio::io_context io;
    auto options = options_for(1);
    options.queue_bytes_max = 300'000;
    options.reserve_bytes = 10'000;
    options.write_timeout = 50ms;
    server a{io, options};
    a.start();
    plain_listener silent{io, {2}};
    a.transport.set_peer(silent.address());
    const member_id to{2};
    REQUIRE(run_until(io, [&] { return a.transport.room(to) > 0; }));

    const entry<std::string> one{.term = {1}, .command = std::string(100'000, 'x')};
    const message loaded = append_entries{.term = {1}, .last_index = {1}, .entries_term = {1}};
    // The system's own buffers fill first; how large they are is its affair.
    for (int i = 0; i < 10'000 && a.transport.room(to) > 0; ++i) {
        a.send({to}, loaded, {.entries = {&one, 1}});
        io.restart();
        io.poll();
    }
    CHECK(a.transport.room(to) == 0);
    for (int i = 0; i < 10'000; ++i) a.send({to}, any_message);
    CHECK(a.transport.room(to) == 0);
    CHECK(run_until(io, [&] {
        return a.heard(transport::event_kind::disconnected, "the peer takes nothing any more");
    }));
}

TEST_CASE("asio transport: a message that cannot be a frame is told") {
    auto small = options_for(1);
    small.limits.frame_bytes_max = 1000;
    pair_of_servers s{small};
    CHECK(s.a.transport.room({2}) < 1000);
    const entry<std::string> one{.term = {1}, .command = std::string(1000, 'x')};
    s.a.send({{2}}, append_entries{.term = {1}, .last_index = {1}, .entries_term = {1}},
             {.entries = {&one, 1}});
    CHECK(s.a.heard(transport::event_kind::not_sent, describe(frame_error::too_large)));
}

TEST_CASE("asio transport: it can be stopped from within a message") {
    asio::io_context io;
    server a{io, options_for(1)};
    a.start();
    auto b = std::make_unique<transport_type>(io, options_for(2));
    int received = 0;
    const auto on_receive = [&](member_id, const message&, const attachment<std::string>&) {
        ++received;
        b->stop();
    };
    REQUIRE_FALSE(b->start(on_receive));
    b->set_peer({{1}, "127.0.0.1", a.transport.local_endpoint().port()});
    a.transport.set_peer({{2}, "127.0.0.1", b->local_endpoint().port()});
    REQUIRE(run_until(io, [&] { return a.transport.room({2}) > 0; }));
    for (int i = 0; i < 3; ++i) a.send({{2}}, any_message);
    CHECK(run_until(io, [&] { return received > 0; }));
    b.reset();
    a.transport.stop();
    io.restart();
    io.run();  // Returns: nothing is left to do.
    CHECK(received == 1);
}

TEST_CASE("asio transport: an address in use is an error, not a surprise") {
    asio::io_context io;
    server a{io, options_for(1)};
    a.start();
    auto options = options_for(2);
    options.listen = a.transport.local_endpoint();
    transport_type b{io, options};
    const auto ignore = [](member_id, const message&, const attachment<std::string>&) {};
    CHECK(b.start(ignore) == asio::error::address_in_use);
}

TEST_CASE("asio transport: every kind of event has words") {
    for (int i = 0; i <= static_cast<int>(transport::event_kind::accept_failed); ++i)
        CHECK(describe(static_cast<transport::event_kind>(i)) != "unknown event");
}
