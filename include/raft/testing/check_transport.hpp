// SPDX-License-Identifier: BSL-1.0
//
// Whether a transport keeps the contract of policy/transport.hpp:
//
//     struct network {                                          // of the servers 1, 2 and 3
//         my_transport& at(raft::member_id id);
//         void start(auto receive);                             // (to, from, message, attachment)
//         bool run_until(const std::function<bool()>& happened);
//     };
//     TEST_CASE("my transport keeps the contract of a transport") {
//         const auto report = raft::testing::check_transport<std::string>(
//             [] { return std::make_unique<network>(); }, {"a", "bc", std::string(5000, 'x')});
//         CHECK(report.text() == "");
//     }
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <raft/testing/conformance/sample_messages.hpp>
#include <raft/testing/conformance/transport_run.hpp>

namespace raft::testing::conformance {

template <class Command, class Network>
class transport_check {
    using run_type = transport_run<Command, Network>;
    using parcel_type = typename run_type::parcel_type;
    using clause = transport_clause;

public:
    transport_check(Network& network, std::span<const Command> commands)
        : network_{network}, commands_{commands}, run_{network, report_} {}

    [[nodiscard]] transport_report run() {
        const bool has_room = network_.run_until([&] { return network_.at({1}).room({2}) > 0; });
        report_.check(clause::room_comes, has_room);
        for (const auto& each : plain_messages())
            deliver({.body = each}, "kind " + std::to_string(each.index()));
        if (has_room) loaded();
        run_.deliver(clause::each_gets_it, {{2}, {3}}, next(), {{2}, {3}});
        run_.deliver(clause::stranger_is_passed_over, {{9}, {2}}, next(), {{2}});
        if constexpr (requires { network_.move(member_id{2}); }) {
            network_.move({2});
            run_.deliver(clause::moved_one_is_found, {{2}}, next(), {{2}});
        }
        if constexpr (requires { network_.stop(member_id{3}); }) {
            network_.stop({3});
            for (int i = 0; i < 100; ++i)
                run_.deliver(clause::gone_one_blocks_nobody, {{3}, {2}}, next(), {{2}});
        }
        return std::move(report_);
    }

private:
    void deliver(const parcel_type& what, const std::string& details) {
        run_.deliver(clause::message_arrives, {{2}}, what, {{2}}, details);
    }

    /// A message that was not sent before.
    [[nodiscard]] parcel_type next() { return {.body = core::wake_up{{++term_}}}; }

    /// Entries, from none to all of the commands in one message, and chunks of a snapshot.
    void loaded() {
        for (std::size_t count = 1; count <= commands_.size(); ++count) deliver_entries(count);
        const auto room = network_.at({1}).room({2});
        for (const std::uint32_t length : {0U, 1U, 100U, 10'000U})
            if (length <= room) deliver_chunk(length);
    }

    void deliver_entries(std::size_t count) {
        std::vector<entry<Command>> all;
        for (const auto& each : commands_.first(count)) all.push_back({{5}, each});
        const auto details = std::to_string(count) + " entries";
        const core::log_position prev{{100}, {4}};
        deliver({core::append_entries{{5}, prev, prev.index + count, {5}, {90}, {2}}, all},
                details);
        deliver({core::forward_proposal{{5}, {6, count}, static_cast<std::uint32_t>(count)}, all},
                "forwarded: " + details);
        all.back().command.reset();
        deliver({core::append_entries{{5}, prev, prev.index + count, {5}, {91}, {2}}, all,
                 core::indexed_configuration{prev.index + count, members_}},
                details + ", one a configuration");
    }

    void deliver_chunk(std::uint32_t length) {
        std::vector<std::byte> bytes(length);
        for (std::size_t i = 0; i < length; ++i) bytes[i] = static_cast<std::byte>(i % 200 + 1);
        deliver({core::install_snapshot{{5}, {{80}, {4}}, 100'000, 7, length, 0xC0FFEE, {3}},
                 {},
                 core::indexed_configuration{{80}, members_},
                 bytes},
                std::to_string(length) + " bytes of a snapshot");
    }

    Network& network_;
    std::span<const Command> commands_;
    transport_report report_{};
    run_type run_;
    std::uint64_t term_ = 100;
    configuration members_ = core::voters_only({{1}, {2}, {3}});
};

}  // namespace raft::testing::conformance

namespace raft::testing {

/// Whether the transports of the networks that `make()` gives keep the contract. `commands` are
/// some that are compared by `==`: all of them together fit in one message. `make` gives what
/// points to a new network of the servers 1, 2 and 3, which offers:
///
/// * `at(member_id)`: the transport of a server.
/// * `start(receive)`: from now on all that arrives is given to `receive(to, from, message,
///   attachment)`, as the node of `to` would be. Called once.
/// * `run_until(happened)`: does whatever lets messages arrive until `happened()`, and gives true;
///   false after a bound of its own, which is up to who writes it. A message that does not arrive
///   is sent again, 20 times, since a transport may lose some.
/// * `move(member_id)`: gives a server another address, and tells the others. If there is such.
/// * `stop(member_id)`: a server is gone without a word. If there is such.
///
/// Lost, doubled and reordered messages break nothing.
template <class Command, class Make>
[[nodiscard]] transport_report check_transport(Make make, const std::vector<Command>& commands) {
    auto network = make();
    using network_type = std::remove_reference_t<decltype(*network)>;
    return conformance::transport_check<Command, network_type>{*network, commands}.run();
}

}  // namespace raft::testing
