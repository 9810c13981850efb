// SPDX-License-Identifier: BSL-1.0
//
// When a connection is given up, decided on what the system says of it: without any socket.
#include <chrono>
#include <cstdint>
#include <optional>

#include <doctest/doctest.h>

#include <raft/battery/asio_transport/delivery_watch.hpp>

using namespace std::chrono_literals;
using raft::detail::delivery_watch;
using raft::detail::tcp_delivery;
using verdict = raft::detail::delivery_watch::verdict;

namespace {

constexpr delivery_watch::limits usual{.unacknowledged = 1s, .stalled = 10s};

/// Something is due, and the last acknowledgement came so long ago.
delivery_watch::sight due(std::chrono::milliseconds since_answer) {
    return {.sent = tcp_delivery{.is_due = true, .since_answer = since_answer}};
}

/// The system has sent all, and all is acknowledged, but it takes no more: the window is closed.
delivery_watch::sight window_closed(std::uint64_t taken = 0) {
    return {.waits = true, .taken = taken, .sent = tcp_delivery{.since_answer = 5s}};
}

/// How many looks say that the connection is as it should be before one says something else.
int looks_until(verdict expected, delivery_watch& watch, const delivery_watch::sight& seen) {
    int looks = 0;
    auto said = watch.look(seen);
    for (; said == verdict::busy && looks < 1000; ++looks) said = watch.look(seen);
    CHECK(said == expected);
    return looks;
}

}  // namespace

TEST_CASE("F2 a connection on which nothing is acknowledged for the limit is given up") {
    delivery_watch watch{usual};
    watch.begin(0);
    CHECK(watch.interval() == 250ms);
    // Before the first look it was idle: how long is not held against it.
    CHECK(looks_until(verdict::unacknowledged, watch, due(1h)) == 3);
}

TEST_CASE("F2 an acknowledgement of anything begins the limit anew") {
    delivery_watch watch{usual};
    watch.begin(0);
    for (int i = 0; i < 100; ++i) {
        for (int look = 0; look < 3; ++look) CHECK(watch.look(due(300ms)) == verdict::busy);
        CHECK(watch.look(due(249ms)) == verdict::busy);
    }
}

TEST_CASE("F2 a look that comes late counts as one") {
    delivery_watch watch{usual};
    watch.begin(0);
    CHECK(watch.look(due(1min)) == verdict::busy);  // This process stood still for a minute.
    CHECK(watch.look(due(100ms)) == verdict::busy);
    CHECK(watch.look({}) == verdict::at_rest);
}

TEST_CASE("F2 a peer that takes nothing but acknowledges has the longer limit") {
    delivery_watch watch{usual};
    watch.begin(0);
    CHECK(looks_until(verdict::stalled, watch, window_closed()) == 39);

    watch.begin(0);
    for (int i = 0; i < 38; ++i) CHECK(watch.look(window_closed()) == verdict::busy);
    CHECK(watch.look(window_closed(1)) == verdict::busy);  // It takes a byte.
    CHECK(looks_until(verdict::stalled, watch, window_closed(1)) == 39);
}

TEST_CASE("F2 where the system tells nothing the longer limit is all there is") {
    delivery_watch watch{usual};
    watch.begin(0);
    CHECK(looks_until(verdict::stalled, watch, {.waits = true}) == 39);
    watch.begin(0);
    CHECK(watch.look({}) == verdict::at_rest);
}

TEST_CASE("F2 limits of any size make looks of some length") {
    CHECK(delivery_watch{{.unacknowledged = 1s, .stalled = 40ms}}.interval() == 10ms);
    CHECK(delivery_watch{{.unacknowledged = 0ms, .stalled = 10s}}.interval() == 1ms);
    delivery_watch impatient{{.unacknowledged = 0ms, .stalled = 10s}};
    impatient.begin(0);
    CHECK(impatient.look({}) == verdict::at_rest);
}
