// SPDX-License-Identifier: BSL-1.0
//
// Goal: servers of two histories refuse each other by name, and so does one that knows another
// storage of its caller; a server of version 1 is heard as before. Method: two transports over
// sockets of this machine, and a caller made by hand.
#include <map>

#include "asio_transport.hpp"

using namespace asio_test;

namespace {

transport::options born(std::uint64_t id, std::uint64_t history, std::uint64_t mark) {
    auto options = options_for(id);
    options.history = {history};
    options.mark = {mark};
    return options;
}

/// Two servers that know each other, and may not be connected.
struct newborn_pair {
    asio::io_context io{};
    server a;
    server b;

    newborn_pair(transport::options for_a, transport::options for_b)
        : a{io, std::move(for_a)}, b{io, std::move(for_b)} {
        a.start();
        b.start();
        a.knows(b);
        b.knows(a);
    }
};

}  // namespace

TEST_CASE("F1 servers of two histories refuse each other by name") {
    newborn_pair s{born(1, 7, 1), born(2, 8, 2)};
    const auto reason = describe(handshake_verdict::other_history);
    CHECK(
        run_until(s.io, [&] { return s.a.heard(transport::event_kind::refused_by_peer, reason); }));
    CHECK(
        run_until(s.io, [&] { return s.b.heard(transport::event_kind::refused_by_peer, reason); }));
    CHECK(s.a.transport.room({2}) == 0);
    CHECK(s.b.transport.room({1}) == 0);
}

TEST_CASE("F1 a server that comes with another storage than before is refused by name") {
    auto careful = born(1, 7, 1);
    careful.judge_storage = [](member_id, storage_mark mark) {
        return mark == storage_mark{22} ? handshake_verdict::welcome
                                        : handshake_verdict::other_storage;
    };
    newborn_pair s{careful, born(2, 7, 2)};
    const auto reason = describe(handshake_verdict::other_storage);
    CHECK(
        run_until(s.io, [&] { return s.b.heard(transport::event_kind::refused_by_peer, reason); }));
    CHECK(s.a.transport.room({2}) == 0);
}

TEST_CASE("F1 servers of one history that know each other's storages are connected") {
    std::map<std::uint64_t, storage_mark> seen;
    auto noting = born(1, 7, 1);
    noting.judge_storage = [&](member_id other, storage_mark mark) {
        seen[other.value] = mark;
        return handshake_verdict::welcome;
    };
    newborn_pair s{noting, born(2, 7, 2)};
    CHECK(run_until(s.io,
                    [&] { return s.a.transport.room({2}) > 0 && s.b.transport.room({1}) > 0; }));
    CHECK(seen[2] == storage_mark{2});
}
