// SPDX-License-Identifier: BSL-1.0
//
// Goal: `check_transport` finds each clause that a transport breaks, and the network in memory
// breaks none. Method: a sound network, and one with a fault for each clause, by the clause's name.
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <raft/battery/memory_network.hpp>
#include <raft/testing/check_transport.hpp>
#include <support/modelled_network.hpp>

namespace transport_conformance_test {

using raft::testing::check_transport;
using clause = raft::testing::transport_clause;

const std::vector<std::string> commands{"a", "", std::string(5000, 'x'), "bc"};

raft::testing::transport_report checked_with(std::optional<clause> wrong) {
    return check_transport<std::string>(
        [wrong] { return std::make_unique<raft::testing::modelled_network>(wrong); }, commands);
}

clause next_of(clause each) { return clause(int(each) + 1); }

/// The network in memory, with its three ports.
struct in_memory {
    using network = raft::memory_network<std::string>;
    network all{};
    std::array<network::port, 3> ports{all.port_of({1}), all.port_of({2}), all.port_of({3})};
    std::function<void()> deliver{};

    [[nodiscard]] network::port& at(raft::member_id id) { return ports[id.value - 1]; }
    void start(auto receive) {
        deliver = [this, receive] {
            all.deliver_all([&](raft::member_id to, raft::member_id from,
                                const raft::core::message& body,
                                const raft::attachment<std::string>& beside) {
                if (to.value <= 3) receive(to, from, body, beside);
            });
        };
    }
    bool run_until(const std::function<bool()>& happened) const {
        deliver();
        return happened();
    }
};

TEST_CASE("check_transport: a sound transport breaks no clause, and all are checked") {
    const auto report = checked_with(std::nullopt);
    CHECK(report.text() == "");
    for (clause each{}; describe(each) != "unknown clause"; each = next_of(each)) {
        CAPTURE(describe(each));
        CHECK(report.was_checked(each));
    }
}

TEST_CASE("check_transport: for each clause a faulty transport fails by its name") {
    int count = 0;
    for (clause each{}; describe(each) != "unknown clause"; each = next_of(each)) {
        const auto report = checked_with(each);
        CAPTURE(describe(each));
        CAPTURE(report.text());
        CHECK(report.is_broken(each));
        ++count;
    }
    CHECK(count == 12);
}

TEST_CASE("check_transport: the network in memory keeps the contract of a transport") {
    const auto report =
        check_transport<std::string>([] { return std::make_unique<in_memory>(); }, commands);
    CHECK(report.text() == "");
}

}  // namespace transport_conformance_test
