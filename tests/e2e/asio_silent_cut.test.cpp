// SPDX-License-Identifier: BSL-1.0
//
// Both Asio transports on a network that loses everything for a while, without a word (fault 2):
// what is said after that arrives within two seconds, and a peer that merely stands still keeps its
// connections.
#include <chrono>
#include <fstream>
#include <memory>
#include <optional>

#include "asio_on_hosts.hpp"

namespace {

using namespace asio_test;
using std::chrono::steady_clock;

constexpr auto back_in_time = 2s;

/// TCP sends what is lost again after 0.2, 0.6, 1.4, 3 and 6.3 s: left to itself it would find out
/// almost three seconds late that this is over.
constexpr auto short_cut = 3400ms;

template <class Carrier>
struct two_hosts {
    network_of_hosts net{2};
    std::optional<speaker<Carrier>> a{};
    std::optional<speaker<Carrier>> b{};

    explicit two_hosts(bool b_speaks = true) {
        a.emplace(net, options_on(1, {2}), 2, true);
        b.emplace(net, options_on(2, {1}), 1, true);
        await_speech();
        b->speak(b_speaks);
    }
    two_hosts(const transport::options& for_a, const transport::options& for_b) {
        a.emplace(net, for_a, 2, true);
        b.emplace(net, for_b, 1, true);
    }

    void await_speech() {
        REQUIRE(eventually(20s, [&] { return a->heard() > 0 && b->heard() > 0; }));
    }

    /// Whether each hears in time what the other says from now on.
    void check_both_heard() {
        a->speak(true);
        b->speak(true);
        const auto before = steady_clock::now();
        const auto a_said = a->said();
        const auto b_said = b->said();
        CHECK(eventually(20s, [&] { return b->heard() > a_said && a->heard() > b_said; }));
        const auto took = steady_clock::now() - before;
        CAPTURE(a->events());
        CAPTURE(b->events());
        CHECK(std::chrono::duration_cast<std::chrono::milliseconds>(took) < back_in_time);
    }
};

template <class Carrier>
void check_cut(bool b_speaks) {
    two_hosts<Carrier> s{b_speaks};
    s.net.cut(2);
    let_pass(short_cut);
    s.net.heal(2);
    s.check_both_heard();
    CHECK(s.a->was_told(transport::event_kind::disconnected,
                        "the peer's system acknowledges nothing any more"));
}

template <class Carrier>
void check_cut_one_way() {
    two_hosts<Carrier> s;
    s.net.cut_way(1, 2);
    let_pass(short_cut);
    s.net.heal_way(1, 2);
    s.check_both_heard();
}

template <class Carrier>
void check_power_loss() {
    two_hosts<Carrier> s;
    s.net.power_off(2);
    s.b.reset();
    let_pass(short_cut);
    s.net.power_on(2);
    s.b.emplace(s.net, options_on(2, {1}), 1, true);
    s.check_both_heard();
}

/// Nothing is sent on its connections when the host goes, so nothing goes unacknowledged.
template <class Carrier>
void check_end_of_silent_connections(const transport::options& for_a) {
    two_hosts<Carrier> s{for_a, options_on(2, {1})};
    s.await_speech();
    s.a->speak(false);
    s.b->speak(false);
    s.net.power_off(2);
    CHECK(eventually(15s, [&] { return s.a->was_told(transport::event_kind::closed); }));
}

}  // namespace

TEST_CASE("F2 transports that were cut off without a word talk again at once") {
    SKIP_WITHOUT_NETWORK_NAMESPACES();
    SUBCASE("messages both ways") { check_cut<as_message>(true); }
    SUBCASE("messages one way") { check_cut<as_message>(false); }
    SUBCASE("batches both ways") { check_cut<as_batch>(true); }
    SUBCASE("batches one way") { check_cut<as_batch>(false); }
}

TEST_CASE("F2 transports between which one way was cut talk again at once") {
    SKIP_WITHOUT_NETWORK_NAMESPACES();
    SUBCASE("messages") { check_cut_one_way<as_message>(); }
    SUBCASE("batches") { check_cut_one_way<as_batch>(); }
}

TEST_CASE("F2 a transport finds a host again that lost its power") {
    SKIP_WITHOUT_NETWORK_NAMESPACES();
    SUBCASE("messages") { check_power_loss<as_message>(); }
    SUBCASE("batches") { check_power_loss<as_batch>(); }
}

TEST_CASE("F2 a guest and its host talk again at once over the connection of the guest") {
    SKIP_WITHOUT_NETWORK_NAMESPACES();
    two_hosts<as_message> s{options_on(1, {}), options_on(2, {1})};
    s.await_speech();
    s.net.cut(2);
    let_pass(short_cut);
    s.net.heal(2);
    s.check_both_heard();
}

TEST_CASE("F2 silent connections of a host that is gone end") {
    SKIP_WITHOUT_NETWORK_NAMESPACES();
    SUBCASE("of a peer, messages") {
        check_end_of_silent_connections<as_message>(options_on(1, {2}));
    }
    SUBCASE("of a peer, batches") { check_end_of_silent_connections<as_batch>(options_on(1, {2})); }
    SUBCASE("of a guest") { check_end_of_silent_connections<as_message>(options_on(1, {})); }
}

TEST_CASE("F2 a call of the peer replaces an attempt that has had no answer") {
    SKIP_WITHOUT_NETWORK_NAMESPACES();
    auto patient = options_on(1, {2});
    patient.connect_timeout = 1h;
    network_of_hosts net{2};
    net.cut_pair(1, 2);  // Each still finds out the other's hardware address.
    {
        // As before Linux 6.5: TCP asks after one, three and seven seconds.
        const auto there = net.visit(1);
        std::ofstream{"/proc/sys/net/ipv4/tcp_syn_linear_timeouts"} << 0;
    }
    speaker<as_message> a{net, patient, 2, true};
    speaker<as_message> b{net, options_on(2, {1}), 1, true};
    let_pass(short_cut);
    net.heal_pair(1, 2);
    CHECK(eventually(back_in_time, [&] { return b.heard() > 0; }));
}

TEST_CASE("F2 a peer that stands still keeps its connection for as long as its system answers") {
    asio::io_context io;
    auto options = options_for(1);
    options.queue_bytes_max = 300'000;
    options.unacknowledged_timeout = 100ms;
    server a{io, options};
    a.start();
    plain_listener still{io, {2}};  // Reads nothing.
    a.transport.set_peer(still.address());
    REQUIRE(run_until(io, [&] { return a.transport.room({2}) > 0; }));
    const entry<std::string> one{.term = {1}, .command = std::string(100'000, 'x')};
    const message loaded = append_entries{.term = {1}, .last_index = {1}, .entries_term = {1}};
    SUBCASE("much is sent") {
        for (int i = 0; i < 10'000 && a.transport.room({2}) > 0; ++i) {
            a.send({{2}}, loaded, {.entries = {&one, 1}});
            io.restart();
            io.poll();
        }
        CHECK(a.transport.room({2}) == 0);
    }
    SUBCASE("little is sent, and often") {}
    const auto end = steady_clock::now() + 20 * options.unacknowledged_timeout;
    while (steady_clock::now() < end) {
        a.send({{2}}, any_message);
        io.restart();
        io.run_one_for(1ms);
    }
    CHECK_FALSE(a.heard(transport::event_kind::disconnected));
    for (int i = 0; i < 100'000; ++i) {
        a.send({{2}}, any_message);
        io.restart();
        io.poll();
    }
    CHECK_FALSE(a.heard(transport::event_kind::disconnected));
}
