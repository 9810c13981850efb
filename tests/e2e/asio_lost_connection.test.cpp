// SPDX-License-Identifier: BSL-1.0
//
// What the Asio transport says of a connection that it has lost: each reason in words of its own
// (fault 2).
#include <string_view>

#include "asio_transport.hpp"

#include <raft/battery/asio_transport/lost_connection.hpp>

namespace {

using namespace asio_test;

/// A server that has welcomed a caller, of which it then loses the connection.
struct called_server {
    asio::io_context io{};
    server called{io, options_for(1)};

    template <class Leaves>
    void check(std::string_view expected, Leaves leaves) {
        plain_client caller{io, called};
        caller.say(handshake{.cluster = ours, .from = {2}, .to = {1}});
        REQUIRE(run_until(io, [&] { return caller.verdict() == handshake_verdict::welcome; }));
        leaves(caller);
        CHECK(run_until(io, [&] { return called.heard(transport::event_kind::closed, expected); }));
    }
};

}  // namespace

TEST_CASE("F2 a lost connection is told with the reason") {
    called_server s;
    s.called.start();
    s.check("the peer closed the connection", [](plain_client& caller) { caller.socket.close(); });
    s.check("the peer closed the connection within a frame", [](plain_client& caller) {
        const auto frame = frame_of(any_message);
        caller.say(std::span{frame}.first(5));
        caller.socket.close();
    });
    s.check("the peer's system has reset the connection", [](plain_client& caller) {
        caller.socket.set_option(asio::socket_base::linger{true, 0});
        caller.socket.close();
    });
}

TEST_CASE("F2 each error of a connection that matters to an operator has words of its own") {
    using detail::describe_loss;
    CHECK(describe_loss(asio::error::timed_out) == "the peer's system gives no sign of life");
    CHECK(describe_loss(asio::error::host_unreachable) == "there is no way to the peer any more");
    CHECK(describe_loss(asio::error::network_down) == "there is no way to the peer any more");
    CHECK(describe_loss(asio::error::broken_pipe) == "the peer closed the connection");
    CHECK(describe_loss(asio::error::no_memory) == "the connection broke");
}
