// SPDX-License-Identifier: BSL-1.0
//
// The batches of hosts over sockets: they arrive whole, wait or are lost within their bounds, and
// one message that cannot be sent costs no other anything.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "asio_transport.hpp"

#include <raft/battery/asio_host_transport.hpp>

namespace {

using namespace asio_test;

using text_batch = batch<std::string>;
using link_type = asio_host_transport<std::string>;

struct received_part {
    group_id group{};
    member_id from{};
    member_id to{};
    message body{};
    std::vector<entry<std::string>> entries{};
    std::optional<indexed_configuration> configuration{};
    std::vector<std::byte> chunk{};
    friend bool operator==(const received_part&, const received_part&) = default;
};

std::vector<received_part> parts_of(const text_batch& said) {
    std::vector<received_part> parts;
    said.for_each([&](const batch_part<std::string>& part) {
        auto& one = parts.emplace_back();
        one.group = part.group;
        one.from = part.from;
        one.to = part.to;
        one.body = part.body;
        one.entries.assign(part.beside.entries.begin(), part.beside.entries.end());
        if (part.beside.configuration != nullptr) one.configuration = *part.beside.configuration;
        one.chunk.assign(part.beside.chunk.begin(), part.beside.chunk.end());
    });
    return parts;
}

/// What a host has instead of groups: a list of all that comes.
struct listening_host {
    std::vector<received_part> inbox{};
    std::vector<digests::group_report> reports{};
    std::size_t batches = 0;
    std::vector<told> events{};
    member_id id;
    std::unique_ptr<link_type> links;

    listening_host(asio::io_context& io, transport::options options,
                   std::uint32_t frame_bytes_max = 1U << 20U)
        : id{options.self} {
        options.on_event = [this](const transport::event& event) {
            events.push_back({event.kind, event.peer, std::string(event.reason)});
        };
        links = std::make_unique<link_type>(io, options, frame_bytes_max);
        const auto error = links->start(
            [this](member_id, const text_batch& arrived) {
                ++batches;
                const auto parts = parts_of(arrived);
                inbox.insert(inbox.end(), parts.begin(), parts.end());
            },
            [this](member_id, const digests::group_report& arrived) {
                reports.push_back(arrived);
            });
        REQUIRE_FALSE(error);
    }

    void knows(const listening_host& other) {
        links->set_peer({other.id, "127.0.0.1", other.links->local_endpoint().port()});
    }
};

struct pair_of_hosts {
    asio::io_context io{};
    listening_host a;
    listening_host b;

    explicit pair_of_hosts(const transport::options& for_a = options_for(1),
                           std::uint32_t frame_bytes_max = 1U << 20U)
        : a{io, for_a, frame_bytes_max}, b{io, options_for(2), frame_bytes_max} {
        a.knows(b);
        b.knows(a);
        REQUIRE(run_until(
            io, [&] { return a.links->is_connected({2}) && b.links->is_connected({1}); }));
    }
};

/// An entry of so many bytes, in the group of that number.
void add_entry(text_batch& to, std::uint64_t group, std::size_t bytes) {
    const entry<std::string> one{{1}, std::string(bytes, 'x')};
    to.add({group}, {1}, {2},
           append_entries{.term = {1}, .prev = {}, .last_index = {1}, .entries_term = {1}},
           {.entries = {&one, 1}});
}

void add_light(text_batch& to, std::uint64_t group) {
    to.add({group}, {1}, {2}, request_vote{.term = {3}, .last_log = {{4}, {2}}}, {});
}

}  // namespace

TEST_CASE("asio host transport: a batch arrives as it was sent, with all that is beside it") {
    pair_of_hosts s;
    const indexed_configuration members{{1}, voters_only({{1}, {2}, {3}})};
    const std::vector<std::byte> chunk(10, std::byte{7});
    text_batch said;
    add_entry(said, 5, 100);
    add_light(said, 6);
    said.add({7}, {1}, member_on({2}, 9),
             install_snapshot{.term = {4}, .last_included = {{8}, {3}}, .size = 100, .length = 10},
             {.configuration = &members, .chunk = chunk});
    REQUIRE(s.a.links->send({2}, said));
    REQUIRE(run_until(s.io, [&] { return s.b.batches == 1; }));
    CHECK(s.b.inbox == parts_of(said));
    CHECK(s.a.inbox.empty());
}

TEST_CASE("asio host transport: what groups tell beside the protocol arrives between batches") {
    pair_of_hosts s;
    const digests::group_report said{.group = {7},
                                     .from = {1},
                                     .to = member_on({2}, 9),
                                     .said = {.purpose = digests::report_purpose::answering,
                                              .term = {4},
                                              .election_timeout = milliseconds(1'000),
                                              .digest_version = 2,
                                              .commands_read = 3,
                                              .commands_permitted = 2,
                                              .digests = {{{8}, 5}, {{16}, 6}}}};
    text_batch light;
    add_light(light, 6);
    REQUIRE(s.a.links->send({2}, light));
    s.a.links->send({2}, said);
    s.a.links->send({3}, said);  // Nobody.
    REQUIRE(s.a.links->send({2}, light));
    REQUIRE(run_until(s.io, [&] { return s.b.batches == 2; }));
    CHECK(s.b.reports == std::vector{said});
    CHECK(s.b.inbox.size() == 2);
}

TEST_CASE("asio host transport: a batch goes in as many frames as it needs, in order") {
    constexpr std::uint32_t frame_bytes_max = 2'000;
    auto options = options_for(1);
    options.limits.frame_bytes_max = 1'500;
    pair_of_hosts s{options, frame_bytes_max};
    text_batch said;
    for (std::uint64_t group = 1; group <= 200; ++group) add_entry(said, group, 7 * group);
    REQUIRE(s.a.links->send({2}, said));
    REQUIRE(run_until(s.io, [&] { return s.b.inbox.size() == said.size(); }));
    CHECK(s.b.inbox == parts_of(said));
    CHECK(s.b.batches > said.bytes() / frame_bytes_max);
    CHECK(s.b.batches < said.size());
    CHECK_FALSE(any_of(s.a.events, transport::event_kind::not_sent));
}

TEST_CASE("asio host transport: a message that cannot be in a frame is told, the others go") {
    constexpr std::uint32_t frame_bytes_max = 2'000;
    pair_of_hosts s{options_for(1), frame_bytes_max};
    text_batch said;
    add_light(said, 1);
    add_entry(said, 2, frame_bytes_max);
    said.add({3}, {1}, {2}, append_entries{.term = {1}, .last_index = {1}}, {});
    add_light(said, 4);
    REQUIRE(s.a.links->send({2}, said));
    REQUIRE(run_until(s.io, [&] { return s.b.inbox.size() == 2; }));
    CHECK(s.b.inbox[0].group == group_id{1});
    CHECK(s.b.inbox[1].group == group_id{4});
    CHECK(any_of(s.a.events, transport::event_kind::not_sent, describe(frame_error::too_large)));
    CHECK(
        any_of(s.a.events, transport::event_kind::not_sent, describe(frame_error::wrong_entries)));
    CHECK_FALSE(any_of(s.b.events, transport::event_kind::refused));
}

TEST_CASE("asio host transport: what finds the queue full is kept, what finds no host is lost") {
    auto options = options_for(1);
    options.queue_bytes_max = 300'000;
    options.reserve_bytes = 10'000;
    pair_of_hosts s{options};
    text_batch loaded;
    add_entry(loaded, 1, 100'000);
    text_batch light;
    add_light(light, 2);

    // Nothing leaves the queue as long as the io_context does not run.
    for (int i = 0; i < 3; ++i) REQUIRE(s.a.links->send({2}, loaded));
    CHECK_FALSE(s.a.links->send({2}, loaded));
    std::size_t lights = 0;
    while (s.a.links->send({2}, light)) REQUIRE(++lights < 1'000);
    CHECK(lights > 0);
    REQUIRE(run_until(s.io, [&] { return s.b.batches == 3 + lights; }));
    CHECK(s.a.links->send({2}, loaded));
    REQUIRE(run_until(s.io, [&] { return s.b.batches == 4 + lights; }));

    CHECK(s.a.links->send({99}, loaded));
    s.a.links->remove_peer({2});
    CHECK_FALSE(s.a.links->is_connected({2}));
    CHECK(s.a.links->send({2}, loaded));
    s.b.links->stop();
    s.a.links->stop();
    s.io.restart();
    s.io.run();  // Returns: nothing is left to do.
    CHECK(s.b.batches == 4 + lights);
}

TEST_CASE("asio host transport: a host of groups and a server of one refuse each other") {
    asio::io_context io;
    listening_host a{io, options_for(1)};
    server b{io, options_for(2)};
    b.start();
    a.links->set_peer({{2}, "127.0.0.1", b.transport.local_endpoint().port()});
    b.transport.set_peer({{1}, "127.0.0.1", a.links->local_endpoint().port()});
    const auto reason = describe(handshake_verdict::other_content);
    CHECK(run_until(io, [&] {
        return any_of(a.events, transport::event_kind::refused, reason) &&
               any_of(a.events, transport::event_kind::refused_by_peer, reason) &&
               b.heard(transport::event_kind::refused, reason) &&
               b.heard(transport::event_kind::refused_by_peer, reason);
    }));
    CHECK_FALSE(a.links->is_connected({2}));
    CHECK(b.transport.room({1}) == 0);
}
