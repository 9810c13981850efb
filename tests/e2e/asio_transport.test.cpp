// SPDX-License-Identifier: BSL-1.0
//
// The Asio transport on real sockets of this machine, on ports that the system chooses. Method: all
// servers of a test share one io_context, which runs until what is expected has happened; the
// deadline only guards against waiting for ever. Peers that misbehave are plain sockets.
#include <doctest/doctest.h>

#include <raft/battery/asio_transport.hpp>

#include <deque>
#include <memory>
#include <string>

namespace {

using namespace raft;
using namespace std::chrono_literals;
using tcp = asio::ip::tcp;
using transport_type = asio_transport<std::string>;

static_assert(transport_for<transport_type, std::string>);

constexpr cluster_id ours{0xC1};

/// Runs until `happened()`; false if it has not within any reasonable time.
template <class Happened>
bool run_until(asio::io_context& io, const Happened& happened) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (!happened()) {
        io.restart();
        if (io.run_one_until(deadline) == 0) return happened();
    }
    return true;
}

tcp::endpoint loopback(std::uint16_t port = 0) {
    return {asio::ip::make_address("127.0.0.1"), port};
}

struct received_message {
    member_id from{};
    message body{};
    std::vector<entry<std::string>> entries{};
    std::optional<indexed_configuration> configuration{};
    std::string chunk{};
};

struct told {
    asio_event_kind kind{};
    std::optional<member_id> peer{};
    std::string reason{};
};

asio_transport_options options_for(std::uint64_t id) {
    asio_transport_options options;
    options.cluster = ours;
    options.self = {id};
    options.listen = loopback();
    options.reconnect_min = 1ms;
    options.reconnect_max = 20ms;
    return options;
}

/// A transport, and all that it has said.
struct server {
    std::vector<received_message> inbox{};
    std::vector<told> events{};
    member_id id;
    transport_type transport;

    server(asio::io_context& io, asio_transport_options options)
        : id{options.self}, transport{io, with_log(std::move(options))} {}

    asio_transport_options with_log(asio_transport_options options) {
        options.on_event = [this](const asio_event& event) {
            events.push_back({event.kind, event.peer, std::string(event.reason)});
        };
        return options;
    }

    void start() {
        const auto error = transport.start([this](member_id from, const message& body,
                                                  const attachment<std::string>& beside) {
            auto& one = inbox.emplace_back(received_message{.from = from, .body = body});
            one.entries.assign(beside.entries.begin(), beside.entries.end());
            if (beside.configuration != nullptr) one.configuration = *beside.configuration;
            for (const auto byte : beside.chunk) one.chunk.push_back(static_cast<char>(byte));
        });
        REQUIRE_FALSE(error);
    }

    void knows(const server& other) {
        transport.set_peer({other.id, "127.0.0.1", other.transport.local_endpoint().port()});
    }

    void send(std::initializer_list<member_id> to, const message& body,
              const attachment<std::string>& beside = {}) {
        transport.send({to.begin(), to.size()}, body, beside);
    }

    [[nodiscard]] bool heard(asio_event_kind kind, std::string_view reason = {}) const {
        for (const auto& event : events)
            if (event.kind == kind && (reason.empty() || event.reason == reason)) return true;
        return false;
    }
};

bool connected(server& from, const server& to) { return from.transport.room(to.id) > 0; }

/// Two servers that know each other, and are connected both ways.
struct pair_of_servers {
    asio::io_context io{};
    server a;
    server b;

    explicit pair_of_servers(asio_transport_options for_a = options_for(1),
                             asio_transport_options for_b = options_for(2))
        : a{io, std::move(for_a)}, b{io, std::move(for_b)} {
        a.start();
        b.start();
        a.knows(b);
        b.knows(a);
        REQUIRE(run_until(io, [&] { return connected(a, b) && connected(b, a); }));
    }
};

/// A plain socket that says what it is told to say.
struct plain_client {
    tcp::socket socket;
    std::string heard{};
    bool gone = false;
    std::array<char, 256> buffer{};

    plain_client(asio::io_context& io, const server& to) : socket{io} {
        asio::error_code error;
        socket.connect(to.transport.local_endpoint(), error);
        REQUIRE_FALSE(error);
        listen();
    }

    void listen() {
        socket.async_read_some(asio::buffer(buffer), [this](asio::error_code error, std::size_t n) {
            if (error == asio::error::operation_aborted) return;
            heard.append(buffer.data(), n);
            gone = static_cast<bool>(error);
            if (!gone) listen();
        });
    }

    void say(std::span<const std::byte> bytes) {
        asio::error_code error;
        asio::write(socket, asio::buffer(bytes.data(), bytes.size()), error);
        REQUIRE_FALSE(error);
    }

    void say(const handshake& question) { say(encode_handshake(question)); }

    [[nodiscard]] std::optional<handshake_verdict> verdict() const {
        handshake reply;
        const auto bytes = std::as_bytes(std::span{heard});
        if (bytes.size() < handshake_bytes) return std::nullopt;
        REQUIRE_FALSE(decode_handshake(bytes.first(handshake_bytes), reply).has_value());
        return reply.verdict;
    }
};

/// A plain socket that waits for a caller, welcomes it, and then reads only if it is told to.
struct plain_listener {
    tcp::acceptor acceptor;
    tcp::socket socket;
    member_id self;
    std::array<std::byte, handshake_bytes> question{};
    std::array<std::byte, handshake_bytes> reply{};

    plain_listener(asio::io_context& io, member_id id)
        : acceptor{io, loopback()}, socket{io}, self{id} {
        acceptor.async_accept(socket, [this](asio::error_code error) {
            if (!error) hear();
        });
    }

    void hear() {
        asio::async_read(
            socket, asio::buffer(question), [this](asio::error_code error, std::size_t) {
                if (error) return;
                handshake asked;
                REQUIRE_FALSE(decode_handshake(question, asked).has_value());
                const auto anyone = [](member_id) { return true; };
                reply = encode_handshake(answer(asked, ours, self, anyone));
                asio::async_write(socket, asio::buffer(reply),
                                  [](asio::error_code, std::size_t) {});
            });
    }

    [[nodiscard]] asio_peer address() const {
        return {self, "127.0.0.1", acceptor.local_endpoint().port()};
    }
};

std::vector<std::byte> frame_of(const message& body) {
    std::vector<std::byte> frame;
    REQUIRE_FALSE(append_frame(frame, body, attachment<std::string>{}).has_value());
    return frame;
}

const message any_message = timeout_now{.term = {3}, .last_index = {4}};

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
        return a.heard(asio_event_kind::disconnected, "the host's name is not known");
    }));
}

TEST_CASE("asio transport: peers that are not what they should be are refused, and told why") {
    const auto check = [](asio_transport_options stranger, handshake_verdict expected,
                          bool a_knows_stranger, std::uint64_t called) {
        asio::io_context io;
        server a{io, options_for(1)};
        server b{io, std::move(stranger)};
        a.start();
        b.start();
        if (a_knows_stranger) a.knows(b);
        b.transport.set_peer({{called}, "127.0.0.1", a.transport.local_endpoint().port()});
        const auto reason = describe(expected);
        CHECK(run_until(io, [&] {
            return a.heard(asio_event_kind::refused, reason) &&
                   b.heard(asio_event_kind::refused_by_peer, reason);
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
    CHECK(a.heard(asio_event_kind::refused, describe(frame_error::not_a_handshake)));
}

TEST_CASE("asio transport: frames that are not right close the connection, and only that") {
    pair_of_servers s;
    const handshake question{.cluster = ours, .from = {2}, .to = {1}};
    const auto check = [&](std::vector<std::byte> bytes, frame_error expected) {
        plain_client client{s.io, s.a};
        client.say(question);
        REQUIRE(run_until(s.io, [&] { return client.verdict().has_value(); }));
        CHECK(client.verdict() == handshake_verdict::welcome);
        s.a.events.clear();
        client.say(bytes);
        CHECK(run_until(s.io, [&] { return client.gone; }));
        CHECK(s.a.heard(asio_event_kind::refused, describe(expected)));
    };
    check(std::vector<std::byte>(4, std::byte{0xFF}), frame_error::too_large);
    check(std::vector<std::byte>(4), frame_error::too_short);
    auto damaged = frame_of(any_message);
    damaged.back() ^= std::byte{1};
    check(damaged, frame_error::wrong_checksum);
    CHECK(s.a.inbox.empty());

    // The real peer lost its connection to the impostor, comes back, and is served.
    REQUIRE(run_until(s.io, [&] {
        s.b.send({{1}}, any_message);
        return !s.a.inbox.empty();
    }));
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
    CHECK(a.heard(asio_event_kind::refused, "too many callers have not said who they are"));
    CHECK(a.heard(asio_event_kind::refused, "the caller does not say who it is"));
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
        REQUIRE(run_until(io, [&] { return a.heard(asio_event_kind::disconnected); }));
        CHECK(a.transport.room({2}) == 0);
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
    REQUIRE(run_until(io, [&] { return a.heard(asio_event_kind::disconnected); }));
    auto again = options_for(2);
    again.listen = loopback(port);
    server c{io, again};
    c.start();
    c.knows(a);
    CHECK(run_until(io, [&] { return connected(a, c); }));
}

TEST_CASE("asio transport: peers can be moved and removed while it runs") {
    pair_of_servers s;
    auto moved = options_for(2);
    server elsewhere{s.io, moved};
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
    CHECK(run_until(s.io, [&] {
        return elsewhere.heard(asio_event_kind::refused_by_peer, reason);
    }));
}

TEST_CASE("asio transport: what waits for a peer that reads nothing is bounded") {
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
        return a.heard(asio_event_kind::disconnected, "the peer takes nothing any more");
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
    CHECK(s.a.heard(asio_event_kind::not_sent, describe(frame_error::too_large)));
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
    for (int i = 0; i <= static_cast<int>(asio_event_kind::accept_failed); ++i)
        CHECK(describe(static_cast<asio_event_kind>(i)) != "unknown event");
}
